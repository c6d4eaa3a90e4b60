"""A recorded live: comments as JSON Lines, each with `at`, the seconds since the start."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from pydantic import FiniteFloat, ValidationError

from engine.cli.options import reading
from engine.errors import UsageError
from engine.events.codec import adapter, describe
from engine.events.inputs import Comment

FIELDS: Final = ("room", "source", "id", "viewer", "text", "shop")
"""What is taken of a line beside `at`; anything else may stand in it and is left alone."""

FORM: Final = "each line is a JSON object with at, id, viewer and text"
TOLD: Final = 10  # wrong lines that are told one by one; a file of another kind has as many as it is long
_PLACE: Final = re.compile(r" at line 1 column (\d+)$")

Recorded = tuple[float, Comment]


def read(file: Path, *, room: str, shop: str | None = None, limit: int | None = None, run: str = "") -> list[Recorded]:
    """Seconds and comments, in the file's order, at most `limit`.

    `room` and `shop` stand for those that a line does not name; `run` before the ids makes a repeated file new comments.
    Raises `UsageError` that names every wrong line.
    """
    found: list[Recorded] = []
    wrong: list[str] = []
    for number, line in _lines(file):
        if limit is not None and len(found) >= limit:
            break
        try:
            value: dict[str, object] = adapter(dict[str, object]).validate_json(line)
            at = adapter(dict[str, FiniteFloat]).validate_python(
                {"at": value.get("at", found[-1][0] if found else 0.0)}
            )["at"]
            fields: dict[str, object] = {"room": room, "source": "recording", "shop": shop}
            fields |= {key: value[key] for key in FIELDS if value.get(key) is not None}
            comment: Comment = adapter(Comment).validate_python(fields)
        except ValidationError as error:
            wrong.append(f"{file}:{number}: {_what(error)}")
            continue
        found.append((at, replace(comment, id=f"{run}{comment.id}") if run else comment))
    if len(wrong) == 1:
        raise UsageError(f"{wrong[0]}; {FORM}")
    if wrong:
        rows = [*wrong[:TOLD], *([f"and {len(wrong) - TOLD:,} more"] if len(wrong) > TOLD else [])]
        raise UsageError("\n  ".join([f"{len(wrong):,} lines of `{file}` are no comments; {FORM}", *rows]))
    if not found:
        raise UsageError(f"`{file}` holds no comments; {FORM}")
    return sorted(found, key=lambda recorded: recorded[0])


def _what(error: ValidationError) -> str:
    """What is wrong with a line. A place in it is told as its character: the line has its number already."""
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return "no JSON: " + _PLACE.sub(r" at character \1", str(first["ctx"]["error"]))
    return "no JSON object" if first["type"] == "dict_type" else describe(error)


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    missing, meant = "to begin with, take examples/tea-shop/live.jsonl", "the file of comments, one JSON object a line"
    with reading(file, missing=missing, meant=meant), file.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, line
