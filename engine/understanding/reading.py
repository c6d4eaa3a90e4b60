"""What can be read off a text without judging it: normal form, script, personal data, named products, rules that fire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.events.fields import MAX_TEXT
from engine.pool.model import Pool
from engine.understanding.courtesies import Trimmer, has_least
from engine.understanding.language import SAMPLE, Script, is_han, plain_script, script_of
from engine.understanding.neutral import neutral_forms, said_once, without
from engine.understanding.normalise import has_address, markup, normal_form
from engine.understanding.plain import (
    DRAWN,
    FEW,
    HAN,
    HARD,
    LATIN,
    NOT_ASCII,
    NOT_CHINESE,
    PERSONAL,
    WORDED,
    plain_forms,
)
from engine.understanding.privacy import mask
from engine.understanding.products import NOTHING, Named, Names
from engine.understanding.rules import Rules
from engine.understanding.scanner import Scanner
from engine.understanding.spellings import Spellings


@dataclass(slots=True)
class Reading:
    """One text as read. Nothing personal shows in the normal form of the masked text: no key ever holds personal data."""

    form: str
    masked: str | None
    script: Script
    worded: bool
    """It has letters or digits: something that can mean anything."""
    named: Named = NOTHING
    neutral: tuple[str, ...] = ()
    """Where goods are named, words of courtesy stand at an end, or all is said several times: the form without these, and once; with a
    pronoun for the goods first."""
    surer: tuple[str, ...] = ()
    """The same, also without asides, the number of a link, a question mark: these say something, too, so that such a form only makes surer
    what the whole is likely to mean."""
    fired: tuple[tuple[str, str], ...] = ()
    likely: tuple[str, ...] = ()
    """Intents of the rules that fire on one of `surer`."""
    address: bool = False
    """It holds a web address."""


def read_plain(text: str) -> Reading:
    """The part that needs no pool."""
    text = text[:MAX_TEXT]
    bare = _without_markup(text)
    masked = mask(bare) or (mask(text) if bare != text else None)
    form = normal_form(text if masked is None else masked)
    if form != text:
        form, covered = _covered_form(form)
        masked = covered or masked
    worded = form.isalnum() or any(map(str.isalnum, form))
    return Reading(form, masked, script_of(text), worded, address=has_address(text))


def _without_markup(text: str) -> str:
    """The text as its normal form will see it: a number may be spelt in markup, or stand on both sides of an address."""
    while (bare := markup(text)) != text:
        text = bare
    return text


def _covered_form(form: str) -> tuple[str, str | None]:
    """A normal form in which nothing personal shows, and with its covers: what markup and signs hid is seen only without them."""
    covered = None
    while (masked := mask(form)) is not None:
        covered, form = masked, normal_form(masked)
    return form, covered


def read_plains(texts: Sequence[str]) -> list[Reading]:
    """`read_plain` of each text; quicker for many."""
    if len(texts) < FEW:
        return [read_plain(text) for text in texts]
    plain = plain_forms(texts)
    readings = []
    for text, form, says in zip(texts, plain.forms, plain.says, strict=True):
        if says & _LOOKED_AT and (says & HARD or mask(text) is not None or (form != text and mask(form) is not None)):
            readings.append(read_plain(text))
            continue
        script = _PLAIN_SCRIPTS[says & _OF_SCRIPT] if len(text) <= SAMPLE else None
        readings.append(Reading(form, None, script or script_of(text), says & WORDED > 0))
    return readings


_LOOKED_AT = HARD | PERSONAL | DRAWN
_OF_SCRIPT = NOT_ASCII | NOT_CHINESE | HAN | LATIN | DRAWN
_PLAIN_SCRIPTS = [
    None  # the signs of an emote are seen in the text alone
    if says & DRAWN
    else plain_script(
        ascii_only=not says & NOT_ASCII, chinese=not says & NOT_CHINESE, han=says & HAN > 0, latin=says & LATIN > 0
    )
    for says in range(_OF_SCRIPT + 1)
]


class Reader:
    """Texts → readings, for one pool."""

    def __init__(self, pool: Pool) -> None:
        """Raises `ValueError` for a keyword rule that says nothing in normal form, or rules that together are too large."""
        self._scanner = Scanner()
        self.spellings = Spellings(pool.training.spellings, self._scanner)
        self._rules = Rules(pool.intents.values(), self._scanner, self.spellings)
        self._trimmer = Trimmer(pool.courtesies, self.spellings)
        self._names = Names(pool.products.values(), pool.not_sold, self._scanner)
        self._scanner.ready()

    def complete(self, reading: Reading) -> None:
        """Adds what the pool knows of it: spellings, names, rules and courtesies."""
        self._complete(reading)
        if reading.named.links or said_once(reading.form) != reading.form or self._trimmer.occurring([reading.form]):
            self._trim(reading)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        readings = read_plains(texts)
        forms = [reading.form for reading in readings]
        asked = [f"{form}\n{unasked(form)}" if form.endswith("?") else form for form in forms]
        completed = list(self._scanner.occurring(asked))
        for at in completed:
            self._complete(readings[at])
            forms[at] = readings[at].form
        linked = [at for at in completed if readings[at].named.links]
        repeated = [at for at, form in enumerate(forms) if said_once(form) != form]
        for at in {*linked, *repeated, *self._trimmer.occurring(forms)}:
            self._trim(readings[at])
        return readings

    def _complete(self, reading: Reading) -> None:
        """Spellings, names and rules."""
        form = self.spellings.fix(reading.form)
        if form != reading.form:
            reading.form, covered = _covered_form(form)
            reading.masked = covered or reading.masked
            form = reading.form
            if not reading.script.foreign and any(map(is_han, form)):
                reading.script = script_of(form)  # pinyin is Chinese
        if not form:
            return
        found = self._found(form)
        reading.named = self._names.find(form, found)
        if reading.named.spans:
            reading.neutral = neutral_forms(form, reading.named.spans)
            found += self._found(reading.neutral[0])
        if found:
            reading.fired = self._rules.fired(found)

    def _trim(self, reading: Reading) -> None:
        """Forms said once and without courtesies, with the rules that fire on them; and forms without asides, links and question marks."""
        whole = (reading.form, *reading.neutral)
        once = tuple(said for form in whole if (said := said_once(form)) != form and has_least(said))
        reading.neutral += once
        whole += once
        trimmed = [self._trimmer.trim(form) for form in whole]
        bare = tuple(form for (form, _), before in zip(trimmed, whole, strict=True) if form != before)
        surer = dict.fromkeys(unasked(rest) for _, rest in trimmed)
        if reading.named.links:
            surer[unasked(self._trimmer.trim(without(reading.form, reading.named.links))[1])] = None
        reading.neutral += bare
        judged = {reading.form, *reading.neutral}
        reading.surer = tuple(form for form in surer if form not in judged and has_least(form))
        found = [number for form in (*once, *bare[:2]) for number in self._found(form)]
        if found:
            reading.fired = tuple(dict.fromkeys((*reading.fired, *self._rules.fired(found))))
        likely = [number for form in reading.surer for number in self._scanner.scan(form)]
        if likely:
            reading.likely = tuple(intent for intent, _ in self._rules.fired(likely))

    def _found(self, form: str) -> list[int]:
        """Numbers of the expressions that occur, with its question mark or without."""
        found = self._scanner.scan(form)
        return [*found, *self._scanner.scan(unasked(form))] if form.endswith("?") else found


def unasked(form: str) -> str:
    """Without its question mark: "多少钱?" is the same question as "多少钱", whatever a rule's last sign is."""
    return form.removesuffix("?").rstrip()
