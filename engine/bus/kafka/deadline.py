"""Calls of aiokafka with a deadline around them: many of them never return while brokers are away."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, Final, TypeVar

from aiokafka.errors import KafkaError

from engine.errors import BusUnavailable

T = TypeVar("T")

Task = asyncio.Future[Any]
"""Whatever the task's result is, nobody here looks at it."""

CLOSE_S: Final = 0.5
"""Longest wait for a client that was cut off to close its connections."""

REMEDY: Final = ": look after the brokers"
"""How every sentence ends that tells of brokers which do not serve."""

BROKEN: Final = (KafkaError, OSError, AssertionError)
"""What a call of aiokafka may raise when brokers do not serve. It asserts that a broker is known, and one that has just come back may
know of none, itself included."""


def consume(task: Task) -> None:
    """Callback: the outcome of something that nobody waits for any more is looked at, so that asyncio does not report it."""
    if not task.cancelled():
        task.exception()


def abandon(tasks: Iterable[Task]) -> None:
    """Nobody waits for these any more. They are asked to end, which some never do."""
    for task in tasks:
        task.add_done_callback(consume)
        task.cancel()


def cut_off(client: Any) -> None:
    """A client of aiokafka answers every request with a cancellation from here on, which ends all that waits for it.

    It has no way to be killed.
    """
    client.send = client.ready = client.coordinator_lookup = _cancelled


async def _cancelled(*_: object, **__: object) -> Any:
    raise asyncio.CancelledError


async def close_client(client: Any) -> None:
    """Closes a client of aiokafka, or gives it up within `CLOSE_S`."""
    closing = asyncio.ensure_future(client.close())
    await asyncio.wait({closing}, timeout=CLOSE_S)
    abandon((closing,))


async def within(seconds: float, call: Coroutine[Any, Any, T], what: str) -> T:
    """The call's result, or what it raised. Raises `BusUnavailable` at the deadline, and for the call's own cancellation.

    `asyncio.wait_for` would wait for the cancelled call to end, and some calls swallow their cancellation.
    """
    task = asyncio.ensure_future(call)
    try:
        done, _ = await asyncio.wait({task}, timeout=max(0.0, seconds))
    except asyncio.CancelledError:
        abandon((task,))
        raise
    if not done:
        abandon((task,))
        raise BusUnavailable(f"{what} did not end within {seconds:.1f} s{REMEDY}")
    if task.cancelled():
        raise BusUnavailable(f"{what} was cut off{REMEDY}")
    return task.result()


def unavailable(what: str, error: BaseException) -> BusUnavailable:
    """What a caller is told of an error of aiokafka, of the network, or of a call that this one needed."""
    return BusUnavailable(f"{what} failed ({reason_of(error)}){REMEDY}")


def reason_of(error: BaseException) -> str:
    """Why something failed, in a few words."""
    said = str(error) or type(error).__name__
    if "Unable to bootstrap" in said:  # aiokafka's sentence lists sockets, not reasons
        return "none of the brokers answers"
    return said.removesuffix(REMEDY)
