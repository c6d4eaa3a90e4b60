"""What intents learn of each other by their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from engine.pool.model import UNLISTED, TrainingLine
from engine.understanding.linear import F32
from engine.understanding.ngrams import grams
from engine.understanding.training import fitting
from engine.understanding.training.corpus import Corpus
from engine.understanding.training.fitting import WORD, fit
from engine.understanding.training.solver import Kinds, Machine, learn

LINES = {
    "alarm_set": ("wake me at seven", "set it for six", "wake me up early"),
    "alarm_remove": ("delete the seven one", "drop it please"),
    "music_play": ("play some jazz", "put on a song"),
    "weather_today": ("will it rain", "is it cold outside"),
}


def corpus(names: dict[str, str] | None = None) -> Corpus:
    names = names or {}
    return Corpus.of_lines(TrainingLine(text, names.get(name, name)) for name, texts in LINES.items() for text in texts)


def margins(lines: Corpus, text: str, without: str | None = None) -> dict[str, float]:
    chosen = np.ones(len(lines), dtype=np.bool_)
    if without is not None:
        chosen = lines.labels != 1 + lines.intents.index(without)
    found: F32 = fit(lines, chosen).scores(grams([text])).margins[0, 1:]
    return dict(zip(lines.intents, found.tolist(), strict=True))


def test_the_words_of_a_name_are_a_line_of_its_intent() -> None:
    """Of few lines: no example of the weather has its word."""
    found = margins(corpus(), "weather")
    assert max(found, key=lambda name: found[name]) == "weather_today"
    plain = margins(corpus({"weather_today": "q_17"}), "weather")
    assert found["weather_today"] > plain["q_17"] + 0.5


def test_a_word_that_only_a_name_has_weighs_as_a_word() -> None:
    """As those of the lines do, beside its parts, which are as rare."""
    lines = corpus()
    linear = fit(lines, np.ones(len(lines), dtype=np.bool_))
    rows = linear.index[grams(["weather"]).columns]
    weights = np.unique(linear.idf[rows[rows > 0]].round(4))
    assert weights[-1] == pytest.approx(WORD * weights[-2], rel=1e-3)


def test_intents_learn_from_the_lines_of_their_kin() -> None:
    """What only one alarm's lines say speaks for the other, too, against what is no alarm."""
    kin = margins(corpus(), "wake me up")
    alone = margins(corpus({"alarm_remove": "other_remove"}), "wake me up")
    assert kin["alarm_set"] > kin["alarm_remove"]
    assert kin["alarm_remove"] - kin["music_play"] > alone["other_remove"] - alone["music_play"] + 0.1


def test_a_not_line_speaks_against_its_intent_and_no_other() -> None:
    """And no more than an example speaks for it: what it shares with all of those still says so."""
    lines = [TrainingLine(text, name) for name, texts in LINES.items() for text in texts]
    denied = [TrainingLine(f"{word} some jazz", "music_play") for word in ("hate", "sold", "stop", "teach", "paint")]
    plain, against = Corpus.of_lines(lines), Corpus.of_lines(lines, denied)
    for text in ("hate some jazz", "stop some jazz"):
        before, now = margins(plain, text), margins(against, text)
        assert now["music_play"] < before["music_play"] - 0.5
        assert max(abs(now[name] - before[name]) for name in LINES if name != "music_play") < 0.3
    assert margins(against, "play some jazz")["music_play"] > 0
    assert margins(against, "put some jazz on")["music_play"] > margins(against, "sold some jazz")["music_play"]


def test_what_is_left_out_lends_nothing() -> None:
    """A hidden intent is neither an answer nor a teacher, nor is its name a line."""
    lines = corpus()
    hidden = margins(lines, "wake me up", without="alarm_set")
    assert hidden["alarm_set"] == -4.0
    chosen = lines.labels != 1 + lines.intents.index("alarm_set")
    kept = replace(
        lines,
        forms=[form for form, keep in zip(lines.forms, chosen.tolist(), strict=True) if keep],
        labels=lines.labels[chosen], against=lines.against[chosen], features=lines.features[chosen],
    )  # fmt: skip
    assert hidden == margins(kept, "wake me up")


@pytest.mark.parametrize(
    ("few", "many", "least", "rounds"), [(9, 9, 1, 30), (8, 9, 3, 6), (0, 9, 3, 6), (8, 8, 4, 4), (0, 0, 4, 4)]
)
def test_of_more_lines_a_feature_must_stand_in_more(
    few: int, many: int, least: int, rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight lines, as few, as more, or as many: what so many have is known, one less where all are of one kind; and so many rounds are
    made, also for a part of them. Signs stand in one line to four, of one kind or of two."""
    monkeypatch.setattr(fitting, "FEW", few)
    monkeypatch.setattr(fitting, "MANY", many)
    made: set[int] = set()

    def learnt(
        features: sparse.csr_array, kinds: Kinds, machines: Sequence[Machine], rounds: int, *rest: Any
    ) -> tuple[F32, F32]:
        made.add(rounds)
        return learn(features, kinds, machines, rounds, *rest)

    monkeypatch.setattr(fitting, "learn", learnt)
    texts = ("甲丙己庚", "甲丙己庚", "甲丁己庚", "甲丁戊", "己庚", "辛", "辛", "壬")
    lines = Corpus.of_lines(
        TrainingLine("子丑寅卯辰巳午未"[at] + "".join(f"{at % 2}{sign}{at}" for sign in text), f"a.{at // 4}")
        for at, text in enumerate(texts)
    )
    every = np.ones(len(lines), dtype=np.bool_)
    index, stands = fit(lines, every).index, np.bincount(lines.features.indices)
    signs = {sign: sum(sign in text for text in texts) for sign in "甲丙丁己庚辛壬戊"}
    of_two = {"己", "庚"}
    for sign, often in signs.items():
        own = [column for column in grams([sign]).columns.tolist() if stands[column] == often]
        assert own
        assert (index[own] > 0).all() == (often >= least - (sign not in of_two)), sign
    fit(lines, every & (np.arange(len(lines)) != 3))
    assert made == {rounds}


def test_what_two_lines_say_is_known_where_both_ask_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where three are asked for: of one intent, or both of none; never where they are of two kinds, or idle, or speak against an intent."""
    monkeypatch.setattr(fitting, "FEW", 0)
    kinds = {
        "甲": ("a.price", "a.price"), "乙": ("a.price", "a.send"), "丙": (UNLISTED, UNLISTED),
        "丁": (UNLISTED, "a.send"), "戊": (None, None), "己": (None, "a.price"),
    }  # fmt: skip
    lines = [
        TrainingLine(f"{sign}{end}", kind)
        for sign, pair in kinds.items()
        for kind, end in zip(pair, "子丑", strict=True)
    ]
    corpus = Corpus.of_lines(lines, [TrainingLine("庚寅", "a.price"), TrainingLine("庚卯", "a.price")])
    index = fit(corpus, np.ones(len(corpus), dtype=np.bool_)).index
    # A feature that both lines of a pair have and no other: their first sign.
    told = {sign: bool(index[int(grams([sign]).columns[0])]) for sign in (*kinds, "庚")}
    assert told == {"甲": True, "乙": False, "丙": True, "丁": False, "戊": False, "己": False, "庚": False}


def test_words_weigh_more_than_their_parts_and_the_strange_as_much_as_the_rarest_part() -> None:
    lines = corpus()
    linear = fit(lines, np.ones(len(lines), dtype=np.bool_))
    stands = np.bincount(lines.features.indices, minlength=len(linear.index))
    once = [column for column in lines.words.tolist() if stands[column] == 1]
    assert len(once) > 2  # jazz and rain among them; names of intents hold none of some
    assert np.isclose(linear.idf[linear.index[once]].max(), WORD * linear.idf[-1])  # as the rarest parts are
    values = linear.spread(grams(["jazz zzz"]))
    known = linear.idf[linear.index[grams(["jazz zzz"]).columns]]
    assert np.isclose(values[known == 0].max() / values[known > 0].max(), 1 / WORD)
