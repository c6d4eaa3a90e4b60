"""The page on scale: its tables say what was measured, and its plans follow from that."""

from __future__ import annotations

import dataclasses

import pytest

from bench.measured import Measured, read
from bench.scale import (
    HEADROOM,
    PAGE,
    PARTITIONS_EACH,
    RESULTS,
    ROOM_PER_S,
    TABLES,
    Incomplete,
    Results,
    filled,
    plan,
    rooms_by_processor,
    rooms_by_rate,
    rooms_each,
)

MEASURED = Results(read(RESULTS))


def changed(case: str, **figures: float) -> Results:
    """The committed results with other figures of one case."""
    entry: Measured = MEASURED.cases[case]
    other = dataclasses.replace(entry, figures={**entry.figures, **figures})
    return Results({**MEASURED.cases, case: other})


def test_the_page_says_what_was_measured() -> None:
    """docs/scale.md agrees with bench/results/kafka.json; `python -m bench.scale` writes it."""
    page = PAGE.read_text("utf-8")
    assert filled(page, MEASURED) == page


def test_the_prose_is_kept() -> None:
    """Only what stands between a table's markers is written."""
    places = "".join(f"<!-- table {name} -->\nold\n<!-- end -->\n" for name in TABLES)
    made = filled(f"before\n{places}after\n", MEASURED)
    assert made.startswith("before\n<!-- table ")
    assert made.endswith("<!-- end -->\nafter\n")
    assert "\nold\n" not in made
    assert filled(made, MEASURED) == made


def test_a_page_without_a_place_is_refused() -> None:
    """A table that the page has no place for is told, not left out."""
    with pytest.raises(ValueError, match="no place for capacity, faults, hot"):
        filled("nothing here", MEASURED)


@pytest.mark.parametrize("case", sorted(MEASURED.cases))
def test_a_case_that_was_not_measured_is_told_with_its_command(case: str) -> None:
    """Without one of the cases there is no page, and the error says what to run."""
    others = Results({name: entry for name, entry in MEASURED.cases.items() if name != case})
    with pytest.raises(Incomplete, match=f"--case {case} "):
        filled(PAGE.read_text("utf-8"), others)


def test_a_worker_is_planned_with_headroom_by_what_is_scarcer() -> None:
    """Half of the rooms whose comments, or whose processor time with players, one worker carries."""
    slow = changed("workers", **{"1_per_s": 30.0})
    assert rooms_by_rate(slow) == 30.0 / ROOM_PER_S
    assert rooms_each(slow) == int(HEADROOM * 30.0 / ROOM_PER_S)
    costly = changed("rooms", rooms=1_000.0, worker_cores=200.0)
    assert rooms_by_processor(costly) == 5.0
    assert rooms_each(costly) == int(HEADROOM * 5)


@pytest.mark.parametrize("rooms", [1, 1_000, 10_000, 100_000])
def test_a_plan_holds_its_rooms_and_its_ratio(rooms: int) -> None:
    """Workers hold all rooms, and partitions come in eights, at least as many for each worker as planned, at most a batch of eight more."""
    made = plan(MEASURED, rooms)
    assert (made.workers - 1) * rooms_each(MEASURED) < rooms <= made.workers * rooms_each(MEASURED)
    assert made.partitions % 8 == 0
    assert made.workers * PARTITIONS_EACH <= made.partitions < made.workers * PARTITIONS_EACH + 8
    assert made.comments_per_s == rooms * ROOM_PER_S
