"""Normal forms: one spelling for what reads the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.pool.folding import fold, fold_character
from engine.pool.lookalikes import latin, simplified
from engine.understanding.normalise import MAX_FORM, elongations, normal_form

ANY_CHARACTER = st.characters(exclude_categories=())  # lone surrogates too
ANY_TEXT = st.text(ANY_CHARACTER, max_size=60)
CHAT = st.text(
    st.sampled_from("哈多少钱號号三十一二著名显aAoO0369６？?!！.。'’#[]:& \u200b\u0301\ud83d😀❤☺ру麼錢ﬁ㎡"), max_size=40
)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("多少錢", "多少钱"),
        ("多少銭 価格 売 発送", "多少钱 价格 卖 发送"),
        ("這個怎麼賣", "这个怎么卖"),
        ("ＨＯＷ　ＭＵＣＨ？？", "how much?"),
        ("哈哈哈哈哈", "哈哈"),
        ("soooooo good", "soo good"),
        ("66666666", "666"),
        ("8888元", "8888元"),
        ("五千五百五十五元", "5555元"),
        ("1111号链接", "1111号链接"),
        ("#2222 多少", "#2222 多少"),
        ("重1111克", "重1111克"),
        ("8888公斤", "8888公斤"),
        ("10000", "10000"),
        ("多\u200b少\u202e钱", "多少钱"),
        ("рriсe", "price"),
        ("what's this", "whats this"),
        ("café", "cafe"),
        ("三号链接", "3号链接"),
        ("十二号", "12号"),
        ("二十号", "20号"),
        ("一般般", "一般般"),
        ("好看！！！多少钱。。。", "好看 多少钱"),
        ("19.9元 ok.", "19.9元 ok"),
        ("# 3 多少", "#3 多少"),
        ("邊吃著邊看著", "边吃着边看着"),
        ("跟著有優惠嗎", "跟着有优惠吗"),
        ("著名品牌效果顯著", "著名品牌效果显著"),
        ("原著作者", "原著作者"),
        ("1,299元", "1299元"),
        ("￥1,299", "1299"),
        ("１，２９９塊錢", "1299元"),
        ("is it 1,299?", "is it 1299?"),
        ("100,000 views", "100000 views"),
        ("拍2,160能穿吗", "拍2 160能穿吗"),
        ("扣1，100斤", "扣1 100斤"),
        ("100,200,300ml", "100 200 300ml"),
        ("1,2,3", "1 2 3"),
        ("12,34元", "12 34元"),
        ("壹号链接", "1号链接"),
        ("😀😀❤️🎉 好", "好"),
        ("[捂脸]多少钱:smile:", "多少钱"),
        ("[色][色][色]", ""),
        ("多 少 钱", "多少钱"),
        ("主播 包 邮 吗 ？", "主播 包邮吗?"),
        ("有 货 吗", "有货吗"),
        ("三 百 元", "300元"),
        ("好 看", "好 看"),
        ("红 色 的衣服", "红 色 的衣服"),
        ("[绝望的凝视] [doge]［玫瑰］:thumbs_up: :+1:", ""),
        ("[笑哭R]到货了", "到货了"),
        ("20:30:45 color:red", "20 30 45 color red"),
        ("【多少钱】", "多少钱"),
        ("I &#39;m here &amp; there", "i m here there"),
        ("看 https://shop.example/a?b=1 这个", "看 这个"),
        ("awww.is it vegan", "aww is it vegan"),
        ("看www.a.b 这个", "看 这个"),
        ("H\u0338e\u0338l\u0338lo", "hello"),
        ("\ud800", ""),
        ("", ""),
    ],
)
def test_spellings_meet_in_one_form(text: str, form: str) -> None:
    """Width, case, script variant, accents, emphasis and decoration do not make another form."""
    assert normal_form(text) == form


@given(ANY_TEXT | CHAT)
def test_a_normal_form_is_its_own_normal_form(text: str) -> None:
    """Normalising twice is normalising once."""
    form = normal_form(text)
    assert normal_form(form) == form


@given(
    st.text(ANY_CHARACTER, max_size=400)
    | st.text(ANY_CHARACTER, min_size=1, max_size=3).map(lambda part: part * 20_000)
)
def test_forms_are_bounded_and_printable(text: str) -> None:
    """However long a text is, its form has at most 200 characters, single blanks, no line break and no half characters."""
    form = normal_form(text)
    assert len(form) <= MAX_FORM
    assert form == " ".join(form.split())
    form.encode("utf-8")


@given(ANY_CHARACTER)
def test_no_character_grows_without_bound(char: str) -> None:
    """Folding one character gives at most 18, the longest compatibility form that Unicode has, and is final."""
    folded = fold_character(char)
    assert len(folded) <= 18
    assert fold(folded) == folded


@given(CHAT)
def test_elongation_is_final(text: str) -> None:
    """Shortened emphasis is not shortened again."""
    assert elongations(elongations(text)) == elongations(text)


def test_look_alike_tables_lead_somewhere_final() -> None:
    """No look-alike maps to another look-alike, and no Traditional character to another Traditional one."""
    assert not set(latin().values()) & set(latin())
    table = simplified()
    assert len(table) > 3_000
    assert not {target for target in table.values() if table.get(target, target) != target}
