"""Edits of folders, debounced."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Final

from watchfiles import DefaultFilter, awatch

MOST_WAIT_MS: Final = 800  # a folder that never gets quiet is read this often; leaves time within the 2 s of an edit
LINKS_MS: Final = 500  # how often it is looked whether a folder that stands behind a link has become another one


async def edits(folders: Sequence[Path], debounce_ms: int, stop: asyncio.Event) -> AsyncGenerator[set[Path], None]:
    """The folders in which something changed, each time that they were quiet for `debounce_ms`. Ends when `stop` is set.

    A link on the way to a folder that is turned to another place (as repositories and mounted volumes publish a new version) is an edit.
    """
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
            if found := told | turned | unseen:
                yield found
            unseen = turned
            if turned:
                break
