"""Calls that never return, swallow their cancellation, or cancel themselves."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError

from engine.bus.kafka.deadline import reason_of, unavailable, within
from engine.errors import BusUnavailable


async def stubborn(released: asyncio.Event) -> None:
    while not released.is_set():
        try:
            await released.wait()
        except asyncio.CancelledError:
            continue


async def test_a_call_that_swallows_its_cancellation_holds_nobody_up() -> None:
    """The deadline comes all the same."""
    released = asyncio.Event()
    with pytest.raises(BusUnavailable, match=r"joining did not end within 0.0 s: look after the brokers"):
        await within(0, stubborn(released), "joining")
    released.set()


async def test_results_and_errors_pass() -> None:
    """What the call returns or raises is the caller's."""

    async def fail() -> None:
        raise KafkaError("odd")

    assert await within(5, asyncio.sleep(0, 7), "sleeping") == 7
    with pytest.raises(KafkaError):
        await within(5, fail(), "failing")


async def test_a_call_that_cancels_itself_does_not_cancel_its_caller() -> None:
    """aiokafka's `stop` may raise CancelledError."""

    async def cancelled() -> None:
        raise asyncio.CancelledError

    with pytest.raises(BusUnavailable, match="was cut off"):
        await within(5, cancelled(), "stopping")


async def test_a_failure_after_the_deadline_makes_no_noise() -> None:
    """Nobody asks for it any more, and asyncio does not report it."""
    noise: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: noise.append(context))

    async def late() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise KafkaError("late") from None

    with pytest.raises(BusUnavailable):
        await within(0, late(), "waiting")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert noise == []


def test_sentences_name_the_cause_once() -> None:
    """A failure that was caused by another ends with one remedy, and tells no sockets."""
    inner = unavailable("connecting", OSError("refused"))
    assert str(unavailable("reading", inner)) == "reading failed (connecting failed (refused)): look after the brokers"
    assert (
        reason_of(KafkaConnectionError("Unable to bootstrap from [('127.0.0.1', 1, <x>)]"))
        == "none of the brokers answers"
    )
    assert reason_of(TimeoutError()) == "TimeoutError"
