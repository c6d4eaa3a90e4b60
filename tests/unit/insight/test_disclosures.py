"""The audit of disclosures: gaps, what is overdue, what was never said."""

from __future__ import annotations

from engine.events.inputs import Kill, ModeSet, PlayerGone, PlayerSeen, RoomClosed, RoomEvent, ShopModeSet, TakeOver
from engine.events.outputs import Aired, Disclosure
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


def seen(at: int = 0, room: str = "r") -> PlayerSeen:
    return PlayerSeen(room=room, id="p", at=NOW + at * 1_000, session="s", shop="tea")


def plays(begin: int, end: int = 0, room: str = "r") -> list[RoomEvent]:
    """Signs of a player from `begin` to `end`, s."""
    return [seen(at, room) for at in range(begin, end + 1, 10)]


def mode(name: str, at: int, room: str = "r") -> ModeSet:
    return ModeSet.model_validate({"room": room, "id": "m", "at": NOW + at * 1_000, "mode": name})


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
    (found,) = audit(said, plays(-705), NOW)
    assert found.overdue_ms == 95_000
    silent: list[RoomEvent] = [
        RoomClosed(room="r", id="c", at=NOW),
        PlayerGone(room="r", id="g", at=NOW, session="s"),
        ModeSet(room="r", id="m", at=NOW, mode="shadow"),
        TakeOver(room="r", id="t", at=NOW, who="person"),
    ]
    for event in silent:
        (found,) = audit(
            said,
            [
                *plays(-705, -300),
                event.model_copy(update={"at": NOW - 300_000}),
                *([] if isinstance(event, PlayerGone) else plays(-290)),
            ],
            NOW,
        )
        assert found.overdue_ms is None, event
        assert found.good
    (found,) = audit(said, plays(-705, -120), NOW)
    assert found.overdue_ms is None


def test_one_that_was_cut_off_does_not_count() -> None:
    """Neither as said, nor against its being overdue."""
    (found,) = audit([aired(-50, since=-60, first=True, cut=True), aired(-40)], plays(-60), NOW)
    assert found.never
    assert not found.good


def test_rooms_that_only_replied_never_said_it() -> None:
    """And rooms are told by name."""
    found = audit([aired(-5, room="z"), aired(-4, since=-10, first=True, room="a")], [], NOW)
    assert [(one.room, one.never) for one in found] == [("a", False), ("z", True)]


def test_a_room_on_air_that_aired_nothing_is_told() -> None:
    """As one that is paused, or whose shop has no words for it: viewers look at the host all the same."""
    (found,) = audit([], [mode("paused", -400), *plays(-390)], NOW)
    assert (found.room, found.shop, found.overdue_ms) == ("r", "tea", 330_000)
    assert not found.good
    (soon,) = audit([], [mode("auto", -60), *plays(-50)], NOW)
    assert soon.good
    assert audit([], plays(-390), NOW) == []  # nobody told it anything but shadow


def test_the_mode_of_its_shop_counts_until_the_room_is_told_its_own() -> None:
    """And the later of the two after that."""
    shop = ShopModeSet(id="x", at=NOW - 500_000, shop="tea", mode="auto")
    (found,) = audit([], plays(-390), NOW, shop_events=[shop])
    assert found.overdue_ms == 330_000
    assert audit([], [mode("shadow", -400), *plays(-390)], NOW, shop_events=[shop]) == []
    assert audit([], plays(-390), NOW, shop_events=[shop.model_copy(update={"shop": "soap"})]) == []
    (found,) = audit([], plays(-390), NOW, shop_events=[shop.model_copy(update={"at": NOW - 100_000})])
    assert found.overdue_ms == 40_000  # viewers saw a host whom the engine does not speak for until then


def test_a_live_that_ended_without_it_is_told() -> None:
    """Also where it is not on air any more; not what was over before the span that is asked about."""
    told = [mode("auto", -2000), *plays(-1990, -1000), RoomClosed(room="r", id="c", at=NOW - 1_000_000)]
    (found,) = audit([], told, NOW)
    assert [(one.until - one.since, one.late_ms) for one in found.missed] == [(990_000, 930_000)]
    assert not found.good
    assert audit([], told, NOW, since=NOW - 900_000) == []


def test_a_script_that_a_kill_holds_is_not_on_air() -> None:
    """Lifting it begins anew."""
    said = [aired(-1000, since=-1005, first=True)]
    held = Kill(id="k", at=NOW - 900_000, scope="room", target="r", on=True, hold_script=True)
    (found,) = audit(said, plays(-1005), NOW, shop_events=[held])
    assert found.good
    (found,) = audit(
        said, plays(-1005), NOW, shop_events=[held, held.model_copy(update={"at": NOW - 90_000, "on": False})]
    )
    assert found.overdue_ms == 30_000
    other = held.model_copy(update={"target": "z"})
    (found,) = audit(said, plays(-1005), NOW, shop_events=[other])
    assert found.overdue_ms == 395_000


def test_what_was_said_before_the_span_still_counts() -> None:
    """It is not listed, and a room that replied after it did say it."""
    (found,) = audit([aired(-500, since=-505, first=True), aired(-100)], plays(-505), NOW, since=NOW - 200_000)
    assert found.said == []
    assert found.replies == 1
    assert found.good
