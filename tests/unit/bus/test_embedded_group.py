"""Who owns which partition."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from engine.bus.embedded.group import Group, Seat
from engine.bus.port import Assigned, Lost, Revoked

PARTITIONS = 7


def join(group: Group) -> Seat:
    return group.join(lambda: None)


def test_partitions_are_divided_in_ranges() -> None:
    """The first members get one more where it does not come out even."""
    group = Group(PARTITIONS)
    first = join(group)
    assert group.fetch(first) == [Assigned(tuple(range(7)))]
    second, third = join(group), join(group)
    assert group.fetch(first) == [Revoked((4, 5, 6, 3))]
    assert group.fetch(second) == group.fetch(third) == []
    assert group.fetch(first) == []
    assert group.fetch(second) == [Assigned((3, 4))]
    assert group.fetch(third) == [Assigned((5, 6))]


def test_a_running_commit_delays_the_handover() -> None:
    """What was revoked goes on only once its owner asked again and its commit has ended, whichever comes last."""
    group = Group(2)
    first = join(group)
    group.fetch(first)
    second = join(group)
    group.commit_begins(first, [1])
    assert group.fetch(first) == [Revoked((1,))]
    group.commit_ends(first, [1])
    group.commit_begins(first, [1])
    assert group.fetch(first) == []
    assert group.fetch(second) == []
    assert group.owns(first, 1)
    group.commit_ends(first, [1])
    assert group.fetch(second) == [Assigned((1,))]


def test_a_member_that_is_evicted_joins_again() -> None:
    """It loses all, others get it; asking for events, it learns so, and joins."""
    group = Group(2)
    first, second = join(group), join(group)
    for _ in range(2):
        group.fetch(first)
        group.fetch(second)
    group.evict(first)
    assert group.fetch(second) == [Assigned((0,))]
    assert group.fetch(first) == [Lost((0,))]
    assert group.fetch(second) == [Revoked((1,))]
    group.fetch(second)
    assert group.fetch(first) == [Assigned((1,))]


def test_the_last_member_may_be_evicted() -> None:
    """With nobody left, partitions wait for whoever comes."""
    group = Group(2)
    only = join(group)
    group.fetch(only)
    group.evict(only)
    assert not group.owned(only)
    assert group.fetch(only) == [Lost((0, 1))]
    assert group.fetch(only) == [Assigned((0, 1))]


def test_changes_are_announced() -> None:
    """A member that waits for events is woken."""
    told: list[str] = []
    group = Group(2)
    group.join(lambda: told.append("first"))
    group.join(lambda: told.append("second"))
    assert set(told) == {"first"}


class Machine(RuleBasedStateMachine):
    """Members come, go, commit and stall in any order; each believes what its events say."""

    @initialize()
    def begin(self) -> None:
        self.group = Group(PARTITIONS)
        self.believed: dict[Seat, set[int]] = {}
        self.running: dict[Seat, list[int]] = {}
        self.stale: set[Seat] = set()

    def _seat(self, at: int) -> Seat | None:
        seats = list(self.believed)
        return seats[at % len(seats)] if seats else None

    @rule()
    def join(self) -> None:
        if len(self.believed) < 5:
            seat = join(self.group)
            self.believed[seat], self.running[seat] = set(), []

    @rule(at=st.integers(0, 9))
    def leave(self, at: int) -> None:
        if (seat := self._seat(at)) is not None:
            self.group.leave(seat)
            del self.believed[seat], self.running[seat]
            self.stale.discard(seat)

    @rule(at=st.integers(0, 9))
    def evict(self, at: int) -> None:
        if (seat := self._seat(at)) is not None:
            self.group.evict(seat)
            self.stale.add(seat)

    @rule(at=st.integers(0, 9))
    def fetch(self, at: int) -> None:
        if (seat := self._seat(at)) is not None:
            self._fetch(seat)

    def _fetch(self, seat: Seat) -> None:
        for event in self.group.fetch(seat):
            if isinstance(event, Assigned):
                assert not self.believed[seat] & set(event.partitions)
                self.believed[seat] |= set(event.partitions)
            else:
                assert set(event.partitions) <= self.believed[seat] or isinstance(event, Lost)
                self.believed[seat] -= set(event.partitions)
        self.stale.discard(seat)

    @rule(at=st.integers(0, 9))
    def commit_begins(self, at: int) -> None:
        if (seat := self._seat(at)) is not None and not self.running[seat]:
            self.running[seat] = sorted(self.believed[seat])
            self.group.commit_begins(seat, self.running[seat])

    @rule(at=st.integers(0, 9))
    def commit_ends(self, at: int) -> None:
        if (seat := self._seat(at)) is not None:
            self.group.commit_ends(seat, self.running[seat])
            self.running[seat] = []

    @invariant()
    def nobody_shares(self) -> None:
        """No two members believe that they own a partition, but for one that was evicted and does not know yet."""
        held = [
            p
            for seat, partitions in getattr(self, "believed", {}).items()
            if seat not in self.stale
            for p in partitions
        ]
        assert len(held) == len(set(held))

    def teardown(self) -> None:
        """Left alone, everyone ends up with their share."""
        if not getattr(self, "believed", None):
            return
        for seat, partitions in self.running.items():
            self.group.commit_ends(seat, partitions)
        for _ in range(6):
            for seat in self.believed:
                self._fetch(seat)
        sizes = sorted(map(len, self.believed.values()))
        assert sum(sizes) == PARTITIONS
        assert sizes[-1] - sizes[0] <= 1


TestMachine = Machine.TestCase
