"""Pool ↔ bytes: canonical JSON (sorted keys, no blanks, UTF-8). Equal pools give equal bytes on any machine."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from engine.errors import RecordError
from engine.pool.model import Pool, TrainingLine

HASH_DIGITS = 32  # 128 bits: no two pools of a shop's life meet, and keys stay short


_TRAINING, _LINES = b'"training":{"hash":', b',"lines":['
"""What the lines stand behind that a model learns from, in canonical bytes; none of this stands in a text, whose quotes are masked."""
_END = b'],"negatives":['
_NEXT = b'},{"intent":'
PIECE = 16 * 1024  # bytes of lines that are read together: no other thread runs meanwhile, for a third of a millisecond


@cache
def _adapter() -> TypeAdapter[Pool]:
    return TypeAdapter(Pool)


@cache
def _lines_adapter() -> TypeAdapter[tuple[TrainingLine, ...]]:
    return TypeAdapter(tuple[TrainingLine, ...])


def _content(pool: Pool) -> dict[str, Any]:
    content: dict[str, Any] = _adapter().dump_python(pool, mode="json")
    return content


def _canonical(content: dict[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _hash_of(content: dict[str, Any]) -> str:
    return _digest(_canonical({key: value for key, value in content.items() if key != "hash"}))


def _digest(canonical: bytes) -> str:
    return hashlib.sha256(canonical).hexdigest()[:HASH_DIGITS]


def _without_hash(canonical: bytes, found: str) -> bytes:
    """Canonical bytes without their `hash` field. To make them anew of a pool stops the process for a third of a second."""
    return canonical.replace(f'"hash":"{found}",'.encode(), b"", 1)


def pool_hash(pool: Pool) -> str:
    """The content hash: over everything but the `hash` field itself."""
    return _hash_of(_content(pool))


def encode_pool(pool: Pool) -> bytes:
    """The pool's canonical bytes."""
    return _canonical(_content(pool))


def _read(data: bytes) -> Pool:
    """The pool of these bytes. Nine tenths of canonical ones are lines to learn from; they are read piece by piece."""
    training, lines_at = data.find(_TRAINING), data.find(_LINES)
    first, last = lines_at + len(_LINES), data.find(_END, lines_at)
    once = data.count(_TRAINING) == 1 and data.count(_LINES) == 1
    if not (once and 0 <= training < lines_at < last):
        return _adapter().validate_json(data)
    lines: list[TrainingLine] = []
    try:
        pool = _adapter().validate_json(data[:first] + data[last:])
        while first < last:
            end = data.find(_NEXT, min(first + PIECE, last), last) + 1 or last
            lines += _lines_adapter().validate_json(b"[" + data[first:end] + b"]")
            first = end + 1
    except ValidationError:
        return _adapter().validate_json(data)  # which names the place in the whole
    return replace(pool, training=replace(pool.training, lines=tuple(lines)))


def decode_pool(data: bytes) -> Pool:
    """The pool of these bytes. Raises `RecordError` where they are no pool, or not the one that their hash names."""
    try:
        pool = _read(data)
    except ValidationError as error:
        place = ".".join(str(step) for step in error.errors(include_url=False, include_input=False)[0]["loc"])
        raise RecordError("pool", f"{error.error_count()} wrong fields, the first at `{place}`") from None
    if _digest(_without_hash(data, pool.hash)) == pool.hash:
        return pool
    # Not canonical. The hash is of what is there: an older pool lacks fields that this version has a default for.
    found = _hash_of(json.loads(data))
    if found != pool.hash:
        raise RecordError("pool", f"its content has the hash {found}, not {pool.hash}")
    return pool
