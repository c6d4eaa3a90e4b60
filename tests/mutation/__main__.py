"""`python -m tests.mutation`: put each bug of `bugs.py` into a copy of the project, and run the fast suite on it until something fails.

Ends with 1 where a bug survives: the suite would not have noticed it. The times are those of this machine.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from tests.mutation.bugs import BUGS, ROOT, Bug

PARTS: Final = ("engine", "tests", "intents", "examples", "pyproject.toml")
SUITE: Final = ("tests/unit/room", "tests/unit/client/test_playhead.py")
HANGS_S: Final = 600.0  # a bug that lets the suite run for ever is noticed, too


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("--only", default="", help="bugs whose name holds this")
    parser.add_argument("--seeds", type=int, default=60, help="of the simulation, for what the tests let through")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    given = parser.parse_args()
    bugs = [bug for bug in BUGS if given.only in bug.name]
    if not bugs:
        parser.error(f"no bug's name holds `{given.only}`")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(given.jobs):
            copies.put(_copy(Path(folder) / str(number)))
        first = copies.get()
        found = _run(first, given.seeds)
        copies.put(first)
        if found is not None:
            print(f"the suite fails without any bug: {found}", file=sys.stderr)
            return 2

        def tried(bug: Bug) -> bool:
            copy = copies.get()
            start = time.monotonic()
            try:
                path = copy / bug.file
                right = path.read_text(encoding="utf-8")
                path.write_text(bug.text(copy), encoding="utf-8")
                killer = _run(copy, given.seeds)
                path.write_text(right, encoding="utf-8")
            finally:
                copies.put(copy)
            print(f"{time.monotonic() - start:6.1f} s  {bug.name}: {killer or 'SURVIVES'}", flush=True)
            return killer is not None

        with ThreadPoolExecutor(given.jobs) as pool:
            killed = sum(pool.map(tried, bugs))
    print(f"{killed} of {len(bugs)} bugs noticed in {time.monotonic() - begun:.0f} s, {given.jobs} at a time")
    return 0 if killed == len(bugs) else 1


def _copy(to: Path) -> Path:
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, to / part, ignore=shutil.ignore_patterns("__pycache__", "blind"))
        else:
            to.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, to / part)
    return to


def _run(copy: Path, seeds: int) -> str | None:
    """What fails in this copy first; None where everything holds."""
    tests = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-W",
        "ignore",
        *SUITE,
    ]
    simulation = [sys.executable, "-m", "tests.simulation", "--seeds", str(seeds)]
    for command in (tests, simulation):
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "HYPOTHESIS_STORAGE_DIRECTORY": str(copy / ".h")}
        try:
            done = subprocess.run(
                command, cwd=copy, env=environment, capture_output=True, text=True, timeout=HANGS_S, check=False
            )
        except subprocess.TimeoutExpired:
            return f"`{command[2]}` does not end"
        if done.returncode:
            told = [
                line
                for line in (done.stdout + done.stderr).splitlines()
                if line.startswith(("FAILED", "ERROR", "seed "))
            ]
            return told[0][:140] if told else (done.stdout + done.stderr)[-300:]
    return None


if __name__ == "__main__":
    sys.exit(main())
