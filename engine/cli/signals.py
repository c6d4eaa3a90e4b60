"""Ending a client in an orderly way: Ctrl-C and SIGTERM cancel what it does, and its connection is closed before it goes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

import typer

from engine.errors import Exit


def run_until_signalled(work: Coroutine[Any, Any, None]) -> bool:
    """Run `work` to its end: True. False after SIGTERM; after Ctrl-C the command ends with its own exit code.

    Raises what `work` raises.
    """
    received = asyncio.run(_run(work))
    if received == signal.SIGINT:
        raise typer.Exit(Exit.INTERRUPTED)
    return received is None


async def _run(work: Coroutine[Any, Any, None]) -> int | None:
    task = asyncio.ensure_future(work)
    received: list[int] = []

    def on_signal(number: int) -> None:
        received.append(number)
        task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    try:
        await task
    except asyncio.CancelledError:
        if not received:
            raise
    return received[0] if received else None
