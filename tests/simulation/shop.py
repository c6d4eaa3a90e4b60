"""The shop of the simulation: three versions of a small pool, what viewers write, and a script. Times are short: a minute shows all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.errors import RestoreError
from engine.events.inputs import ScriptSegment, ScriptSentence
from engine.events.understanding import Outcome, Understanding
from engine.pool import speech
from engine.pool.model import (
    ApprovalRule,
    Fact,
    Guard,
    Intent,
    Limits,
    Pool,
    Product,
    Reply,
    ReplyChannel,
    TrainingSet,
)
from engine.worker.library import MissingPool
from engine.worker.standing import Understood, Wants
from tests.simulation.clock import VirtualLoop

SHOP = "tea"
MODEL = "00000000000000aa"
ANSWER_WITHIN_MS = 12_000
MEMORY_MS = 15_000
LONGEST_REPLY_MS = 3_000
DISCLOSE_EVERY_MS = 20_000
MARK = "§"
"""Stands in every viewer's text and in no reply."""


def _reply(
    intent: str,
    name: str,
    text: str,
    *,
    lang: str = "zh",
    needs_product: bool = False,
    seconds: float = 2.0,
    cuts: bool = False,
    approval: ApprovalRule = "inherit",
    channel: ReplyChannel = "voice",
) -> Reply:
    return Reply(
        id=name, intent=intent, text=text, lang="en" if lang == "en" else "zh", needs_product=needs_product,
        placeholders=speech.placeholders(text), seconds=seconds, memory_ms=MEMORY_MS, approval=approval, channel=channel,
        may_interrupt=cuts,
    )  # fmt: skip


def _intent(name: str, *replies: Reply, **more: object) -> Intent:
    fields: dict[str, object] = {"answer_within_ms": ANSWER_WITHIN_MS, "cooldown_ms": 8_000, **more}
    return Intent(id=name, title={"en": name}, replies=replies, **fields)  # type: ignore[arg-type] # the fields of Intent


def _pool(name: str, fee: str) -> Pool:
    intents = (
        _intent(
            "price",
            _reply("price", "price-a", "{product}今天{price}", needs_product=True),
            _reply("price", "price-b", "{product}只要{price}", needs_product=True, seconds=3.0),
            needs_product=True,
            priority=80,
        ),
        _intent(
            "dispatch",
            _reply("dispatch", "dispatch", "{hours}小时内发出"),
            _reply("dispatch", "dispatch-en", "We ship within {hours} hours", lang="en"),
            _reply("dispatch", "dispatch-c", "{hours}小时内发货", channel="chat"),
            _reply("dispatch", "dispatch-c-en", "Sent within {hours} hours", lang="en", channel="chat"),
        ),
        _intent("fee", _reply("fee", "fee", fee), priority=40, insert="segment"),
        _intent("deal", _reply("deal", "deal", "今天的活动是{deal}", channel="both")),
        _intent(
            "real",
            _reply("real", "real", "都是正品", approval="standing"),
            _reply("real", "real-ten", "假一赔{ten}", approval="ask"),
        ),
        _intent(
            "stock",
            _reply("stock", "stock", "{product}{price}有货", needs_product=True, channel="chat"),
            needs_product=True,
        ),
        _intent("refund", _reply("refund", "refund", "七天可退"), stakes="high"),
        _intent(
            "sound",
            _reply("sound", "sound-a", "声音好了，您再听听", cuts=True),
            _reply("sound", "sound-b", "声音马上就好"),
            insert="now",
            priority=90,
        ),
        _intent("coupon"),
        _intent("human", owner="people"),
        _intent("greeting", kind="chatter"),
    )
    return Pool(
        hash=name,
        shop=SHOP,
        name={"zh": "茶"},
        languages=("zh", "en"),
        default_language="zh",
        intents={intent.id: intent for intent in intents},
        products={
            "tgy": Product(
                "tgy",
                {"zh": "铁观音"},
                facts={"price": Fact("price", 129, "CNY", floor=99, ceiling=169)},
                corrections=(_reply("correction", "correction-zh", "更正，{product}是{price}", needs_product=True),),
            ),
            "puer": Product("puer", {"zh": "普洱"}, facts={"price": Fact("price", 88, "CNY")}),
        },
        facts={"hours": Fact("hours", 24), "ten": Fact("ten", 10)},
        not_sold=("咖啡",),
        guard=Guard(("最佳",), {"zh": f"主播是数字人，{fee}"}, DISCLOSE_EVERY_MS),
        limits=replace(
            Limits(),
            proposals=2,
            airtime_share=0.4,
            airtime_window_ms=60_000,
            minimum_pause_ms=1_000,
            room_posts_per_minute=12,
            platform_posts_per_minute=8,
            post_cooldown_ms=4_000,
        ),
        scripts={},
        training=TrainingSet("00000000000000ab", ()),
        model=MODEL,
    )


def _narrow(name: str) -> Pool:
    """A shop that gave up a product and an intent, and whose fee waits no longer for a segment's end."""
    wide = _pool(name, "还是包邮")
    intents = {key: intent for key, intent in wide.intents.items() if key != "deal"}
    intents["fee"] = replace(intents["fee"], insert="sentence", answer_within_ms=6_000)
    products = {**wide.products, "puer": replace(wide.products["puer"], on_sale=False)}
    return replace(wide, intents=intents, products=products)


POOLS = {
    pool.hash: pool
    for pool in (
        _pool("00000000000000a1", "全场包邮"),
        _pool("00000000000000a2", "每一单都包邮"),
        _narrow("00000000000000a3"),
    )
}
FIRST, SECOND, THIRD = POOLS


def _meaning(outcome: Outcome, intent: str | None, **more: object) -> Understanding:
    fields: dict[str, object] = {"language": "zh", "confidence": 0.9, **more}
    return Understanding(outcome, f"{outcome}/{intent}", intent=intent, **fields)  # type: ignore[arg-type] # as Understanding


TEXTS: dict[str, Understanding] = {
    f"{MARK} 多少钱": _meaning("accepted", "price"),
    f"{MARK} 铁观音多少钱": _meaning("accepted", "price", product="tgy"),
    f"{MARK} 普洱多少钱": _meaning("accepted", "price", product="puer"),
    f"{MARK} 什么时候发货": _meaning("accepted", "dispatch"),
    f"{MARK} 普洱什么时候发货": _meaning("accepted", "dispatch", product="puer"),
    f"{MARK} when do you ship": _meaning("accepted", "dispatch", language="en"),
    f"{MARK} 包邮吗": _meaning("accepted", "fee"),
    f"{MARK} 好像包邮": _meaning("accepted", "fee", solo_ok=False),
    f"{MARK} 有活动吗": _meaning("accepted", "deal"),
    f"{MARK} 是正品吗": _meaning("accepted", "real"),
    f"{MARK} 没声音了": _meaning("accepted", "sound"),
    f"{MARK} 99号链接多少钱": _meaning("accepted", "price", stranger=True),
    f"{MARK} 有券吗": _meaning("accepted", "coupon"),
    f"{MARK} 有货吗": _meaning("accepted", "stock"),
    f"{MARK} 普洱有货吗": _meaning("accepted", "stock", product="puer"),
    f"{MARK} 能退吗": _meaning("accepted", "refund", confidence=0.8),
    f"{MARK} 怎么退": _meaning("accepted", "refund"),
    f"{MARK} 找客服": _meaning("accepted", "human"),
    f"{MARK} 有咖啡吗": _meaning("accepted", "price", not_sold="咖啡"),
    f"{MARK} 你好": _meaning("accepted", "greeting"),
    f"{MARK} 哈哈哈": _meaning("chatter", None),
    f"{MARK} 滚": _meaning("abuse", None),
    f"{MARK} 嗯哼": _meaning("unknown", None),
    f"{MARK} 这个那个": _meaning("ambiguous", "fee"),
    f"{MARK} 啥": _meaning("low_confidence", "price"),
    f"{MARK} こんにちは": _meaning("unsupported_language", None, language="other"),
}


def script() -> tuple[ScriptSegment, ...]:
    """Two segments of three sentences; one holds, one answers."""
    return tuple(
        ScriptSegment(
            id=f"seg-{product}",
            product=product,
            sentences=tuple(
                ScriptSentence(
                    id=f"{product}-{number}", text="话", seconds=2.5, hold=number == 0,
                    answers=("fee",) if product == "puer" and number == 2 else (),
                )
                for number in range(3)
            ),
        )
        for product in ("tgy", "puer")
    )  # fmt: skip


@dataclass
class Shelf:
    """Pools as a worker finds them: each from some moment on."""

    loop: VirtualLoop
    since: dict[str, float] = field(default_factory=dict)

    async def run(self) -> None:
        await asyncio.Event().wait()

    def loaded(self, pool: str) -> bool:
        return pool in self.since and self.since[pool] <= self.loop.time()

    def pool(self, hash: str) -> Pool:  # noqa: A002 - the library's name
        if not self.loaded(hash):
            raise MissingPool(hash)
        return POOLS[hash]

    async def ensure(self, hash: str) -> None:  # noqa: A002 - the library's name
        if not self.loaded(hash):
            raise RestoreError(f"pool {hash} was named before it was there")

    async def load_first(self, pools: Sequence[str]) -> str | None:
        return None

    def retain(self, pools: set[str]) -> None:
        pass


@dataclass
class Table:
    """Understands by looking up."""

    delay_s: float

    async def answers(self, wants: Wants) -> Mapping[str, Understood]:
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        return {
            pool: Understood(POOLS[pool].model, {text: TEXTS[text] for text in texts}) for pool, texts in wants.items()
        }

    def close(self) -> None:
        pass
