"""Edits of folders, debounced."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from watchfiles import DefaultFilter, awatch

MOST_WAIT_MS: Final = 800  # a folder that never gets quiet is read this often; leaves time within the 2 s of an edit
LINKS_MS: Final = 500  # how often it is looked whether what stands behind a link has changed: nothing tells of it


async def edits(folders: Sequence[Path], debounce_ms: int, stop: asyncio.Event) -> AsyncGenerator[set[Path], None]:
    """The folders in which something changed, each time that they were quiet for `debounce_ms`. Ends when `stop` is set.

    A link on the way to a folder that is turned to another place (as repositories and mounted volumes publish a new version) is an edit;
    so is an edit of a file that a link in a folder leads to.
    """
    behind = await asyncio.to_thread(_behind_links, folders)
    unseen: set[Path] = set()  # edits of these may have fallen between two watches
    while not stop.is_set():
        roots = {folder.resolve(): folder for folder in folders}
        watching = awatch(
            *roots,
            watch_filter=DefaultFilter(),
            debounce=max(MOST_WAIT_MS, debounce_ms),
            step=max(1, debounce_ms),
            stop_event=stop,
            rust_timeout=LINKS_MS,
            yield_on_timeout=True,
        )
        async for changes in watching:
            changed = {Path(path) for _, path in changes}
            told = {folder for root, folder in roots.items() if any(path.is_relative_to(root) for path in changed)}
            turned = {folder for root, folder in roots.items() if folder.resolve() != root}
            now = await asyncio.to_thread(_behind_links, folders)
            told |= {folder for folder in folders if now[folder] != behind[folder]}
            behind = now
            if found := told | turned | unseen:
                yield found
            unseen = turned
            if turned:
                break


def _behind_links(folders: Sequence[Path]) -> dict[Path, frozenset[tuple[Path, int, int]]]:
    """The files that links in each folder lead to: as what they stand there, which files they are, and when each was written."""
    return {folder: frozenset(_linked(folder)) for folder in folders}


def _linked(folder: Path) -> Iterator[tuple[Path, int, int]]:
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            with suppress(OSError):  # it leads nowhere, or is being replaced, or nobody may look
                if path.is_symlink():
                    status = path.stat()
                    yield path, status.st_ino, status.st_mtime_ns
