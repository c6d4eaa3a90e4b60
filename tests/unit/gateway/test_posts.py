"""Chat replies at sources: what goes out, what is withdrawn when, and what is forgotten."""

from __future__ import annotations

from engine.events.inputs import FactSet, Kill
from engine.events.outputs import ChatReply, ChatWithdraw, FactUse
from engine.gateway.fences import Fences
from engine.gateway.posts import FORGET_MS, Posts
from engine.metrics import Metrics
from tests.unit.gateway.made import HASH, NOW, FakeLink, insertion, peer

USE = FactUse(product="longjing", name="price", version="catalogue:1", text="129元", price=True)


def reply(**fields: object) -> ChatReply:
    base: dict[str, object] = {
        "id": HASH, "room": "r1", "shop": "tea", "at": NOW, "lease": 1, "seq": 1, "shop_offset": 5, "source": "douyin",
        "reply": "price", "intent": "product.price", "product": "longjing", "language": "zh", "text": "129元。",
        "not_after": NOW + 10_000, "pool": HASH, "facts": (USE,),
    }  # fmt: skip
    return ChatReply.model_validate({**base, **fields})


class Desk:
    """Posts with a clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW
        self.fences = Fences()
        self.posts = Posts(self.fences, Metrics(), lambda: self.now)

    def kill(self, offset: int, *, on: bool = True) -> None:
        self.fences.apply(offset, Kill(id="k", at=NOW, scope="room", target="r1", on=on))

    def price(self, offset: int, **fields: object) -> None:
        event = {"id": "f", "at": NOW, "shop": "tea", "product": "longjing", "name": "price", "value": 119, **fields}
        self.fences.apply(offset, FactSet.model_validate(event))


def withdrawn(link: FakeLink) -> list[str]:
    return [str(push["record"]["reason"]) for push in link.sent if push["record"]["type"] == "chat_withdraw"]  # type: ignore[index]  # pushes alone are sent


def test_sources_get_chat_replies_and_their_withdrawals_alone() -> None:
    """What is for players is none of their business."""
    desk, (source, _) = Desk(), peer("source", "r1")
    assert desk.posts.gate(source, reply())
    withdraw = ChatWithdraw(
        id=HASH, room="r1", shop="tea", at=NOW, lease=1, seq=2, shop_offset=5, source="douyin", reply=HASH, reason="x"
    )
    assert desk.posts.gate(source, withdraw)
    assert not desk.posts.gate(source, insertion())


def test_a_kill_withdraws_what_nobody_reported_yet() -> None:
    """At every source that has it, once; what was reported is not touched."""
    desk = Desk()
    (one, first), (two, second) = peer("source", "r1"), peer("source", "*", name="s2")
    for source in (one, two):
        desk.posts.gate(source, reply())
        desk.posts.gate(source, reply(id="cd" * 16))
    desk.posts.report("r1", "cd" * 16)
    desk.kill(9)
    desk.posts.enforce()
    desk.posts.enforce()
    assert withdrawn(first) == withdrawn(second) == ["killed"]
    assert len(desk.posts) == 0


def test_a_fact_that_changed_withdraws_what_spoke_its_old_version() -> None:
    """Not where it begins to hold only after the last moment at which that may be posted."""
    for start, expected in ((None, ["fact_changed"]), (NOW + 9_000, ["fact_changed"]), (NOW + 11_000, [])):
        desk, (source, link) = Desk(), peer("source", "r1")
        desk.posts.gate(source, reply())
        desk.price(9, start=start)
        desk.posts.enforce()
        assert withdrawn(link) == expected


def test_what_is_forbidden_or_late_is_not_sent() -> None:
    """The source is told to leave it, so that its report tells the room; also after the kill was lifted, which it did not know."""
    desk, (source, link) = Desk(), peer("source", "r1")
    desk.kill(8)
    assert not desk.posts.gate(source, reply())
    desk.kill(9, on=False)
    assert not desk.posts.gate(source, reply())
    assert desk.posts.gate(source, reply(shop_offset=9))
    desk.now += 10_001
    assert not desk.posts.gate(source, reply(id="cd" * 16, shop_offset=9))
    assert withdrawn(link) == ["killed", "killed", "late"]


def test_what_must_be_over_is_forgotten() -> None:
    """And a source that left is told nothing."""
    desk, (source, link) = Desk(), peer("source", "r1")
    desk.posts.gate(source, reply())
    desk.posts.leave(source)
    desk.now += 10_000 + FORGET_MS + 1
    desk.posts.trim()
    assert len(desk.posts) == 0
    assert link.sent == []
