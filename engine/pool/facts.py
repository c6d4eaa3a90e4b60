"""Facts: which values may be said of one, whoever sets it, and the versions that say what a text was filled with."""

from __future__ import annotations

import hashlib
import json
import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal

from engine.events.fields import MAX_SHORT
from engine.events.inputs import FactValue, LocalText
from engine.pool.banned import Banned
from engine.pool.currencies import CURRENCIES
from engine.pool.forms import TEXT_UNITS, form, misfit, plain
from engine.pool.model import Fact, Formats, Localised
from engine.pool.speech import typed_prices

MAX_SPOKEN: Final = MAX_SHORT  # characters that a reply or a sentence holds: a longer value could never be said
UNSPEAKABLE: Final = ("Cc", "Zl", "Zp")  # kinds of characters: control characters and line breaks
DIGITS: Final = "write digits without sign or unit, such as 129 or 12.5"

STANDARD: Final = Formats()

Value = FactValue | Localised
"""A value as an event carries it, or as a catalogue does."""


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a value may not be said, as a sentence without its place, and the remedy. `trouble`: the reason of a comment that needs it."""

    message: str
    remedy: str
    trouble: Literal["fact_missing", "fact_out_of_bounds", "guard_blocked"] = "fact_out_of_bounds"


def objection(
    name: str, value: Value, fact: Fact | None, banned: Banned, formats: Formats = STANDARD
) -> Objection | None:
    """Why the fact `name` may not have this value; None where it may.

    The one rule for the catalogue's own values, for `fact set`, and for whatever another producer wrote on the log.
    `fact`: what the catalogue has, which says kind, unit and bounds; None where it has none.
    """
    values = (value,) if isinstance(value, int | float) else _texts(value)
    return (
        _of_kind(name, value, fact)
        or (_of_number(name, value, fact) if isinstance(value, int | float) else None)
        or _of_unit(name, values, fact)
        or _of_speech(name, values, fact, banned, formats)
    )


def _texts(value: str | LocalText | Localised) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Mapping):
        return tuple(dict.fromkeys(value.values()))
    return tuple(texts_of(value).values())


def texts_of(value: LocalText) -> dict[str, str]:
    """An event's text by language."""
    return {lang: text for lang, text in (("zh", value.zh), ("en", value.en)) if text is not None}


def _of_kind(name: str, value: Value, fact: Fact | None) -> Objection | None:
    """A number stays a number, a text a text: replies are written around it."""
    if fact is None or fact.measure in TEXT_UNITS:
        return None  # the unit alone says what it may be
    what = None
    if fact.currency is not None:
        what = f"an amount of {fact.currency}"
    elif fact.floor is not None or fact.ceiling is not None:
        what = "a number with bounds"
    elif isinstance(fact.value, int | float) and fact.measure is None:
        what = "a number in the catalogue"
    if isinstance(value, int | float):
        if what is not None or fact.measure is not None:
            return None
        remedy = "write the words that are said, or make it a number in catalogue.yaml first"
        return Objection(f"`{name}` is a text in the catalogue and takes no bare number", remedy)
    return Objection(f"`{name}` is {what} and takes no text", DIGITS) if what is not None else None


def _of_number(name: str, value: int | float, fact: Fact | None) -> Objection | None:
    if isinstance(value, float) and not math.isfinite(value):
        return Objection(f"`{name}` is no number", "write digits, such as 129 or 12.5", "fact_missing")
    if fact is None:
        return None
    shown = plain(value)[:MAX_SPOKEN]
    if fact.floor is not None and value < fact.floor:
        message = f"`{name}` would be {shown}, below its floor {fact.floor:g}"
        return Objection(message, "correct it, or lower the floor in catalogue.yaml")
    if fact.ceiling is not None and value > fact.ceiling:
        message = f"`{name}` would be {shown}, above its ceiling {fact.ceiling:g}"
        return Objection(message, "correct it, or raise the ceiling in catalogue.yaml")
    if fact.currency is None:
        return None
    if value < 0:
        return Objection(f"`{name}` is an amount of {fact.currency} and would be below 0", "write what is paid")
    minor = CURRENCIES[fact.currency].minor_digits
    point = shown.find(".")
    if point >= 0 and len(shown) - point - 1 > minor:
        most = f"at most {minor} digits" if minor else "no digits"
        rounded = Decimal(shown).quantize(Decimal(1).scaleb(-minor), ROUND_HALF_UP)
        message = f"`{name}` would be {shown}, and amounts of {fact.currency} have {most} after the point"
        return Objection(message, f"round it, for example to {rounded}")
    return None


def _of_unit(name: str, values: tuple[str, ...] | tuple[int | float], fact: Fact | None) -> Objection | None:
    """A date is a date, a range of weights one of numbers."""
    if fact is None or fact.measure is None:
        return None
    for value in values:
        wrong = misfit(value, fact.measure)
        if wrong is not None:
            return Objection(f"`{name}`: {wrong[0]}", wrong[1], "fact_missing")
    return None


def _of_speech(
    name: str, values: tuple[str, ...] | tuple[int | float], fact: Fact | None, banned: Banned, formats: Formats
) -> Objection | None:
    """What no reply and no sentence can carry, whatever the fact; and what the guard would refuse in each of them."""
    currency = fact.currency if fact is not None else None
    unit = fact.unit if fact is not None else None
    forms = (form(value, unit, lang, formats) for value in values for lang in ("zh", "en"))
    texts = tuple(dict.fromkeys(text for both in forms for text in both))
    if not texts or not all(text.strip() for text in texts):
        remedy = "write what is to be said, or withdraw the fact"
        return Objection(f"the text of `{name}` is empty", remedy, "fact_missing")
    longest = max(map(len, texts))
    if longest > MAX_SPOKEN:
        message = f"the text of `{name}` has {longest:,} characters"
        return Objection(message, f"shorten it, a whole reply has at most {MAX_SPOKEN}")
    if any(unicodedata.category(char) in UNSPEAKABLE for text in texts for char in text):
        return Objection(f"the text of `{name}` holds a line break or a control character", "write it in one line")
    for text in texts:
        if "{" in text or "}" in text:
            return Objection(f"the text of `{name}` holds a brace", "write it out: facts hold no placeholders")
        if terms := banned.found(text):
            message = f"the text of `{name}` holds the banned term `{terms[0]}`"
            return Objection(message, "say it without it (see guard.yaml)", "guard_blocked")
        if currency is None and (prices := typed_prices(text)):
            message = f"the text of `{name}` holds the typed price `{prices[0][1]}`, which no floor or ceiling guards"
            remedy = "say it without the amount, or make the amount a fact of its own with a `unit`"
            return Objection(message, remedy, "guard_blocked")
    return None


def catalogue_version(fact: Fact) -> str:
    """Version of a catalogue fact: equal content gives an equal version, whatever else changed in the pool."""
    value = fact.value if isinstance(fact.value, int | float) else dict(fact.value)
    told: list[object] = [value, fact.currency, fact.start, fact.until]
    if fact.measure is not None or fact.spoken:
        told += [fact.measure, dict(fact.spoken)]
    content = json.dumps(told, ensure_ascii=False, sort_keys=True)
    return f"catalogue:{hashlib.blake2b(content.encode(), digest_size=6).hexdigest()}"


def live_version(offset: int) -> str:
    """Version of a fact that a shop event set: the event's offset."""
    return f"live:{offset}"
