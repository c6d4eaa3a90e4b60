"""The audit of disclosures: gaps, what is overdue, what was never said."""

from __future__ import annotations

from engine.events.inputs import ModeSet, PlayerGone, PlayerSeen, RoomClosed, RoomEvent, TakeOver
from engine.events.outputs import Aired, Alert, Disclosure
from engine.insight.disclosures import audit

NOW = 1_800_000_000_000
EVERY = 600_000


def aired(started: int, *, since: int | None = None, first: bool = False, cut: bool = False, room: str = "r") -> Aired:
    """A disclosure (with `since`) or a reply; times relative to NOW, s."""
    at = NOW + started * 1_000
    told = None
    if since is not None:
        told = Disclosure(every_ms=EVERY, since=NOW + since * 1_000, first=first)
    return Aired(
        id=f"{abs(at):08x}", room=room, shop="tea", insertion="0000000a", reply="x", intent="disclosure", language="zh", text="话",
        pool="0000000b", started=at, ended=at + 5_000, cut=cut, viewers=0, disclosure=told,
    )  # fmt: skip


def seen(at: int = 0) -> PlayerSeen:
    return PlayerSeen(room="r", id="p", at=NOW + at * 1_000, session="s")


def test_gaps_are_those_longer_than_the_interval() -> None:
    """The first has a minute, the others the interval in force when they were said."""
    (found,) = audit(
        [aired(-2000, since=-2030, first=True), aired(-1500, since=-1995), aired(-800, since=-1495), aired(-300, since=-795)],
        [seen()],
        NOW,
    )  # fmt: skip
    assert [one.too_long for one in found.said] == [False, False, True, False]
    assert [one.gap_ms for one in found.gaps] == [695_000]
    assert found.overdue_ms is None
    assert not found.good


def test_a_late_first_one_is_a_gap() -> None:
    """Viewers are told when the live begins."""
    (found,) = audit([aired(-300, since=-390, first=True)], [], NOW)
    assert found.said[0].too_long


def test_one_that_is_missing_now_is_overdue_only_on_air() -> None:
    """Not in a room that is closed, left, in shadow, or a person's."""
    said = [aired(-700, since=-705, first=True)]
    (found,) = audit(said, [seen()], NOW)
    assert found.overdue_ms == 95_000
    silent: list[RoomEvent] = [
        RoomClosed(room="r", id="c", at=NOW),
        PlayerGone(room="r", id="g", at=NOW, session="s"),
        ModeSet(room="r", id="m", at=NOW, mode="shadow"),
        TakeOver(room="r", id="t", at=NOW, who="person"),
    ]
    for event in silent:
        (found,) = audit(said, [seen(), event], NOW)
        assert found.overdue_ms is None, event
        assert found.good
    (found,) = audit(said, [seen(-120)], NOW)
    assert found.overdue_ms is None


def test_one_that_was_cut_off_does_not_count() -> None:
    """Neither as said, nor against its being overdue."""
    (found,) = audit([aired(-50, since=-60, first=True, cut=True), aired(-40)], [seen()], NOW)
    assert found.never
    assert not found.good


def test_rooms_that_only_replied_never_said_it() -> None:
    """And rooms are told by name."""
    found = audit([aired(-5, room="z"), aired(-4, since=-10, first=True, room="a")], [], NOW)
    assert [(one.room, one.never) for one in found] == [("a", False), ("z", True)]


def test_a_room_that_aired_nothing_is_known_by_its_alert() -> None:
    """Killed since its begin, its host's script goes on: nothing stands on the log but that the room told so itself."""
    alert = Alert(
        id="0000000a", room="r", shop="tea", at=NOW - 30_000, lease=1, seq=1, shop_offset=0, kind="disclosure_overdue", detail="d"
    )  # fmt: skip
    other = alert.model_copy(update={"room": "q", "kind": "player_lost"})
    (found,) = audit([], [seen()], NOW, [other, alert])
    assert (found.room, found.never, found.overdue_ms, found.good) == ("r", True, 30_000, False)
    (over,) = audit([], [seen(), PlayerGone(room="r", id="g", at=NOW, session="s")], NOW, [alert])
    assert (over.overdue_ms, over.good) == (None, False)
    (said,) = audit([aired(-20, since=-110, first=True)], [seen()], NOW, [alert])
    assert (said.never, said.overdue_ms) == (False, None)
