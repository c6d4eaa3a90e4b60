"""Where a reloaded line-up goes on: one rule for players, who do it, and rooms, who foresee it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence


def goes_on(old: Sequence[str], at: int, lap: int, new: Sequence[str], *, loop: bool) -> tuple[int, int] | None:
    """Lap and segment of `new` that follow segment `at` of `old`; None where `new` ends there and does not `loop`.

    `old` and `new` are the ids of segments, in order; of several with one id the first stands for the first, and so on. It is the
    segment behind that one in `new`; where `new` has it no more, the next one of `old` that it still has, else its first. Laps go
    on counting; a line-up that does not loop has only lap 0.
    """
    places = {name: place for place, name in enumerate(_told_apart(new))}
    played, *later = list(_told_apart(old))[at:]
    if played in places:
        place = places[played] + 1
        if place == len(new) and not loop:
            return None
    else:
        place = next((places[name] for name in later if name in places), len(new))
    if place == len(new):
        place, lap = 0, lap + 1
    return (lap if loop else 0), place


def _told_apart(ids: Iterable[str]) -> Iterable[tuple[str, int]]:
    seen = Counter[str]()
    for name in ids:
        yield name, seen[name]
        seen[name] += 1
