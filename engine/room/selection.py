"""Which demand gets an opportunity: the highest value density, those that would expire first where both fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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

CONSIDERED: Final = ("no_opportunity", "airtime", "outvalued")


@dataclass(slots=True)
class Opportunity:
    """A moment at which a reply can start. `boundary` None: the script is idle."""

    start: int
    boundary: Boundary | None


@dataclass(slots=True)
class Candidate:
    demand: Demand
    filled: Filled
    viewers: int
    density: float
    not_after: int


def next_opportunity(room: Room, now: int) -> Opportunity | None:
    """The first allowed boundary that the player can still be told of; at once where the script is idle."""
    if not room.clock.running or room.clock.lineup is None:
        return Opportunity(now + room.lead_ms, None)
    ready = now + room.lead_ms + COMMIT_MS
    for boundary in room.clock.boundaries(AHEAD):
        if boundary.at >= ready and not boundary.line.hold:
            return Opportunity(boundary.at, boundary)
    return None


def until_next(room: Room, opportunity: Opportunity) -> int:
    """From the end of a reply that is said now to the next opportunity, ms."""
    pause = room.limits.minimum_pause_ms
    if opportunity.boundary is None:
        return pause
    for boundary in room.clock.following(opportunity.boundary, 0, AHEAD):
        if boundary.at >= pause and not boundary.line.hold:
            return boundary.at
    return FOREVER


def when(opportunity: Opportunity) -> Literal["sentence", "segment", "idle"]:
    """The kind of the opportunity."""
    if opportunity.boundary is None:
        return "idle"
    return "segment" if opportunity.boundary.line.segment_end else "sentence"


def screen(room: Room, opportunity: Opportunity) -> str | None:
    """The product that is on screen while the reply is spoken."""
    if opportunity.boundary is not None:
        return opportunity.boundary.line.product
    return room.clock.on_screen(opportunity.start)


def variants(room: Room, demand: Demand, opportunity: Opportunity) -> Iterator[Filled]:
    """Replies that may be said then, the least recently heard first; a language of half the viewers before the room's."""
    start = opportunity.start
    on_screen = screen(room, opportunity)
    for found in answerable(room, demand, start):
        if found is None:
            continue
        ready = []
        for number, filled in enumerate(found.replies):
            reply = filled.reply
            if reply.channel == "chat":
                continue
            heard = room.heard_at(reply, filled.product)
            if heard is not None and heard + reply.memory_ms > start:
                continue
            if reply.on_screen_only and demand.product != on_screen:
                continue
            if filled.until - filled.ms < start:
                continue
            ready.append((room.heard.get(reply.id, -1), number, filled))  # its turn of phrase, about whatever product
        ready.sort(key=lambda row: row[:2])
        for _, _, filled in ready:
            yield filled


def candidate(room: Room, demand: Demand, opportunity: Opportunity) -> Candidate | Blocker:
    """The demand with what would be said, where that is possible at all; else what it waits for."""
    start = opportunity.start
    if room.last_end and start < room.last_end + room.limits.minimum_pause_ms:
        return "no_opportunity"
    intent = room.shop.pool.intents[demand.intent]
    if intent.insert == "segment" and when(opportunity) == "sentence":
        return "no_opportunity"
    viewers = demand.servable(start)
    if not viewers:
        return "no_opportunity"
    blocker: Blocker = "no_opportunity"
    for filled in variants(room, demand, opportunity):
        if not may_be_said(room, demand.key, filled):
            blocker = "approval"
            continue
        not_after = min(demand.latest, filled.until - filled.ms)
        density = round(intent.priority * viewers * 1000 / filled.ms, 4)
        return Candidate(demand, filled, viewers, density, not_after)
    return blocker


def choose(room: Room, opportunity: Opportunity, demands: Iterable[Demand]) -> tuple[Candidate, Choice] | None:
    """Which of the demands wins the opportunity; every other is told why it did not."""
    limits = room.limits
    budget = limits.airtime_share * limits.airtime_window_ms
    fits: list[Candidate] = []
    considered = [demand for demand in demands if _may_win(demand)]
    for demand in considered:
        found = candidate(room, demand, opportunity)
        if not isinstance(found, Candidate):
            demand.missed = found
            continue
        end = opportunity.start + found.filled.ms
        if room.spent(end) + found.filled.ms > budget:
            demand.missed = "airtime"
            continue
        fits.append(found)
    if not fits:
        return None
    fits.sort(key=lambda c: (-c.density, c.demand.born, c.demand.intent, c.demand.product or ""))
    best = fits[0]
    gap = until_next(room, opportunity) if len(fits) > 1 else 0
    winner = next((c for c in fits if _goes_ahead(room, c, best, opportunity.start + c.filled.ms + gap, budget)), best)
    for other in fits:
        other.demand.missed = "outvalued"
    second = next((c for c in fits if c is not winner), None)
    return winner, Choice(
        value_density=winner.density,
        viewers=winner.viewers,
        waiting=len(room.demands),
        runner_up=second and "/".join(filter(None, second.demand.key)),
        runner_up_density=second and second.density,
        expiring=winner is not best,
        airtime_used_ms=round(room.spent(opportunity.start)),
    )


def _may_win(demand: Demand) -> bool:
    """Whether nothing but the opportunity holds it; or a person, for those of its replies that could be said at the last one."""
    return demand.blocker in CONSIDERED or (demand.blocker == demand.missed == "approval")


def _goes_ahead(room: Room, one: Candidate, best: Candidate, after: int, budget: float) -> bool:
    """Whether `one` would expire before the next opportunity, at `after`, while `best` can wait, and both fit into the airtime."""
    if one is best or one.demand.latest >= after or best.demand.servable(after) < best.viewers:
        return False
    return room.spent(after) + one.filled.ms + best.filled.ms <= budget
