"""Files → a tested pool. Runs in processes of its own: reading takes tenths of a second of Python, training many seconds.

Two processes: one reads and tests (an edit is live within 2 s even while a model is being trained), one trains, at low priority,
and exists only while it has to.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol, TypeVar

from engine import logs
from engine.errors import LivechatError, PoolError, Problem
from engine.pool.compile import named
from engine.pool.encoding import decode_pool, encode_pool
from engine.pool.load import load
from engine.pool.model import Pool, TrainingLine
from engine.publisher.lines import missed, unreadable
from engine.publisher.models import Trainer

T = TypeVar("T")
log = logs.get(__name__)

TRAINING_NICENESS = 10  # rooms on air have the processor first; where no shop is live, none are


class BuildFailed(LivechatError):
    """A build ended in a way that no file explains; its cause is chained."""


@dataclass(frozen=True, slots=True)
class Request:
    base: Path
    shop: Path
    live: bytes | None = None
    """The pool that is live in the shop; its test lines must not get worse, and its model serves until another is trained."""


@dataclass(frozen=True, slots=True)
class Built:
    """A pool of valid files."""

    shop: str
    hash: str
    pool: bytes
    model: str
    """The model it was built and tested with."""
    wanted: str
    """The model that belongs to its lines; another one where that still has to be trained."""
    ready: bool = True
    """False: there is no model to serve it with yet; it was not tested."""
    tests: int = 0
    failed: tuple[str, ...] = ()
    """Test lines that are not understood, as sentences."""
    regressions: tuple[Problem, ...] = ()
    """Test lines of the shop that were understood by the live pool and are no longer."""
    worse: tuple[str, ...] = ()
    """Those of the base pack, as sentences."""


@dataclass(frozen=True, slots=True)
class Trained:
    model: str
    seconds: float


class Builder(Protocol):
    """What the service needs of builds."""

    async def build(self, request: Request) -> Built:
        """Raises `PoolError` and `BuildFailed`."""
        ...

    async def train(self, pool: bytes, *, urgent: bool) -> Trained:
        """Train the model that belongs to the pool's lines; not `urgent`: when others leave the processor free.

        Raises `PoolError` and `BuildFailed`.
        """
        ...

    async def close(self) -> None: ...


# ---- what runs in the processes ----------------------------------------------------------------------------------------


def build(trainer: Trainer, request: Request) -> Built:
    """Read, check, compile and test a shop's files. Raises `PoolError`."""
    loaded = load(request.base, request.shop)
    if mistakes := unreadable(loaded):
        raise PoolError(mistakes)
    wanted = trainer.name(loaded.pool.training)
    live = _decoded(request.live) if request.live is not None else None
    if trainer.has(wanted):
        model = wanted
    elif live is not None and trainer.has(live.model):
        model = live.model
    else:
        pool = named(loaded.pool, wanted)
        return Built(pool.shop, pool.hash, encode_pool(pool), wanted, wanted, ready=False)
    pool = named(loaded.pool, model)
    wrong = missed(trainer, pool)
    passed = _passed(trainer, live) if live is not None and trainer.has(live.model) else frozenset()
    own = loaded.test_places(own=True)
    regressions = [
        spot.problem(
            f"the test line `{line.text}` of `{line.intent}` was understood before, and now is {wrong[line]}",
            "undo the edit that took it away, add lines like it to `examples`, or delete the test line",
        )
        for line, spot in own.items()
        if line in wrong and line in passed
    ]
    told = {line: f"`{line.text}` of `{line.intent}` is {now}" for line, now in wrong.items()}
    return Built(
        shop=pool.shop,
        hash=pool.hash,
        pool=encode_pool(pool),
        model=model,
        wanted=wanted,
        tests=len(pool.training.tests),
        failed=tuple(told.values()),
        regressions=tuple(sorted(regressions)),
        worse=tuple(sentence for line, sentence in told.items() if line in passed and line not in own),
    )


def train(trainer: Trainer, pool: bytes) -> Trained:
    """Train the model of a pool's lines. Raises `PoolError` where its lines make no model."""
    training = decode_pool(pool).training
    start = time.monotonic()
    try:
        model = trainer.train(training)
    except ValueError as error:
        problem = Problem(
            "intents", 0, 0, f"no model can be trained: {error}", "add intents with examples, and background"
        )
        raise PoolError([problem]) from None
    return Trained(model, time.monotonic() - start)


@lru_cache(maxsize=4)  # the shops that are being edited
def _decoded(data: bytes) -> Pool:
    return decode_pool(data)


_passed_of: dict[str, frozenset[TrainingLine]] = {}
"""Test lines that a live pool understands, by its hash; a pool never changes."""


def _passed(trainer: Trainer, live: Pool) -> frozenset[TrainingLine]:
    if live.hash not in _passed_of:
        if len(_passed_of) >= 64:  # pools that were live once; to know again costs one run of the tests
            _passed_of.clear()
        _passed_of[live.hash] = frozenset(live.training.tests) - frozenset(missed(trainer, live))
    return _passed_of[live.hash]


def _settle(niceness: int) -> None:
    """First act of a process: leave signals to the parent, end when it ends, be nice."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(niceness)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.join,), daemon=True).start()


def _end_with(join: Callable[[], None]) -> None:
    join()
    os._exit(1)


# ---- the processes -----------------------------------------------------------------------------------------------------


class ProcessBuilder:
    """Builds and trains in processes that are started when they are first needed."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._reader: ProcessPoolExecutor | None = None
        self._closed = False

    async def build(self, request: Request) -> Built:
        if self._reader is None:
            self._reader = _process(0)
        try:
            return await _call(self._reader, build, self._trainer, request)
        except BrokenProcessPool as error:
            _end(self._reader)
            self._reader = None
            raise BuildFailed("the process that reads the pool files died; it is started again") from error

    async def train(self, pool: bytes, *, urgent: bool) -> Trained:
        process = _process(0 if urgent else TRAINING_NICENESS)  # its own, so that its memory goes back afterwards
        try:
            return await _call(process, train, self._trainer, pool)
        except BrokenProcessPool as error:
            raise BuildFailed("the process that trains a model died; is there enough memory?") from error
        finally:
            _end(process)

    async def close(self) -> None:
        if self._reader is not None:
            _end(self._reader)
            self._reader = None


async def _call(process: ProcessPoolExecutor, act: Callable[..., T], *arguments: object) -> T:
    try:
        return await asyncio.get_running_loop().run_in_executor(process, act, *arguments)
    except (LivechatError, BrokenProcessPool):
        raise
    except Exception as error:  # whatever an editor's file brings about there must not end what is on air here
        raise BuildFailed(f"{type(error).__name__}: {error}") from error


def _process(niceness: int) -> ProcessPoolExecutor:
    spawn = multiprocessing.get_context("spawn")  # a fork would copy the loop's locks and sockets
    return ProcessPoolExecutor(max_workers=1, mp_context=spawn, initializer=_settle, initargs=(niceness,))


def _end(process: ProcessPoolExecutor) -> None:
    """End the process now: a training of many seconds must not hold up a stop."""
    children = list((process._processes or {}).values())  # noqa: SLF001 - public only from Python 3.14 on (`kill_workers`)
    process.shutdown(wait=False, cancel_futures=True)
    for child in children:
        child.terminate()
