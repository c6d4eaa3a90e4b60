"""Ending in an orderly way: Ctrl-C, SIGTERM and a closed terminal cancel what a command does; it closes what it opened, and goes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

import typer

from engine.errors import Exit


def run_until_signalled(work: Coroutine[Any, Any, None], *, terminated: Exit = Exit.OK) -> Exit:
    """Run `work` to its end, or until a signal: `INTERRUPTED` after Ctrl-C, `terminated` after another. Raises what `work` raises.

    `terminated`: `OK` of what runs until it is told to end; of what has an end of its own, something else.
    """
    number = asyncio.run(_run(work))
    if number is None:
        return Exit.OK
    return Exit.INTERRUPTED if number == signal.SIGINT else terminated


def complete(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` to its end; a signal before that ends the command."""
    if asyncio.run(_run(work)) is not None:
        raise typer.Exit(Exit.INTERRUPTED)


async def _run(work: Coroutine[Any, Any, None]) -> int | None:
    task = asyncio.ensure_future(work)
    received: list[int] = []

    def on_signal(number: int) -> None:
        received.append(number)
        task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, on_signal, number)
    try:
        await task
    except asyncio.CancelledError:
        if not received:
            raise
    return received[0] if received else None
