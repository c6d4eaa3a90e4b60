"""Requests become records."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from engine.events import wire
from engine.events.codec import decode, encode
from engine.events.inputs import FactSet, LocalText, Playback, RoomOpened
from engine.gateway import requests
from engine.gateway.auth import Access
from tests.unit.gateway.made import HASH, NOW

TEA = Access("t", ("source",), ("r*",), "tea")
ALL = Access("a", ("source",), ("*",), None)


@pytest.mark.parametrize("request_", [
    wire.OpenRoom(id="1", room="r", shop="tea", language="en"), wire.CloseRoom(id="1", room="r"),
    wire.SetMode(id="1", room="r", mode="auto"), wire.TakeRoom(id="1", room="r", who="person", at_boundary=False),
    wire.Approve(id="1", room="r", proposal=HASH, verdict="approve"),
    wire.SetHandoff(id="1", room="r", handoff=HASH, state="dismissed"),
    wire.ReportChat(id="1", room="r", reply=HASH, status="failed", error="blocked"),
], ids=lambda request: request.type)  # fmt: skip
def test_a_room_request_becomes_its_event(request_: wire.RoomRequest) -> None:
    """All its fields, its id, who asked and when."""
    record = requests.room_record(request_, by="anna", now=NOW, shop=None)
    fields = record.model_dump()
    kind = {"room_open": "room_opened", "room_close": "room_closed"}.get(request_.type, request_.type)
    assert {**request_.model_dump(exclude={"known"}), "type": kind, "at": NOW, "by": "anna", "v": 1} == fields
    assert decode("room-events", encode(record)) == record


def test_a_room_is_opened_with_the_named_shop_else_the_default() -> None:
    """Where there is neither, the request is refused with a remedy."""
    opened = requests.room_record(wire.OpenRoom(id="1", room="r"), by="", now=NOW, shop="tea")
    assert isinstance(opened, RoomOpened)
    assert opened.shop == "tea"
    with pytest.raises(ValueError, match="name the shop"):
        requests.room_record(wire.OpenRoom(id="1", room="r"), by="", now=NOW, shop=None)


@pytest.mark.parametrize("request_", [
    wire.SetShopMode(id="1", shop="tea", mode="approve", known=True),
    wire.SetKill(id="1", scope="shop", target="tea", on=True, hold_script=True, reason="why"),
    wire.SetFact(id="1", shop="tea", product="longjing", name="price", value=99, until=NOW),
    wire.SetFact(id="1", shop="tea", name="deal", value=LocalText(zh="买二送一")), wire.SetFact(id="1", shop="tea", name="deal"),
    wire.MarkGap(id="1", shop="tea", gap=HASH, mark="later"),
], ids=str)  # fmt: skip
def test_a_shop_request_becomes_its_event(request_: wire.ShopRequest) -> None:
    """Also one that withdraws a fact, which is read back as such."""
    record = requests.shop_record(request_, by="anna", now=NOW)
    assert {**request_.model_dump(exclude={"known"}), "at": NOW, "by": "anna", "v": 1} == record.model_dump()
    read = decode("shop-events", encode(record))
    assert read == record
    if isinstance(read, FactSet) and request_.type == "fact_set":
        assert read.value == request_.value


def test_a_playback_report_is_of_the_last_ten_minutes() -> None:
    """A player's clock cannot move it into the future or far past; a report that lacks its insertion is refused."""
    for at, expected in ((NOW - 5, NOW - 5), (NOW + 5, NOW), (0, NOW - 600_000)):
        report = wire.ReportPlayback(id="1", at=at, kind="idle")
        record = requests.player_record(report, room="r", session="s", by="", now=NOW)
        assert isinstance(record, Playback)
        assert record.at == expected
    with pytest.raises(ValidationError, match="needs the id of its insertion"):
        requests.player_record(
            wire.ReportPlayback(id="1", at=NOW, kind="started"), room="r", session="s", by="", now=NOW
        )


def hashed(viewer: str, at: int) -> str:
    assert at == NOW
    return f"hash of {viewer}"


def test_no_viewer_id_goes_further() -> None:
    """Whatever a source claims, the log gets a hash of what it sent."""
    batch = wire.Comments(
        id="1", room="r1", source="tiktok",
        comments=({"id": "1", "viewer": "ann", "text": "hi"}, {"id": "2", "viewer": "ann", "text": "hi", "hashed": True}),
    )  # fmt: skip
    comments, _ = requests.read_comments(batch, ALL, ("*",), hashed, now=NOW)
    assert [(comment.viewer, comment.hashed) for comment in comments] == [("hash of ann", True)] * 2


def test_each_comment_of_a_batch_has_its_own_receipt() -> None:
    """Malformed ones, and those outside the session's rooms and the token's shop, are refused by name; the rest is stamped and goes on."""
    batch = wire.Comments(
        id="1", room="r1", source="tiktok",
        comments=(
            {"id": "1", "viewer": "v", "text": "多少钱", "received": 5, "unknown": 1},
            {"id": "2", "viewer": "v", "text": "x" * 2_001},
            {"id": "3", "viewer": "v", "text": "hi", "room": "other"},
            {"id": "4", "viewer": "v", "text": "hi", "shop": "toys"},
            {"id": "a b", "viewer": "v", "text": "hi"},
            {"id": 5, "viewer": "v", "text": "hi", "sent": "soon"},
            "hi",
            {"id": "6", "viewer": "v", "text": "hi", "source": "own", "sent": NOW - 7, "shop": None},
        ),
    )  # fmt: skip
    comments, receipts = requests.read_comments(batch, TEA, ("r*",), hashed, now=NOW)
    assert [(c.id, c.source, c.room, c.received, c.shop) for c in comments][:1] == [("1", "tiktok", "r1", NOW, "tea")]
    assert [receipt.comment for receipt in receipts] == ["1", "2", "3", "4", "a b", "5", None, "6"]
    assert [receipt.error is None for receipt in receipts] == [True, False, False, False, False, False, False, True]
    assert [(c.id, c.source, c.sent, c.shop) for c in comments][1:] == [("6", "own", NOW - 7, "tea")]
    comments, _ = requests.read_comments(batch, ALL, ("*",), hashed, now=NOW)
    assert [(c.id, c.room, c.shop) for c in comments] == [
        ("1", "r1", None), ("3", "other", None), ("4", "r1", "toys"), ("6", "r1", None),
    ]  # fmt: skip
