"""`livechat understand`: lines in, what they mean out. For evaluations, and for whoever wants the understanding alone."""

from __future__ import annotations

import io
import json
import math
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from engine.cli import options, terminal
from engine.printable import json_text

if TYPE_CHECKING:
    from engine.cli.shop import OpenShop

BATCH: Final = 512  # lines understood at once; larger batches gain little
READ_BYTES: Final = 65_536  # of one read; a pipe holds no more
AHEAD: Final = 16  # reads held in advance, so that a quick producer waits instead of filling the memory


def understand(shop: options.Shop = None, base: options.Base = None) -> None:
    """Understand lines: plain text or JSON with a "text", from stdin; one JSON line for each, in order, to stdout.

    A line is JSON where it is an object whose "text" is a string and whose "id", if it has one, is a string or a number; every other
    line is plain text, whatever it begins with. Each result has text, intent (null where none was accepted), confidence, reason,
    language and product; "id" is passed through.
    """
    from engine.cli.shop import open_shop

    opened = open_shop(base, shop)
    doubtful = 0
    for raws in _batches(_reads(_reader())):
        lines = [parse(raw) for raw in raws]
        doubtful += sum(line.doubtful for line in lines)
        terminal.write("".join(json_text(result) + "\n" for result in answers(lines, opened)), flush=True)
    if doubtful:
        count = "1 line that begins with { is" if doubtful == 1 else f"{doubtful} lines that begin with {{ are"
        terminal.note(f'{count} no JSON with a "text"; taken as plain text')


@dataclass(frozen=True, slots=True)
class Line:
    """One line as read. `doubtful`: it looks like JSON and was taken as plain text."""

    text: str
    id: str | int | float | None = None
    doubtful: bool = False


def parse(raw: bytes) -> Line:
    """A line as JSON if it can be, else as plain text. Invalid UTF-8 is replaced."""
    text = raw.decode("utf-8", "replace").rstrip("\r\n")
    if not text.lstrip().startswith("{"):
        return Line(text)
    try:
        value = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError):
        return Line(text, doubtful=True)
    found, name = value.get("text"), value.get("id")
    if not isinstance(found, str) or not (name is None or type(name) in (str, int, float)):
        return Line(text, doubtful=True)
    return Line(found, name)


def _no_number(constant: str) -> float:
    """`NaN` and `Infinity`, which Python reads and JSON does not have."""
    raise ValueError(f"{constant} is no JSON")


def _finite(text: str) -> float:
    """A number that can be written again."""
    value = float(text)
    return value if math.isfinite(value) else _no_number(text)


def answers(lines: Sequence[Line], opened: OpenShop) -> list[dict[str, object]]:
    """One result per line, in order."""
    from engine.understanding.judge import HARMLESS

    results: list[dict[str, object]] = []
    for line, found in zip(lines, opened.understander.understand([line.text for line in lines]), strict=True):
        intent = opened.pool.intents.get(found.intent or "")
        # Chatter and abuse have intents of their own, which are meant where they are likely.
        meant = intent is not None and intent.kind == found.outcome and found.confidence >= HARMLESS
        results.append(
            {"text": line.text}
            | ({"id": line.id} if line.id is not None else {})
            | {
                "intent": found.intent if found.outcome == "accepted" or meant else None,
                "confidence": found.confidence,
                "reason": found.outcome,
                "language": found.language,
                "product": found.product,
                "not_sold": found.not_sold,
                "best": found.intent,
                "runner_up": found.runner_up,
                "margin": found.margin,
                "norm": found.key,
            }
        )
    return results


def _reader() -> Callable[[], bytes]:
    """How to read what is there of stdin, waiting for the first byte; empty at the end."""
    try:
        number = sys.stdin.fileno()
    except io.UnsupportedOperation:
        stream = sys.stdin.buffer
        return lambda: stream.read(READ_BYTES)
    return lambda: os.read(number, READ_BYTES)


def _reads(read: Callable[[], bytes]) -> Iterator[list[bytes]]:
    """Lines as they come, those of one moment together; an empty list where the producer pauses."""
    chunks: queue.Queue[bytes | OSError] = queue.Queue(AHEAD)

    def follow() -> None:
        try:
            while chunk := read():
                chunks.put(chunk)
            chunks.put(b"")
        except OSError as error:
            chunks.put(error)

    threading.Thread(target=follow, name="read stdin", daemon=True).start()
    rest: list[bytes] = []
    while True:
        if chunks.empty():
            yield []
        chunk = chunks.get()
        if isinstance(chunk, OSError):
            raise chunk
        if not chunk:
            break
        *whole, last = chunk.split(b"\n")
        rest.append(whole[0] if whole else last)
        if whole:
            yield [b"".join(rest), *whole[1:]]
            rest = [last]
    if any(rest):
        yield [b"".join(rest)]


def _batches(reads: Iterator[list[bytes]]) -> Iterator[list[bytes]]:
    """Lines in batches; a pause of the producer ends one."""
    held: list[bytes] = []
    for lines in reads:
        held += lines
        while len(held) >= BATCH:
            yield held[:BATCH]
            held = held[BATCH:]
        if not lines and held:
            yield held
            held = []
    if held:
        yield held
