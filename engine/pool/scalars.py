"""What one scalar of a pool file may be: each type validates what stands in the file and carries its own remedy."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, PlainValidator
from pydantic_core import PydanticCustomError

from engine.events.fields import MAX_TIME_MS
from engine.pool.currencies import CURRENCIES
from engine.pool.forms import ALL_UNITS, TEXT_UNITS, UNITS
from engine.pool.keywords import compile_rule
from engine.pool.nodes import Plain
from engine.pool.speech import stray_brace

MAX_REPLY: Final = 300  # characters: about a minute of speech, and what a chat message may hold
MAX_LINE: Final = 300  # characters of a viewer's line; platforms allow 50–500
LANGUAGES: Final = ("zh", "en")
PLACEHOLDER_FORM: Final = "a placeholder is `{name}`: lower-case letters, digits and _"

_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,12})")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,12})(?:\.[0-9]{1,6})?")
_DURATION: Final = re.compile(r"([0-9]{1,6})(s|m|h)")
_UNIT_MS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000}
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")


def wrong(message: str, remedy: str) -> PydanticCustomError:
    """A mistake with its remedy; texts of the file may hold braces, so they travel as data, not as a template."""
    return PydanticCustomError("pool_file", "{message}", {"message": message, "remedy": remedy})


def shown(value: object) -> str:
    """A value as an error quotes it."""
    if isinstance(value, str):
        return f"`{value[:60]}{'…' if len(value) > 60 else ''}`"
    return "a list" if isinstance(value, list) else "a mapping"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise wrong(
            f"a text is expected here, not {shown(value)}", "write one text; quote it where it holds : # [ or {"
        )
    if not value.strip():
        raise wrong("nothing is written here", "write a value, or delete the line")
    if found := _CONTROL.search(value):
        raise wrong(f"the text holds the sign U+{ord(found[0]):04X}", "write the text on one line, without it")
    return str(value).strip()


def bounded_text(most: int) -> Callable[[Any], str]:
    """A validator of one-line texts of 1 to `most` characters."""

    def check(value: Any) -> str:
        text = _text(value)
        if len(text) > most:
            raise wrong(f"the text has {len(text)} characters", f"shorten it to {most}")
        return text

    return check


def _template(value: Any) -> str:
    text = bounded_text(MAX_REPLY)(value)
    column = stray_brace(text)
    if column is not None:
        raise wrong(f"the `{text[column]}` at character {column + 1} belongs to no placeholder", PLACEHOLDER_FORM)
    return text


def _localised(value: Any, check: Callable[[Any], str]) -> dict[str, str]:
    """Text by language; a plain text counts for every language."""
    if isinstance(value, str):
        return dict.fromkeys(LANGUAGES, check(value))
    if not isinstance(value, Mapping) or not value:
        raise wrong(f"a text is expected here, not {shown(value)}", "write a text, or `{zh: …, en: …}`")
    for language in value:
        if language not in LANGUAGES:
            raise wrong(f"`{language}` is no language here", f"use {' or '.join(LANGUAGES)}")
    return {language: check(text) for language, text in value.items()}


def _flag(value: Any) -> bool:
    if isinstance(value, Plain) and value in ("true", "false"):
        return value == "true"
    raise wrong(f"{shown(value)} is neither true nor false", "write true or false, without quotes")


def number(low: float, high: float, *, whole: bool = False) -> BeforeValidator:
    """Numbers of a range, both ends allowed."""

    def check(value: Any) -> int | float:
        form = _WHOLE if whole else _NUMBER
        if not isinstance(value, Plain) or not form.fullmatch(value):
            kind = "whole number" if whole else "number"
            raise wrong(f"{shown(value)} is no {kind}", f"write a {kind} from {low:g} to {high:g}, without quotes")
        parsed = int(value) if _WHOLE.fullmatch(value) else float(value)
        if not low <= parsed <= high:
            raise wrong(f"{value} is out of range", f"use {low:g} to {high:g}")
        return parsed

    return BeforeValidator(check)


def number_or_off(low: int, high: int) -> BeforeValidator:
    """Whole numbers of a range, both ends allowed, or 0, which turns something off."""

    def check(value: Any) -> int:
        if (
            not isinstance(value, Plain)
            or not _WHOLE.fullmatch(value)
            or not (low <= int(value) <= high or value == "0")
        ):
            raise wrong(f"{shown(value)} is out of range", f"use {low} to {high}, or 0 to turn it off, without quotes")
        return int(value)

    return BeforeValidator(check)


def duration(low: str, high: str) -> BeforeValidator:
    """Durations such as `45s`, in ms, within two such bounds."""

    def parsed(text: str) -> int | None:
        found = _DURATION.fullmatch(text)
        return int(found[1]) * _UNIT_MS[found[2]] if found else None

    least, most = parsed(low) or 0, parsed(high) or 0

    def check(value: Any) -> int:
        ms = parsed(value) if isinstance(value, str) else None
        if ms is None:
            raise wrong(f"{shown(value)} is no duration", "write a whole number with its unit: 45s, 10m or 1h")
        if not least <= ms <= most:
            raise wrong(f"{value} is out of range", f"use {low} to {high}")
        return ms

    return BeforeValidator(check)


def _moment(value: Any) -> int:
    """Milliseconds since the epoch of a time that says its offset from UTC."""
    form = "write it like 2026-01-31T20:00:00+08:00"
    try:
        time = dt.datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise wrong(f"{shown(value)} is no time", form) from None
    if time.tzinfo is None:
        raise wrong(f"{shown(value)} does not say its time zone", f"add the offset, such as +08:00 or Z; {form}")
    ms = round(time.timestamp() * 1_000)
    if not 0 <= ms <= MAX_TIME_MS:
        raise wrong(f"{shown(value)} is out of range", "use a time from 1970 to 2099")
    return ms


def _fact_value(value: Any) -> int | float | dict[str, str]:
    if isinstance(value, Plain) and _NUMBER.fullmatch(value):
        return int(value) if _WHOLE.fullmatch(value) else float(value)
    return _localised(value, bounded_text(MAX_REPLY))


def _unit(value: Any) -> str:
    if isinstance(value, str) and value == "%":
        return "percent"
    if isinstance(value, str) and value in ALL_UNITS:
        return str(value)
    known = f"{', '.join(CURRENCIES)}, percent, {', '.join((*UNITS, *TEXT_UNITS))}"
    remedy = f"use one of {known}; or leave it out and write the unit in the reply"
    raise wrong(f"{shown(value)} is no unit", remedy)


def _rule(value: Any) -> str:
    text = bounded_text(MAX_LINE + 100)(value)
    try:
        compile_rule(text)
    except ValueError as error:
        remedy = "join terms with ` + ` (any order) or ` > ` (this order), choose with `(a|b)`, or write `re: …` in RE2"
        raise wrong(f"keyword rule {shown(text)}: {error}", remedy) from None
    return text


def name(pattern: str, form: str) -> BeforeValidator:
    """Ids of a fixed form."""
    compiled = re.compile(pattern)

    def check(raw: Any) -> str:
        value = _text(raw)
        if not compiled.fullmatch(value):
            raise wrong(f"{shown(value)} cannot be an id", form)
        return value

    return BeforeValidator(check)


def choice(*options: str) -> BeforeValidator:
    """One of a few words."""

    def check(value: Any) -> str:
        if isinstance(value, str) and value in options:
            return str(value)
        raise wrong(f"{shown(value)} is not known here", f"use {' or '.join(options)}")

    return BeforeValidator(check)


Line = Annotated[str, BeforeValidator(bounded_text(MAX_LINE))]
Term = Annotated[str, BeforeValidator(bounded_text(60))]
Template = Annotated[str, BeforeValidator(_template)]
RuleText = Annotated[str, BeforeValidator(_rule)]
Localised = Annotated[dict[str, str], PlainValidator(lambda value: _localised(value, bounded_text(MAX_REPLY)))]
LocalTerm = Annotated[dict[str, str], PlainValidator(lambda value: _localised(value, bounded_text(60)))]
Flag = Annotated[bool, BeforeValidator(_flag)]
Moment = Annotated[int, BeforeValidator(_moment)]
FactValue = Annotated[int | float | dict[str, str], PlainValidator(_fact_value)]
Unit = Annotated[str, BeforeValidator(_unit)]
LocalTemplate = Annotated[dict[str, str], PlainValidator(lambda value: _localised(value, _template))]
Id = Annotated[
    str, name(r"[a-z0-9][a-z0-9._-]{0,63}", "use lower-case letters, digits, - and _, at most 64, such as gift-box")
]
IntentId = Annotated[
    str,
    AfterValidator(bounded_text(64)),
    name(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*", "use two lower-case words joined by a dot, such as shipping.dispatch"),
]
ProductId = Annotated[
    str, name(r"[a-z0-9][a-z0-9_-]{0,63}", "use lower-case letters, digits, - and _, such as green-tea")
]
FactName = Annotated[
    str,
    name(
        r"(?!(?:product|link)$)[a-z][a-z0-9_]{0,63}",
        "use lower-case letters, digits and _, such as dispatch_hours; product and link are taken",
    ),
]
