"""The exclusive claim of the one process that writes a log."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from engine.errors import BusInUse, BusUnavailable


class Claim:
    """A lock of the operating system on `PATH.lock`; it falls with the process, however that ends.

    The file holds the owner's pid, and is left behind: removing it would let two processes lock different files of one name.
    """

    def __init__(self, path: Path) -> None:
        """Takes the claim. Raises `BusInUse` if another has it, `BusUnavailable` if the folder cannot be written."""
        lock = path.with_name(path.name + ".lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._fd: int | None = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise BusUnavailable(
                f"the folder of the log `{path}` cannot be written ({error.strerror}): make it writable, or set `bus.url`"
            ) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._fd, 32, 0).decode(errors="replace").strip()
            os.close(self._fd)
            raise BusInUse(str(path), holder or "unknown") from error
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Gives the claim up. May be called again."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
