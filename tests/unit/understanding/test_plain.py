"""Plain texts by the batch: the same as one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis.strategies import characters, lists, sampled_from, text

from engine.understanding.normalise import MAX_FORM, normal_form
from engine.understanding.plain import DRAWN, FEW, HARD, PERSONAL, normal_forms, plain_forms
from engine.understanding.privacy import mask
from engine.understanding.reading import read_plain, read_plains

PIECES = (
    "多少钱", "價格", "ｆｒｅｅ", "Hello", "哈", "哈哈哈", "?", "？", " ", "  ", "，", "☺", "😂", "\n", "\u200b", "\ud83d", "1", "1111",
    "5k", "1m65", "50rmb", "一百二", "3号", "吃著", "著名", "1,299", "2w", "毛", "钱", "1.60",
    "https://a.b/c", "&#39;", "don't", "[捂脸]", "：", "...", "#3", "ß", "㎏", "é", "の", "привет",
    "me at x dot com", "PO BOX 1", "一三八零", "一二三四五六七八九", "建设路", "江苏省南京市", "区", "加v", "1380000", "０", "Ⅳ", "x" * 60,
    "\x00", "[doge]", "[哈", "]", ":", ":smile:", "http:", "'", "''", "it's", "？？", "☺ ", "十", "百", "千万", "元", "号", "米", "三",
    "陆", "肆拾", "路", "村", "巷弄", "楼", "@", "_", "微信", "a12", "b3c4d", "dot", "ｄｏｔ", "一 四", "七", "⑩",
    "d'ot", "at ", " com", "-", "1.650g", "ſ", "İ", "①", "3 元",
)  # fmt: skip
anything = lists(sampled_from(PIECES) | text(characters(), max_size=3), max_size=12).map("".join)


@given(lists(anything, min_size=FEW, max_size=FEW + 6))
def test_a_batch_is_read_as_its_texts_are(texts: list[str]) -> None:
    assert read_plains(texts) == [read_plain(one) for one in texts]
    assert normal_forms(texts) == [normal_form(one) for one in texts]


@given(lists(anything, min_size=1, max_size=9))
def test_what_holds_no_hint_holds_nothing_personal(texts: list[str]) -> None:
    plain = plain_forms(texts)
    for one, form, says in zip(texts, plain.forms, plain.says, strict=True):
        assert says & (PERSONAL | HARD | DRAWN) or (mask(one) is None and mask(form) is None)


beside_digits = text(
    sampled_from("0359.．。,，…·:：#'?wkm块十百三元号陆[]哈 \u200b\u2060\u0301\ud83d\udc00满包a\x00"), max_size=14
)


@given(beside_digits)
def test_the_size_of_the_batch_does_not_matter(one: str) -> None:
    """What is not seen (invisible signs, combining marks, half characters) is not there, whichever way a text takes."""
    assert normal_forms([one] * FEW) == [normal_form(one)] * FEW


@pytest.mark.parametrize(
    "one",
    [
        "name at gmail d'ot com",
        "name at gmail do’t com",
        "name at gmail ｄｏｔ com",
        "微信1----",
        "抖音号 1----",
        "1.650g十分好",
        "1.2340g 米",
        ":ſmile:",
        "a:İabc:",
        "httpſ://abc.de/fgh",
        "HTTPS://A.B/C",
        "一m65 3元",
        "看[doge]这个[",
        "1'' 2",
        "土著 吃著",
    ],
)
def test_a_batch_reads_alike_what_is_nearly_plain(one: str) -> None:
    assert read_plains(["好"] * FEW + [one])[-1] == read_plain(one)


def test_an_address_is_covered_whatever_stands_in_its_words() -> None:
    reading = read_plains(["好"] * FEW + ["name at gmail d'ot com"])[-1]
    assert reading.masked is not None
    assert "gmail" not in reading.form


def test_a_point_is_between_digits_whatever_unseen_stands_beside_it() -> None:
    for unseen in ("\u200b", "\u2060", "\u0301", "\ud83d"):
        for price in (f"满9{unseen}.9包邮不", f"满9.{unseen}9包邮不"):
            assert normal_forms([price] * FEW) == [normal_form(price)] * FEW == ["满9.9包邮不"] * FEW


def test_usual_comments_are_plain() -> None:
    """Else nothing would be gained."""
    usual = [
        "多少钱",
        "主播好漂亮！！",
        "这个 有货吗？",
        "求鏈接，謝謝",
        "笑死[捂脸][捂脸]",
        "万能的吗？？",
        "大陆的 元气满满",
        "don't know: really",
        "这个路上要几天",
        "how much is it",
        "Lovely cup!",
        "扣1",
        "👍",
        "",
    ]
    plain = plain_forms(usual)
    assert not any(says & HARD for says in plain.says)
    assert plain.forms == [normal_form(one) for one in usual]


def test_long_texts_do_not_make_the_batch_long() -> None:
    texts = ["长" * 2_000] * FEW
    assert all(says & HARD for says in plain_forms(texts).says)
    assert [len(form) for form in normal_forms(["长短" * 1_000] * FEW)] == [MAX_FORM] * FEW
