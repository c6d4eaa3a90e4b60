"""What was measured, when, on what, and under which conditions: one entry a case in a JSON file.

Cases may be measured apart: each writes its entry and leaves the others as they are.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

Figures = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it was measured."""

    cores: int
    cpu: str
    memory_gib: int
    python: str
    aiokafka: str
    kafka: str

    @classmethod
    def here(cls, kafka: str) -> Machine:
        """This one (Linux), with the broker's version."""
        cpu = next(
            (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
            platform.machine(),
        )
        return cls(
            cores=len(os.sched_getaffinity(0)),
            cpu=cpu,
            memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
            python=platform.python_version(),
            aiokafka=importlib.metadata.version("aiokafka"),
            kafka=kafka,
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """One case."""

    at: str
    """When it ended, UTC, to the minute."""
    machine: Machine
    conditions: Mapping[str, float | str]
    figures: Figures

    @classmethod
    def now(cls, machine: Machine, conditions: Mapping[str, float | str], figures: Figures) -> Measured:
        return cls(datetime.now(UTC).strftime("%Y-%m-%d %H:%M"), machine, dict(conditions), dict(figures))


def read(path: Path) -> dict[str, Measured]:
    """Case → what was measured; empty where there is no such file. Raises ValueError for one that is not of this kind."""
    if not path.exists():
        return {}
    found = json.loads(path.read_text("utf-8"))
    try:
        return {name: Measured(**{**entry, "machine": Machine(**entry["machine"])}) for name, entry in found.items()}
    except (AttributeError, TypeError, KeyError) as error:
        raise ValueError(f"{path}: not a file of measured cases ({error}); measure anew into another file") from error


def keep(path: Path, name: str, measured: Measured) -> None:
    """Put one case into the file; the others stay."""
    entries = {**read(path), name: measured}
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({case: asdict(entry) for case, entry in sorted(entries.items())}, ensure_ascii=False, indent=2)
    path.write_text(text + "\n", "utf-8")


def _lines(path: str) -> list[str]:
    return Path(path).read_text("utf-8").splitlines()
