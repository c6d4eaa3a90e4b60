"""`livechat room`."""

from __future__ import annotations

import pytest

from engine.cli.room import _scope
from engine.errors import Exit, UsageError
from tests.unit.cli.conftest import Invoke


def test_exactly_one_thing_is_killed() -> None:
    """A room, a shop, or everything; never by accident more."""
    assert _scope("a", None, everything=False) == ("room", "a")
    assert _scope(None, "tea", everything=False) == ("shop", "tea")
    assert _scope(None, None, everything=True) == ("*", "*")
    for room, shop, everything in ((None, None, False), ("a", "tea", False), ("a", None, True)):
        with pytest.raises(UsageError, match="name exactly one"):
            _scope(room, shop, everything=everything)


def test_unknown_mode_is_usage(invoke: Invoke) -> None:
    """The modes are told."""
    result = invoke("room", "mode", "main", "fast")
    assert result.exit_code == Exit.USAGE
    assert "'auto'" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [("room", "mode", "a b", "auto"), ("room", "kill", "a/b"), ("player", "--room", "x" * 129), ("room", "mode", "tea-*", "auto")],
)  # fmt: skip
def test_what_no_room_is_called_is_usage(invoke: Invoke, arguments: tuple[str, ...]) -> None:
    """Said before anything is connected to; a pattern would name a room of its own, and change none that was meant."""
    result = invoke(*arguments)
    assert result.exit_code == Exit.USAGE
    assert "name" in result.stderr
