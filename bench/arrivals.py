"""When comments arrive: a reader of recorded lives for the other benchmarks, and a table of their statistics.

    python bench/arrivals.py FILE... [--json OUT]

Two kinds of file are read. `*.csv.gz` has the columns second, viewer, text, characters, question (numbers only). `*.jsonl` is a live
of the engine: one object a line with `at` (seconds since the start), `viewer`, `text`, and perhaps `question` (true or false).
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

REPEAT_WITHIN_S = 30.0
"""A text counts as a repeat where the same text came at most so long before."""

CSV_COLUMNS = ("second", "viewer", "text", "characters", "question")


class ArrivalsFileError(ValueError):
    """A file of arrivals cannot be read; the sentence names the file, the line where there is one, and the remedy."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The arrivals of one room, in time order; the arrays are of equal length, and never empty after `load`.

    Equal numbers in `viewer` mean the same viewer, in `text` the same text without case.
    `question` is all false where `question_known` is false.
    """

    second: NDArray[np.float64]
    viewer: NDArray[np.int64]
    text: NDArray[np.int64]
    characters: NDArray[np.int64]
    question: NDArray[np.bool_]
    question_known: bool

    def __len__(self) -> int:
        return int(self.second.size)


@dataclass(frozen=True, slots=True)
class Statistics:
    """What makes a live's traffic what it is. Shares are of messages, 0..1; a Fano factor is variance over mean of counts."""

    file: str
    messages: int
    viewers: int
    distinct_texts: int
    seconds: float
    mean_per_second: float
    peak_1s: int
    fano_1s: float
    fano_60s: float | None  # None where the file has fewer than two whole minutes
    repeats_30s: float
    top_1pct_viewers: float
    questions: float | None  # None where the file does not tell
    median_characters: float


def load(path: Path) -> Arrivals:
    """Read a file of arrivals by its ending; raises `ArrivalsFileError`."""
    if path.name.endswith(".csv.gz"):
        arrivals = _load_csv(path)
    elif path.suffix == ".jsonl":
        arrivals = _load_jsonl(path)
    else:
        raise ArrivalsFileError(f"{path}: not a kind of file that is read here; give a .csv.gz or a .jsonl file")
    if len(arrivals) == 0:
        raise ArrivalsFileError(f"{path}: holds no message; give a file with at least one")
    if np.any(np.diff(arrivals.second) < 0):
        raise ArrivalsFileError(f"{path}: goes back in time; sort its lines by time")
    return arrivals


def compress(arrivals: Arrivals, mean_per_second: float, seconds: float, *, start: float = 0.0) -> Arrivals:
    """The same live at another pace: time is scaled so that the whole has `mean_per_second`, then `seconds` of it are cut out.

    The cut begins `start` seconds into the scaled live (rooms with different starts do not burst together) and goes on at its
    beginning where it runs out. A cut of a bursty live has its own mean; only the whole has exactly `mean_per_second`.
    """
    if mean_per_second <= 0 or seconds <= 0 or start < 0:
        raise ValueError("mean_per_second and seconds have to be above 0, start at least 0")
    length = len(arrivals) / mean_per_second
    scaled = arrivals.second * (length / _duration(arrivals))
    first_lap, last_lap = int(start // length), int((start + seconds) // length)
    times = np.concatenate([scaled + lap * length for lap in range(first_lap, last_lap + 1)]) - start
    inside = np.flatnonzero((times >= 0) & (times < seconds))
    index = inside % len(arrivals)
    return Arrivals(
        second=times[inside],
        viewer=arrivals.viewer[index],
        text=arrivals.text[index],
        characters=arrivals.characters[index],
        question=arrivals.question[index],
        question_known=arrivals.question_known,
    )


def statistics(name: str, arrivals: Arrivals) -> Statistics:
    """Measure arrivals; they must not be empty."""
    messages = len(arrivals)
    duration = _duration(arrivals)
    per_second = np.bincount(arrivals.second.astype(np.int64), minlength=int(duration))
    whole_minutes = int(duration // 60)
    per_minute = np.bincount((arrivals.second // 60).astype(np.int64), minlength=whole_minutes)[:whole_minutes]
    by_viewer = np.sort(np.unique(arrivals.viewer, return_counts=True)[1])[::-1]
    top = max(1, round(by_viewer.size / 100))
    return Statistics(
        file=name,
        messages=messages,
        viewers=int(by_viewer.size),
        distinct_texts=int(np.unique(arrivals.text).size),
        seconds=duration,
        mean_per_second=messages / duration,
        peak_1s=int(per_second.max()),
        fano_1s=_fano(per_second),
        fano_60s=_fano(per_minute) if whole_minutes >= 2 else None,  # a variance needs two counts
        repeats_30s=_repeats(arrivals) / messages,
        top_1pct_viewers=float(by_viewer[:top].sum()) / messages,
        questions=float(arrivals.question.mean()) if arrivals.question_known else None,
        median_characters=float(np.median(arrivals.characters)),
    )


def _duration(arrivals: Arrivals) -> float:
    """Whole seconds from the live's start to the end of the second of its last message."""
    return float(np.floor(arrivals.second[-1])) + 1.0


def _fano(counts: NDArray[np.int64]) -> float:
    return float(counts.var() / counts.mean())


def _repeats(arrivals: Arrivals) -> int:
    """How many messages have the text of an earlier one at most `REPEAT_WITHIN_S` before."""
    order = np.lexsort((arrivals.second, arrivals.text))
    text, second = arrivals.text[order], arrivals.second[order]
    return int(np.count_nonzero((text[1:] == text[:-1]) & (second[1:] - second[:-1] <= REPEAT_WITHIN_S)))


def _load_csv(path: Path) -> Arrivals:
    rows: list[tuple[int, ...]] = []
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
            reader = csv.reader(lines)
            header = next(reader, [])
            if tuple(header) != CSV_COLUMNS:
                raise ArrivalsFileError(f"{path}:1: the columns are {header}; they have to be {', '.join(CSV_COLUMNS)}")
            for row in reader:
                try:
                    numbers = tuple(int(cell) for cell in row)
                except ValueError as error:
                    raise ArrivalsFileError(
                        f"{path}:{reader.line_num}: {error}; every cell has to be a number"
                    ) from error
                if len(numbers) != len(CSV_COLUMNS):
                    raise ArrivalsFileError(
                        f"{path}:{reader.line_num}: {len(numbers)} cells; there have to be {len(CSV_COLUMNS)}"
                    )
                rows.append(numbers)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ArrivalsFileError(
            f"{path}: cannot be read ({error}); check the path and that the file is whole"
        ) from error
    table = np.array(rows, dtype=np.int64).reshape(-1, len(CSV_COLUMNS))
    return Arrivals(
        second=_spread(table[:, 0]),
        viewer=table[:, 1],
        text=table[:, 2],
        characters=table[:, 3],
        question=table[:, 4] != 0,
        question_known=True,
    )


def _spread(whole: NDArray[np.int64]) -> NDArray[np.float64]:
    """Times recorded in whole seconds, with the messages of each second set evenly over it: counts per second stay as they were."""
    if np.any(np.diff(whole) < 0):
        return whole.astype(np.float64)  # unsorted: `load` refuses it with its reason
    _, first, count = np.unique(whole, return_index=True, return_counts=True)
    rank = np.arange(whole.size) - np.repeat(first, count)
    return whole + rank / np.repeat(count, count)


def _load_jsonl(path: Path) -> Arrivals:
    second: list[float] = []
    viewer: list[int] = []
    text: list[int] = []
    characters: list[int] = []
    question: list[bool | None] = []
    viewers: dict[str, int] = {}
    texts: dict[str, int] = {}
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                at, who, words, asks = _message(path, number, line)
                second.append(at)
                viewer.append(viewers.setdefault(who, len(viewers)))
                text.append(texts.setdefault(words.strip().lower(), len(texts)))
                characters.append(len(words))
                question.append(asks)
    except (OSError, UnicodeDecodeError) as error:
        raise ArrivalsFileError(f"{path}: cannot be read ({error}); check the path and that it is UTF-8") from error
    return Arrivals(
        second=np.array(second, dtype=np.float64),
        viewer=np.array(viewer, dtype=np.int64),
        text=np.array(text, dtype=np.int64),
        characters=np.array(characters, dtype=np.int64),
        question=np.array([asks is True for asks in question], dtype=np.bool_),
        question_known=None not in question,
    )


def _message(path: Path, number: int, line: str) -> tuple[float, str, str, bool | None]:
    """One line of a recorded live as (at, viewer, text, question or None)."""
    try:
        entry: object = json.loads(line)
    except json.JSONDecodeError as error:
        raise ArrivalsFileError(f"{path}:{number}: not JSON ({error}); write one object a line") from error
    if isinstance(entry, dict):
        at, who, words, asks = (entry.get(key) for key in ("at", "viewer", "text", "question"))
        if (
            isinstance(at, int | float)
            and not isinstance(at, bool)
            and 0 <= at < float("inf")
            and isinstance(who, str)
            and isinstance(words, str)
            and (asks is None or isinstance(asks, bool))
        ):
            return float(at), who, words, asks
    raise ArrivalsFileError(
        f"{path}:{number}: needs `at` (seconds, at least 0), `viewer` and `text`; `question` is true or false"
    )


_COLUMNS = (
    "file",
    "messages",
    "viewers",
    "texts",
    "mean/s",
    "peak 1 s",
    "Fano 1 s",
    "Fano 60 s",
    "repeats 30 s",
    "top 1 %",
    "questions",
    "median chars",
)


def _row(measured: Statistics) -> tuple[str, ...]:
    return (
        measured.file,
        f"{measured.messages:,}",
        f"{measured.viewers:,}",
        f"{measured.distinct_texts:,}",
        f"{measured.mean_per_second:.2f}",
        str(measured.peak_1s),
        f"{measured.fano_1s:.1f}",
        "-" if measured.fano_60s is None else f"{measured.fano_60s:.1f}",
        f"{measured.repeats_30s:.1%}",
        f"{measured.top_1pct_viewers:.1%}",
        "-" if measured.questions is None else f"{measured.questions:.1%}",
        f"{measured.median_characters:g}",
    )


def _table(rows: list[tuple[str, ...]]) -> str:
    """The rows under their heads: the first column flush left, numbers flush right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells))
    return "\n".join(lines)


def main() -> int:
    """Print the table; exit code 2 where a file cannot be read."""
    parser = argparse.ArgumentParser(description="Statistics of recorded lives.")
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="a .csv.gz of arrivals, or a live as .jsonl"
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="also write the figures here")
    arguments = parser.parse_args()
    try:
        measured = [statistics(path.name, load(path)) for path in arguments.files]
    except ArrivalsFileError as error:
        print(error, file=sys.stderr)
        return 2
    print(_table([_COLUMNS, *(_row(one) for one in measured)]))
    if arguments.json is not None:
        arguments.json.write_text(
            json.dumps([asdict(one) for one in measured], ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
