"""What `livechat why` and `livechat replay` read: the same on a cluster as on the embedded log, workers taking over from each other."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from engine.worker.library import Library, engine_openers
from tests.kafka.scene import scene
from tests.simulation.reruns import check_reruns, check_stories

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


async def test_rooms_are_computed_again_from_a_cluster(kafka_bootstrap: str, tmp_path: Path) -> None:
    """Each room alone gives what stands there, with pools from their topic; comments are explained up to their decisions."""
    async with scene(kafka_bootstrap, tmp_path, rooms=6) as made:
        await made.live.write(300, 100.0)
        findings = await made.judge()
        assert findings.violations == []
        library = Library(made.bus, engine_openers())
        following = asyncio.create_task(library.run())
        try:
            compared = await check_reruns(made.bus, made.live.rooms, library)
            told = await check_stories(made.bus, await made.log(), library)
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
        assert compared >= findings.decisions >= 300
        assert told > 0
