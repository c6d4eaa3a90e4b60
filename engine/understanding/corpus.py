"""Training lines as a corpus: normal forms, classes and features."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.pool.model import UNLISTED, TrainingLine, TrainingSet
from engine.understanding.linear import BACKGROUND
from engine.understanding.ngrams import BITS, DIMENSION, Grams, grams, word_columns
from engine.understanding.plain import normal_forms
from engine.understanding.spellings import Spellings

NO_CLASS = -1  # of `not:` lines
OTHER = -2  # of questions that belong to no intent
ENTRIES = 1 << 18  # features of lines that are looked at together
AT_ONCE = 1024  # lines whose features are looked for together: more of them leave the processor's cache
SIDE_BY_SIDE = 2  # such lots of lines

Labels = NDArray[np.intp]
Chosen = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Distinct lines. Class 0 is background; class `i + 1` is `intents[i]`."""

    intents: tuple[str, ...]
    forms: list[str]
    labels: Labels
    """The class of each line; `OTHER` for questions of no intent, `NO_CLASS` for `not:` lines, which stand last."""
    against: Labels
    """The class that a `not:` line speaks against; `NO_CLASS` for all others."""
    features: sparse.csr_array
    """How often each feature stands in each line."""
    words: NDArray[np.int32]
    """Columns of the features that are whole words of ASCII signs."""

    def __len__(self) -> int:
        return len(self.forms)

    @property
    def classes(self) -> int:
        return len(self.intents) + 1

    def intent(self, label: int) -> str | None:
        """The intent of training lines of a class: its name, `UNLISTED`, or None for background."""
        return UNLISTED if label == OTHER else None if label == BACKGROUND else self.intents[label - 1]

    def grams(self, rows: Labels) -> Grams:
        """The features of some lines; a text's own stand in the order of their columns here."""
        counted = self.features[rows]
        often = counted.data.astype(np.intp)
        starts = np.concatenate(([0], np.cumsum(often)))[counted.indptr]
        return Grams(np.repeat(counted.indices, often), starts.astype(np.int32))

    @classmethod
    def of(cls, training: TrainingSet) -> Corpus:
        """Raises `ValueError` where there are fewer than two intents with lines, or no background."""
        corpus = cls.of_lines(training.lines, training.negatives, Spellings(training.spellings))
        if len(corpus.intents) < 2 or not (corpus.labels == BACKGROUND).any():
            raise ValueError("a model needs lines of two intents and of the background at least")
        return corpus

    @classmethod
    def of_lines(
        cls, lines: Iterable[TrainingLine], negatives: Iterable[TrainingLine] = (), spellings: Spellings | None = None
    ) -> Corpus:
        """A line whose form stands there already, with the same intent, counts once; one without a letter or digit is never judged."""
        forms_of = normal_forms if spellings is None else spellings.forms
        known: dict[tuple[str, str | None], None] = {}
        lines = list(lines)
        for line, form in zip(lines, forms_of([line.text for line in lines]), strict=True):
            if any(map(str.isalnum, form)):
                known.setdefault((form, line.intent))
        intents = tuple(sorted({intent for _, intent in known if intent is not None and intent != UNLISTED}))
        index: dict[str | None, int] = {None: BACKGROUND, UNLISTED: OTHER}
        index |= {intent: at + 1 for at, intent in enumerate(intents)}
        spoken = _negatives(negatives, {form for form, _ in known}, index, forms_of)
        forms = [*(form for form, _ in known), *(form for form, _ in spoken)]
        labels = np.array([*(index[intent] for _, intent in known), *([NO_CLASS] * len(spoken))], dtype=np.intp)
        against = np.array([*([NO_CLASS] * len(known)), *(at for _, at in spoken)], dtype=np.intp)
        return cls(intents, forms, labels, against, *_told(forms))


def _negatives(
    lines: Iterable[TrainingLine],
    known: set[str],
    index: dict[str | None, int],
    forms_of: Callable[[Sequence[str]], list[str]],
) -> list[tuple[str, int]]:
    """(form, class it speaks against) of the `not:` lines that are no line of another class already."""
    found: dict[tuple[str, int], None] = {}
    lines = list(lines)
    for line, form in zip(lines, forms_of([line.text for line in lines]), strict=True):
        at = index.get(line.intent, BACKGROUND)
        if form and form not in known and at > BACKGROUND:
            found[form, at] = None
    return list(found)


def _told(forms: Sequence[str]) -> tuple[sparse.csr_array, NDArray[np.int32]]:
    """How often each feature stands in each line, and which features are words."""
    starts = range(0, max(1, len(forms)), AT_ONCE)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
        parts = threads.map(lambda start: counts(grams(forms[start : start + AT_ONCE])), starts)
        words = word_columns(forms)
        features: sparse.csr_array = sparse.vstack(list(parts), format="csr")
    return features, words


def counts(batch: Grams) -> sparse.csr_array:
    """How often each feature stands in each text, in the order of their columns."""
    found = ordered(batch.columns, np.diff(batch.starts))
    new = np.ones(len(found), dtype=np.bool_)
    np.not_equal(found[1:], found[:-1], out=new[1:])
    new[batch.starts[:-1]] = True
    first = np.flatnonzero(new)
    often = np.diff(first, append=len(found)).astype(np.float32)
    starts = np.searchsorted(first, batch.starts).astype(np.int32)
    return sparse.csr_array((often, found[first], starts), shape=(len(starts) - 1, DIMENSION))


def ordered(numbers: NDArray[np.int32], lengths: NDArray[np.int32]) -> NDArray[np.int32]:
    """Numbers from 0 to below `DIMENSION`, those of each text in order, of texts that have so many each: one sort of texts and numbers."""
    texts = np.arange(len(lengths)) << BITS
    both = np.repeat(texts.astype(np.uint32 if len(texts) <= 1 << (32 - BITS) else np.uint64), lengths)
    both |= numbers.astype(both.dtype)
    both.sort()
    return (both & (DIMENSION - 1)).astype(np.int32)


def frequencies(features: sparse.csr_array) -> NDArray[np.intp]:
    """In how many lines each feature stands, told by so many entries at a time that no copy of all is made."""
    found = np.zeros(DIMENSION, dtype=np.intp)
    for start in range(0, features.nnz, ENTRIES):
        np.add.at(found, features.indices[start : start + ENTRIES], 1)
    return found
