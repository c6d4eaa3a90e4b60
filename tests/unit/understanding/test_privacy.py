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
