"""`python -m tests.simulation --seeds N --first K`: simulate N seeds from K on; the first that fails says how to replay it."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.simulation.run import SeedFailed, run_seed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--digest", action="store_true", help="print each seed's digest of the whole log")
    given = parser.parse_args()
    begun = time.monotonic()
    comments = replies = posts = entries = 0
    faults: Counter[str] = Counter()
    for number in range(given.seeds):
        seed = given.first + number
        try:
            outcome = run_seed(seed)
        except SeedFailed as failed:
            print(f"\n{failed}", file=sys.stderr)
            return 1
        comments += outcome.comments
        replies += outcome.replies
        posts += outcome.posts
        entries += outcome.entries
        faults.update(outcome.faults)
        if given.digest:
            print(f"{seed} {outcome.digest()}")
        elif sys.stderr.isatty() or (number + 1) % 50 == 0 or number + 1 == given.seeds:
            rate = (number + 1) / (time.monotonic() - begun)
            end = "\r" if sys.stderr.isatty() else "\n"
            print(
                f"{number + 1}/{given.seeds} seeds, {rate:.1f}/s, {comments} comments, {replies} replies heard, {posts} posts read",
                end=end,
                file=sys.stderr,
            )
    if not given.digest:
        print(
            f"\n{given.seeds} seeds hold: {entries} entries, {comments} comments, {replies} replies heard, {posts} posts read"
        )
        print("  " + ", ".join(f"{what} {count}" for what, count in sorted(faults.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
