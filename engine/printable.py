"""What viewers, shops and clients wrote, fit to be printed: no character of theirs moves a cursor, colours, renames or asks a terminal."""

from __future__ import annotations

import json
import re
from typing import Final

HARMFUL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u061c\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but for tab and line feed (C0, DEL, C1), line separators, those that turn the direction of writing, and halves of
characters, which stand for bytes that are no UTF-8. None takes room in a line, so a table stays as it is without them."""


def harmless(text: str) -> str:
    """The text without what a terminal would obey."""
    return HARMFUL.sub("", text)


def json_text(value: object, *, indent: int | None = None) -> str:
    """JSON that every reader takes, readable in every language and harmless. Raises `ValueError` for a number that is none."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    return HARMFUL.sub(lambda found: "?" if "\ud800" <= found[0] <= "\udfff" else f"\\u{ord(found[0]):04x}", text)
