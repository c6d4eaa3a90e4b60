"""The door of the package: texts in, understandings out, for one pool and its model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from engine.events.understanding import Understanding
from engine.pool.model import Pool
from engine.understanding.clauses import Withdrawals, settle
from engine.understanding.judge import Batch, Judge
from engine.understanding.model import Model
from engine.understanding.ngrams import grams
from engine.understanding.reading import Reader

CHUNK = (
    1024  # texts judged at once: larger chunks gain nothing, and memory stays under 30 MB even for the longest lines
)
KEPT = 20_000  # results remembered per generation; an hour of a recorded room has 2,300–5,100 distinct lines, a process several rooms
KEPT_LENGTH = 100  # characters; longer lines do not repeat, and would make the memory's size theirs to choose
_PIECE = re.compile(r"[a-z]+|\d+|[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a text was understood as it was."""

    form: str
    judged: str
    """What the model judged: the form, or what is left of it without names of goods, courtesies and asides, or one of its clauses, where
    that is surer."""
    understanding: Understanding
    words: tuple[tuple[str, float], ...]
    """Pieces of what the model judged, and by how much the best intent's margin falls without each; the heaviest first."""
    rules: tuple[tuple[str, str], ...]
    """(intent, rule) of the keyword rules that fired."""
    intents: tuple[tuple[str, float], ...]
    """The five best intents with their margins (above 0: the model alone would say so); `background` among them."""


class Understander:
    """Understands texts for one pool and model; one thread at a time.

    It calls the same functions as the components of the spaCy pipeline (`pipeline.py`), but on plain strings: no component needs
    tokens, and with a `Doc` for each text the same takes about two and a half times as long (bench/understanding.py prints both). So
    no `Doc` is made here, and nothing grows spaCy's string store.
    """

    def __init__(self, pool: Pool, model: Model) -> None:
        self._reader = Reader(pool)
        self._judge = Judge(pool, model)
        self._withdrawals = Withdrawals(pool.withdrawals, self._reader.spellings)
        self._recent: dict[str, Understanding] = {}
        self._older: dict[str, Understanding] = {}

    def understand(self, texts: Sequence[str]) -> list[Understanding]:
        """One understanding per text, in order; equal texts share one, which must not be changed. Never raises, whatever they hold."""
        distinct = dict.fromkeys(texts)
        new = [text for text in distinct if text not in self._recent and text not in self._older]
        known: dict[str, Understanding] = {}
        if len(new) < len(distinct):
            known = {text: self._recent.get(text) or self._older[text] for text in distinct.keys() - new}
        results: list[Understanding] = []
        for start in range(0, len(new), CHUNK):
            chunk = new[start : start + CHUNK]
            understood = self._judged(chunk)
            settle(chunk, understood, self._judged, self._withdrawals)
            self._keep(chunk, understood)
            results += understood
        if len(new) == len(texts):
            return results
        known.update(zip(new, results, strict=True))
        return [known[text] for text in texts]

    def _judged(self, texts: Sequence[str]) -> list[Understanding]:
        """Each text as a whole."""
        return self._judge.judge(self._reader.read(texts))

    def _keep(self, texts: Sequence[str], results: Sequence[Understanding]) -> None:
        """Remember these results, and forget the oldest where they are too many."""
        self._recent.update(pair for pair in zip(texts, results, strict=True) if len(pair[0]) <= KEPT_LENGTH)
        if len(self._recent) >= KEPT:
            self._older, self._recent = self._recent, {}

    def explain(self, text: str) -> Explanation:
        whole = self._reader.read([text])[0]
        understood = self._judge.judge([whole])
        clause = settle([text], understood, self._judged, self._withdrawals).get(0)
        reading = whole if clause is None else self._reader.read([clause])[0]
        understanding = understood[0]
        model = self._judge.model
        column = model.intents.index(understanding.intent) + 1 if understanding.intent in model.intents else 0
        form = self._judge.opinion(Batch.of([reading])).forms[0]
        spans = _pieces(form)
        variants = [form, *(form[:start] + form[end:] for start, end in spans)]
        margins = model.linear.scores(grams(variants)).margins
        falls = (margins[0, column] - margins[1:, column]).tolist()
        words = sorted(
            ((form[start:end], round(fall, 4)) for (start, end), fall in zip(spans, falls, strict=True)),
            key=lambda pair: -abs(pair[1]),
        )
        names = ("background", *model.intents)
        order = (-margins[0]).argsort(kind="stable")[:5].tolist()
        intents = tuple((names[at], round(float(margins[0, at]), 4)) for at in order)
        return Explanation(whole.form, form, understanding, tuple(words[:10]), reading.fired, intents)


def _pieces(form: str) -> list[tuple[int, int]]:
    """Spans of words and numbers, and of pairs of Chinese characters (a single one mostly means nothing by itself)."""
    single = [match.span() for match in _PIECE.finditer(form)]
    spans = []
    for at, (start, end) in enumerate(single):
        if form[start] < "\u3400":
            spans.append((start, end))
            continue
        following = single[at + 1] if at + 1 < len(single) else None
        joined = following is not None and following[0] == end and form[end] >= "\u3400"
        if joined and following is not None:
            spans.append((start, following[1]))
        elif at == 0 or single[at - 1][1] != start or form[start - 1] < "\u3400":
            spans.append((start, end))
    return spans
