"""Which demand gets an opportunity: the highest value density above the price of air, those that would expire first where both fit.

Demands are looked at in the order of what they could be worth at most, and only as far as one of them may still win.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, Literal

from engine.events.outputs import Blocker, Choice
from engine.room.approval import may_be_said
from engine.room.blockers import answerable
from engine.room.demands import Demand
from engine.room.room import Room
from engine.room.script import Boundary
from engine.room.shop import FOREVER, Filled

COMMIT_MS: Final = 300  # from the choice to the player's hands: the commit, the gateway, the network
SLACK_MS: Final = 500  # how long before the last moment a choice is made: a tick's distance and a busy batch
AHEAD: Final = 64  # boundaries that are searched; five minutes of sentences

FRESH_MS: Final = 3_600_000  # an answer whose cooldown ended so long ago is worth all of its value again
STALE: Final = 0.5  # and this share of it at the cooldown's end
ROUNDING: Final = 0.001  # densities have four digits; what a demand is worth at most is never below what it is worth

INFINITY: Final = float("inf")

CONSIDERED: Final = frozenset({"no_opportunity", "airtime", "outvalued"})
PASSING: Final = frozenset({"cooling", "fact_pending"})
"""Blockers that pass by themselves: a cooldown may end, and a fact begin, before anything that is chosen now could be heard."""


@dataclass(slots=True)
class Opportunity:
    """A moment at which a reply can start: at the end of a sentence (`boundary`), within one (`cut`), or, with neither, in an idle
    script. `soonest`: nothing that is emitted now can be heard before."""

    start: int
    soonest: int
    boundary: Boundary | None = None
    cut: Boundary | None = None


@dataclass(slots=True)
class Candidate:
    demand: Demand
    filled: Filled
    viewers: int
    freshness: float
    density: float
    """What it is worth per second of air: priority × viewers × freshness ÷ seconds."""
    not_after: int


def next_opportunity(room: Room, now: int) -> Opportunity | None:
    """The first allowed boundary that the player can still be told of; at once where the script is idle."""
    if not room.clock.running or room.clock.lineup is None:
        return Opportunity(now + room.lead_ms, now + room.lead_ms)
    ready = now + room.lead_ms + COMMIT_MS
    for boundary in room.clock.boundaries(AHEAD, now):
        if boundary.at >= ready and not boundary.line.hold:
            return Opportunity(boundary.at, now + room.lead_ms, boundary)
    return None


def interruption(room: Room, now: int) -> Opportunity | None:
    """At once, in mid-sentence; None where none is said then, or one that may not be cut, as far as can be foreseen."""
    start = now + room.lead_ms
    for moment in (start, start + COMMIT_MS):
        said = room.clock.said_at(moment, now, AHEAD)
        if said is None or not room.clock.may_cut(said):
            return None
    return Opportunity(start, start, cut=room.clock.said_at(start, now, AHEAD))


def until_next(room: Room, opportunity: Opportunity) -> int:
    """From the end of a reply that is said now to the next opportunity, ms."""
    pause = room.limits.minimum_pause_ms
    if opportunity.boundary is None:
        return pause
    for boundary in room.clock.following(opportunity.boundary, 0, AHEAD):
        if boundary.at >= pause and not boundary.line.hold:
            return boundary.at
    return FOREVER


def when(opportunity: Opportunity) -> Literal["sentence", "segment", "now", "idle"]:
    """The kind of the opportunity."""
    if opportunity.cut is not None:
        return "now"
    if opportunity.boundary is None:
        return "idle"
    return "segment" if opportunity.boundary.line.segment_end else "sentence"


def screen(room: Room, opportunity: Opportunity) -> str | None:
    """The product that is on screen while the reply is spoken."""
    beside = opportunity.boundary or opportunity.cut
    if beside is not None:
        return beside.line.product
    return room.clock.on_screen(opportunity.start)


def variants(room: Room, demand: Demand, opportunity: Opportunity) -> list[Filled]:
    """Replies that may be said then, the least recently heard first; a language of half the viewers before the room's.

    Their facts hold from the soonest moment at which they could be heard: a script that runs quicker says nothing too early.
    """
    heard, start = room.heard, opportunity.start
    other, own = answerable(room, demand, opportunity.soonest)
    ready = []
    for number, found in enumerate((own,) if other is None else (other, own)):
        for filled in found.replies:
            last = heard.get(filled.words)
            if last is not None and last + filled.reply.memory_ms > start:
                continue
            if _may_start(room, demand, opportunity, filled):
                turn = heard.get(filled.reply.id, -1)  # of phrase, about whatever product
                ready.append((number, turn, filled))
    if len(ready) > 1:
        ready.sort(key=itemgetter(0, 1))
    return [filled for _, _, filled in ready] if ready else []


def _may_start(room: Room, demand: Demand, opportunity: Opportunity, filled: Filled) -> bool:
    """Whether a variant that was not heard lately may start at this opportunity."""
    reply = filled.reply
    return (
        reply.channel != "chat"
        and not (reply.on_screen_only and demand.product != screen(room, opportunity))
        and (opportunity.cut is None or reply.may_interrupt)
        and filled.until - filled.ms >= opportunity.start
    )


def freshness(room: Room, demand: Demand, start: int) -> float:
    """Share of a demand's value that counts: less where it was answered lately, so that rare questions have their turn."""
    cooled = room.cooldowns.get(demand.key)
    if cooled is None:
        return 1.0
    return STALE + (1 - STALE) * min(1.0, max(0, start - cooled) / FRESH_MS)


def candidate(room: Room, demand: Demand, opportunity: Opportunity) -> Candidate | Blocker:
    """The demand with what would be said, where that is possible at all; else what it waits for. Air and pauses are not asked about."""
    start = opportunity.start
    intent = room.shop.pool.intents[demand.intent]
    if intent.insert == "segment" and when(opportunity) == "sentence":
        return "no_opportunity"
    if room.cooldowns.get(demand.key, 0) > opportunity.soonest and not demand.was_cut:
        return "no_opportunity"
    blocker: Blocker = "no_opportunity"
    for filled in variants(room, demand, opportunity):
        if not may_be_said(room, demand.key, filled):
            blocker = "approval"
            continue
        viewers = demand.servable(start)
        if not viewers:
            return "no_opportunity"
        not_after = min(demand.latest, filled.until - filled.ms)
        fresh = freshness(room, demand, start)
        density = round(intent.priority * viewers * fresh * 1000 / filled.ms, 4)
        return Candidate(demand, filled, viewers, round(fresh, 4), density, not_after)
    return blocker


def resting(room: Room, start: int) -> bool:
    """Whether the minimum pause after the last reply is not over by then."""
    return bool(room.last_end) and start < room.last_end + room.limits.minimum_pause_ms


def choose(room: Room, opportunity: Opportunity, demands: Iterable[Demand]) -> tuple[Candidate, Choice] | None:
    """Which of the demands wins the opportunity; every other is told why it did not."""
    start = opportunity.start
    considered = [demand for demand in demands if may_win(demand)]
    if not considered:
        return None
    free = room.free_air(start)
    whole: Blocker = "outvalued"
    if resting(room, start):
        whole = "no_opportunity"
    elif free < 1 and not asking(room):
        whole = "airtime"
    for demand in considered:
        demand.missed = whole
    if whole != "outvalued":
        return None
    price = room.price(start)
    fits = ranked(room, opportunity, considered, free, price)
    best = next(fits, None)
    if best is None:
        return None
    second = next(fits, None)
    winner = best
    if second is not None:
        first = _expiring(room, opportunity, best, considered, free, price)
        winner, second = (first, best) if first is not None else (best, second)
    return winner, Choice(
        value_density=winner.density,
        viewers=winner.viewers,
        waiting=len(room.demands),
        runner_up=second and "/".join(filter(None, second.demand.key)),
        runner_up_density=second and second.density,
        expiring=winner is not best,
        airtime_used_ms=round(room.spent(start)),
        freshness=winner.freshness,
        price=price,
    )


def may_win(demand: Demand) -> bool:
    """Whether nothing but the opportunity holds it; or a person, for those of its replies that could be said at the last one."""
    blocker = demand.blocker
    return blocker in CONSIDERED or blocker in PASSING or (blocker == demand.missed == "approval")


def asking(room: Room) -> bool:
    """Whether people may have to be asked: then each demand is looked at, since they need time to answer."""
    return room.mode == "approve" or room.shop.asks


def ranked(
    room: Room, opportunity: Opportunity, demands: Iterable[Demand], free: int, price: float
) -> Iterator[Candidate]:
    """Candidates with air for them that are worth its price: the densest first; ties: the older one, then by key.

    Demands come by the most that they could be worth; those looked at wait in a heap until none to come could be worth more.
    """
    most, sure = room.shop.densest, INFINITY if asking(room) else ROUNDING
    bounds = [(most[demand.intent] * len(demand.viewers) + sure, demand) for demand in demands]
    found: list[tuple[float, int, str, str, Candidate]] = []
    for bound, demand in sorted(bounds, key=itemgetter(0), reverse=True):
        if bound < price:
            break
        while found and -found[0][0] > bound:
            yield heapq.heappop(found)[-1]
        one = candidate(room, demand, opportunity)
        if not isinstance(one, Candidate):
            demand.missed = one
        elif one.filled.ms > free:
            demand.missed = "airtime"
        elif one.density >= price:
            heapq.heappush(found, (-one.density, demand.born, demand.intent, demand.product or "", one))
    while found:
        yield heapq.heappop(found)[-1]


def _expiring(
    room: Room, opportunity: Opportunity, best: Candidate, demands: list[Demand], free: int, price: float
) -> Candidate | None:
    """The densest of those that would expire while `best` is said, where `best` loses nothing by waiting and both fit into the airtime."""
    start, gap = opportunity.start, until_next(room, opportunity)
    if best.demand.servable(start + gap + 1) < best.viewers:
        return None
    soon = [d for d in demands if d.latest < start + best.filled.ms + gap and d is not best.demand]
    budget = room.limits.airtime_share * room.limits.airtime_window_ms
    for one in ranked(room, opportunity, soon, free, price):
        after = start + one.filled.ms + gap
        together = room.spent(after) + one.filled.ms + best.filled.ms
        if together <= budget and best.demand.servable(after) == best.viewers:
            return one
    return None
