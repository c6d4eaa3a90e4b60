"""What a refusal is to whoever ran a command."""

from __future__ import annotations

from typing import get_args

import pytest

from engine.client.refusals import RequestRefused, SessionRefused
from engine.errors import Exit
from engine.events import wire
from engine.events.closes import CLOSES, CloseCode


@pytest.mark.parametrize("code", [close.code for close in CLOSES.values() if not close.reconnect])
def test_a_session_that_was_asked_for_wrongly_is_a_wrong_option(code: CloseCode) -> None:
    """An unknown token, a role or room that it does not cover, a shop that is not live; whoever is replaced made no mistake."""
    wrong = {CloseCode.BAD_TOKEN, CloseCode.WRONG_ROLE, CloseCode.BAD_IDENTIFY}
    assert SessionRefused(code, "why").exit_code == (Exit.USAGE if code in wrong else Exit.FAILED)


@pytest.mark.parametrize("code", get_args(wire.ErrorCode))
def test_a_request_that_may_succeed_later_says_so_by_its_exit_code(code: wire.ErrorCode) -> None:
    """What was typed wrong, or is not covered by the token, is a wrong option; the rest is an answer."""
    later = RequestRefused(wire.Refused(code=code, message="why", temporary=True))
    assert (later.exit_code, str(later)) == (Exit.UNAVAILABLE, f"why ({code}); try again")
    never = RequestRefused(wire.Refused(code=code, message="why"))
    assert never.exit_code == (Exit.USAGE if code in ("bad_message", "forbidden", "unknown") else Exit.FAILED)
    assert str(never) == f"why ({code})"
