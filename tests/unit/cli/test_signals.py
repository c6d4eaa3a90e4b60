"""Ending by signals."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest
import typer

from engine.cli.signals import complete, run_until_signalled
from engine.errors import Exit, UsageError


async def signalled(number: signal.Signals, log: list[str]) -> None:
    try:
        os.kill(os.getpid(), number)
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)
        log.append("closed")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, Exit.INTERRUPTED), (signal.SIGTERM, Exit.OK), (signal.SIGHUP, Exit.OK)]
)
def test_signal_lets_work_close_what_it_opened(number: signal.Signals, code: Exit) -> None:
    """Ctrl-C has its own exit code; an orderly end is none."""
    log: list[str] = []
    assert run_until_signalled(signalled(number, log)) is code
    assert log == ["closed"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, Exit.INTERRUPTED), (signal.SIGTERM, Exit.TERMINATED)])
def test_what_has_an_end_of_its_own_does_not_say_that_it_came(number: signal.Signals, code: Exit) -> None:
    """Ended by SIGTERM it is not done."""
    assert run_until_signalled(signalled(number, []), terminated=Exit.TERMINATED) is code


def test_command_that_was_interrupted_does_not_say_that_it_is_done() -> None:
    """Neither Ctrl-C nor SIGTERM counts as done."""
    with pytest.raises(typer.Exit) as ended:
        complete(signalled(signal.SIGTERM, []))
    assert ended.value.exit_code == Exit.INTERRUPTED


def test_errors_pass() -> None:
    """What work raises is raised."""

    async def failing() -> None:
        raise UsageError("no")

    with pytest.raises(UsageError):
        run_until_signalled(failing())
