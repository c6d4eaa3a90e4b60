"""How long topics are kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from engine.bus.embedded import EmbeddedBus
from engine.clock import span_ms, span_of
from engine.errors import UsageError
from engine.events.topics import TOPICS
from engine.insight.service import Insight
from engine.metrics import Metrics
from engine.retention import RetentionSettings
from engine.settings import BusSettings, InsightSettings, Settings, load


def test_every_topic_that_is_not_compacted_has_its_setting() -> None:
    """With the table's default; compacted ones have none."""
    assert {name: RetentionSettings().ms(name) for name in TOPICS} == {
        name: topic.retention_ms for name, topic in TOPICS.items()
    }
    named = {name.replace("-", "_") for name, topic in TOPICS.items() if not topic.compacted}
    assert set(RetentionSettings.model_fields) == named


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"comments": "30"}, "no span of time: write 90m, 24h, 30d"),
        ({"comments": "59m"}, "too short: write 1h or more"),
        ({"journal": "12h"}, "too short: write 1d or more"),
        ({"aired": "30d"}, "too short: write 365d or more"),
        ({"snapshots": "30d"}, "Extra inputs"),
    ],
)
def test_what_would_break_the_engine_or_the_law_is_refused(setting: dict[str, str], said: str) -> None:
    """With the least that may be said."""
    with pytest.raises(ValidationError, match=said):
        load(bus={"retention": setting})


async def test_the_window_of_insight_is_kept(tmp_path: Path) -> None:
    """An insight that looks further back than decisions are kept would show too little without a word."""
    bus = EmbeddedBus(tmp_path / "log.db", partitions=1)
    settings = Settings(
        bus=BusSettings(retention=RetentionSettings(decisions="2h")), insight=InsightSettings(window_minutes=121)
    )
    with pytest.raises(UsageError, match=r"raise `bus.retention.decisions`, or lower the window"):
        Insight(bus, settings, Metrics())
    await bus.close()


def test_spans_are_written_as_they_are_read() -> None:
    """In the largest unit that fits."""
    assert [span_of(span_ms(text) or 0) for text in ("90s", "60m", "36h", "48h", "1098d")] == [
        "90s",
        "1h",
        "36h",
        "2d",
        "1098d",
    ]
    assert [span_ms(text) for text in ("", "1", "1w", "-1d", "1.5h")] == [None] * 5
