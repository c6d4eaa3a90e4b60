"""What closes a gap: one sentence, and the YAML edit. Pure.

A stub is a valid YAML document in the form of the shop's files (`docs/intent-files.md`). What only a person can know stands in it as `""`,
below a comment that says what to write: the pool refuses an empty text, so a stub that was not filled in never goes live.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from engine.events.outputs import Reason
from engine.insight.cluster import Sight

MAX_EXAMPLES: Final = (
    6  # lines that a stub offers as examples; with quotes and escapes it stays below the record's 4,000 characters
)
MAX_TITLE: Final = 60  # characters of an intent's title, as the pool takes them
MAX_ID: Final = 48  # characters of a proposed reply id before its ending; ids have at most 64
COVERED: Final = "***"  # what personal data was masked with: such a line is no good example

_PLAIN: Final = re.compile(r"[a-z][a-z0-9._-]*")
_NOT_PLAIN: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_INTENTS: Final = (
    "# Into a file of intents/, a new one or at the end of one, also where the shop has this intent already."
)
_CATALOGUE: Final = "# Into catalogue.yaml: these keys, at their places."


@dataclass(frozen=True, slots=True)
class Remedy:
    """`sentence`: for people. `stub`: the edit; empty where no edit of the shop's files closes the gap."""

    sentence: str
    stub: str


def remedy(gap: str, sight: Sight) -> Remedy:
    """What closes the gap with this id. Raises `KeyError` for a reason that makes no gap."""
    return _REMEDIES[sight.reason](gap, sight)


# ---- reasons ---------------------------------------------------------------------------------------------------------


def _unknown(gap: str, sight: Sight) -> Remedy:
    sentence = (
        "Write an intent for it with a reply, or add its lines to the intent that is meant; "
        "if nothing is asked, add them to `intents/background/`."
    )
    return Remedy(sentence, _new_intent(gap, sight))


def _unsure(gap: str, sight: Sight) -> Remedy:
    if sight.intent is None:
        return _unknown(gap, sight)
    sentence = f"If `{sight.intent}` is meant, add the lines to its `examples`; else to those of the right intent."
    return Remedy(sentence, _intents(sight.intent, _examples("examples", sight)))


def _ambiguous(gap: str, sight: Sight) -> Remedy:
    if sight.intent is None or sight.runner_up is None:
        return _unsure(gap, sight)
    sentence = (
        f"Add the lines to the `examples` of `{sight.intent}` and to `not` of `{sight.runner_up}`, "
        f"or the other way round, whichever is meant."
    )
    more = ["", f"  {_word(sight.runner_up)}:", *_examples("not", sight)]
    return Remedy(sentence, _intents(sight.intent, [*_examples("examples", sight), *more]))


def _foreign(gap: str, sight: Sight) -> Remedy:
    del gap
    if sight.key.wanted not in ("zh", "en", "mixed"):
        return Remedy("No edit closes it: the engine understands and speaks zh and en only; answer these by hand.", "")
    stub = ["# Into shop.yaml: add the language, then replies with `lang` to the intents.", "shop:"]
    sentence = "Add the language to `shop.languages` and write replies in it, where enough viewers write it."
    return Remedy(sentence, _joined([*stub, "  languages: [zh, en]"]))


def _no_product(gap: str, sight: Sight) -> Remedy:
    intent = sight.intent or "the intent"
    sentence = (
        f"Say the link number beside each product in the script and give products the `aliases` by which viewers call them, "
        f"or write a reply for `{intent}` that needs no product and asks for the link number."
    )
    if sight.intent is None:
        return Remedy(sentence, "")
    return Remedy(sentence, _intents(sight.intent, _reply(gap, sight, "ask which product or link is meant", any_=True)))


def _not_sold(gap: str, sight: Sight) -> Remedy:
    good, product = sight.key.wanted, sight.key.product
    if product is not None:
        sentence = f"Put `{product}` on sale again, or mark the gap as not ours."
        return Remedy(sentence, _catalogue(product, ["    on_sale: true"]))
    if good is None:
        return Remedy("Add the goods to the catalogue, or to `not_sold` and mark the gap as not ours.", "")
    sentence = (
        f"If you have `{good}`, delete it from `not_sold` and add it to the `aliases` of its product, or as a product of its own; "
        f"if not, mark the gap as not ours."
    )
    lines = [
        "    # or add it to the `aliases` of a product; delete it from `not_sold` in either case",
        f"    name: {_quoted(good)}",
    ]
    return Remedy(sentence, _catalogue(f"product-{gap[:6]}", lines))


def _no_reply(gap: str, sight: Sight) -> Remedy:
    if sight.intent is None:
        return _unknown(gap, sight)
    about = f" about `{sight.key.product}`" if sight.key.product else ""
    tongue = _LANGUAGE_NAMES.get(sight.language, "")
    if sight.key.language_missing:
        sentence = f"Write the reply for `{sight.intent}`{about} in {tongue or 'the language of its viewers'} too."
    else:
        sentence = f"Write a reply for `{sight.intent}`{about}{f' in {tongue}' if tongue else ''}."
    return Remedy(sentence, _intents(sight.intent, _reply(gap, sight, "what to say, at most 300 characters")))


def _fact(gap: str, sight: Sight) -> Remedy:
    del gap
    name, product, reason = sight.key.wanted, sight.key.product, sight.reason
    what = f"`{name}`" if name else "the fact that the replies name"
    whose = f"of `{product}` " if product else ""
    live = f"`livechat fact set {sight.key.shop} {product or '-'} {name or 'NAME'} VALUE`"
    sentence = {
        "fact_missing": f"Set {what} {whose}in catalogue.yaml, or live by {live}.",
        "fact_expired": f"Give {what} {whose}a new value or a later `until`, or set it live by {live}.",
    }.get(
        reason,
        f"{what[:1].upper()}{what[1:]} {whose}was set live to what its floor or ceiling forbids: {live}, or move the bound.",
    )
    if name is None or (name in ("product", "link") and product is None):
        return Remedy(sentence, "")
    if name == "link" and product is not None:
        return Remedy(sentence, _catalogue(product, ["    # the number of its item link", '    link: ""']))
    if name == "product":
        return Remedy(sentence, "")
    pad = "      " if product is not None else "  "
    lines = [f"{pad}{_word(name)}:"]
    if reason == "fact_out_of_bounds":  # the catalogue's own value never is: the pool refuses it
        lines += [f'{pad}  floor: ""', f'{pad}  ceiling: ""']
    else:
        lines += [
            f"{pad}  # its value now; keep the unit, floor and ceiling that it has, and give a new price its `unit`",
            f'{pad}  value: ""',
        ]
    if reason == "fact_expired":
        lines += [
            f"{pad}  # when it ends, such as 2030-01-31T20:00:00+08:00; without an end, delete the line",
            f'{pad}  until: ""',
        ]
    if product is None:
        return Remedy(sentence, _joined([_CATALOGUE, "facts:", *lines]))
    return Remedy(sentence, _catalogue(product, ["    facts:", *lines]))


def _guarded(gap: str, sight: Sight) -> Remedy:
    del gap
    reply, intent = sight.key.wanted, sight.intent
    if intent is None or reply is None:
        what = f"the replies of `{intent}`" if intent else "the replies"
        return Remedy(f"Reword {what}, or the fact: the guard refuses what they say.", "")
    sentence = (
        f"Reword the reply `{reply}`, or the fact that it names: it holds a banned term, or a price that is no fact."
    )
    lines = [
        "# In place of the text that the reply has: the same without banned terms, prices only as {placeholders}.",
        "intents:",
        f"  {_word(intent)}:",
        "    replies:",
        f"      - id: {_word(reply)}",
        '        text: ""',
    ]
    return Remedy(sentence, _joined(lines))


_REMEDIES: Final[Mapping[Reason, Callable[[str, Sight], Remedy]]] = {
    "unknown_intent": _unknown,
    "low_confidence": _unsure,
    "ambiguous": _ambiguous,
    "unsupported_language": _foreign,
    "no_product": _no_product,
    "not_sold": _not_sold,
    "no_reply": _no_reply,
    "fact_missing": _fact,
    "fact_expired": _fact,
    "fact_out_of_bounds": _fact,
    "guard_blocked": _guarded,
}
_LANGUAGE_NAMES: Final = {"zh": "Chinese", "en": "English"}

# ---- YAML ------------------------------------------------------------------------------------------------------------


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _intents(intent: str, lines: Iterable[str]) -> str:
    return _joined([_INTENTS, "intents:", f"  {_word(intent)}:", *lines])


def _catalogue(product: str, lines: Iterable[str]) -> str:
    return _joined([_CATALOGUE, "products:", f"  {_word(product)}:", *lines])


def _new_intent(gap: str, sight: Sight) -> str:
    intent = f"other.gap_{gap[:8]}"
    lines = _lines(sight)
    return _joined(
        [
            "# A new file of intents/. Give the intent an id and a title of your own: two lower-case words joined by a dot.",
            "intents:",
            f"  {intent}:",
            f"    title: {_quoted(lines[0][:MAX_TITLE].rstrip() if lines else intent)}",
            *_examples("examples", sight),
            *_reply(gap, sight, "what to say, at most 300 characters", any_=True, name="gap"),
        ]
    )


def _reply(gap: str, sight: Sight, what: str, *, any_: bool = False, name: str = "") -> list[str]:
    """A reply to be written. `any_`: for no product in particular, whatever the gap says."""
    product = None if any_ else sight.key.product
    parts = [name or (sight.intent or "reply").partition(".")[2].replace("_", "-"), product or ""]
    proposed = "-".join(part for part in parts if part)[:MAX_ID].rstrip("-._")
    lines = ["    replies:", f"      - id: {proposed}-{gap[:6]}"]
    if sight.language in _LANGUAGE_NAMES:
        lines.append(f"        lang: {sight.language}")
    if product is not None:
        lines += [
            "        needs_product: true",
            f"        products: [{_quoted(product)}]  # delete the line where it holds for every product",
        ]
        what += "; name the product by {product} or {link}"
    elif any_:
        lines.append("        needs_product: false")
    asked = [f"        # asked: {line}" for line in _lines(sight)[:3]]
    return [*lines, *asked, f"        # {what}", '        text: ""']


def _examples(key: str, sight: Sight) -> list[str]:
    return [f"    {key}:", *(f"      - {_quoted(line)}" for line in _lines(sight)[:MAX_EXAMPLES])]


def _lines(sight: Sight) -> list[str]:
    """The gap's lines that may be examples; its normal form where it has none."""
    shown = [line for line in map(_printable, sight.lines) if line]
    clean = [line for line in shown if COVERED not in line]
    return clean or shown or [_printable(sight.key.norm or sight.intent or "") or "?"]


def _printable(line: str) -> str:
    """The line without characters that no YAML file may hold."""
    return " ".join("".join(c if c.isprintable() else " " for c in line).split())


def _quoted(text: str) -> str:
    """A one-line text as YAML: JSON's strings are YAML's double-quoted ones."""
    return json.dumps(text, ensure_ascii=False)


def _word(name: str) -> str:
    """An id as YAML."""
    return name if _PLAIN.fullmatch(name) and name not in _NOT_PLAIN else _quoted(name)
