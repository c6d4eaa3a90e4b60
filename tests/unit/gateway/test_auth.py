"""Tokens, their roles, rooms and shops."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from engine.events.wire import OpenRoom, SetFact, SetKill
from engine.gateway.auth import EVERY_ROLE, Access, Authenticator, matches
from engine.settings import GatewaySettings, Token

TOKENS = (
    Token(name="shop", token=SecretStr("s3cret"), roles=("source", "operator"), rooms=("tea-*",), shop="tea"),
    Token(name="boss", token=SecretStr("b0ss-龙井"), roles=EVERY_ROLE),
)


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [("*", "r", True), ("ab*", "abc", True), ("ab*", "ab", True), ("ab*", "a", False), ("r", "r", True), ("r", "rr", False),
     ("ab*", "abc*", True), ("abc*", "ab*", False), ("r", "r*", False), ("直播*", "直播1", True)],
)  # fmt: skip
def test_patterns_cover_names_and_narrower_patterns(pattern: str, name: str, fits: bool) -> None:
    """`*` covers all, `abc*` a prefix, a name itself; a pattern covers only narrower ones."""
    assert matches(pattern, name) is fits


def test_a_known_token_gets_its_access_and_an_unknown_one_none() -> None:
    """Tokens in any script are compared whole; without `open` an unknown one gets nothing."""
    auth = Authenticator(GatewaySettings(tokens=TOKENS))
    assert auth.access("b0ss-龙井") == Access("boss", EVERY_ROLE, ("*",), None)
    found = auth.access("s3cret")
    assert found is not None
    assert found.shop == "tea"
    for wrong in ("", "s3cre", "s3cret ", "b0ss", "\ud800"):
        assert auth.access(wrong) is None


def test_without_tokens_nobody_gets_in_unless_open() -> None:
    """No token means no access; `open` means every role to everyone, known tokens keep their limits."""
    assert Authenticator(GatewaySettings()).access("") is None
    auth = Authenticator(GatewaySettings(open=True, tokens=TOKENS))
    assert auth.access("") == Access("open", EVERY_ROLE, ("*",), None)
    limited = auth.access("s3cret")
    assert limited is not None
    assert limited.rooms == ("tea-*",)


def test_a_token_of_a_shop_changes_that_shop_only() -> None:
    """Facts, kills and rooms of another shop are refused with the reason; a kill of everything needs every room and shop."""
    shop, boss = Access("s", ("operator",), ("tea-*",), "tea"), Access("b", ("operator",), ("*",), None)
    assert shop.refusal(SetFact(id="1", shop="tea", name="price", value=1)) is None
    assert shop.refusal(SetFact(id="1", shop="toys", name="price", value=1)) == "this token does not cover shop `toys`"
    assert shop.refusal(SetKill(id="1", scope="room", target="tea-1", on=True)) is None
    assert shop.refusal(SetKill(id="1", scope="room", target="toys-1", on=True)) is not None
    assert shop.refusal(SetKill(id="1", scope="shop", target="tea", on=True)) is None
    assert shop.refusal(SetKill(id="1", scope="*", on=True)) is not None
    assert shop.refusal(OpenRoom(id="1", room="tea-1", shop="toys")) is not None
    assert shop.refusal(OpenRoom(id="1", room="tea-1")) is None
    assert boss.refusal(SetKill(id="1", scope="*", on=True)) is None
    assert boss.refusal(SetFact(id="1", shop="toys", name="price", value=1)) is None
