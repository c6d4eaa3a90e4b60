"""A recorded live: comments as JSON Lines, each with `at`, the seconds since the start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from engine.cli.options import reading
from engine.errors import UsageError
from engine.events.codec import adapter, describe
from engine.events.inputs import Comment

FIELDS: Final = ("room", "source", "id", "viewer", "text", "shop")
"""What is taken of a line beside `at`; anything else may stand in it and is left alone."""

Recorded = tuple[float, Comment]


def read(file: Path, *, room: str, shop: str | None = None, limit: int | None = None, run: str = "") -> list[Recorded]:
    """Seconds and comments, in the file's order, at most `limit`.

    `room` and `shop` stand for those that a line does not name; `run` before the ids makes a repeated file new comments.
    Raises `UsageError` that names the line.
    """
    found: list[Recorded] = []
    for number, line in _lines(file):
        if limit is not None and len(found) >= limit:
            break
        try:
            value: dict[str, object] = adapter(dict[str, object]).validate_json(line)
            at = adapter(float).validate_python(value.get("at", found[-1][0] if found else 0.0))
            fields: dict[str, object] = {"room": room, "source": "recording", "shop": shop}
            fields |= {key: value[key] for key in FIELDS if value.get(key) is not None}
            comment: Comment = adapter(Comment).validate_python(fields)
        except ValidationError as error:
            what = "each line is a JSON object with at, id, viewer and text"
            raise UsageError(f"{file}:{number}: {describe(error)}; {what}") from None
        found.append((at, comment.model_copy(update={"id": f"{run}{comment.id}"}) if run else comment))
    if not found:
        raise UsageError(f"`{file}` holds no comments; each line is a JSON object with at, id, viewer and text")
    return sorted(found, key=lambda recorded: recorded[0])


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    missing, meant = "to begin with, take examples/tea-shop/live.jsonl", "the file of comments, one JSON object a line"
    with reading(file, missing=missing, meant=meant), file.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, line
