"""Hashed n-grams of batches."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.understanding.ngrams import DIMENSION, LONGEST, REACH, Grams, counts, grams
from engine.understanding.normalise import normal_form

FORMS = st.text(max_size=40).map(normal_form)
TOKEN = re.compile(r"[a-z]+|[0-9]+|[^ ]")


def _expected(form: str) -> int:
    """How many features a form has, counted the slow way."""
    padded = f" {form} "
    letters = sum(char != " " for char in padded)
    windows = sum(max(0, len(padded) - n + 1) for n in range(2, LONGEST + 1))
    words = len(form.split(" ")) if form else 0
    tokens = len(TOKEN.findall(form))
    pairs = sum(max(0, tokens - apart) for apart in range(1, REACH + 1))
    return letters + windows + words + max(0, words - 1) + pairs


@given(st.lists(FORMS, max_size=12))
def test_a_batch_is_its_texts_one_by_one(forms: list[str]) -> None:
    """No feature crosses from one text into the next, none is lost, and every column exists."""
    batch = grams(forms)
    assert batch.starts[0] == 0
    assert len(batch.starts) == len(forms) + 1
    for at, form in enumerate(forms):
        columns = batch.columns[batch.starts[at] : batch.starts[at + 1]]
        assert columns.tolist() == grams([form]).columns.tolist()
        assert len(columns) == _expected(form)
    assert ((batch.columns >= 0) & (batch.columns < DIMENSION)).all()


def test_different_texts_have_different_features() -> None:
    """Order matters to n-grams; a shared word is a shared column."""
    ab, ba, b = (set(grams([form]).columns.tolist()) for form in ("apple pear", "pear apple", "pear"))
    assert ab != ba
    assert b & ab


def test_what_stands_between_two_tokens_does_not_matter() -> None:
    """Nor which of them comes first: their pair is one feature, and there are no others in common but the tokens themselves."""
    there, back = (set(grams([form]).columns.tolist()) for form in ("什么时候发", "发到几月什么"))
    single = {column for form in "什么发" for column in grams([form]).columns.tolist()}
    word = set(grams(["什么"]).columns.tolist())
    assert len((there & back) - single - word) >= 2  # 什 with 发, 么 with 发


@given(st.lists(st.lists(st.sampled_from((0, 1, 7, DIMENSION - 1)), min_size=1, max_size=5), max_size=6), st.booleans())
def test_features_are_counted_in_order(texts: list[list[int]], many: bool) -> None:
    """However often one stands in a text, and however many texts there are; no text counts what its neighbour has."""
    texts = texts + [[DIMENSION - 1, 0]] * 4100 * many
    starts = np.cumsum([0, *map(len, texts)], dtype=np.int32)
    found = counts(Grams(np.array([*chain(*texts)], dtype=np.int32), starts))
    told = [sorted(Counter(text).items()) for text in texts]
    assert np.diff(found.indptr).tolist() == list(map(len, told))
    assert list(zip(found.indices.tolist(), found.data.tolist(), strict=True)) == [
        pair for text in told for pair in text
    ]


def test_columns_are_the_same_in_every_process() -> None:
    """Columns stand in stored models: they depend on no seed and no machine."""
    assert grams(["多少钱"]).columns.astype(np.int64).sum() == 9_315_451
