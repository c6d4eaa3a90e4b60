"""`livechat send`: the tally."""

from __future__ import annotations

import asyncio
import io

import pytest
from rich.console import Console

from engine.cli.send import Hold, Tally
from engine.errors import Unavailable


def test_tally_tells_verdicts_with_their_meanings() -> None:
    """Final reasons, blockers and refusals apart."""
    tally = Tally()
    for verdict, final in (("chatter", True), ("chatter", True), ("script_ahead", False), ("duplicate", True)):
        tally.note(verdict, final)
    tally.refused["room: this token does not cover it"] = 1
    tally.received, tally.without = 5, 1
    console = Console(file=io.StringIO(), width=120)
    console.print(tally.table(), tally.sentence())
    assert isinstance(console.file, io.StringIO)
    told = console.file.getvalue()
    assert "2  chatter" in told
    assert "Nothing is asked." in told
    assert "waits: script_ahead" in told
    assert "this token does not cover it" in told
    assert "5 received, 3 final at once, 1 waiting, 1 without a verdict (is a worker running?)" in told
    assert tally.document() == {
        "received": 5,
        "final": {"chatter": 2, "duplicate": 1},
        "waiting": {"script_ahead": 1},
        "refused": {"room: this token does not cover it": 1},
        "without_verdict": 1,
        "posted": 0,
        "warnings": [],
    }


async def test_what_holds_it_up_is_said_once_and_borne_as_long_as_asked() -> None:
    """Without a limit for ever; with one until it is over, and no longer once something is acknowledged again."""
    out = io.StringIO()
    console = Console(file=out, width=200)
    async with Hold(console, None) as _:
        pass
    hold = Hold(console, 0.0)

    async def sending() -> None:
        async with hold:
            hold.on_held("the engine is away")
            hold.on_held(None)
            await asyncio.sleep(0)  # the limit would have ended it here
            hold.on_held("the engine is away")
            await asyncio.Event().wait()

    with pytest.raises(Unavailable, match="nothing was acknowledged for 0 s: the engine is away"):
        await sending()
    away = "the engine is away; waiting until it does, nothing is lost"
    assert out.getvalue().splitlines() == [away, "acknowledged again, going on", away]
