"""Policies that were tried for the choice of a reply; each gets the candidates for which there is air, and names one or none.

They stand in for the core's own `choose` (bench/stage.py); docs/adr/0025 tells how they fared. Where a policy would have to learn how
often an intent is asked, it is told the truth: what does not help an oracle helps nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from bench.core import SENTENCE_MS
from bench.stage import COOLDOWN_MS, DEADLINE_MS, Case, Choose
from engine.events.outputs import Choice
from engine.room.demands import Demand
from engine.room.room import Room
from engine.room.selection import Candidate, Opportunity, candidate, may_win, resting

Pick = Callable[[Room, Opportunity, Sequence[Candidate]], Candidate | None]
Worth = Callable[[Candidate], float]

OURS = "ours"
RIPE_FULL = 0.5  # of the air: below it nobody has to wait until it is ripe
THRESHOLD = 15.0  # a fixed price of air: priority × viewers per second; a lone question of middling priority is worth 9


def chooser(pick: Pick) -> Choose:
    """The core's `choose` around a policy: what is possible at all is the same for each of them."""

    def choose(room: Room, opportunity: Opportunity, demands: Iterable[Demand]) -> tuple[Candidate, Choice] | None:
        free = 0 if resting(room, opportunity.start) else room.free_air(opportunity.start)
        fits = []
        for demand in demands:
            if not may_win(demand):
                continue
            found = candidate(room, demand, opportunity)
            if not isinstance(found, Candidate):
                demand.missed = found
            elif found.filled.ms > free:
                demand.missed = "airtime"
            else:
                demand.missed = "outvalued"
                fits.append(found)
        fits.sort(key=lambda one: (one.demand.born, one.demand.key))
        winner = pick(room, opportunity, fits) if fits else None
        if winner is None:
            return None
        return winner, Choice(value_density=winner.density, viewers=winner.viewers, waiting=len(room.demands))

    return choose


def _plain(one: Candidate) -> float:
    """Value density alone: priority × viewers ÷ seconds."""
    return one.density / one.freshness


def _next(opportunity: Opportunity, one: Candidate) -> int:
    """The next opportunity after this reply, nearly."""
    return opportunity.start + one.filled.ms + SENTENCE_MS


def _full(room: Room, start: int) -> float:
    return room.spent(start) / (room.limits.airtime_share * room.limits.airtime_window_ms)


def _densest(worth: Worth) -> Pick:
    return lambda _room, _opportunity, fits: max(fits, key=worth)  # the first of equals is the oldest


def _fifo(_room: Room, _opportunity: Opportunity, fits: Sequence[Candidate]) -> Candidate:
    return fits[0]


def _expiring(room: Room, opportunity: Opportunity, fits: Sequence[Candidate]) -> Candidate:
    """Densest, but what would expire meanwhile goes ahead of a best that can wait."""
    order = sorted(fits, key=_plain, reverse=True)
    best = order[0]
    return next((one for one in order[1:] if _yields(room, opportunity, one, best)), best)


def _yields(room: Room, opportunity: Opportunity, one: Candidate, best: Candidate) -> bool:
    after = _next(opportunity, one)
    if one.demand.latest >= _next(opportunity, best) or best.demand.servable(after) < best.viewers:
        return False
    budget = room.limits.airtime_share * room.limits.airtime_window_ms
    return room.spent(after) + one.filled.ms + best.filled.ms <= budget


def _ripe(room: Room, opportunity: Opportunity, fits: Sequence[Candidate]) -> Candidate | None:
    """Where air is scarce, a demand waits until it would lose somebody."""
    start = opportunity.start
    ripe = [one for one in fits if one.demand.servable(start + SENTENCE_MS) < one.viewers]
    if ripe:
        return max(ripe, key=_plain)
    return max(fits, key=_plain) if _full(room, start) < RIPE_FULL else None


def _threshold(room: Room, opportunity: Opportunity, fits: Sequence[Candidate]) -> Candidate | None:
    """A fixed price of air once half of it is spent."""
    best = max(fits, key=_plain)
    return best if _plain(best) >= THRESHOLD or _full(room, opportunity.start) < RIPE_FULL else None


def _priced(room: Room, opportunity: Opportunity, fits: Sequence[Candidate]) -> Candidate | None:
    """The core's price of air, without freshness and without what expires."""
    best = max(fits, key=_plain)
    return best if _plain(best) >= room.price(opportunity.start) else None


def _priced_ripe(room: Room, opportunity: Opportunity, fits: Sequence[Candidate]) -> Candidate | None:
    """Price and freshness, and waiting until it is ripe."""
    price = room.price(opportunity.start)
    dear = [one for one in fits if one.density >= price]
    ripe = [one for one in dear if one.demand.servable(opportunity.start + SENTENCE_MS) < one.viewers]
    if ripe or _full(room, opportunity.start) >= RIPE_FULL:
        dear = ripe
    return max(dear, key=lambda one: one.density, default=None)


def _two_steps(_room: Room, opportunity: Opportunity, fits: Sequence[Candidate]) -> Candidate:
    """The first of the two replies that together are worth most per second."""

    def ahead(one: Candidate) -> float:
        worth, after = _plain(one) * one.filled.ms, _next(opportunity, one)
        best = 0.0
        for other in fits:
            if other is not one:
                later = _plain(other) * other.demand.servable(after) / other.viewers * other.filled.ms
                best = max(best, (worth + later) / (one.filled.ms + other.filled.ms))
        return best + _plain(one) / 1_000  # of two orders that are worth the same, the denser one first

    return max(fits, key=ahead)


def _rate(case: Case, one: Candidate) -> float:
    """Questions per ms of its intent."""
    return float(case.rate[int(one.demand.intent.removeprefix("topic.i"))])


def _joiners(case: Case) -> Pick:
    """Those who will ask while it is said count, too."""
    return _densest(lambda one: _plain(one) * (1 + _rate(case, one) * one.filled.ms / one.viewers))


def _cooldown(case: Case) -> Pick:
    """Against each that are lost to the cooldown which its reply starts."""
    lost = COOLDOWN_MS - DEADLINE_MS
    return _densest(lambda one: _plain(one) * one.viewers / (one.viewers + _rate(case, one) * lost))


PICKS: dict[str, Pick] = {
    "fifo": _fifo,
    "fixed priority": _densest(lambda one: one.demand.priority),
    "most viewers": _densest(lambda one: one.viewers),
    "density": _densest(_plain),
    "density, expiring first": _expiring,
    "density, ripe": _ripe,
    "density, two steps": _two_steps,
    "density, threshold": _threshold,
    "fresh density": _densest(lambda one: one.density),
    "priced density": _priced,
    "priced fresh density, ripe": _priced_ripe,
}
ORACLES: dict[str, Callable[[Case], Pick]] = {
    "density, joiners (oracle)": _joiners,
    "density, cooldown (oracle)": _cooldown,
}
COMPARED = ("fifo", "fixed priority", OURS)
TRIED = (*PICKS, *ORACLES, OURS)


def policy(name: str, case: Case) -> Choose | None:
    """The choice of that name; None: the core's own."""
    if name == OURS:
        return None
    return chooser(PICKS[name] if name in PICKS else ORACLES[name](case))
