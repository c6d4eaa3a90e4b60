"""How many questions of recorded hours are answered in time: the core's choice of replies against FIFO, fixed priority and a bound.

    python -m bench.selector --arrivals FILE... [--hours 12] [--seeds 10] [--policies all] [--json OUT]

Each policy plays the same hours on the same core, with merging, cooldowns, boundaries, and a quarter of the air for replies; only the
choice differs (bench/stage.py, bench/policies.py). Questions, viewers and times are recorded; what is asked is drawn from 45 intents by
Zipf's law, as often as there are seeds. The bound knows the future and may say parts of replies (bench/bound.py). The hours are
those with most questions among the whole hours of the files. The interval of a ratio is a bootstrap over hours, and over seeds within each,
paired: what is drawn counts for both. Then the time of one choice with 200 demands waiting, and of a snapshot at every cap.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from bench.arrivals import ArrivalsFileError
from bench.bound import bound
from bench.core import START, Questions, stage
from bench.hours import Hour, Law, busiest, hours
from bench.policies import COMPARED, OURS, TRIED, policy
from bench.stage import Case, Outcome, play
from engine.events.understanding import Understanding
from engine.room.room import Room
from engine.room.selection import Opportunity, choose
from tests.unit.room.scene import ROOM
from tests.unit.room.test_bounds import full

HOURS = 12
SEEDS = 10
PEER = "fifo"
RESAMPLES = 4_000
GOAL_RATIO, GOAL_LOW, GOAL_WORST = 1.15, 1.10, -0.01
DEMANDS = 200
TIMED = 400


@dataclass(frozen=True, slots=True)
class Figures:
    """What a policy reached; shares from 0 to 1, `worst_hour` in shares against FIFO's."""

    answered: float
    lowest_hour: float
    highest_hour: float
    ratio: float
    ratio_low: float
    ratio_high: float
    worst_hour: float
    intents: float
    value: float
    of_bound: float | None
    seconds: float
    replies_per_hour: float
    air: float


Played = list[list[Outcome]]
"""By hour and seed."""


def _play(law: Law, job: tuple[str, Hour, int]) -> Outcome:
    name, hour, seed = job
    case = Case.of(hour, seed, law)
    return play(case, policy(name, case))


def _bound(law: Law, job: tuple[Hour, int]) -> float:
    return bound(Case.of(*job, law))


def answered(played: Played) -> NDArray[np.int64]:
    return np.array([[outcome.answered for outcome in row] for row in played])


def interval(ours: NDArray[np.int64], peer: NDArray[np.int64]) -> tuple[float, float]:
    """95 % of the ratio of sums, hours and the seeds of each drawn again and again."""
    rng = np.random.default_rng(1)
    count, seeds = ours.shape
    hour = rng.integers(0, count, (RESAMPLES, count, 1))
    seed = rng.integers(0, seeds, (RESAMPLES, count, seeds))
    ratios = ours[hour, seed].sum(axis=(1, 2)) / peer[hour, seed].sum(axis=(1, 2))
    low, high = np.quantile(ratios, (0.025, 0.975))
    return float(low), float(high)


def figures(played: Played, peer: Played, most: float | None) -> Figures:
    """`most`: questions that the bound answers."""
    every = [outcome for row in played for outcome in row]
    done = sum(outcome.answered for outcome in every)
    asked = np.array([[outcome.asked for outcome in row] for row in played])
    own, other = answered(played), answered(peer)
    by_hour, peer_by_hour = (found.sum(axis=1) / asked.sum(axis=1) for found in (own, other))
    low, high = interval(own, other)
    return Figures(
        answered=done / int(asked.sum()),
        lowest_hour=float(by_hour.min()),
        highest_hour=float(by_hour.max()),
        ratio=done / int(other.sum()),
        ratio_low=low,
        ratio_high=high,
        worst_hour=float((by_hour - peer_by_hour).min()),
        intents=sum(outcome.intents_answered for outcome in every) / sum(outcome.intents_asked for outcome in every),
        value=sum(outcome.value_answered for outcome in every) / sum(outcome.value_asked for outcome in every),
        of_bound=done / most if most is not None else None,
        seconds=sum(outcome.waited_ms for outcome in every) / max(1, done) / 1_000,
        replies_per_hour=sum(outcome.replies for outcome in every) / len(every),
        air=sum(outcome.air_ms for outcome in every) / len(every) / 3_600_000,
    )


def goals(found: dict[str, Figures]) -> dict[str, bool]:
    """Whether the core's choice is as much better as it should be."""
    own, peer = found[OURS], found[PEER]
    return {
        f"questions answered in time at least {GOAL_RATIO} × FIFO": own.ratio >= GOAL_RATIO,
        f"95 % interval of that above {GOAL_LOW}": own.ratio_low > GOAL_LOW,
        "no hour worse than FIFO by more than a point": own.worst_hour >= GOAL_WORST,
        "share of distinct intents answered not below FIFO's": own.intents >= peer.intents,
    }


def timed(call: Callable[[], object]) -> dict[str, float]:
    """Processor time of a call, µs: the median and the 99th percentile of many."""
    spent = []
    for _ in range(TIMED):
        began = time.thread_time()
        call()
        spent.append((time.thread_time() - began) * 1e6)
    half, most = np.quantile(spent, (0.5, 0.99))
    return {"median_us": round(float(half), 1), "p99_us": round(float(most), 1)}


def crowded(count: int) -> tuple[Room, Opportunity]:
    """A room in which that many demands wait, and the next opportunity behind what is being said."""
    core = stage(1, count + 1)
    questions = Questions(1.0, count + 1)
    for number in range(count + 1):  # the first one goes on air
        asked = questions.comment(number, "room0", START)
        entry = replace(asked, text="问", understanding=Understanding("accepted", "问", "zh", f"topic.i{number}", 0.93))
        core.handle(10 + number, START, entry)
    room = core._rooms["room0"]  # noqa: SLF001 - the core has no door for what is timed here
    if len(room.demands) != count:
        raise RuntimeError(f"{len(room.demands)} demands wait, not {count}; `WAITING_BYTES_CAP` sheds the others")
    start = room.last_end + room.limits.minimum_pause_ms
    return room, Opportunity(start, start)


def costs() -> dict[str, dict[str, float]]:
    """One choice with 200 demands waiting, also where every variant was heard lately; one snapshot at every cap."""
    room, opportunity = crowded(DEMANDS)

    def chosen() -> object:
        return choose(room, opportunity, room.demands.values())

    assert chosen() is not None
    made = {f"choice, {DEMANDS} demands wait": timed(chosen)}
    for intent in room.shop.pool.intents.values():
        room.heard.update((reply.id, START) for reply in intent.replies)
    assert chosen() is None
    made[f"choice, {DEMANDS} demands wait, all replies heard lately"] = timed(chosen)
    scene = full()
    saved = scene.rooms.snapshot(ROOM, scene.seq)
    assert saved is not None
    made["snapshot, every cap"] = {
        **timed(lambda: scene.rooms.snapshot(ROOM, scene.seq)),
        "KiB": round(len(saved.state.encode()) / 1024, 1),
    }
    return made


def table(found: dict[str, Figures], most: float | None) -> Table:
    made = Table(
        "policy", "answered", "by hour", "× FIFO", "95 %", "worst hour", "intents", "value", "of bound", "after", "replies/h", "air"
    )  # fmt: skip
    for name, one in found.items():
        made.add_row(
            name,
            f"{one.answered:.1%}",
            f"{one.lowest_hour:.0%}–{one.highest_hour:.0%}",
            f"{one.ratio:.3f}",
            f"{one.ratio_low:.3f}–{one.ratio_high:.3f}",
            f"{100 * one.worst_hour:+.1f}",
            f"{one.intents:.1%}",
            f"{one.value:.1%}",
            f"{one.of_bound:.1%}" if one.of_bound is not None else "-",
            f"{one.seconds:.0f} s",
            f"{one.replies_per_hour:.0f}",
            f"{one.air:.1%}",
        )
    if most is not None:
        made.add_row("bound that knows the future", f"{most:.1%}")
    return made


def compare(
    chosen: Sequence[Hour], seeds: int, law: Law, names: Sequence[str], *, bounded: bool
) -> tuple[dict[str, Figures], float | None]:
    """Figures by policy, and the share that the bound answers."""
    cells = [(hour, seed) for hour in chosen for seed in range(seeds)]
    with ProcessPoolExecutor(os.cpu_count()) as processes:
        jobs = [(name, hour, seed) for name in names for hour, seed in cells]
        outcomes = iter(list(processes.map(partial(_play, law), jobs, chunksize=8)))
        most = sum(processes.map(partial(_bound, law), cells, chunksize=4)) if bounded else None
    played: dict[str, Played] = {name: [[next(outcomes) for _ in range(seeds)] for _ in chosen] for name in names}
    found = {name: figures(played[name], played[PEER], most) for name in names}
    asked = sum(len(hour) for hour in chosen) * seeds
    return found, most / asked if most is not None else None


def whole(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, prog="python -m bench.selector"
    )
    parser.add_argument(
        "--arrivals", type=Path, nargs="+", required=True, metavar="FILE",
        help="recorded arrivals (.csv.gz, or .jsonl with `question`), or folders of them",
    )  # fmt: skip
    parser.add_argument(
        "--hours",
        type=whole,
        metavar="N",
        help=f"the N busiest whole hours ({HOURS}, or as many as there are)",
    )
    parser.add_argument("--seeds", type=whole, default=SEEDS, metavar="N", help="draws of what is asked")
    parser.add_argument("--zipf", type=float, default=1.0, metavar="S", help="exponent of Zipf's law, 0 to 4")
    parser.add_argument(
        "--by-text",
        action="store_true",
        help="equal texts ask the same thing; else each question is drawn by itself",
    )
    parser.add_argument(
        "--policies",
        default="compared",
        metavar="NAMES",
        help=f"`compared`, `all`, or names with `;` between them: {'; '.join(TRIED)}",
    )
    parser.add_argument("--no-bound", action="store_true", help="leave the bound out, which takes longest")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures here")
    found = parser.parse_args()
    if not 0 <= found.zipf <= 4:  # NaN too
        parser.error(f"argument --zipf: {found.zipf} is not between 0 and 4")
    known = {"compared": COMPARED, "all": TRIED}
    names = known.get(found.policies) or tuple(name.strip() for name in found.policies.split(";"))
    for name in names:
        if name not in TRIED:
            parser.error(f"argument --policies: there is no `{name}`; there are: {'; '.join(TRIED)}")
    found.policies = tuple(dict.fromkeys((PEER, *names, OURS)))
    if found.json is not None and not found.json.parent.is_dir():
        parser.error(f"argument --json: there is no folder {found.json.parent}; make it first")
    return found


def recordings(given: Sequence[Path]) -> list[Path]:
    """The files named, and those of the folders named."""
    paths = []
    for path in given:
        inside = sorted(path.glob("*.csv.gz")) if path.is_dir() else [path]
        if not inside:
            raise ArrivalsFileError(f"{path}: no .csv.gz file in this folder; name the files themselves")
        paths += inside
    return paths


def main() -> int:
    """Print the tables; exit code 2 where the input cannot be used."""
    given = options()
    try:
        there = hours(recordings(given.arrivals))
    except ArrivalsFileError as error:
        print(error, file=sys.stderr)
        return 2
    if given.hours is not None and given.hours > len(there):
        print(f"--hours {given.hours}: the files hold {len(there)} whole hours; ask for fewer", file=sys.stderr)
        return 2
    chosen = busiest(there, given.hours or HOURS)
    law = Law(given.zipf, given.by_text)
    found, most = compare(chosen, given.seeds, law, given.policies, bounded=not given.no_bound)
    spent = costs()
    console = Console(width=170)
    per_hour = [len(hour) for hour in chosen]
    console.print(
        f"{len(chosen)} busiest of {len(there)} whole hours with {min(per_hour)} to {max(per_hour)} questions, {given.seeds} seeds, "
        f"Zipf's law with exponent {law.exponent:g} over 45 intents, drawn by {'text' if law.by_text else 'question'}",
        table(found, most),
        sep="\n",
    )
    cost = Table("cost", "median", "p99", "KiB")
    for name, one in spent.items():
        cost.add_row(name, f"{one['median_us']:,.0f} µs", f"{one['p99_us']:,.0f} µs", f"{one.get('KiB', '')}")
    console.print(cost)
    reached = goals(found)
    for goal, met in reached.items():
        console.print(f"{'met    ' if met else 'NOT MET'}  {goal}")
    if given.json:
        made = {
            "hours": {hour.name: len(hour) for hour in chosen},
            "whole_hours": len(there),
            "seeds": given.seeds,
            "zipf": asdict(law),
            "policies": {name: asdict(one) for name, one in found.items()},
            "bound_answered": most,
            "goals": reached,
            "costs": spent,
        }
        given.json.write_text(json.dumps(made, ensure_ascii=False, indent=2) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
