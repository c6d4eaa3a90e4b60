"""Edits are told by folder, once the folder is quiet."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.publisher.watch import edits


@pytest.mark.process
async def test_an_edit_names_its_folder(tmp_path: Path) -> None:
    """Only the folder that changed is told, also for files in folders below it; `stop` ends the watch."""
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        (folder / "intents").mkdir(parents=True)
    stop = asyncio.Event()
    seen: list[set[Path]] = []

    async def follow() -> None:
        async for changed in edits([one, two], 20, stop):
            seen.append(changed)
            stop.set()

    async def write() -> None:
        n = 0
        while not seen:  # until the watch has begun there is nothing that tells of an edit
            n += 1
            (two / "intents" / "a.yaml").write_text(str(n))
            await asyncio.sleep(0.05)

    async with asyncio.timeout(30):
        await asyncio.gather(follow(), write())
    assert seen == [{two}]
