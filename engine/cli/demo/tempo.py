"""A shop that lives N times as quick: copies of its files and of the base pack in which every time span is divided.

With the script and the comments N times as quick, a deadline of 45 s would reach over minutes of the script; divided like the rest, it
stands to the script as it does in life. The engine itself keeps real time. What is in the copies may be edited while the demo runs.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

SPAN: Final = re.compile(
    r"\b(answer_within|cooldown|minimum_pause|stream_delay|memory|post_cooldown):( *)(\d+)(s|m|h)\b"
)
"""Not the airtime: what a reply takes of it is reckoned from its text, in real time."""

SECONDS: Final = {"s": 1, "m": 60, "h": 3_600}
LEAST_S: Final = {"answer_within": 5}
"""What the pool allows at least; anything else at least a second."""


def copy_pack(source: Path, to: Path, speed: float) -> Path:
    """Copy a folder of YAML files to `to`, its spans divided by `speed`; returns `to`."""
    shutil.copytree(source, to, ignore=shutil.ignore_patterns("*.jsonl", ".*"))
    if speed != 1:
        for file in sorted(to.rglob("*.yaml")):
            file.write_text(quicken(file.read_text(encoding="utf-8"), speed), encoding="utf-8")
    return to


def quicken(text: str, speed: float) -> str:
    """A YAML text with its spans divided, in whole seconds."""

    def divided(found: re.Match[str]) -> str:
        name, blank, number, unit = found.groups()
        seconds = round(int(number) * SECONDS[unit] / speed)
        return f"{name}:{blank}{max(LEAST_S.get(name, 1), seconds)}s"

    return SPAN.sub(divided, text)
