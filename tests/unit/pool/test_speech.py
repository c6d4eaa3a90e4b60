"""Speech: placeholders, lengths and typed prices."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.pool.speech import (
    currency_beside_placeholder,
    fill,
    placeholders,
    seconds,
    stray_brace,
    typed_prices,
)

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
PLAIN = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="{}"), max_size=20)


def test_placeholders_are_listed_once_in_order_of_appearance() -> None:
    """A name that appears twice is listed at its first place."""
    assert placeholders("{product}今天{price}，{link}号，{price}") == ("product", "price", "link")


def test_format_syntax_is_not_a_placeholder() -> None:
    """Attribute access, indexes, conversions and format specs of `str.format` mean nothing here."""
    for text in ("{a.b}", "{a[0]}", "{a!r}", "{a:>10}", "{0}", "{}", "{A}", "{{a b}}", "{_x}"):
        assert placeholders(text) == ()
        assert stray_brace(text) == 0


def test_a_stray_brace_is_found_at_its_column() -> None:
    """Braces that belong to a placeholder are fine; the first other one is named."""
    assert stray_brace("送{gift}，满{price}减") is None
    assert stray_brace("送{gift}，满{price减") == 9
    assert stray_brace("送{gift}}") == 7
    assert stray_brace("{{gift}}") == 0


def test_filling_names_the_missing_value() -> None:
    """A missing value is a ValueError with the placeholder's name, never a KeyError."""
    with pytest.raises(ValueError, match=r"\{price\}"):
        fill("{product}要{price}", {"product": "龙井"})


@given(st.lists(st.tuples(PLAIN, NAMES), max_size=5), PLAIN, st.data())
def test_filling_replaces_placeholders_and_nothing_else(
    parts: list[tuple[str, str]], tail: str, data: st.DataObject
) -> None:
    """The result is the literal parts around the values, even where values look like placeholders."""
    values = {name: data.draw(st.sampled_from(["{product}", "{", "\\1", "129元", ""])) for _, name in parts}
    text = "".join(f"{before}{{{name}}}" for before, name in parts) + tail
    assert placeholders(text) == tuple(dict.fromkeys(name for _, name in parts))
    assert stray_brace(text) is None
    assert fill(text, values) == "".join(before + values[name] for before, name in parts) + tail


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("今天129元包邮", "129元"),
        ("只要129块", "129块"),
        ("¥129", "¥129"),
        ("￥ 129", "￥ 129"),
        ("129 yuan", "129 yuan"),
        ("just $5 today", "$5"),
        ("5 dollars", "5 dollars"),
        ("5刀一个", "5刀"),
        ("一百二十九元", "一百二十九元"),
        ("一百二十九块", "一百二十九块"),
        ("两块钱", "两块钱"),
        ("三块五", "三块五"),
        ("RMB 129", "RMB 129"),
        ("129rmb", "129rmb"),
        ("129RMB起", "129RMB"),
        ("１２９元", "１２９元"),
        ("1,299元", "1,299元"),
        ("99.9元", "99.9元"),
        ("1.2万元", "1.2万元"),
        ("100多块", "100多块"),
        ("人民币129", "人民币129"),
        ("5毛钱", "5毛钱"),
        ("HK$50", "$50"),
        ("129¥", "129¥"),
        ("five dollars off", "five dollars"),
        ("twenty-five yuan", "twenty-five yuan"),
        ("one hundred and twenty nine yuan", "one hundred and twenty nine yuan"),
        ("99 美元", "99 美元"),
        ("€9.90", "€9.90"),
        ("20 bucks", "20 bucks"),
        ("九块九", "九块九"),
    ],
)
def test_amounts_beside_a_currency_are_found(text: str, match: str) -> None:
    """Digits, Chinese numerals and English numerals beside a currency word or sign are typed prices."""
    assert typed_prices(text) == [(text.index(match), match)]


@pytest.mark.parametrize(
    "text",
    [
        "一块买更划算",
        "两块茶砖",
        "2025元旦",
        "48小时内发货",
        "{price}",
        "3号链接",
        "link 3",
        "100%纯棉",
        "十二个月",
        "yuantong 3 days",
        "we ship in 2 days",
        "砍一刀",
        "",
    ],
)
def test_numbers_without_a_currency_are_left_alone(text: str) -> None:
    """Numbers of other things are no prices, and 一块 means together."""
    assert typed_prices(text) == []


def test_all_typed_prices_are_found_in_order() -> None:
    """Each amount is reported with its own column."""
    assert typed_prices("原价199元现价$5") == [(2, "199元"), (8, "$5")]


def test_a_currency_beside_a_placeholder_is_found() -> None:
    """A money fact says its currency itself, so a typed one would be said twice, or make money of a plain number."""
    assert currency_beside_placeholder("只要{price}元，送{gift}") == [(2, "{price}元")]
    assert currency_beside_placeholder("only ${price}") == [(5, "${price}")]
    assert currency_beside_placeholder("RMB {price}") == [(0, "RMB {price}")]
    assert currency_beside_placeholder("发{dispatch_hours}小时，{price}包邮") == []


def test_lengths_follow_the_speaking_rates() -> None:
    """Chinese runs at 4.5 characters a second, English at 2.7 words a second and a breath."""
    assert seconds("拍下之后小时之内", "zh") == pytest.approx(8 / 4.5, abs=0.01)
    assert seconds("We ship within 48 hours.", "en") == pytest.approx(5 / 2.7 + 0.3, abs=0.01)
    assert seconds("It's iron-goddess tea", "en") == pytest.approx(3 / 2.7 + 0.3, abs=0.01)
    assert seconds("", "zh") == 0.3


@given(PLAIN, PLAIN, st.sampled_from(["zh", "en"]))
def test_a_longer_text_never_takes_less_time(first: str, second: str, lang: str) -> None:
    """Two sentences take at least as long as one of them, up to rounding."""
    assert seconds(f"{first} {second}", lang) >= seconds(first, lang) - 0.01


@pytest.mark.parametrize(
    "text",
    [
        "原价两百现价一百",
        "只要129",
        "到手价九十九",
        "到手价九十九包邮",
        "今天只要一百二十九，",
        "满199减20",
        "99包邮",
        "price is 129",
        "only 129 today",
        "was 200 now 100",
        "活动价是88",
        "售价：128.00",
        "到手只要59.9",
        "现价一百",
        "原价\uff11\uff12\uff19",
    ],
)
def test_amounts_without_a_currency_are_prices_beside_words_of_price(text: str) -> None:
    """Also where two stand in a row, and in full-width digits."""
    assert typed_prices(text)


@pytest.mark.parametrize(
    "text",
    [
        "只要三天就到",
        "只要您拍下",
        "价格十分优惠",
        "价格千万别错过",
        "价格一样",
        "原价9折",
        "到手价打9折",
        "只要两个",
        "满三件打九折",
        "只需12小时",
        "仅需3分钟",
        "价格一直不变",
        "满18岁",
        "there are only 3 left",
        "just 2 days",
        "only 24 hours",
        "costs 2 points",
        "到手两盒",
        "价格在3号链接",
        "价格都在链接里",
        "活动价10点开始",
        "只要10个",
        "拍3件包邮",
        "现价格以页面为准",
        "it was 2023.5 wait",
        "{price}包邮",
        "到手价{price}",
        "原价{a}现价{b}",
        "只要{price}",
        "满{free}包邮",
        "只有100片",
        "今晚价格到12点",
        "定价很实在",
        "2024年包邮",
        "价格两级",
        "只要48小时之内",
        "到手48小时内验货",
        "到手7天",
        "买一送一包邮",
        "满二包邮",
        "全场一件包邮",
    ],
)
def test_what_is_counted_or_filled_is_no_price(text: str) -> None:
    """Pieces, days, discounts, links, times of day; and what a fact says."""
    assert typed_prices(text) == []
