"""What a gap is worth now: viewers lost, the newer the more, × what one of them is worth × how fast it grows. Pure.

A gap's record holds what this needs, so that whoever reads the topic ranks as the board does, at any later moment.
"""

from __future__ import annotations

from math import sqrt
from typing import Final, Protocol

from engine.events.gaps import GapActivity

HALF_LIFE: Final = 3  # figures of activity after which a viewer counts half: a quarter of the window
RECENT: Final = 2  # figures that are compared with as many before them: ten minutes of an hour
STEEPEST: Final = 4.0  # growth beyond this counts no more, nor decline below its inverse
CHANCE: Final = 10  # viewers more or less that ten minutes may bring by chance: few do not make a gap grow
USUAL: Final = 50  # priority of an intent that says nothing else, and of what has no intent
ON_SCREEN: Final = 1.5  # how much more a viewer is worth who asks about a product that is being shown now


class Ranked(Protocol):
    """What a place on the board depends on."""

    @property
    def id(self) -> str: ...
    @property
    def mark(self) -> str | None: ...
    @property
    def value(self) -> float: ...
    @property
    def activity(self) -> GapActivity: ...
    @property
    def viewers(self) -> int: ...
    @property
    def comments(self) -> int: ...
    @property
    def last_seen(self) -> int: ...


def worth(priority: int | None, *, on_screen: bool) -> float:
    """What one viewer of a gap is worth. `priority`: of its intent; None where it has none."""
    return round((USUAL if priority is None else priority) / USUAL * (ON_SCREEN if on_screen else 1.0), 3)


def growth(activity: GapActivity, now: int) -> float:
    """Viewers of the last ten minutes of an hour's window beside those of the ten before: 1 where it stands still."""
    current = now // activity.step_ms
    recent = earlier = 0
    for slot, viewers in enumerate(activity.viewers, activity.start // activity.step_ms):
        if slot > current - RECENT:
            recent += viewers
        elif slot > current - 2 * RECENT:
            earlier += viewers
    return min(STEEPEST, max(1 / STEEPEST, (recent + CHANCE) / (earlier + CHANCE)))


def score(value: float, activity: GapActivity, now: int) -> float:
    """Viewers, each halved with every quarter of the window since it was last seen, × value × the root of growth."""
    current = now // activity.step_ms
    first = activity.start // activity.step_ms
    viewers: float = sum(
        count * 0.5 ** (max(0, current - slot) / HALF_LIFE) for slot, count in enumerate(activity.viewers, first)
    )
    return round(viewers * value * sqrt(growth(activity, now)), 3)


def place(gap: Ranked, now: int) -> tuple[bool, float, int, int, int, str]:
    """What gaps are ordered by: those for later last, the highest score first, then viewers, comments, the newest."""
    later = gap.mark == "later"
    return later, -score(gap.value, gap.activity, now), -gap.viewers, -gap.comments, -gap.last_seen, gap.id
