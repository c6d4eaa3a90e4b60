"""The tables of docs/scale.md, computed from what the benchmarks measured.

    python -m bench.scale [FILE.json] [--check]

Writes each table between its markers (`<!-- table NAME -->` … `<!-- end -->`) and leaves the prose as it is; `--check` changes
nothing and ends with exit code 1 where the page says something else. FILE is what `python -m bench.kafka --json FILE` wrote.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.measured import Measured, read

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results" / "kafka.json"
PAGE = ROOT / "docs" / "scale.md"
MARKED = re.compile(r"(<!-- table (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)

ROOM_PER_S = 3.0  # comments; recorded busy rooms have a mean of 1.7 to 7
HEADROOM = (
    0.5  # of what was measured: minutes of a room differ tenfold, and a worker may get a dead one's partitions on top
)
PARTITIONS_EACH = (
    4  # per worker: twice as many workers may come without a new log, and half the supported ratio is left
)
FEWEST_PARTITIONS = 8
COMMITS_PER_S = 20.0  # of a partition under load, `worker.batch_ms` apart
COPIES = 3  # of each record, as `livechat topics create` makes them
PLANNED = (1_000, 10_000, 100_000)
LOADS = ("10%", "50%", "80%")
SWEPT = (1, 8, 16, 32)
PRODUCERS = {"1": "1", "8": "8", "8_untold": "8, group not told", "32": "32", "64": "64"}
CASES = ("loop", "rate", "load", "partitions", "workers", "rooms", "recovery", "hot", "memory", "transactions")

Rows = Sequence[Sequence[str]]


class Incomplete(ValueError):
    """A figure that the page needs was not measured; the sentence says which, and how to measure it."""


@dataclass(frozen=True, slots=True)
class Results:
    """Figures by case."""

    cases: Mapping[str, Measured]

    def of(self, case: str, name: str) -> float:
        try:
            return self.cases[case].figures[name]
        except KeyError:
            raise Incomplete(
                f"`{name}` of the case `{case}` was not measured; run `python -m bench.kafka --case {case} --json FILE`"
            ) from None


@dataclass(frozen=True, slots=True)
class Plan:
    """What so many rooms need."""

    rooms: int
    workers: int
    partitions: int
    broker_cores: float
    log_mb_per_s: float

    @property
    def comments_per_s(self) -> float:
        return self.rooms * ROOM_PER_S

    @property
    def transactions_per_s(self) -> float:
        """At most: each partition commits as often as it may."""
        return self.partitions * COMMITS_PER_S


def rooms_by_rate(results: Results) -> float:
    """Rooms whose comments a worker process gets through, as fast as it can."""
    return results.of("workers", "1_per_s") / ROOM_PER_S


def rooms_by_processor(results: Results) -> float:
    """Rooms with players that fill one core, which is all that a worker's loop can use."""
    return results.of("rooms", "rooms") / results.of("rooms", "worker_cores")


def rooms_each(results: Results) -> int:
    """Rooms to be planned for a worker: the smaller of both, with headroom."""
    return int(HEADROOM * min(rooms_by_rate(results), rooms_by_processor(results)))


def plan(results: Results, rooms: int) -> Plan:
    workers = math.ceil(rooms / rooms_each(results))
    partitions = max(FEWEST_PARTITIONS, math.ceil(workers * PARTITIONS_EACH / 8) * 8)
    per_comment = results.of("rate", "broker_cores") / results.of("rate", "comments_per_s")
    comments = rooms * ROOM_PER_S
    return Plan(
        rooms,
        workers,
        partitions,
        comments * per_comment / HEADROOM,
        comments * results.of("rate", "log_bytes_per_comment") / 1e6,
    )


# ---- tables ----------------------------------------------------------------------------------------------------------


def table(head: Sequence[str], rows: Rows) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines)


def number(value: float, digits: int = 0) -> str:
    return f"{value:,.{digits}f}"


def lasted(results: Results, case: str) -> str:
    """How long a case ran after its warm-up."""
    seconds = results.cases[case].conditions["seconds"]
    match case:
        case "memory":
            return f"{number(results.of('memory', 'comments'))} comments"
        case "recovery":
            return "each fault"
        case "load" | "partitions" | "workers" | "transactions":
            return f"{seconds:g} s a row"
        case _:
            return f"{seconds:g} s"


def measured(results: Results) -> str:
    """When, for how long, and on what."""
    rows = []
    for case in CASES:
        if case not in results.cases:
            raise Incomplete(
                f"the case `{case}` was not measured; run `python -m bench.kafka --case {case} --json FILE`"
            )
        entry = results.cases[case]
        rows.append([f"`{case}`", entry.at, lasted(results, case), str(entry.conditions["arrivals"])])
    machines = list(dict.fromkeys(results.cases[case].machine for case in CASES))
    told = "\n".join(
        f"{machine.cores} cores ({machine.cpu}), {machine.memory_gib} GiB, Python {machine.python}, aiokafka {machine.aiokafka}, "
        f"Apache Kafka {machine.kafka}.\n"
        for machine in machines
    )
    return told + "\n" + table(["case", "measured (UTC)", "for", "arrivals"], rows)


def worker(results: Results) -> str:
    """What one worker holds."""
    of = results.of
    share = of("rate", "comments_per_s") / of("loop", "comments_per_s")
    rows = [
        ["comments/s in one process with its publishers", number(of("rate", "comments_per_s"))],
        ["… of the plain loop's, which copies", f"{share:.0%} of {number(of('loop', 'comments_per_s'))}"],
        ["… cores of the process, of the broker", f"{of('rate', 'cores'):.2f}, {of('rate', 'broker_cores'):.2f}"],
        ["comments/s of a worker process of its own", number(of("workers", "1_per_s"))],
        ["… of two on the same cores", number(of("workers", "2_per_s"))],
        ["cores for 1,000 rooms at 3/s with players", f"{of('rooms', 'worker_cores'):.2f}"],
        ["… p50, p99 of a verdict", f"{number(of('rooms', 'p50_ms'))}, {number(of('rooms', 'p99_ms'))} ms"],
        ["rooms at 3/s by rate, by processor", f"{number(rooms_by_rate(results))}, {number(rooms_by_processor(results))}"],
        ["**rooms to plan for it**", f"**{number(rooms_each(results))}**"],
        ["memory without rooms, with 1,000 rooms", f"{number(of('rooms', 'empty_mb'))}, {number(of('rooms', 'full_mb'))} MiB"],
        [f"memory after a quarter and at the end of {number(of('memory', 'comments'))} comments in 30 rooms",
         f"{number(of('memory', 'warm_mb'))}, {number(of('memory', 'end_mb'))} MiB ({of('memory', 'growth_percent'):+.1f} %)"],
    ]  # fmt: skip
    return table(["one worker", "measured"], rows)


def capacity(results: Results) -> str:
    """What to buy for a room, a worker, a day."""
    of = results.of
    grown_mb = 1_000 * (of("rooms", "full_mb") - of("rooms", "empty_mb")) / of("rooms", "rooms")
    room_mb = ROOM_PER_S * of("rate", "log_bytes_per_comment") * 3_600 / 1e6
    rows = [
        ["rooms at 3/s with players, for each worker", number(rooms_each(results))],
        ["cores of a worker with 1,000 of them", f"{1_000 * of('rooms', 'worker_cores') / of('rooms', 'rooms'):.2f}"],
        ["memory of a worker without rooms", f"{number(of('rooms', 'empty_mb'))} MiB"],
        ["… for each further 1,000 rooms", f"{number(grown_mb)} MiB"],
        ["log of a room, one copy, an hour on air", f"{number(room_mb, 1)} MB"],
        ["… a day on air", f"{number(24 * room_mb)} MB"],
        [f"… a day of 1,000 rooms, {COPIES} copies", f"{number(24 * room_mb * COPIES / 1e3, 1)} TB"],
    ]  # fmt: skip
    return table(["to plan", "figure"], rows)


def latency(results: Results) -> str:
    """From publish to committed verdict, by load and by partitions."""
    of = results.of
    names = ("p50_ms", "p99_ms", "p99.9_ms")
    rows = [
        [f"{load} of 10,000/s", str(results.cases["load"].conditions["partitions"]), number(of("load", f"{load}_comments_per_s")),
         *(number(of("load", f"{load}_{name}")) for name in names),
         f"{of('load', f'{load}_worker_cores'):.2f}", f"{of('load', f'{load}_broker_cores'):.2f}"]
        for load in LOADS
    ] + [
        ["5,000/s offered", str(count), number(of("partitions", f"{count}_comments_per_s")),
         *(number(of("partitions", f"{count}_{name}")) for name in names),
         f"{of('partitions', f'{count}_worker_cores'):.2f}", f"{of('partitions', f'{count}_broker_cores'):.2f}"]
        for count in SWEPT
    ]  # fmt: skip
    head = ["load", "partitions", "comments/s", "p50 ms", "p99 ms", "p99.9 ms", "cores", "broker's cores"]
    return table(head, rows)


def needed(results: Results) -> str:
    """Workers and partitions by the number of rooms."""
    plans = [plan(results, rooms) for rooms in PLANNED]
    rows = [
        ["comments/s", *(number(one.comments_per_s) for one in plans)],
        ["workers", *(number(one.workers) for one in plans)],
        ["`bus.partitions`", *(number(one.partitions) for one in plans)],
        ["transactions/s at most", *(number(one.transactions_per_s) for one in plans)],
        ["brokers' cores for the leaders' part", *(number(one.broker_cores, 1) for one in plans)],
        ["log written, MB/s, one copy", *(number(one.log_mb_per_s, 1) for one in plans)],
        [f"… a day with {COPIES} copies, TB", *(number(one.log_mb_per_s * COPIES * 86_400 / 1e6, 1) for one in plans)],
    ]
    return table(["rooms at 3/s", *(number(rooms) for rooms in PLANNED)], rows)


def transactions(results: Results) -> str:
    """What Kafka carries of transactions."""
    rows = [
        [told, number(results.of("transactions", f"{count}_per_s")),
         *(number(results.of("transactions", f"{count}_{name}"), 1) for name in ("ms", "init_ms")),
         *(number(results.of("transactions", f"{count}_{name}"), 2) for name in ("client_cores", "broker_cores"))]
        for count, told in PRODUCERS.items()
    ]  # fmt: skip
    return table(["producers", "transactions/s", "ms each", "start, ms each", "client's cores", "broker's cores"], rows)


def faults(results: Results) -> str:
    """How long rooms wait while workers come and go."""
    told = {
        "joined": "a second worker joins",
        "killed": "one of two workers is killed (`kill -9`)",
        "restarted": "the only worker is killed and started again at once",
    }
    rows = [
        [what, *(number(results.of("recovery", f"{name}_{figure}"), 1) for figure in ("longest_wait_s", "back_to_normal_s"))]
        for name, what in told.items()
    ]  # fmt: skip
    return table(["1,000 rooms, 2,000 comments/s", "longest wait of a comment, s", "until none waits 1 s, s"], rows)


def hot(results: Results) -> str:
    """A room that floods its partition."""
    of = results.of
    flood = [
        ["comments/s offered, written", f"{number(of('hot', 'flood_offered_per_s'))}, {number(of('hot', 'flood_published_per_s'))}"],
        ["verdicts/s meanwhile", number(of("hot", "flood_handled_per_s"))],
        ["understood", f"{of('hot', 'flood_understood_percent'):.2f} %"],
        ["`shed`", f"{of('hot', 'flood_shed_percent'):.2f} %"],
        ["`expired`", f"{of('hot', 'flood_expired_percent'):.2f} %"],
        ["without a verdict, in the end", f"{number(of('hot', 'flood_without_verdict'))} of {number(of('hot', 'flood_comments'))}"],
        ["the last verdict came after the flood's end", f"{of('hot', 'flood_drained_s'):.0f} s"],
    ]  # fmt: skip
    told = {"quiet": "all", "beside": "in the hot room's partition", "elsewhere": "in the others"}
    quiet = [
        [what, number(of("hot", f"{side}_comments")), *(number(of("hot", f"{side}_{name}")) for name in ("p50_ms", "p99_ms"))]
        for side, what in told.items()
    ]  # fmt: skip
    return (
        table(["the hot room", "measured"], flood)
        + "\n"
        + table(["100 quiet rooms", "comments", "p50 ms", "p99 ms"], quiet)
    )


TABLES: Mapping[str, Callable[[Results], str]] = {
    "measured": measured,
    "capacity": capacity,
    "worker": worker,
    "latency": latency,
    "needed": needed,
    "transactions": transactions,
    "faults": faults,
    "hot": hot,
}


def filled(page: str, results: Results) -> str:
    """The page with all tables as the results say. Raises `Incomplete`, and ValueError where the page lacks a table's markers."""
    missing = set(TABLES) - {found[2] for found in MARKED.finditer(page)}
    if missing:
        raise ValueError(
            f"the page has no place for {', '.join(sorted(missing))}; put `<!-- table NAME -->` and `<!-- end -->` in"
        )
    return MARKED.sub(lambda found: f"{found[1]}\n{TABLES[found[2]](results)}\n{found[4]}", page)


def main() -> int:
    """Exit code 1 where `--check` finds another page, 2 where something is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, default=RESULTS, help="what was measured; else the committed one")
    parser.add_argument("--check", action="store_true", help="change nothing, tell whether the page agrees")
    options = parser.parse_args()
    page = PAGE.read_text("utf-8")
    try:
        made = filled(page, Results(read(options.file)))
    except ValueError as error:
        print(f"{options.file}: {error}", file=sys.stderr)
        return 2
    if options.check and made != page:
        print(f"{PAGE.name} says something else than {options.file.name}: run `python -m bench.scale`", file=sys.stderr)
        return 1
    if not options.check:
        PAGE.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
