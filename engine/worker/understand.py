"""Texts of all partitions → understandings, in one call per pool, in a thread of its own, each distinct text once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from engine.events.understanding import Understanding
from engine.metrics import Metrics
from engine.pool.model import Pool
from engine.worker.library import Understander
from engine.worker.standing import Understood, Wants


class Interpreter:
    """Understands what partitions want; repeats across batches are remembered by the understander itself."""

    def __init__(
        self,
        pool: Callable[[str], Pool],
        understander: Callable[[str], Understander],
        metrics: Metrics,
        *,
        threaded: bool = True,
    ) -> None:
        self._pool = pool
        self._understander = understander
        self._metrics = metrics
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="livechat-understand") if threaded else None

    async def answers(self, wants: Wants) -> dict[str, Understood]:
        """Pool hash → its model and what each text means."""
        found = {}
        for pool, texts in wants.items():
            distinct = list(texts)
            answers = await self._understand(pool, distinct)
            found[pool] = Understood(self._pool(pool).model, dict(zip(distinct, answers, strict=True)))
        return found

    def close(self) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _understand(self, pool: str, texts: list[str]) -> list[Understanding]:
        understand = self._understander(pool).understand
        begun = time.perf_counter()
        if self._threads is None:
            found = list(understand(texts))
        else:
            found = list(await asyncio.get_running_loop().run_in_executor(self._threads, understand, texts))
        self._metrics.understand_seconds.observe(time.perf_counter() - begun)
        return found
