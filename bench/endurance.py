"""Understanding that lasts: hostile texts by the million, and memory over millions of distinct lines.

    python -m bench.endurance [--fuzz N] [--lines N] [--json OUT]

`--fuzz` texts are made of all that a text can hold: any code points, halves of characters, controls, right-to-left, emoji, runs,
markup, pieces of the pack's own lines, from nothing to 100,000 characters. Each must give an understanding with one of the outcomes and
bounded values, and the same when asked alone; an exception or a broken bound ends the run with the seed that made the text. `--lines`
texts are distinct and of usual lengths; resident memory is told after a quarter of them, when all caches are full, and in the end.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, get_args

from rich.console import Console

from bench.harness import as_served, resident_mb
from engine.events.understanding import Outcome, Understanding
from engine.pool.load import load_pool
from engine.pool.paths import base_pack, example_shop
from engine.understanding.cache import load_or_train
from engine.understanding.model import model_hash
from engine.understanding.normalise import MAX_FORM
from engine.understanding.understander import Understander

BATCH: Final = 1_000
LONG: Final = 100_000  # characters of the longest texts, one in a thousand of which is so long
RANGES: Final = (
    (0x20, 0x7F), (0x0, 0x20), (0x80, 0x250), (0x300, 0x370), (0x370, 0x600), (0x590, 0x700), (0x2000, 0x2070), (0x2190, 0x2C00),
    (0x3040, 0x3100), (0x4E00, 0xA000), (0xD800, 0xE000), (0xE000, 0xF900), (0xFE00, 0xFFFF), (0x1F000, 0x1FB00),
    (0xE0000, 0xE0200), (0x20, 0x110000),
)  # fmt: skip
MARKS: Final = (
    "[捂脸]", ":heart:", "&#39;", "http://a.b/c", "3号链接", "#", "\x00", "\u202e", "\u200b", "\U0001f3f3\ufe0f\u200d\U0001f308", "'",
    "13800000000", "？" * 5,
)  # fmt: skip


def hostile(seed: int, lines: Sequence[str]) -> str:
    """A text that its seed makes again."""
    draw = random.Random(seed)
    size = draw.choice((0, 1, 2, 5, 10, 30, 100, 300))
    if draw.random() < 0.001:
        size = LONG
    parts: list[str] = []
    filled = 0
    while filled < size:
        kind = draw.random()
        if kind < 0.4:
            low, high = draw.choice(RANGES)
            part = "".join(chr(draw.randrange(low, high)) for _ in range(draw.randint(1, 12)))
        elif kind < 0.6:
            line = draw.choice(lines)
            at = draw.randrange(len(line) + 1)
            part = line[at : at + draw.randint(1, 8)]
        elif kind < 0.8:
            part = draw.choice(MARKS)
        else:
            part = chr(draw.randrange(0x20, 0x110000)) * draw.randint(1, max(1, size // 3))
        parts.append(part)
        filled += len(part)
    return "".join(parts)[: max(size, 1)] if size else ""


def check(found: Understanding) -> str:
    """What is wrong with it; empty where nothing is."""
    if found.outcome not in get_args(Outcome):
        return f"no such outcome: {found.outcome}"
    if len(found.key) > MAX_FORM:
        return f"its key has {len(found.key)} characters"
    if not (0.0 <= found.confidence <= 1.0 and 0.0 <= found.margin <= 1.0):
        return f"confidence {found.confidence}, margin {found.margin}"
    return ""


def fuzz(understander: Understander, count: int, lines: Sequence[str]) -> dict[str, float]:
    """Raises RuntimeError with the seed of the first text that goes wrong."""
    outcomes: Counter[str] = Counter()
    begun = time.process_time()
    for start in range(0, count, BATCH):
        seeds = range(start, min(count, start + BATCH))
        texts = [hostile(seed, lines) for seed in seeds]
        try:
            results = understander.understand(texts)
        except Exception as error:
            raise RuntimeError(f"seeds {seeds.start} to {seeds.stop - 1}: {error!r}") from error
        for seed, text, found in zip(seeds, texts, results, strict=True):
            wrong = check(found)
            if wrong:
                raise RuntimeError(f"seed {seed}: {wrong}: {text[:80]!r}")
            outcomes[found.outcome] += 1
    if understander.understand([hostile(seed, lines) for seed in range(100)]) != [
        understander.understand([hostile(seed, lines)])[0] for seed in range(100)
    ]:
        raise RuntimeError("texts are understood otherwise one by one than together")
    return {"inputs": count, "cpu_s": round(time.process_time() - begun, 1), **dict(sorted(outcomes.items()))}


def memory(understand: Callable[[Sequence[str]], object], count: int, lines: Sequence[str]) -> dict[str, float]:
    """Resident memory while distinct lines are understood."""
    draw, marks = random.Random(7), list[float]()
    for start in range(0, count, BATCH):
        understand([f"{draw.choice(lines)[:20]} {start + n:x}" for n in range(BATCH)])
        if (start + BATCH) * 20 // count > len(marks):
            marks.append(resident_mb())
    warm = marks[len(marks) // 4]
    return {
        "lines": count, "warm_mb": round(warm), "end_mb": round(marks[-1]), "growth_percent": round(100 * (marks[-1] / warm - 1), 1),
    }  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--fuzz", type=int, default=1_000_000, help="hostile texts")
    parser.add_argument("--lines", type=int, default=5_000_000, help="distinct lines of usual length")
    parser.add_argument(
        "--models", type=Path, default=Path("var/models"), help="folder where trained models are cached"
    )
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args(arguments)
    pool = load_pool(base_pack(), example_shop(), model_of=model_hash)
    understander = Understander(pool, load_or_train(pool.training, options.models))
    lines = [line.text for line in pool.training.lines]
    as_served()
    figures: dict[str, dict[str, float]] = {}
    if options.fuzz:
        try:
            figures["fuzz"] = fuzz(understander, options.fuzz, lines)
        except RuntimeError as error:
            print(error, file=sys.stderr)
            return 1
        Console().print(f"fuzz: {figures['fuzz']}")
    if options.lines:
        figures["memory"] = memory(understander.understand, options.lines, lines)
        Console().print(f"memory: {figures['memory']}")
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
