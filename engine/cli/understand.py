"""`livechat understand`: lines in, what they mean out. For evaluations, and for whoever wants the understanding alone."""

from __future__ import annotations

import io
import json
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from engine.cli import options, terminal

if TYPE_CHECKING:
    from engine.cli.shop import OpenShop

BATCH: Final = 512  # lines understood at once; larger batches gain little
READ_BYTES: Final = 65_536  # of one read; a pipe holds no more
AHEAD: Final = 16  # reads held in advance, so that a quick producer waits instead of filling the memory


def understand(shop: options.Shop = None, base: options.Base = None) -> None:
    """Understand lines: plain text or JSON with a "text", from stdin; one JSON line for each, in order, to stdout.

    Each result has text, intent (null where none was accepted), confidence, reason, language and product; "id" is passed through.
    """
    from engine.cli.shop import open_shop

    opened = open_shop(base, shop)
    bad = 0
    for lines in _batches(_reads(_reader())):
        results = answers(lines, opened)
        bad += sum(1 for result in results if "error" in result)
        _write(results)
    if bad:
        terminal.note(f"{bad} line{'s' if bad != 1 else ''} could not be read; each has its `error`")


@dataclass(frozen=True, slots=True)
class Line:
    """One line as read. `error`: why its text is not known."""

    text: str
    id: object = None
    error: str | None = None


def parse(raw: bytes) -> Line:
    """A line is JSON where it begins with a brace, else plain text. Invalid UTF-8 is replaced."""
    text = raw.decode("utf-8", "replace").rstrip("\r\n")
    if not text.lstrip().startswith("{"):
        return Line(text)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        return Line(text, error=f"not JSON: {error}")
    found = value.get("text")
    if not isinstance(found, str):
        return Line(text, value.get("id"), 'no "text", or one that is no string')
    return Line(found, value.get("id"))


def answers(raws: Sequence[bytes], opened: OpenShop) -> list[dict[str, object]]:
    """One result per line, in order."""
    from engine.understanding.judge import HARMLESS

    lines = [parse(raw) for raw in raws]
    understood = iter(opened.understander.understand([line.text for line in lines if line.error is None]))
    results: list[dict[str, object]] = []
    for line in lines:
        result: dict[str, object] = {"text": line.text, "intent": None, "confidence": 0.0, "reason": "error"}
        if line.id is not None:
            result["id"] = line.id
        if line.error is not None:
            results.append({**result, "error": line.error})
            continue
        found = next(understood)
        intent = opened.pool.intents.get(found.intent or "")
        # Chatter and abuse have intents of their own, which are meant where they are likely.
        meant = intent is not None and intent.kind == found.outcome and found.confidence >= HARMLESS
        results.append(
            result
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


def _write(results: Sequence[dict[str, object]]) -> None:
    text = "".join(json.dumps(result, ensure_ascii=False) + "\n" for result in results)
    terminal.write(text, flush=True)


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
