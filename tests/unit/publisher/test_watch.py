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


@pytest.mark.process
async def test_a_link_that_turns_is_an_edit(tmp_path: Path) -> None:
    """Before it and after it the files behind it are watched, as a repository or a volume publishes them; after a turn it is told
    twice, since an edit may have fallen between two watches."""
    versions = [tmp_path / name for name in ("first", "second")]
    for version in versions:
        (version / "shop" / "intents").mkdir(parents=True)
    current = tmp_path / "current"
    current.symlink_to("first")
    shop = current / "shop"
    stop = asyncio.Event()
    seen: list[set[Path]] = []

    async def follow() -> None:
        async for changed in edits([shop], 20, stop):
            seen.append(changed)
            if len(seen) == 1:
                (tmp_path / "next").symlink_to("second")
                (tmp_path / "next").replace(current)
            elif len(seen) == 4:
                stop.set()

    async def write() -> None:
        n = 0
        while not stop.is_set():  # until the watch has begun there is nothing that tells of an edit
            n += 1
            if len(seen) in (0, 3):
                (shop / "intents" / "a.yaml").write_text(str(n))
            await asyncio.sleep(0.05)

    async with asyncio.timeout(30):
        await asyncio.gather(follow(), write())
    assert seen == [{shop}] * 4


@pytest.mark.process
async def test_an_edit_behind_a_linked_file_is_one_of_its_folder(tmp_path: Path) -> None:
    """Written in place or replaced; one that leads nowhere is none."""
    shop, elsewhere = tmp_path / "shop", tmp_path / "shared.yaml"
    (shop / "intents").mkdir(parents=True)
    elsewhere.write_text("0")
    (shop / "intents" / "a.yaml").symlink_to(elsewhere)
    (shop / "intents" / "b.yaml").symlink_to(tmp_path / "nothing")
    stop = asyncio.Event()
    seen: list[set[Path]] = []

    async def follow() -> None:
        async for changed in edits([shop], 20, stop):
            seen.append(changed)
            if len(seen) == 2:
                stop.set()

    async def write() -> None:
        n = 0
        while not stop.is_set():  # until the watch has begun there is nothing that tells of an edit
            n += 1
            if seen:
                (tmp_path / "next").write_text(str(n))
                (tmp_path / "next").replace(elsewhere)
            else:
                elsewhere.write_text(str(n))
            await asyncio.sleep(0.05)

    async with asyncio.timeout(30):
        await asyncio.gather(follow(), write())
    assert seen == [{shop}] * 2
