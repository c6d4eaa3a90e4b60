"""Training lines as a corpus: normal forms, classes and features."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.pool.model import UNLISTED, TrainingLine, TrainingSet
from engine.understanding.linear import BACKGROUND
from engine.understanding.plain import normal_forms
from engine.understanding.spellings import Spellings
from engine.understanding.training.counting import Counting

NO_CLASS = -1  # of `not:` lines
OTHER = -2  # of questions that belong to no intent
AT_ONCE = 4096  # lines that are read together

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
        lines, negatives = list(lines), list(negatives)
        known: dict[tuple[str, str | None], None] = {}
        with Counting(len(lines), sum(len(line.text) for line in lines)) as counting:
            for first in range(0, len(lines), AT_ONCE):
                counting.add(_new(lines[first : first + AT_ONCE], known, forms_of))
            intents = tuple(sorted({intent for _, intent in known if intent is not None and intent != UNLISTED}))
            index: dict[str | None, int] = {None: BACKGROUND, UNLISTED: OTHER}
            index |= {intent: at + 1 for at, intent in enumerate(intents)}
            spoken = _negatives(negatives, {form for form, _ in known}, index, forms_of)
            counting.add([form for form, _ in spoken])
            forms = [*(form for form, _ in known), *(form for form, _ in spoken)]
            labels = np.array([*(index[intent] for _, intent in known), *([NO_CLASS] * len(spoken))], dtype=np.intp)
            against = np.array([*([NO_CLASS] * len(known)), *(at for _, at in spoken)], dtype=np.intp)
            return cls(intents, forms, labels, against, *counting.told())


def _new(
    lines: Sequence[TrainingLine],
    known: dict[tuple[str, str | None], None],
    forms_of: Callable[[Sequence[str]], list[str]],
) -> list[str]:
    """The normal forms of lines that are not known yet, by form and intent, and now are."""
    found = []
    for line, form in zip(lines, forms_of([line.text for line in lines]), strict=True):
        if (form, line.intent) not in known and any(map(str.isalnum, form)):
            known[form, line.intent] = None
            found.append(form)
    return found


def _negatives(
    lines: Sequence[TrainingLine],
    known: set[str],
    index: dict[str | None, int],
    forms_of: Callable[[Sequence[str]], list[str]],
) -> list[tuple[str, int]]:
    """(form, class it speaks against) of the `not:` lines that are no line of another class already."""
    found: dict[tuple[str, int], None] = {}
    for line, form in zip(lines, forms_of([line.text for line in lines]), strict=True):
        at = index.get(line.intent, BACKGROUND)
        if form and form not in known and at > BACKGROUND:
            found[form, at] = None
    return list(found)
