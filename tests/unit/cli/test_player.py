"""`livechat player`: the script that it plays, and what it prints."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from engine.cli.player import Voice, script_maker
from engine.client.connection import Outage
from engine.client.playhead import Say, Tell
from engine.client.scripts import FactBook
from engine.errors import UsageError
from engine.events.inputs import Cursor
from engine.events.outputs import Insertion
from engine.events.told import Fact
from engine.pool.load import load_pool
from engine.pool.model import Pool

CURSOR = Cursor(version="1", lap=0, segment="one", sentence="s1")


@pytest.fixture
def pool(base: Path, shop: Path) -> Pool:
    return load_pool(base, shop, model_of=lambda _: "")


def insertion() -> Insertion:
    return Insertion(
        id="ab" * 8, room="r", shop="tea", at=0, lease=1, seq=1, shop_offset=0, session="s", reply="price-zh",
        intent="product.price", language="zh", text="今天129元", duration_ms=2_000, when="sentence", start=0, not_after=1,
        pool="cd" * 8, viewers=3,
    )  # fmt: skip


def test_script_is_filled_and_quickened(pool: Pool) -> None:
    """Facts come from the gateway; seconds are divided by the speed; what lacks a fact is left out and told."""
    left: list[tuple[str, str]] = []
    make = script_maker(pool, "evening", 2.0, lambda sentence, why: left.append((sentence, why)))
    price = Fact(product="tgy", name="price", value=129, currency="CNY", version="1")
    script = make(FactBook([price]), 0, "request")
    (segment,) = script.segments
    assert [(s.text, s.seconds) for s in segment.sentences] == [("安溪铁观音今天129元。", 1.25), ("喝茶。", 0.5)]
    assert left == []
    assert [s.id for s in make(FactBook(), 0, "request").segments[0].sentences] == ["s2"]
    assert left == [("s1", "no value for price")]


def test_a_fact_that_is_too_long_ends_no_player(pool: Pool) -> None:
    """The sentence is left out and told, in one line; the script goes on without it."""
    left: list[tuple[str, str]] = []
    make = script_maker(pool, "evening", 1.0, lambda sentence, why: left.append((sentence, why)))
    long = Fact(product="tgy", name="price", value="x" * 3_000, live=True, version="2")
    assert [s.id for s in make(FactBook([long]), 0, "request").segments[0].sentences] == ["s2"]
    ((sentence, why),) = left
    assert (sentence, why.partition(" ")[2]) == ("s1", "characters with price, at most 300 can be said at a time")
    assert "\n" not in why


def test_unknown_script_is_told(pool: Pool) -> None:
    """With the scripts that there are."""
    with pytest.raises(UsageError, match="no script `night`; it has `evening`"):
        script_maker(pool, "night", 1.0, lambda *_: None)


def test_voice_prints_what_is_said_and_what_went_wrong() -> None:
    """Replies stand out and say for whom; good reports are not told."""
    out = io.StringIO()
    voice = Voice(Console(file=out, width=200), clock=lambda: 0.0)
    voice.say(Say("sentence", 0, "欢迎", cursor=CURSOR))
    voice.say(Say("sentence", 0, "喝茶", cursor=CURSOR))
    voice.say(Say("reply", 0, "今天129元", insertion=insertion()))
    voice.say(Say("cut", 0, insertion=insertion()))
    voice.tell(Tell("accepted", 0, insertion="ab" * 8))
    voice.tell(Tell("rejected", 0, insertion="ab" * 8, reason="late"))
    voice.left_out("s9", "no value for price")
    voice.left_out("s9", "no value for price")
    voice.outage(Outage("the server restarts"))
    voice.outage(Outage("the server restarts", 12.3))
    assert [line[8:].strip() for line in out.getvalue().splitlines()] == [
        "— one", "欢迎", "喝茶", "▶ 今天129元  for 3 viewers (price-zh)", "✂ cut", "! rejected abababab: late",
        "! `s9` is left out: no value for price",
        "! the engine is away (the server restarts); the script goes on, replies come when it is back",
        "! the engine is back after 12 s",
    ]  # fmt: skip
