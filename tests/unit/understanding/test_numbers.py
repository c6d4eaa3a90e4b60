"""Number words and units in one form."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.understanding.normalise import MAX_FORM, normal_form
from engine.understanding.numbers import numbers

_FORMAL = str.maketrans("一二三四五六七八九十百千", "壹贰叁肆伍陆柒捌玖拾佰仟")
_TRADITIONAL = str.maketrans("万两", "萬兩")
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(ord("0"), ord("9") + 1)}
NUMBERS = st.text(st.sampled_from("零一二两三九十百千万米块元钱钱kmrb0159. 号好wg"), max_size=30)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("一百二", "120"),
        ("一百二十", "120"),
        ("一百零二", "102"),
        ("一千五", "1500"),
        ("两万三", "23000"),
        ("两千三百万", "23000000"),
        ("十一", "11"),
        ("三十五码", "35码"),
        ("我一米六五一百一十斤", "我1.65米110斤"),
        ("1米7高", "1.7米高"),
        # How heavy, right behind how tall.
        ("一米六100斤", "1.6米100斤"),
        ("1米6100斤", "1.6米100斤"),
        ("1m65120斤", "1.65米120斤"),
        ("1米690斤", "1.6米90斤"),
        ("一米六一百斤", "1.6米100斤"),
        ("一米六五十公斤", "1.6米50公斤"),
        ("一米七一百三", "1.7米130"),
        ("一米六五一百二", "1.65米120"),
        # A count behind a price is its own.
        ("100块3件包邮吗", "100元3件包邮吗"),
        ("99块2号链接", "99元2号链接"),
        ("100块八折", "100元八折"),
        ("50块5天到吗", "50元5天到吗"),
        ("是9块9对吗", "是9.9元对吗"),
        ("9块9次日达吗", "9.9元次日达吗"),
        ("1米65对应什么码", "1.65米对应什么码"),
        ("我1米58对象1米8", "我1.58米对象1.8米"),
        ("1米6290斤", "1.62米90斤"),
        ("1米7150斤", "1.7米150斤"),
        ("99块8点开抢", "99元8点开抢"),
        # A numeral and a digit side by side are two numbers, or a slip.
        ("一百2件", "一百2件"),
        ("二十2号链接", "二十2号链接"),
        ("1m65", "1.65米"),
        ("一m65", "1.65米"),
        ("2k", "2000"),
        ("1.5万", "15000"),
        ("九块九包邮", "9.9元包邮"),
        ("9块9", "9.9元"),
        ("五块钱", "5元"),
        ("129块", "129元"),
        ("99 rmb", "99元"),
        ("三块五毛", "3.5元"),
        ("9块9毛钱包邮", "9.9元包邮"),
        ("三块五毛一斤", "3.5元一斤"),
        ("三块五一斤", "3.5元一斤"),
        ("3元5角", "3.5元"),
        ("五毛钱", "0.5元"),
        ("9块9毛巾", "9.9元毛巾"),
        ("19块9三包还是两包", "19.9元三包还是两包"),
        ("十块三双", "10元三双"),
        ("10块3双", "10元3双"),
        ("两块钱一个", "2元一个"),
        ("五十块", "50元"),
        ("五十块一个", "50元一个"),
        ("十块一堆", "10元一堆"),
        ("微信3块2支付宝", "微信3.2元支付宝"),
        ("100圆", "100元"),
        ("299.00元", "299元"),
        ("2w", "20000"),
        ("卖2.5w", "卖25000"),
        ("3w5", "35000"),
        ("3万5", "35000"),
        ("3万5千", "35000"),
        ("12万5", "125000"),
        ("1k2", "1200"),
        ("1千5百", "1500"),
        ("2百块", "200元"),
        ("20w块", "200000元"),
        ("10w人在看", "100000人在看"),
        ("15w左右", "150000左右"),
        ("1.60米", "1.6米"),
        ("1.6m", "1.6米"),
        ("身高1米60", "身高1.6米"),
        ("鱼竿4米5的", "鱼竿4.5米的"),
        ("2.50斤", "2.5斤"),
        ("壹佰贰拾", "120"),
        ("叁万元", "30000元"),
    ],
)
def test_numbers_meet_in_one_form(text: str, form: str) -> None:
    assert numbers(text) == form


@pytest.mark.parametrize(
    "text",
    [
        "万一",
        "千万别",
        "十分好",
        "一块买",
        "七八百",
        "三十十",
        "百分百",
        "一般",
        "20w",
        "60w",
        "20w快充",
        "100w充电器",
        "22.5w快充",
        "5w的灯",
        "5w的多少钱",
        "充电头5w",
        "20w左右的充电器",
        "5w多少钱",
        "is it 5w or 10w",
        "5w30机油",
        "5w 30",
        "7.5w wireless",
        "100k5",
        "1.5m views",
        "蓝牙5.0",
        "9.10发货",
        "3米2米5米都有",
        "佰草集",
        "收拾好",
        "大陆",
        "队伍",
        "第3块屏",
        "带两块电池",
        "带2块电池",
        "切成八块",
        "157 圆脸",
        "2圆领",
        "伍佰一开口",
        "羊毛钱包",
        "小米饭",
        "唯一米色",
        "元旦",
        "一块儿拍",
        "12kg",
        "2km",
        "五百六百",
    ],
)
def test_what_is_no_number_stays(text: str) -> None:
    assert numbers(text) == text


@given(st.integers(10, 99_999_999))
def test_every_number_is_read_back(value: int) -> None:
    """As it is spelled in full."""
    assert numbers(_spelled(value)) == str(value)


def _whole_prices(value: int) -> set[str]:
    spelled = _spelled(value)
    ways = {
        f"{value}块",
        f"{value}元",
        f"{value}块钱",
        f"{value} rmb",
        f"{value}圆",
        f"{value}.00元",
        f"￥{value:,}元",
        f"{value:,}块",
    }
    return ways | {
        spelled + "块钱",
        spelled + "元",
        spelled.translate(_FORMAL) + "元",
        spelled.translate(_TRADITIONAL) + "元",
    }


def _broken_prices(value: int, tenths: int) -> set[str]:
    part = _spelled(tenths)
    wholes = {str(value), _spelled(value)} | ({"两"} if value == 2 else set())
    ways = {f"{whole}块{end}{coin}" for whole in wholes for end in (part, tenths) for coin in ("", "毛", "毛钱", "角")}
    return ways | {
        f"{value}.{tenths}元",
        f"{value}.{tenths}0元",
        f"{value}.{tenths}块",
        f"{value}元{tenths}角",
        f"{value}塊{tenths}",
    }


def _thousands(scale: int, high: int, low: int) -> set[str]:
    value = high * scale + low * scale // 10
    units, lower = ("万w", "千") if scale == 10_000 else ("千k", "百")
    ways = {f"{high}{unit}{low}" for unit in units} | {f"{high}.{low}{unit}" for unit in units}
    ways |= {f"{high}.{low}0{units[0]}", f"{high}{units[0]}{low}{lower}", f"{_spelled(high)}{units[0]}{_spelled(low)}"}
    ways |= {str(value), _spelled(value)}
    return {way + "元" for way in ways} | {f"{value:,}元"}


def _lengths(metres: int, tenths: int) -> set[str]:
    spelled, part = _spelled(metres), _spelled(tenths)
    ways = {
        f"{metres}米{tenths}",
        f"{metres}米{tenths}0",
        f"{metres}.{tenths}米",
        f"{metres}.{tenths}0米",
        f"{metres}.{tenths}m",
    }
    return (
        ways
        | {f"{spelled}米{part}", f"{spelled}米{part}零", f"{metres}.{tenths}0m"}
        | ({f"{metres}m{tenths}"} if metres < 3 else set())
    )


SMALL = st.integers(1, 9)
WAYS = (
    st.builds(_whole_prices, st.integers(1, 9_999_999))
    | st.builds(_broken_prices, st.integers(1, 999), SMALL)
    | st.builds(_thousands, st.sampled_from((1_000, 10_000)), SMALL, SMALL)
    | st.builds(_lengths, SMALL, SMALL)
)


@given(WAYS, st.sampled_from(("", "包邮吗", "的有吗", " ok", "？", "左右")))
def test_how_a_number_is_written_does_not_change_the_form(ways: set[str], behind: str) -> None:
    """Digits, numerals, formal numerals, commas, units, zeros at the end, full width."""
    ways |= {way.translate(_FULL_WIDTH) for way in ways}
    assert len({normal_form(way + behind) for way in ways}) == 1, {way: normal_form(way + behind) for way in ways}


@given(NUMBERS)
def test_forms_with_numbers_are_stable_and_bounded(text: str) -> None:
    form = normal_form(text)
    assert normal_form(form) == form
    assert len(form) <= MAX_FORM


@given(st.text(st.sampled_from("一二十百千万k9.块 "), min_size=150, max_size=400))
@example("9k" * 93 + "9.一.一.一9")
@example("ab " * 65 + "多 少 钱九")
def test_forms_that_are_cut_off_are_stable(text: str) -> None:
    form = normal_form(text)
    assert normal_form(form) == form


def _spelled(value: int) -> str:
    """The numeral of a whole number below a hundred million."""
    above, below = divmod(value, 10_000)
    if above:
        rest = _spelled_section(below)
        gap = "零" if below and below < 1_000 else ""
        return _spelled_section(above) + "万" + gap + rest
    return _spelled_section(below)


def _spelled_section(value: int) -> str:
    digits = "零一二三四五六七八九"
    text, gap = "", False
    for unit, sign in ((1_000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, value = divmod(value, unit)
        if digit:
            text += ("零" if gap and text else "") + digits[digit] + sign
            gap = False
        else:
            gap = True
    return text
