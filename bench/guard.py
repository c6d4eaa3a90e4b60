"""How long the last look at a text takes: `python -m bench.guard [--json OUT]`. All terms at once, against one search for each.

Texts are 300 common characters; terms are the lists that ship, and made-up ones up to the 5,000 that a shop may have.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table

from engine.pool.banned import Banned, squeezed
from engine.pool.load import load
from engine.pool.model import Guard
from engine.pool.paths import base_pack, example_shop

LETTERS = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"


def texts(rng: Random, count: int, size: int) -> list[str]:
    """Lines of common characters with signs between them, as replies have."""
    return ["".join(rng.choice(LETTERS + "，。 ") for _ in range(size)) for _ in range(count)]


def terms(rng: Random, count: int) -> list[str]:
    """Made-up terms of two to six characters, which rarely occur."""
    return list({"".join(rng.choice(LETTERS) for _ in range(rng.randint(4, 6))) for _ in range(count)})


def one_by_one(needles: list[str], text: str) -> list[str]:
    """The peer: each term searched by itself, in a text squeezed once; it knows no look-alikes, words or contexts."""
    form = squeezed(text)
    return [needle for needle in needles if needle in form]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--texts", type=int, default=2_000)
    given = parser.parse_args()
    rng = Random(1)
    guard = load(base_pack(), example_shop()).pool.guard
    lines = texts(rng, given.texts, 300)
    rows = []
    for more in (0, 1_000, 4_500):
        own = [*guard.banned, *terms(rng, more)]
        begun = time.perf_counter()
        banned = Banned.of(Guard(tuple(own), listed=guard.listed))
        compiled = time.perf_counter() - begun
        begun = time.perf_counter()
        for line in lines:
            banned.hits(line)
        ours = (time.perf_counter() - begun) / len(lines)
        needles = [squeezed(term) for term in (*own, *(one.term for one in guard.listed))]
        squeezed.cache_clear()
        begun = time.perf_counter()
        for line in lines:
            one_by_one(needles, line)
        peer = (time.perf_counter() - begun) / len(lines)
        rows.append(
            {"terms": len(needles), "compile_ms": compiled * 1e3, "text_us": ours * 1e6, "one_by_one_us": peer * 1e6}
        )
    table = Table(title="A text of 300 characters")
    for name in ("terms", "compiled in ms", "all at once, µs", "one by one, µs", "ratio"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            f"{row['terms']:,}", f"{row['compile_ms']:.1f}", f"{row['text_us']:.0f}", f"{row['one_by_one_us']:.0f}",
            f"{row['one_by_one_us'] / row['text_us']:.1f}",
        )  # fmt: skip
    Console().print(table)
    if given.json is not None:
        given.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
