"""What SQLite's errors mean to a user of the log."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from engine.errors import BusDamaged, BusError, BusUnavailable

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}
_UNWRITABLE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's result code without its extension; 0 where the error did not come from SQLite itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def translate(error: sqlite3.Error, path: Path) -> BusError:
    """The error to raise instead, with a sentence that names the file and the remedy."""
    code = primary_code(error)
    if code in _DAMAGED:
        return BusDamaged(
            f"the log `{path}` is damaged ({error}): stop everything that uses it, then put back a copy or move it away"
        )
    if code == sqlite3.SQLITE_FULL:
        return BusUnavailable(
            f"there is no space left for the log `{path}`: free some; what was committed stays readable, and writing goes on by itself"
        )
    if code in _UNWRITABLE:
        return BusUnavailable(
            f"the log `{path}` cannot be opened or written ({error}): check its folder and permissions"
        )
    return BusUnavailable(f"the log `{path}` cannot be used now ({error}): check the disk, then try again")
