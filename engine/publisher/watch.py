"""Edits of folders, debounced."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from watchfiles import DefaultFilter, awatch

MOST_WAIT_MS = 800  # a folder that never gets quiet is read this often; leaves time within the 2 s of an edit


async def edits(folders: Sequence[Path], debounce_ms: int, stop: asyncio.Event) -> AsyncGenerator[set[Path], None]:
    """The folders in which something changed, each time that they were quiet for `debounce_ms`. Ends when `stop` is set."""
    roots = {folder.resolve(): folder for folder in folders}
    watching = awatch(
        *roots,
        watch_filter=DefaultFilter(),
        debounce=max(MOST_WAIT_MS, debounce_ms),
        step=max(1, debounce_ms),
        stop_event=stop,
    )
    async for changes in watching:
        changed = {Path(path) for _, path in changes}
        yield {folder for root, folder in roots.items() if any(path.is_relative_to(root) for path in changed)}
