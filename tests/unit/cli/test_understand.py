"""`livechat understand`."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cli import understand
from engine.cli.understand import Line, parse
from tests.unit.cli.conftest import Invoke


def results(stdout: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in stdout.decode().splitlines()]


def test_one_line_out_for_each_line_in(base: Path, shop: Path, invoke: Invoke) -> None:
    """In order, plain and JSON mixed; what looks like JSON and is none is plain text, and is told."""
    stdin = (
        '什么时候发货\n{"text": "how much is it", "id": 7}\n{多少钱}\n{"x": 1}\n\n傻子主播\n哈哈哈'.encode() + b"\xff\n"
    )
    result = invoke("understand", "--shop", shop, "--base", base, stdin=stdin)
    assert result.exit_code == 0
    told = results(result.stdout_bytes)
    assert [line["text"] for line in told] == [
        "什么时候发货", "how much is it", "{多少钱}", '{"x": 1}', "", "傻子主播", "哈哈哈�",
    ]  # fmt: skip
    assert [line["intent"] for line in told if line["text"] not in {'{"x": 1}', "哈哈哈�"}] == [
        "shipping.dispatch", "product.price", "product.price", None, "abuse.insult",
    ]  # fmt: skip
    assert told[-1]["reason"] == "chatter"
    assert [line.get("id") for line in told] == [None, 7, None, None, None, None, None]
    assert "error" not in {reason for line in told for reason in (*line, line["reason"])}
    assert '2 lines that begin with { are no JSON with a "text"; taken as plain text' in result.stderr


def test_any_bytes_give_a_line_of_json_each_in_order(base: Path, shop: Path, invoke: Invoke) -> None:
    """1 MB in a line, NUL, invalid UTF-8, numbers that are none, half a pair of characters, nesting without end."""
    lines = [
        b"a" * 1_000_000, b"\x00\x00", b"\xff\xfe\xc0", rb'{"text": "\ud800", "id": "\udfff"}', b"{" * 100_000,
        b'{"text": "a", "id": NaN}', b'{"text": "a", "id": 1e999}', b'{"text": "a", "id": -Infinity}',
        b'{"text": "a", "id": ' + b"[" * 900 + b"]" * 900 + b"}", b'{"text": "a", "id": ' + b"9" * 5_000 + b"}",
        "line\u2028separated\x85".encode(), b"\r\r", b'{"text": "last", "id": 1.5}',
    ]  # fmt: skip
    result = invoke("understand", "--shop", shop, "--base", base, stdin=b"\n".join(lines))
    *raws, end = result.stdout_bytes.split(b"\n")
    assert end == b""
    assert len(raws) == len(lines)
    told = [json.loads(raw, parse_constant=lambda name: pytest.fail(name)) for raw in raws]
    assert [len(line["text"]) for line in told[:2]] == [1_000_000, 2]
    assert [line["text"] for line in told[5:8]] == [line.decode() for line in lines[5:8]]
    assert [line.get("id") for line in told[3:]] == ["?", *[None] * 8, 1.5]
    assert told[-1]["text"] == "last"


@pytest.mark.parametrize(("raw", "line"), [
    (b"hi\r\n", Line("hi")),
    (b' {"text": "hi", "id": "a"}', Line("hi", "a")),
    (b'{"text": "hi", "id": null}', Line("hi")),
    (b'"hi"', Line('"hi"')),
    (b'{"text": 3}', Line('{"text": 3}', doubtful=True)),
    (b'{"text": "hi"', Line('{"text": "hi"', doubtful=True)),
    (b'{"text": "hi", "id": true}', Line('{"text": "hi", "id": true}', doubtful=True)),
    (b'{"text": "hi", "id": {}}', Line('{"text": "hi", "id": {}}', doubtful=True)),
    (b'{"text": "hi", "x": NaN}', Line('{"text": "hi", "x": NaN}', doubtful=True)),
])  # fmt: skip
def test_parse(raw: bytes, line: Line) -> None:
    """A line is JSON only where it is an object with a text, and an id that can be passed through."""
    assert parse(raw) == line


@given(st.lists(st.binary(max_size=5).filter(lambda raw: b"\n" not in raw), max_size=30), st.integers(1, 7))
def test_lines_are_the_same_however_they_arrive(lines: list[bytes], size: int) -> None:
    """Reads of any size give the same lines, in order, none lost."""
    stream = io.BytesIO(b"".join(line + b"\n" for line in lines))
    read = understand._reads(lambda: stream.read(size))
    assert [line for batch in understand._batches(read) for line in batch] == lines


def test_last_line_needs_no_end() -> None:
    """A file that does not end with a line's end loses nothing."""
    stream = io.BytesIO(b"a\nb")
    assert [line for lines in understand._reads(lambda: stream.read(2)) for line in lines] == [b"a", b"b"]


def test_a_pause_ends_a_batch() -> None:
    """Lines are not held back for a full batch when nothing more comes."""

    def reads() -> Iterator[list[bytes]]:
        yield [b"a"]
        yield [b"b"]
        yield []
        yield [b"c"] * (understand.BATCH + 1)

    batches = list(understand._batches(reads()))
    assert [len(batch) for batch in batches] == [2, understand.BATCH, 1]
