"""`livechat send`: the tally."""

from __future__ import annotations

import io

from rich.console import Console

from engine.cli.send import Tally


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
    }
