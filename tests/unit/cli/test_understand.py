"""`livechat understand`."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from engine.cli import understand
from engine.cli.understand import Line, parse
from tests.unit.cli.conftest import Invoke


def results(stdout: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in stdout.decode().splitlines()]


def test_one_line_out_for_each_line_in(base: Path, shop: Path, invoke: Invoke) -> None:
    """In order, plain and JSON mixed; bad lines have an error and nothing stops."""
    stdin = '什么时候发货\n{"text": "how much is it", "id": 7}\n{bad\n{"x": 1}\n\n傻子主播\n哈哈哈'.encode() + b"\xff\n"
    result = invoke("understand", "--shop", shop, "--base", base, stdin=stdin)
    assert result.exit_code == 0
    told = results(result.stdout_bytes)
    assert [line["text"] for line in told] == [
        "什么时候发货", "how much is it", "{bad", '{"x": 1}', "", "傻子主播", "哈哈哈�",
    ]  # fmt: skip
    assert [line["intent"] for line in told] == [
        "shipping.dispatch", "product.price", None, None, None, "abuse.insult", None,
    ]  # fmt: skip
    assert [line["reason"] for line in told] == [
        "accepted", "accepted", "error", "error", "chatter", "abuse", "chatter",
    ]  # fmt: skip
    assert told[1]["id"] == 7
    assert ["error" in line for line in told] == [False, False, True, True, False, False, False]
    assert "2 lines could not be read" in result.stderr


def test_huge_lines_and_lone_surrogates_pass(base: Path, shop: Path, invoke: Invoke) -> None:
    """100 kB in a line, and JSON escapes that are no character, are lines like any other."""
    stdin = b"a" * 100_000 + b"\n" + rb'{"text": "\ud800"}' + b"\n" + b"{" * 100_000 + b"\n"
    result = invoke("understand", "--shop", shop, "--base", base, stdin=stdin)
    told = results(result.stdout_bytes)
    assert len(told) == 3
    assert len(str(told[0]["text"])) == 100_000
    assert "error" in told[2]


def test_parse() -> None:
    """A line is JSON where it begins with a brace."""
    assert parse(b"hi\r\n") == Line("hi")
    assert parse(b' {"text": "hi", "id": "a"}') == Line("hi", "a")
    assert parse(b'{"text": 3}').error is not None
    assert parse(b'"hi"') == Line('"hi"')


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
