"""Every query of the dashboards and every rule, asked of a real Prometheus that watches a real live."""

from __future__ import annotations

import asyncio
import math
import time
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from engine.client.source import Source
from engine.events.inputs import Comment
from ops.exercise.faults import FAULTS, BrokenEdit
from ops.exercise.live import ROOM, Live, on_air
from ops.exercise.monitor import Monitor, hurried
from ops.grafana.__main__ import BOARDS
from tests.patience import PATIENCE_S
from tests.unit.deploy.test_monitoring import ALERTS, RULES, listed
from tests.unit.deploy.tools import tool
from tests.unit.example_model import example_cache

pytestmark = [pytest.mark.process, pytest.mark.slow]

AT_REST = {
    "Lag": "a worker that keeps up has none; the chaos run of Kafka shows it",
    "Lag, records": "the same",
    "Standstill": "only a reader that hangs has one",
    "Decisions after their deadline": "0 where all are in time",
    "Roles that are not ready": "all are",
    "Rebalances": "one worker keeps what it has",
    "Shed": "nothing is shed of so few comments",
    "Outboxes": "loopback takes all at once; a test of the gateway stalls a reader",
    "Insertions not sent": "a fence has to fall while one is on its way; tests of the gateway let it",
    "Alerts": "none fires in a live that is well, or a test below fails",
    "Without disclosure": "the player says it in time",
    "Players missing": "the exercise stops the player: a room notices after seconds",
    "Stale scripts": "the exercise has a player that does not load its script again",
    "What rooms tell people to look at": "as those before",
    "Came back": "a closed gap comes back after a minute at the earliest",
    "Dropped": "a board holds thousands",
    "Ended": "whatever an editor closed is there once, and fades no more",
}
"""Panel → why 0 is all that it may show here. Without an entry, one of its series has to be above 0."""


async def provoke(live: Live) -> None:
    """What a quiet live has not: repeats, a clock that is ahead, a client that is none, a broken edit, a kill, people at work.

    And what one only has by luck: a question that comes to nothing, since this viewer asks more often than the shop allows.
    """
    stage = live.stage
    (stage.shop / "intents" / "exercise.yaml").write_text(BrokenEdit.EDIT, encoding="utf-8")
    async with Source(stage.url, rooms=(ROOM,), token=stage.tokens["source"]) as source:
        said = Comment(room=ROOM, source="test", id="twice", viewer="v1", text="转人工")
        ahead = Comment(
            room=ROOM, source="test", id="ahead", viewer="v2", text="666", sent=round(time.time() * 1_000) + 3_600_000
        )
        await source.send([said])
        await source.send([said, ahead])
        await source.send(
            [
                Comment(room=ROOM, source="test", id=f"again-{number}", viewer="v3", text="多少钱")
                for number in range(live.pool.limits.viewer_questions_per_minute + 1)
            ]
        )
    async with connect(stage.url) as stranger:
        await stranger.send("hello")
        await stranger.wait_closed()
    await live.operator.kill("room", "elsewhere", on=True)
    assert await live.until(lambda: closed_one(live), PATIENCE_S) is not None, "no gap came"
    await live.operator.set_mode(ROOM, "approve")


async def closed_one(live: Live) -> bool:
    """An editor closes the first gap there is."""
    for gap in await live.operator.gaps():
        await live.operator.mark_gap(gap.shop, gap.id, "closed")
        return True
    return False


ONLY_WITH = {
    query.expr: "the gateway reads no record that it cannot read, unless a stranger writes to Kafka"
    for board in BOARDS
    for row in board.rows
    for panel in row.panels
    for query in panel.queries
    if "unreadable" in query.expr
}
"""Query → why it has no series here."""


class Looks:
    """What was seen of every panel so far: in life, too, not everything happens at the same moment."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._panels = [panel for board in BOARDS for row in board.rows for panel in row.panels]
        self._empty = {query.expr for panel in self._panels for query in panel.queries} - set(ONLY_WITH)
        self._still = {panel.title for panel in self._panels} - set(AT_REST)

    @property
    def left(self) -> list[str]:
        """Queries that returned nothing yet, and panels that showed nothing but 0."""
        return sorted(self._empty) + sorted(f"nothing above 0: {title}" for title in self._still)

    async def complete(self) -> bool:
        """Look again; whether nothing is left."""
        for panel in self._panels:
            for query in panel.queries:
                values = [sample.value for sample in await self._monitor.query(query.expr)]
                if any(not math.isnan(value) for value in values):
                    self._empty.discard(query.expr)
                if any(value > 0 for value in values):
                    self._still.discard(panel.title)
        return not self.left


async def test_every_query_returns_data_and_every_rule_is_well(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """All panels have something to show; no alert fires before anything is wrong, and none fails to be evaluated."""
    tool("prometheus")
    models = await asyncio.to_thread(example_cache, tmp_path_factory)
    async with on_air(tmp_path, models=models / "livechat-engine" / "models") as live:
        assert await live.until(lambda: answered(live.monitor), PATIENCE_S) is not None, "no reply was said"
        assert await live.monitor.firing() == set()
        looks = Looks(live.monitor)
        await looks.complete()
        await provoke(live)
        assert await live.until(looks.complete, PATIENCE_S) is not None, looks.left
        assert await live.until(lambda: rejected(live.monitor), PATIENCE_S) is not None, (
            "the broken edit raised no alert"
        )
        for rule in (rule for group in listed(ALERTS["groups"]) for rule in listed(group["rules"])):
            await live.monitor.query(str(rule["expr"]))
        assert await live.monitor.unwell() == {}


async def rejected(monitor: Monitor) -> bool:
    """The alert of a broken edit waits, or fires."""
    return bool(await monitor.query('ALERTS{alertname="LivechatPoolRejected"}'))


async def answered(monitor: Monitor) -> bool:
    """A viewer got an answer, and Prometheus knows it."""
    found = await monitor.query('livechat_asked_total{outcome="answered"} > 0')
    return bool(found)


def test_what_is_excused_is_there() -> None:
    """Names of panels, each once, and no more of them than there is reason for."""
    titles = [panel.title for board in BOARDS for row in board.rows for panel in row.panels]
    assert set(AT_REST) <= set(titles)
    assert len(AT_REST) < len(set(titles)) / 2


def test_each_fault_has_its_panel_alert_and_page() -> None:
    """What the exercise looks for exists."""
    titles = {(board.title, panel.title) for board in BOARDS for row in board.rows for panel in row.panels}
    pages = {
        (str(rule["alert"]), str(rule["annotations"]["runbook"]))
        for rule in RULES
        if isinstance(rule["annotations"], dict)
    }
    for fault in FAULTS:
        assert {(sign.board, sign.panel) for sign in fault.signs} <= titles
        assert {alert for alert, _ in pages} >= fault.alerts
        assert fault.runbook in {page for alert, page in pages if alert in fault.alerts}


def test_spans_are_divided_and_nothing_else() -> None:
    """Ranges, subqueries, offsets and waits; numbers that are compared with stay."""
    rule = "expr: rate(a_seconds[5m]) > 1800 and max_over_time(sum(b)[1h:1m]) > c offset 5m\nfor: 2m"
    assert hurried(rule, 10) == (
        "expr: rate(a_seconds[30000ms]) > 1800 and max_over_time(sum(b)[360000ms:6000ms]) > c offset 30000ms\nfor: 12000ms"
    )
