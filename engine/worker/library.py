"""Pools and their models, loaded from the `pools` topic when they are wanted.

The topic is indexed, not kept: a model may have 16 MiB. A pool counts as loaded when its model is loaded too.
"""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine import logs
from engine.bus.port import Bus, Stored
from engine.errors import RecordError, RestoreError
from engine.events.codec import decode
from engine.events.pools import PoolChunk, PoolManifest
from engine.events.understanding import Understanding
from engine.pool.model import Pool
from engine.worker.following import follow

TOPIC = "pools"
MOST_MODELS = 8  # in one process, each up to 16 MiB as bytes and some times that in memory
MOST_POOLS = 64  # journals and rooms on their way name older ones
log = logs.get(__name__)


class Understander(Protocol):
    """Texts → what they mean to one pool and model."""

    def understand(self, texts: Sequence[str]) -> Sequence[Understanding]: ...


@dataclass(frozen=True, slots=True)
class Openers:
    """How blobs become objects; each call may take seconds and runs in a thread."""

    pool: Callable[[bytes], Pool]
    model: Callable[[bytes], object]
    understander: Callable[[Pool, object], Understander]


class MissingPool(LookupError):
    """A pool that is not loaded was asked for."""

    def __init__(self, hash: str) -> None:  # noqa: A002 - what the records call it
        self.hash = hash
        super().__init__(hash)


def engine_openers() -> Openers:
    """The engine's own."""
    from engine.pool.encoding import decode_pool
    from engine.understanding.model import Model
    from engine.understanding.understander import Understander as Pipeline

    def understander(pool: Pool, model: object) -> Understander:
        if not isinstance(model, Model):
            raise TypeError("the model was opened by another opener")
        return Pipeline(pool, model)

    return Openers(decode_pool, Model.from_bytes, understander)


class Library:
    """The pools of a process."""

    def __init__(self, bus: Bus, openers: Openers) -> None:
        self._bus = bus
        self._open = openers
        self._manifests: dict[str, PoolManifest] = {}
        self._chunks: dict[str, int] = {}
        self._next = 0
        self._pools: OrderedDict[str, Pool] = OrderedDict()
        self._models: OrderedDict[str, object] = OrderedDict()
        self._understanders: dict[str, Understander] = {}
        self._failed: dict[str, str] = {}
        self._loading = asyncio.Lock()
        self._grown = asyncio.Event()

    async def run(self) -> None:
        """Index the topic, for ever."""
        await follow(self._bus, TOPIC, self._take_all, page=100)

    def loaded(self, pool: str) -> bool:
        """Whether the pool and its understander are here."""
        return pool in self._understanders

    def pool(self, hash: str) -> Pool:  # noqa: A002 - what the records call it
        """The pool; raises `MissingPool`."""
        found = self._pools.get(hash)
        if found is None:
            raise MissingPool(hash)
        return found

    def understander(self, pool: str) -> Understander:
        """Raises `MissingPool`."""
        found = self._understanders.get(pool)
        if found is None:
            raise MissingPool(pool)
        return found

    async def load_first(self, pools: Iterable[str]) -> str | None:
        """Load the first of these pools that the topic holds whole, its model included; its hash, or None."""
        for name in pools:
            manifest = self._manifests.get(name)
            if manifest is None or manifest.kind != "pool" or name in self._failed:
                continue
            if manifest.model is None or manifest.model not in self._manifests:
                continue
            try:
                async with self._loading:
                    await self._load_pool(name)
                    await self._load_understander(name, manifest.model)
            except (RecordError, ValueError) as error:
                self._failed[name] = str(error)
                log.exception("a pool cannot be loaded: publish it again", pool=name[:12])
                continue
            return name
        return None

    async def ensure(self, hash: str) -> None:  # noqa: A002 - what the records call it
        """The pool that a journal names, for a restore, which needs no model. Raises `RestoreError` where the topic has none."""
        end = await self._bus.end(TOPIC, 0)
        while self._next < end and hash not in self._manifests:
            self._grown.clear()
            await self._grown.wait()
        if hash not in self._manifests:
            raise RestoreError(
                f"the journal names pool {hash[:12]}, which the topic `pools` does not hold: publish that version of the pool again"
            )
        async with self._loading:
            await self._load_pool(hash)

    def retain(self, pools: set[str]) -> None:
        """Forget the understanders of other pools, and their models beyond `MOST_MODELS`."""
        for name in [name for name in self._understanders if name not in pools]:
            del self._understanders[name]
        needed = {self._manifests[name].model for name in self._understanders if name in self._manifests}
        for model in [model for model in self._models if model not in needed]:
            if len(self._models) <= MOST_MODELS:
                break
            del self._models[model]
        for name in [name for name in self._pools if name not in pools]:
            if len(self._pools) <= MOST_POOLS:
                break
            del self._pools[name]

    # ---- the topic -------------------------------------------------------------------------------------------------

    def _take_all(self, found: Sequence[Stored]) -> None:
        for stored in found:
            self._take(stored)
        self._grown.set()

    def _take(self, stored: Stored) -> None:
        self._next = stored.offset + 1
        if stored.key is None or stored.value is None:
            return
        if "/" in stored.key:
            self._chunks[stored.key] = stored.offset
            return
        try:
            found = decode(TOPIC, stored.value)
        except RecordError as error:
            log.warning("a record is passed over", topic=TOPIC, offset=stored.offset, error=error)
            return
        if isinstance(found, PoolManifest):
            self._manifests[found.hash] = found
            self._failed.pop(found.hash, None)

    async def _load_pool(self, name: str) -> None:
        if name not in self._pools:
            content = await self._content(name)
            pool = await asyncio.to_thread(self._open.pool, content)
            if pool.hash != name:
                raise RecordError(TOPIC, f"pool {name[:12]} has the content of {pool.hash[:12]}")
            self._pools[name] = pool

    async def _load_understander(self, name: str, model: str) -> None:
        if name in self._understanders:
            return
        if model not in self._models:
            content = await self._content(model)
            self._models[model] = await asyncio.to_thread(self._open.model, content)
        self._understanders[name] = await asyncio.to_thread(
            self._open.understander, self._pools[name], self._models[model]
        )

    async def _content(self, name: str) -> bytes:
        manifest = self._manifests[name]
        parts = []
        for index in range(manifest.chunks):
            offset = self._chunks.get(f"{name}/{index}")
            found = [] if offset is None else await self._bus.read(TOPIC, 0, offset, offset + 1, max_records=1)
            if not found:
                raise RecordError(TOPIC, f"blob {name[:12]} lacks its chunk {index} of {manifest.chunks}")
            chunk = decode(TOPIC, found[0].value)
            if not isinstance(chunk, PoolChunk):
                raise RecordError(TOPIC, f"offset {offset} does not hold a chunk")
            parts.append(b64decode(chunk.data))
        content = b"".join(parts)
        if len(content) != manifest.size:
            raise RecordError(TOPIC, f"blob {name[:12]} has {len(content)} bytes instead of {manifest.size}")
        return content
