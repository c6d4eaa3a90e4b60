"""Personal data is covered, everything else is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.understanding.privacy import COVER, mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("我电话13812345678", f"我电话{COVER}"),
        ("138 1234 5678 打我", f"{COVER} 打我"),
        ("call (555) 123-4567 now", f"call {COVER} now"),
        ("+44 20 7946 0958", COVER),
        ("订单号20260101123456到哪了", f"订单号{COVER}到哪了"),
        ("mail me at a.b-c@example.com pls", f"mail me at {COVER} pls"),
        ("加微信 abc_12345", f"加微信 {COVER}"),
        ("my wechat: tea2026", f"my wechat: {COVER}"),
        ("寄到幸福路12号3栋402室可以吗", f"寄到幸福路{COVER}可以吗"),
        ("i live at 12 Green Park Road", f"i live at {COVER}"),
        ("１３８１２３４５６７８", COVER),
        ("电话一三八零零一三八零零零", f"电话{COVER}"),
        ("幺三八 六六六六 七七七七", COVER),
        ("0571-88881234", COVER),
        ("(02) 9876 5432", COVER),
        ("1.380.013.8000", COVER),
        ("+447000000000123 hi", f"{COVER} hi"),
        ("dm me 9123 4567", f"dm me {COVER}"),
        ("身份证33010219900101123X", f"身份证{COVER}"),
        ("单号SF1234567890123", f"单号{COVER}"),
        ("my parcel YT88 1234 5678", f"my parcel YT{COVER}"),
        ("order no 55123 where", f"order no {COVER} where"),
        ("订单号A12B-99 啥时候发", f"订单号{COVER} 啥时候发"),
        ("加v abc888", f"加v {COVER}"),
        ("加我微 zhang_88", f"加我微 {COVER}"),
        ("ig @john_doe", f"ig @{COVER}"),
        ("write to tea at example dot com", f"write to {COVER}"),
        ("我在8栋1203 帮我改下", f"我在{COVER} 帮我改下"),
        ("3号楼2单元501", COVER),
        ("寄到杭州市西湖区文三路", f"寄到杭州市西湖区{COVER}"),
        ("北京市朝阳区建国路88号能到吗", f"北京市朝阳区{COVER}{COVER}能到吗"),
        ("apt 4b 221 baker street", COVER),
        ("blk 123 #05-67 can ship?", f"{COVER} can ship?"),
        ("P.O. Box 123", COVER),
    ],
)
def test_personal_data_is_covered(text: str, masked: str) -> None:
    """Phones, orders, mail addresses, messenger ids and house numbers are covered; the words around them stay."""
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "多少钱",
        "3号链接",
        "129元",
        "19.9",
        "一米六五110斤穿什么码",
        "2026年",
        "165 110",
        "100ml 200ml",
        "500克",
        "#3",
        "how much for 2",
        "7天无理由",
        "一二三四五 上链接",
        "外省市区的人说话有乡音",
        "浙江省能到吗",
        "广州市天河区几天到",
        "一单元多少钱",
        "look at this dot pattern",
        "order 3 of them",
        "123上链接",
        "1:1 1/2 10-20",
        "加微",
        "@主播 多少钱",
        "",
    ],
)
def test_plain_lines_need_no_mask(text: str) -> None:
    """Prices, sizes, years and link numbers are nobody's data."""
    assert mask(text) is None


@given(st.text(st.characters(exclude_categories=()), max_size=80) | st.text("0123456789 -+@._a微信路号", max_size=60))
def test_masking_never_fails_and_leaves_no_long_number(text: str) -> None:
    """Whatever the text holds, the result has no run of seven digits."""
    masked = mask(text)
    shown = text if masked is None else masked
    run = 0
    for char in shown:
        run = run + 1 if char.isdecimal() else 0
        assert run < 7
