"""`livechat room`."""

from __future__ import annotations

import pytest

from engine.cli.proposals import meant, sentence
from engine.cli.room import Mode, _room_and_mode, _scope, holds
from engine.errors import Exit, LivechatError, UsageError
from engine.events.outputs import ProposalVoid
from tests.unit.cli.conftest import Invoke
from tests.unit.gateway.made import HASH, NOW, insertion
from tests.unit.gateway.test_proposals import proposal


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
    [
        ("room", "mode", "a b", "auto"), ("room", "mode", "tea-*", "auto"), ("room", "kill", "a/b"), ("room", "take", "a b"),
        ("room", "hand-back", "a*"), ("room", "proposals", "a/b"), ("player", "--room", "x" * 129),
    ],
)  # fmt: skip
def test_what_no_room_is_called_is_usage(invoke: Invoke, arguments: tuple[str, ...]) -> None:
    """Said before anything is connected to; a pattern would name a room of its own, and change none that was meant."""
    result = invoke(*arguments)
    assert result.exit_code == Exit.USAGE
    assert "name" in result.stderr


def test_the_mode_is_of_a_room_or_of_a_shop() -> None:
    """Never of both, nor of neither."""
    assert _room_and_mode("main", "auto", None) == ("main", Mode.auto)
    assert _room_and_mode("approve", None, "tea") == (None, Mode.approve)
    for first, second, shop in (("main", "auto", "tea"), ("auto", None, None)):
        with pytest.raises(UsageError, match="name exactly one"):
            _room_and_mode(first, second, shop)
    with pytest.raises(UsageError, match="`main` is no mode: choose one of 'auto'"):
        _room_and_mode("main", None, "tea")


def test_an_id_may_be_shortened_as_far_as_it_means_one() -> None:
    """Too short, unknown and ambiguous ones are told apart."""
    found = [proposal(0xABCD), proposal(0xABCE)]
    found = [each.model_copy(update={"id": each.id[-8:] * 4}) for each in found]
    assert meant("0000abcd", found) is found[0]
    assert meant(found[1].id.upper(), found) is found[1]
    for given, kind, told in (
        ("0000", UsageError, "the beginning of 2 ids"),
        ("000", UsageError, "too short"),
        ("ffff", LivechatError, "`livechat room proposals` lists them"),
    ):
        with pytest.raises(kind, match=told):
            meant(given, found)


def test_each_news_of_a_proposal_is_one_sentence() -> None:
    """Open, approved, said, void; what a viewer asked stands beside it."""
    open_ = proposal(1, viewers=3, asked="包邮吗", decide_by=NOW + 12_500)
    assert sentence(open_, NOW) == "? 00000000  r1  3 viewers  12 s left  “包邮”  (fee; asked: 包邮吗)"
    approved = open_.model_copy(update={"state": "approved", "by": "anna", "viewers": 1})
    assert sentence(approved, NOW) == "✓ 00000000  r1  approved by anna  1 viewer  “包邮”  (fee; asked: 包邮吗)"
    assert sentence(insertion(proposal=HASH), NOW) == "▶ abababab  r1  goes on air: “129元。”"
    void = ProposalVoid(
        id=HASH, room="r1", shop="tea", at=NOW, lease=1, seq=1, shop_offset=1, proposal=HASH, reason="killed"
    )
    assert sentence(void, NOW) == "✗ abababab  r1  killed: A kill switch is on."


def test_a_mode_that_is_none_is_told_before_anything_is_connected_to(invoke: Invoke) -> None:
    """Of shops, too."""
    result = invoke("room", "mode", "fast", "--shop", "tea")
    assert result.exit_code == Exit.USAGE
    assert "`fast` is no mode" in result.stderr


def test_a_switch_that_still_holds_is_named_with_what_lifts_it() -> None:
    """By the key that the gateway tells."""
    assert [holds(key) for key in ("kill/*", "kill/shop/tea", "kill/room/r/1")] == [
        "everything is killed (`room kill --all --off`)",
        "shop tea is killed (`room kill --shop tea --off`)",
        "room r/1 is killed (`room kill r/1 --off`)",
    ]
