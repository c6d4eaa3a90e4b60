"""`python -m tests.hostile --texts N --races N`: hostile texts, and races of prices. Tells what was said, or the first that went wrong."""

from __future__ import annotations

import argparse
import sys
import time

from tests.hostile import races, texts


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile")
    parser.add_argument("--texts", type=int, default=100_000, help="hostile texts in comments, names and facts")
    parser.add_argument(
        "--races", type=int, default=100_000, help="prices that change while they are asked for and said"
    )
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    given = parser.parse_args()
    begun = time.monotonic()
    try:
        if given.texts:
            said = texts.run(given.texts, given.first)
            print(
                f"{said.texts:,} hostile texts: {said.said:,} insertions with {said.facts_said:,} facts, 0 bytes of viewers on air "
                f"({time.monotonic() - begun:.0f} s)"
            )
        begun = time.monotonic()
        if given.races:
            run = races.run(given.races, given.first)
            print(
                f"{run.races:,} races: {run.prices:,} prices heard, {run.cuts:,} cut, {run.fenced:,} held back by the gateway, "
                f"{run.corrections:,} corrections, 0 wrong prices ({time.monotonic() - begun:.0f} s)"
            )
    except AssertionError as wrong:
        print(wrong, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
