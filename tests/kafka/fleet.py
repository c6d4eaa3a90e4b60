"""Several workers as processes on one log, restarted when they end, as an orchestrator does."""

from __future__ import annotations

import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Final

from engine.errors import Exit
from engine.settings import BusSettings
from tests.kafka.guarded import Guarded

FINE: Final = frozenset({Exit.OK, Exit.UNAVAILABLE, Exit.STALLED, 128 + signal.SIGKILL, 128 + signal.SIGTERM})
"""How a worker may end: told to, brokers away, its watchdog, killed, and told to before it could listen."""


class Fleet:
    """Workers by number."""

    def __init__(self, folder: Path, bus: BusSettings) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._command = (sys.executable, "-m", "tests.kafka.worker", bus.model_dump_json())
        self.workers: dict[int, Guarded] = {}
        self.exits: Counter[int] = Counter()
        """Exit codes of workers that ended by themselves."""
        self.strange: list[str] = []
        """What workers printed last that ended in a way in which none may end."""
        self._begun = 0

    def start(self, number: int) -> None:
        """A new process for this number."""
        self._begun += 1
        worker = Guarded(self._command, self._folder / f"worker-{number}-{self._begun}.log")
        self.workers[number] = worker
        worker.start()

    def kill(self, number: int) -> None:
        """SIGKILL, and a new process at once."""
        self.workers[number].kill()
        self.start(number)

    def stop(self, number: int) -> None:
        """SIGTERM; no new process."""
        self._ended(number, self.workers.pop(number).stop())

    def look(self) -> None:
        """Starts anew what ended by itself."""
        for number, worker in list(self.workers.items()):
            code = worker.exit_code()
            if code is not None:
                self._ended(number, code)
                self.start(number)

    def close(self) -> None:
        """SIGTERM to all, and SIGKILL to what does not end."""
        for worker in self.workers.values():
            worker.send(signal.SIGCONT)
            worker.send(signal.SIGTERM)
        for number in list(self.workers):
            self.stop(number)

    def logs(self) -> str:
        """The end of what each worker printed."""
        return "\n".join(f"-- worker {number}\n{worker.tail()}" for number, worker in self.workers.items())

    def _ended(self, number: int, code: int) -> None:
        self.exits[code] += 1
        if code not in FINE:
            self.strange.append(f"worker {number} ended with {code}:\n{self._tail_of(number)}")

    def _tail_of(self, number: int) -> str:
        return max(self._folder.glob(f"worker-{number}-*.log"), key=lambda log: log.stat().st_mtime).read_text()[
            -2_000:
        ]
