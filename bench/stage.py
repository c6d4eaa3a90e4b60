"""One recorded hour on the real room core: a shop, a room, a model player and a virtual clock.

The choice alone can be replaced, so that policies are compared with everything else equal: merging, cooldowns, airtime, pauses,
boundaries, what joins a reply on its way.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from bench.core import SENTENCE_MS, SENTENCES, START, Player
from bench.hours import HOUR_S, INTENTS, Hour, Law, generator
from engine.events.inputs import ModeSet, PlayerSeen, Script, ScriptSegment, ScriptSentence
from engine.events.journal import AnyEntry, CommentEntry, LeaseEntry, PoolEntry, RoomEntry, TickEntry
from engine.events.outputs import Choice, Decision, Insertion
from engine.events.understanding import Understanding
from engine.pool.model import Guard, Intent, Limits, Pool, Reply, TrainingSet
from engine.room import emission
from engine.room.demands import Demand
from engine.room.room import Room
from engine.room.rooms import Rooms
from engine.room.selection import Candidate, Opportunity

PRIORITIES = np.arange(40, 85, 5)
"""As in the base pack."""
REPLY_S = (4.5, 8.5)
"""Shortest and longest reply; those of the example shop lie between."""
DEADLINE_MS = 45_000
COOLDOWN_MS = 90_000
TICK_MS = 100  # between two ticks at least, as the worker has it
DRAIN_MS = 120_000  # after the hour: the last deadline and the last reply

Choose = Callable[[Room, Opportunity, Iterable[Demand]], tuple[Candidate, Choice] | None]


@dataclass(frozen=True, slots=True)
class Case:
    """One hour with what is asked in it, and the shop that answers: seconds and priority by intent."""

    hour: Hour
    seed: int
    asked: NDArray[np.int64]
    priority: NDArray[np.int64]
    seconds: NDArray[np.float64]
    rate: NDArray[np.float64]
    """Questions per ms by intent, in the mean: what only an oracle knows."""

    @classmethod
    def of(cls, hour: Hour, seed: int, law: Law) -> Case:
        rng = generator(hour, seed)
        priority = rng.choice(PRIORITIES, INTENTS)
        seconds = np.round(rng.uniform(*REPLY_S, INTENTS), 1)
        rate = law.shares() * (len(hour) / (HOUR_S * 1_000))
        return cls(hour, seed, law.draw(hour, rng), priority, seconds, rate)

    def pool(self) -> Pool:
        """One reply per intent, which may be said again once its cooldown is over."""
        made = {}
        for number in range(INTENTS):
            name = f"topic.i{number}"
            made[name] = Intent(
                name, {"en": name}, priority=int(self.priority[number]), answer_within_ms=DEADLINE_MS, cooldown_ms=COOLDOWN_MS,
                replies=(Reply(f"r{number}", name, "好的", "zh", needs_product=False, seconds=float(self.seconds[number]), memory_ms=0),),
            )  # fmt: skip
        return Pool(
            "00000001", "tea", {"zh": "茶"}, ("zh",), "zh", made, {}, {}, (), Guard(), Limits(handoff_repeats=0), {},
            TrainingSet("t", ()), "00000002",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the questions of one case."""

    asked: int
    answered: int
    intents_asked: int
    intents_answered: int
    value_asked: int
    value_answered: int
    """Priority summed over questions."""
    waited_ms: int
    """Summed over the answered, to the end of the reply."""
    replies: int
    air_ms: int
    reasons: dict[str, int]


def opened(live: Pool) -> Rooms:
    """A core with the room `r` in `auto`, its player and a script whose first sentence is about to begin."""
    core = Rooms({live.hash: live}.__getitem__)
    core.handle(0, START, LeaseEntry(1, 8))
    core.handle(1, START, PoolEntry("tea", live.hash, 1, 0))
    sentences = tuple(ScriptSentence(id=f"s{n}", text="话", seconds=SENTENCE_MS / 1_000) for n in range(SENTENCES))
    for event in (
        PlayerSeen(room="r", at=START, id="p", session="one", identified=True),
        Script(
            room="r", at=START, id="s", session="one", script="e", version="v", segments=(ScriptSegment(id="g", sentences=sentences),)
        ),
        ModeSet(room="r", at=START, id="m", mode="auto"),
    ):  # fmt: skip
        core.handle(2, START, RoomEntry(event, "tea"))
    core.take()
    return core


def entries(case: Case, core: Rooms, reports: list[tuple[int, int, Player]]) -> Iterator[tuple[int, AnyEntry]]:
    """(when, what) in order of time; the player's reports are planned as it goes, so this reads `reports` anew at each step."""
    hour = case.hour
    found = [Understanding("accepted", f"问{n}", "zh", f"topic.i{n}", 0.95) for n in range(INTENTS)]
    never = START + HOUR_S * 1_000 + DRAIN_MS + 1
    asked, now, ticked = 0, START, 0
    while True:
        tick = core.next_deadline()
        due = (
            reports[0][0] if reports else never,
            START + int(hour.at[asked]) if asked < len(hour) else never,
            max(tick, ticked + TICK_MS) if tick is not None else never,
        )
        now = max(now, min(due))
        if now >= never:
            return
        if due[0] <= now:
            yield now, RoomEntry(heapq.heappop(reports)[2].report(now), "tea")
        elif due[1] <= now:
            name, viewer = f"c{asked}", f"v{int(hour.viewer[asked])}"
            yield (
                now,
                CommentEntry(
                    "r", "live", name, viewer, "问", now, now, "tea", found[int(case.asked[asked])], None, "00000002"
                ),
            )
            asked += 1
        else:
            ticked = now
            yield now, TickEntry()


def play(case: Case, choose: Choose | None = None) -> Outcome:
    """The whole hour, until its last question has its decision."""
    core = opened(case.pool())
    reports: list[tuple[int, int, Player]] = []
    serial = itertools.count()
    player = Player("r", lambda at, player: heapq.heappush(reports, (at, next(serial), player)), START)
    decisions: dict[int, Decision] = {}
    said: list[Insertion] = []
    with nullcontext() if choose is None else patch.object(emission, "choose", choose):
        for seq, (now, entry) in enumerate(entries(case, core, reports), 3):
            core.handle(seq, now, entry)
            for record in core.take().records:
                if isinstance(record, Insertion):
                    player.hear(record)
                    said.append(record)
                elif isinstance(record, Decision):
                    decisions[int(record.comment[1:])] = record
    if len(decisions) != len(case.hour):
        raise RuntimeError(f"{case.hour.name}: {len(case.hour) - len(decisions)} questions have no decision")
    return _outcome(case, decisions, said)


def _outcome(case: Case, decisions: dict[int, Decision], said: list[Insertion]) -> Outcome:
    reasons: dict[str, int] = {}
    for decision in decisions.values():
        reasons[decision.reason] = reasons.get(decision.reason, 0) + 1
    answered = sorted(number for number, decision in decisions.items() if decision.reason == "answered")
    what = case.asked[answered]
    return Outcome(
        asked=len(decisions),
        answered=len(answered),
        intents_asked=int(np.unique(case.asked).size),
        intents_answered=int(np.unique(what).size),
        value_asked=int(case.priority[case.asked].sum()),
        value_answered=int(case.priority[what].sum()),
        waited_ms=sum(decisions[number].decided - decisions[number].sent for number in answered),
        replies=len(said),
        air_ms=sum(insertion.duration_ms for insertion in said),
        reasons=dict(sorted(reasons.items())),
    )
