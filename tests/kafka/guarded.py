"""A process that ends with its owner, however that ends, and that takes signals meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

GUARD: Final = Path(__file__).with_name("guard.py")
START_S: Final = 20.0  # for the guard to begin; 20 ms on an idle machine
GONE_S: Final = 20.0  # between SIGTERM and SIGKILL


class Guarded:
    """`command`, guarded. Its output goes to `log`, which begins anew with each start.

    `owner`: the process it must not outlive (this one). `remove`: a folder that goes when the owner is gone.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        owner: int | None = None,
        remove: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.log = log
        self._pid_file = log.with_suffix(".pid")
        guard = (sys.executable, "-SE", str(GUARD), str(owner or os.getpid()), str(self._pid_file), str(remove or "-"))
        self._command = (*guard, *command)
        self._env = None if env is None else {**os.environ, **env}
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process itself."""
        deadline = time.monotonic() + START_S
        while not self._pid_file.exists():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self._command} did not begin: {self.tail()}")
            time.sleep(0.005)
        return int(self._pid_file.read_text())

    def start(self) -> None:
        """Begin; returns at once."""
        self._pid_file.unlink(missing_ok=True)
        with self.log.open("wb") as log:
            self._guard = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._env
            )

    def exit_code(self) -> int | None:
        """As shells tell it, 128 and the number after a signal; None while it runs."""
        return None if self._guard is None else self._guard.poll()

    @property
    def runs(self) -> bool:
        return self._guard is not None and self._guard.poll() is None

    def send(self, number: signal.Signals) -> None:
        """A signal, if it still runs; its exit code tells the rest."""
        if self.runs:
            with suppress(ProcessLookupError):  # it ended a moment ago, and its guard does not know yet
                os.kill(self.pid, number)

    def pause(self) -> None:
        """SIGSTOP; returns when all threads stand still. The signal stops them only once one of them had its turn to take it."""
        self.send(signal.SIGSTOP)
        deadline = time.monotonic() + START_S
        while self.runs and not self._stands_still():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self._command} did not stop")
            time.sleep(0.001)

    def _stands_still(self) -> bool:
        """Linux; elsewhere the signal has to be trusted."""
        threads = list(Path(f"/proc/{self.pid}/task").glob("*/stat"))
        try:
            return all(thread.read_text().rpartition(") ")[2].startswith(("T", "t")) for thread in threads)
        except (FileNotFoundError, ProcessLookupError):  # one ended meanwhile
            return False

    def wait(self, seconds: float) -> int:
        """The exit code, once it ended by itself. Raises TimeoutExpired."""
        assert self._guard is not None
        return self._guard.wait(seconds)

    def stop(self) -> int:
        """SIGTERM, and SIGKILL where that takes too long; the exit code."""
        self.send(signal.SIGTERM)
        self.send(signal.SIGCONT)
        return self._gone(GONE_S)

    def kill(self) -> int:
        """SIGKILL; the exit code."""
        self.send(signal.SIGKILL)
        return self._gone(GONE_S)

    def tail(self, characters: int = 2_000) -> str:
        """The end of what it printed."""
        return self.log.read_text(errors="replace")[-characters:]

    def _gone(self, seconds: float) -> int:
        if self._guard is None:
            return 0
        try:
            return self._guard.wait(seconds)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            return self._guard.wait()
