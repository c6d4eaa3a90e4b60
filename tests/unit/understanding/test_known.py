"""Lines that are understood as they stand in the pool, from one version of it to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from engine.pool.model import UNLISTED, TrainingLine, TrainingSet
from engine.understanding import known
from engine.understanding.known import Known
from engine.understanding.model import line_digest
from engine.understanding.spellings import Spellings

LINES = (
    TrainingLine("多少錢", "product.price"),
    TrainingLine("Hello!", None),
    TrainingLine("can i pay by cheque", UNLISTED),
    TrainingLine("还有吗", "product.stock"),
    TrainingLine("还有吗?", "product.variant"),
    TrainingLine("!!!", None),
)
ALLOWED = ("product.price", "product.stock", "product.variant", None, UNLISTED)
TRAINING = TrainingSet("ab" * 16, LINES)


def known_of(training: TrainingSet = TRAINING, trained: frozenset[int] = frozenset()) -> Known:
    return Known(training, Spellings(training.spellings), trained, ALLOWED)


def test_a_line_is_known_by_its_normal_form() -> None:
    found = known_of()
    assert found.get("多少钱") == LINES[0]
    assert found.get("hello") == LINES[1]
    assert found.get("多少錢") is None
    assert found.get("") is None  # of `!!!`, which says nothing


def test_a_line_of_two_intents_is_of_neither() -> None:
    training = replace(TRAINING, own=(TrainingLine("多少钱", "product.stock"),))
    assert known_of(training).get("多少钱") is None


def test_lines_of_intents_that_are_gone_say_nothing() -> None:
    found = Known(TRAINING, Spellings(()), frozenset(), (None,))
    assert found.get("多少钱") is None
    assert found.fresh == [LINES[1]]


def test_fresh_is_what_the_model_has_not_learnt() -> None:
    """Each line once, where it is the shop's own, too."""
    trained = frozenset({line_digest("多少钱", "product.price"), line_digest("hello", None)})
    training = replace(TRAINING, own=(LINES[2], TrainingLine("多少钱呀", "product.price")))
    assert known_of(training, trained).fresh == [LINES[2], *LINES[3:5], training.own[1]]


def test_the_next_version_reads_only_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the version before nothing is kept that this one does not have; other spellings make other forms."""
    known_of()
    read: list[str] = []
    forms = Spellings.forms

    def told(spellings: Spellings, texts: Sequence[str]) -> list[str]:
        read.extend(texts)
        return forms(spellings, texts)

    monkeypatch.setattr(Spellings, "forms", told)
    new = TrainingLine("how much", "product.price")
    found = known_of(replace(TRAINING, lines=(*LINES[:3], new)))
    assert (read, found.get("多少钱"), found.get("how much"), found.get("还有吗")) == (
        ["how much"],
        LINES[0],
        new,
        None,
    )
    assert len(known._latest[1]) == 4
    read.clear()
    respelt = known_of(replace(TRAINING, spellings=(("hello", "hi"),)))
    assert (len(read), respelt.get("hi")) == (len(LINES), LINES[1])
