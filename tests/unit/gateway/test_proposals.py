"""The board of open proposals: what an operator who comes later is told."""

from __future__ import annotations

from engine.events.outputs import Proposal, ProposalVoid, VoidReason
from engine.gateway.proposals import FORGET_MS, MOST, Board
from tests.unit.gateway.made import HASH, NOW, insertion


def proposal(number: int, room: str = "r1", **more: object) -> Proposal:
    fields: dict[str, object] = {
        "id": f"{number:032x}", "room": room, "shop": "tea", "at": NOW, "lease": 1, "seq": 1, "shop_offset": 1,
        "reply": "fee", "intent": "shipping.fee", "language": "zh", "text": "包邮", "viewers": 1,
        "decide_by": NOW + 10_000 - number, "pool": HASH, **more,
    }  # fmt: skip
    return Proposal.model_validate(fields)


def void(number: int, reason: VoidReason = "changed", room: str = "r1") -> ProposalVoid:
    return ProposalVoid(
        id=HASH, room=room, shop="tea", at=NOW, lease=1, seq=2, shop_offset=1, proposal=f"{number:032x}", reason=reason
    )


def test_what_is_open_is_told_the_most_pressing_first() -> None:
    """As told last; what ended, by a void or by its insertion, is not."""
    board = Board()
    for number in range(4):
        board.learn(proposal(number))
    board.learn(void(1))
    board.learn(insertion(proposal=f"{2:032x}"))
    board.learn(insertion())
    board.learn(proposal(0, viewers=7, revision=1))
    found, more = board.of(("*",), NOW)
    assert [(each.id[-1], each.viewers) for each in found] == [("3", 1), ("0", 7)]
    assert more == 0


def test_each_sees_the_rooms_that_it_covers() -> None:
    """By name or pattern."""
    board = Board()
    for number, room in enumerate(("tea-1", "tea-2", "cafe")):
        board.learn(proposal(number, room))
    assert {each.room for each in board.of(("tea-*",), NOW)[0]} == {"tea-1", "tea-2"}
    assert {each.room for each in board.of(("cafe", "tea-2"), NOW)[0]} == {"cafe", "tea-2"}


def test_an_answer_is_bounded_and_says_what_it_leaves_out() -> None:
    """The most pressing ones are in it."""
    board = Board()
    for number in range(MOST + 5):
        board.learn(proposal(number))
    found, more = board.of(("*",), NOW)
    assert (len(found), more) == (MOST, 5)
    assert found[0].id == f"{MOST + 4:032x}"


def test_proposals_of_a_room_that_fell_silent_are_forgotten() -> None:
    """A room tells one that still stands each minute; an end that comes late means nothing."""
    board = Board()
    board.learn(proposal(1))
    late = NOW + 10_000 + FORGET_MS
    assert len(board.of(("*",), late - 10)[0]) == 1
    assert board.of(("*",), late)[0] == []
    board.trim(late)
    assert board._rooms == {}
    board.learn(void(1))
    board.learn(void(9, "not_open", "elsewhere"))
    assert board._rooms == {}
