"""The current player of a room, and the fences around what it was sent."""

from __future__ import annotations

from engine.events.inputs import FactSet, InsertionState, Kill
from engine.events.outputs import Alert, FactUse, Proposal, Stop, Withdraw
from engine.events.wire import PlayerState
from engine.gateway.fences import Fences
from engine.gateway.players import Players
from engine.metrics import Metrics
from tests.unit.gateway.made import HASH, NOW, FakeLink, insertion, peer

PRICE = FactUse(product="longjing", name="price", version="catalogue:1", text="129元", price=True)
STOCK = FactUse(product="longjing", name="stock", version="catalogue:1", text="3")


class Stage:
    """One player in room r1 of shop tea."""

    def __init__(self, state: PlayerState | None = None) -> None:
        self.now = NOW
        self.fences = Fences()
        self.metrics = Metrics()
        self.players = Players(self.fences, self.metrics, lambda: self.now, lambda _: "tea")
        self.peer, self.link = peer("player", "r1")
        self.players.enter("r1", self.peer, state or PlayerState())

    def kill(self, offset: int, *, on: bool = True, hold: bool = False) -> None:
        self.fences.apply(offset, Kill(id="k", at=NOW, scope="*", on=on, hold_script=hold))
        self.players.enforce()

    def fact(self, offset: int, name: str) -> None:
        self.fences.apply(offset, FactSet(id="f", at=NOW, shop="tea", product="longjing", name=name, value=1))
        self.players.enforce()

    def told(self) -> list[dict[str, object]]:
        records = [push["record"] for push in self.link.sent]
        self.link.sent.clear()
        return [
            {key: record.get(key) for key in ("type", "insertion", "hold_script", "reason") if key in record}
            for record in records
            if isinstance(record, dict)
        ]


def test_the_newest_player_of_a_room_is_the_current_one() -> None:
    """It replaces the older; only the current one's end counts."""
    stage = Stage()
    second, _ = peer("player", "r1", name="s2")
    assert stage.players.enter("r1", second, PlayerState()) is stage.peer
    assert not stage.players.leave("r1", stage.peer)
    assert stage.players.leave("r1", second)


def test_a_player_gets_what_is_addressed_to_its_session() -> None:
    """Insertions, withdrawals and stops of its session, all alerts, nothing else."""
    stage = Stage()
    head = {"room": "r1", "shop": "tea", "at": NOW, "lease": 1, "seq": 1, "shop_offset": 5, "id": HASH}
    assert stage.players.gate(stage.peer, insertion())
    assert not stage.players.gate(stage.peer, insertion(session="s2"))
    assert stage.players.gate(stage.peer, Withdraw(**head, session="s1", insertion=HASH, reason="x"))
    assert not stage.players.gate(stage.peer, Stop(**head, session="s2", reason="x"))
    assert stage.players.gate(stage.peer, Alert(**head, kind="player_lost", detail="x"))
    proposal = Proposal(
        **head, reply="a", intent="b", language="zh", text="t", viewers=1, decide_by=NOW, pool=HASH
    )  # fmt: skip
    assert not stage.players.gate(stage.peer, proposal)
    replaced, _ = peer("player", "r1", name="s1")
    assert not stage.players.gate(replaced, insertion())
    assert stage.told() == []


def test_what_may_not_be_sent_is_withdrawn() -> None:
    """Stale or fenced: not sent, counted, and the player is told to forget it, so that its room hears that it did not start."""
    stage = Stage()
    stage.now = NOW + 10_001
    assert not stage.players.gate(stage.peer, insertion())
    stage.now = NOW
    stage.fences.apply(7, Kill(id="k", at=NOW, scope="*", on=True))
    assert not stage.players.gate(stage.peer, insertion())
    assert stage.told() == [
        {"type": "withdraw", "insertion": HASH, "reason": "late"},
        {"type": "withdraw", "insertion": HASH, "reason": "killed"},
    ]
    assert stage.metrics.stale_sends._value.get() == 1
    assert stage.metrics.fenced_sends._value.get() == 1


def test_a_kill_withdraws_what_waits_and_stops_what_is_said() -> None:
    """Once; the worker's own command later finds nothing to do here."""
    stage = Stage()
    stage.players.gate(stage.peer, insertion())
    stage.kill(7)
    stage.kill(8)
    assert stage.told() == [{"type": "withdraw", "insertion": HASH, "reason": "killed"}]
    stage.kill(9, on=False)
    stage.players.gate(stage.peer, insertion(id="cd" * 16, shop_offset=9))
    stage.players.report("r1", "started", "cd" * 16)
    stage.kill(10)
    assert stage.told() == [{"type": "stop", "insertion": "cd" * 16, "hold_script": False, "reason": "killed"}]


def test_what_is_over_is_left_alone() -> None:
    """After ended, rejected or aborted, and long after it must have ended."""
    stage = Stage()
    for kind in ("ended", "rejected", "aborted"):
        stage.players.gate(stage.peer, insertion())
        stage.players.report("r1", kind, HASH)
        stage.players.report("r1", kind, "ee" * 16)
    stage.players.gate(stage.peer, insertion())
    stage.now = NOW + 10_000 + 2_000 + 60_001
    stage.players.trim()
    stage.kill(7)
    assert stage.told() == []


def test_a_fact_change_withdraws_what_waits_and_stops_a_price() -> None:
    """What is being said with another stale fact may be finished."""
    stage = Stage()
    stage.players.gate(stage.peer, insertion(facts=(STOCK,)))
    stage.fact(7, "stock")
    assert [told["type"] for told in stage.told()] == ["withdraw"]
    stage.players.gate(stage.peer, insertion(facts=(STOCK, PRICE), shop_offset=7))
    stage.players.report("r1", "started", HASH)
    stage.fact(8, "stock")
    assert stage.told() == []
    stage.fact(9, "price")
    assert stage.told() == [{"type": "stop", "insertion": HASH, "hold_script": False, "reason": "fact_changed"}]


def test_a_kill_that_holds_the_script_holds_and_releases_it() -> None:
    """Told when it begins and when the last one ends; the stop of a reply that is being said holds it along the way."""
    stage = Stage()
    stage.kill(7, hold=True)
    stage.kill(8, hold=True)
    stage.kill(9, on=False)
    assert stage.told() == [
        {"type": "stop", "hold_script": True, "reason": "killed"},
        {"type": "stop", "hold_script": False, "reason": "released"},
    ]
    stage.players.gate(stage.peer, insertion(shop_offset=9))
    stage.players.report("r1", "started", HASH)
    stage.kill(10, hold=True)
    assert stage.told() == [{"type": "stop", "insertion": HASH, "hold_script": True, "reason": "killed"}]


def test_a_player_that_comes_back_is_fenced_for_what_it_holds() -> None:
    """What it says it holds is looked up among the held records; a kill in between withdraws or stops it, and holds the script."""
    held = tuple(
        InsertionState(insertion=key * 16, kind=kind, at=NOW)
        for key, kind in (("aa", "accepted"), ("bb", "started"), ("cc", "ended"))
    )
    stage = Stage(PlayerState(outcomes=held))
    stage.fences.apply(7, Kill(id="k", at=NOW, scope="*", on=True, hold_script=True))
    records = [insertion(id=key * 16) for key in ("aa", "bb", "cc", "dd")] + [insertion(id="bb" * 16, session="old")]
    stage.players.catch_up("r1", records)
    assert stage.told() == [
        {"type": "withdraw", "insertion": "aa" * 16, "reason": "killed"},
        {"type": "stop", "insertion": "bb" * 16, "hold_script": True, "reason": "killed"},
    ]
    assert isinstance(stage.link, FakeLink)
