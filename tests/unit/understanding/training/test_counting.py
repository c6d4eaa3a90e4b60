"""Features of very many lines, counted in machine code."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.understanding.linear import Rows
from engine.understanding.ngrams import counts, grams
from engine.understanding.normalise import MAX_FORM, normal_form
from engine.understanding.training import counting as counting_module
from engine.understanding.training.counting import Counting

FORMS = st.text(max_size=40).map(normal_form)
SHORT = st.text(alphabet="ab12 多少钱?", max_size=12).map(normal_form)


def words_of(*forms: str) -> list[int]:
    with Counting() as counting:
        counting.add(forms)
        words: Rows = counting.told()[1]
    return [int(column) for column in words]


@settings(max_examples=200, deadline=None)
@given(lots=st.lists(st.lists(FORMS | SHORT, max_size=6), max_size=4), room=st.integers(0, 60))
@example(lots=[["哈" * MAX_FORM, "a" * MAX_FORM, " ".join("a" * (MAX_FORM // 2))], [""], ["1" * MAX_FORM]], room=0)
def test_they_are_those_of_the_texts(lots: list[list[str]], room: int) -> None:
    """Whatever lots the lines come in, and whether as many come as were announced."""
    with Counting(room, room) as counting:
        for lot in lots:
            counting.add(lot)
        found, words = counting.told()
    forms = [form for lot in lots for form in lot]
    expected = counts(grams(forms))
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found.indptr, expected.indptr)
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_array_equal(found.data, expected.data)
    assert (found.data.dtype, found.indices.dtype) == (expected.data.dtype, expected.indices.dtype)
    said = sorted({word for form in forms for word in form.split() if word.isascii()})
    assert words.tolist() == sorted({column for word in said for column in words_of(word)})


def test_a_word_is_a_feature_of_its_own() -> None:
    """One of the columns of the text that is this word; and its own, also beside Chinese signs."""
    (ok,) = words_of("ok")
    assert ok in grams(["ok"]).columns
    assert words_of("这个 ok 吗", "ok") == [ok]


def test_a_chinese_line_has_no_words() -> None:
    """What stands between its blanks is no word."""
    assert words_of("多少钱", "这个 几天到") == []


def test_what_is_no_normal_form_is_refused() -> None:
    """Before anything is counted: the loop has room for normal forms."""
    with Counting() as counting:
        with pytest.raises(ValueError, match="200 characters at most, not 201"):
            counting.add(["好", "长" * (MAX_FORM + 1)])
        with pytest.raises(ValueError, match="no line break"):
            counting.add(["好", "a \n b"])
        assert counting.told()[0].shape[0] == 0


def test_where_one_lot_fails_all_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lots behind it find room, whatever was written before them; what went wrong is told, and the thread ends."""
    grown, threads = counting_module._grown, threading.active_count()
    failing = iter((True,))

    def once(numbers: Rows, end: int, room: int) -> Rows:
        if next(failing, False):
            raise MemoryError("no room")
        return grown(numbers, end, room)

    monkeypatch.setattr(counting_module, "_grown", once)
    with Counting() as counting:
        for _ in range(3):
            counting.add(["多少钱", "how much"] * 500)
        with pytest.raises(MemoryError, match="no room"):
            counting.told()
    assert threading.active_count() == threads
