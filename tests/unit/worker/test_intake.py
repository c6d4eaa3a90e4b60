"""What stands on the inputs becomes a record or a dead letter."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bus.port import Stored
from engine.errors import RecordError
from engine.events.codec import decode, encode
from engine.events.inputs import Comment, FactSet, Kill, ModeSet
from engine.worker.intake import MAX_INPUT_BYTES, dead_letter, read_comment, read_room_event, read_shop_event

COMMENT = Comment(room="r", source="s", id="c", viewer="v", text="多少钱")


def stored(topic: str, key: str | None, value: bytes | None) -> Stored:
    return Stored(topic, 3, 17, 1_000, key, value)


def test_a_well_formed_record_is_read() -> None:
    """Comments, room events and shop events come back as they were written."""
    assert read_comment(stored("comments", "r", encode(COMMENT))) == COMMENT
    event = ModeSet(room="r", id="m", at=1, mode="auto")
    assert read_room_event(stored("room-events", "r", encode(event))) == event
    fact = FactSet(id="f", at=1, shop="tea", name="stock", value=3)
    assert read_shop_event(stored("shop-events", fact.key(), encode(fact))) == fact


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        ("r", None, "empty"),
        ("r", b"", "empty"),
        ("r", b"{", "record"),
        ("r", b"[]", "record"),
        ("r", b'{"room":"r"}', "source"),
        (None, encode(COMMENT), "key must be its room"),
        ("other", encode(COMMENT), "key must be its room"),
        ("r", b"x" * (MAX_INPUT_BYTES + 1), "above the limit"),
        ("#partition", encode(replace(COMMENT, room="#partition")), "no room's name begins with"),
        ("*", encode(replace(COMMENT, room="*")), "room: a name that ends with `.` is a pattern"),
        ("tea-*", encode(replace(COMMENT, room="tea-*")), "room: a name that ends with `.` is a pattern"),
    ],
)
def test_a_malformed_comment_says_what_is_wrong(key: str | None, value: bytes | None, error: str) -> None:
    """Each kind of mistake has its own sentence."""
    with pytest.raises(RecordError, match=error):
        read_comment(stored("comments", key, value))


@pytest.mark.parametrize("read", [read_comment, read_room_event, read_shop_event])
def test_what_the_bus_withheld_says_why(read: Callable[[Stored], object]) -> None:
    """Instead of an empty value, which it never had."""
    withheld = replace(stored("comments", "r", b""), fault="900 headers, above the limit of 100")
    with pytest.raises(RecordError, match=r"^not a valid comments: 900 headers, above the limit of 100$"):
        read(withheld)


def test_other_malformed_events_are_refused() -> None:
    """Room events and shop events are checked alike."""
    with pytest.raises(RecordError, match="empty"):
        read_room_event(stored("room-events", "r", None))
    with pytest.raises(RecordError, match="above the limit"):
        read_shop_event(stored("shop-events", "k", b"x" * (MAX_INPUT_BYTES + 1)))
    mode = ModeSet(room="*", id="m", at=1, mode="auto")
    with pytest.raises(RecordError, match="room: a name that ends with"):
        read_room_event(stored("room-events", "*", encode(mode)))
    kill = Kill(id="k", at=1, scope="room", target="tea-*", on=True)
    with pytest.raises(RecordError, match="target: a name that ends with"):
        read_shop_event(stored("shop-events", kill.key(), encode(kill)))
    everything = Kill(id="k", at=1, scope="*", on=True)
    assert read_shop_event(stored("shop-events", everything.key(), encode(everything))) == everything
    fact = FactSet(id="f", at=1, shop="tea", name="stock", value=3)
    with pytest.raises(RecordError, match="its key must be `tea/fact/"):
        read_shop_event(stored("shop-events", "k", encode(fact)))


@pytest.mark.parametrize(
    "value",
    [
        b'{"room":"r","viewer":"ann-17","text":1}',
        b'{"viewer" : "ann\\"-17"}',
        b'{"viewer":17171717,"text":',
        b'{"viewer":"ann-17',
        b'{"room":"' + b"r" * 5_970 + b'","viewer":"ann-17-' + b"x" * 100 + b'"}',
    ],
)
def test_a_dead_letter_holds_no_viewer_s_id(value: bytes) -> None:
    """However broken the record is, and where it was cut."""
    letter = dead_letter(stored("comments", "r", value), "broken", 1_000)
    kept = base64.b64decode(letter.value)
    assert b"ann" not in kept
    assert b"1717" not in kept
    assert letter.size == len(value)


@given(st.binary(max_size=20_000), st.text(max_size=400))
def test_every_dead_letter_can_be_written_and_read(value: bytes, error: str) -> None:
    """It fits its own record, and holds the first bytes and the origin."""
    letter = dead_letter(stored("comments", "k" * 400, value), error, 1_000)
    again = decode("dead-letters", encode(letter))
    assert again.origin_offset == 17
    assert again.size == len(value)
    assert value.startswith(base64.b64decode(again.value))
