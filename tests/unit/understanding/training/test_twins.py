"""Lines that say nearly the same."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import lists, sampled_from, text

from engine.pool.model import UNLISTED, TrainingLine, TrainingSet
from engine.understanding.training import twins as twins_module
from engine.understanding.training.corpus import Corpus
from engine.understanding.training.twins import SLACK, TWIN, Sets, twins

OLD = (
    TrainingLine("这款保温杯多少钱一个", "a.price"),
    TrainingLine("什么时候发货呀主播", "a.send"),
    TrainingLine("昨晚的球赛你看了没有", None),
    TrainingLine("工厂可以去参观一下吗", UNLISTED),
)


def found(*own: TrainingLine) -> list[tuple[str, str]]:
    training = TrainingSet("0" * 32, (*OLD, *own), own=own)
    return [(twin.line.text, twin.other.text) for twin in twins(training, own) if twin.cosine >= TWIN]


def test_a_line_that_differs_by_a_particle_is_told_with_its_twin() -> None:
    """Whatever either of them is."""
    assert found(TrainingLine("这款保温杯多少钱一个呀", "a.price")) == [
        ("这款保温杯多少钱一个呀", "这款保温杯多少钱一个")
    ]
    assert found(TrainingLine("昨晚的球赛你看了没有啊", "a.send")) == [
        ("昨晚的球赛你看了没有啊", "昨晚的球赛你看了没有")
    ]


def test_of_two_own_lines_one_is_told_of() -> None:
    """The later one: deleting it is enough."""
    own = TrainingLine("顺丰还是中通给我发过来", "a.send"), TrainingLine("顺丰还是中通给我发过来呀", "a.send")
    assert found(*own) == [(own[1].text, own[0].text)]


def test_unlike_lines_are_left_alone() -> None:
    assert not found(TrainingLine("能不能便宜一点点", "a.price"))
    assert not twins(TrainingSet("0" * 32, OLD), ())


@given(
    lists(text(alphabet="发货价钱多少吗", min_size=1, max_size=9), min_size=1, max_size=40),
    sampled_from((0.5, 0.7, 0.85)),
)
def test_no_pair_is_missed(texts: list[str], similar_from: float) -> None:
    """Although few pairs are compared: those above the cosine are found as if all were."""
    corpus = Corpus.of_lines([TrainingLine(text, "a.price") for text in texts])
    if not len(corpus):
        return
    sets = [set(row.indices.tolist()) for row in (corpus.features[[at]] for at in range(len(corpus)))]
    expected = {
        (left, right)
        for left, right in combinations(range(len(sets)), 2)
        if len(sets[left] & sets[right]) >= similar_from * math.sqrt(len(sets[left]) * len(sets[right])) - SLACK
    }
    left, right = Sets.of(corpus).near(similar_from)
    assert {tuple(sorted(pair)) for pair in zip(left.tolist(), right.tolist(), strict=True)} == expected


def test_as_many_pairs_as_there_are() -> None:
    """More than room was made for at first: each of 60 lines says nearly what all others say."""
    corpus = Corpus.of_lines([TrainingLine(f"这款保温杯现在多少钱一个{at}", "a.price") for at in range(10, 70)])
    left, right = Sets.of(corpus).near(0.5)
    assert set(zip(left.tolist(), right.tolist(), strict=True)) == set(combinations(range(60), 2))
    assert len(left) == 60 * 59 // 2


def test_sets_do_not_hang_on_how_many_lines_are_put_in_order_together(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = Corpus.of_lines(
        [TrainingLine(f"这款{'保温杯' * (at % 3)}多少钱{at % 7}个", "a.price") for at in range(20)]
    )
    whole = Sets.of(corpus)
    monkeypatch.setattr(twins_module, "AT_ONCE", 3)
    parts = Sets.of(corpus)
    for found, expected in ((parts.shared.indptr, whole.shared.indptr), (parts.shared.indices, whole.shared.indices)):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(parts.sizes, whole.sizes)
