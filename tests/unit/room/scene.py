"""A stage for tests of the room core: a small shop, a room, and a hand-cranked clock."""

from __future__ import annotations

from typing import Literal, TypeVar

from engine.events.inputs import (
    AppliedShopEvent,
    ChatReplyReport,
    Cursor,
    FactSet,
    Kill,
    ModeSet,
    Playback,
    PlaybackKind,
    PlayerSeen,
    RoomEvent,
    Script,
    ScriptSegment,
    ScriptSentence,
)
from engine.events.journal import AnyEntry, CommentEntry, LeaseEntry, PoolEntry, RoomEntry, ShopEntry, TickEntry
from engine.events.outputs import ChatReply, Decision, Insertion, VerdictLine
from engine.events.understanding import Outcome, Understanding
from engine.pool import speech
from engine.pool.model import Fact, Guard, Intent, Limits, Pool, Product, Reply, TrainingSet
from engine.room.effects import Effects, Output
from engine.room.rooms import Rooms

START = 1_800_000_000_000
ROOM, SHOP = "r1", "tea"
T = TypeVar("T")


def reply(intent: str, name: str, text: str, **more: object) -> Reply:
    fields: dict[str, object] = {"lang": "zh", "needs_product": False, "seconds": 4.0, **more}
    return Reply(id=name, intent=intent, text=text, placeholders=speech.placeholders(text), **fields)  # type: ignore[arg-type] # as Reply


def intent(name: str, *replies: Reply, **more: object) -> Intent:
    return Intent(id=name, title={"en": name}, replies=replies, **more)  # type: ignore[arg-type] # as Intent


def pool(name: str = "00000001", **more: object) -> Pool:
    """Five intents, two products, one money fact with bounds."""
    intents = [
        intent(
            "product.price",
            reply("product.price", "price-a", "{product}今天{price}", needs_product=True),
            reply("product.price", "price-b", "{product}只要{price}", needs_product=True),
            needs_product=True,
            priority=80,
        ),
        intent("shipping.dispatch", reply("shipping.dispatch", "dispatch", "{hours}小时内发出"), priority=60),
        intent("shipping.fee", reply("shipping.fee", "fee", "全场包邮"), priority=40),
        intent("shipping.area", reply("shipping.area", "area-en", "We ship anywhere", lang="en")),
        intent("promo.coupon"),
        intent("service.human", owner="people"),
        intent("social.greeting", kind="chatter"),
    ]
    fields: dict[str, object] = {
        "hash": name,
        "shop": SHOP,
        "name": {"zh": "茶"},
        "languages": ("zh", "en"),
        "default_language": "zh",
        "intents": {item.id: item for item in intents},
        "products": {
            "tgy": Product(
                "tgy", {"zh": "铁观音"}, link=1, facts={"price": Fact("price", 129, "CNY", floor=99, ceiling=169)}
            ),
            "puer": Product("puer", {"zh": "普洱"}, link=2, facts={"price": Fact("price", 88, "CNY")}),
            "old": Product("old", {"zh": "旧茶"}, on_sale=False),
        },
        "facts": {"hours": Fact("hours", 24)},
        "not_sold": ("咖啡",),
        "guard": Guard(banned=("最佳",)),
        "limits": Limits(),
        "scripts": {},
        "training": TrainingSet("t", ()),
        "model": "00000002",
    }
    return Pool(**{**fields, **more})  # type: ignore[arg-type] # as Pool


class Scene:
    """One room of one shop (others by setting `room` and `shop`). Every step is an entry; `out` and `lines` collect what came of it."""

    def __init__(self, live: Pool | None = None) -> None:
        first = live or pool()
        self.pools = {first.hash: first}
        self.rooms = Rooms(self.pools.__getitem__)
        self.room, self.shop = ROOM, SHOP
        self.now = START
        self.seq = -1
        self.out: list[Output] = []
        self.lines: list[VerdictLine] = []
        self.log: list[tuple[int, int, AnyEntry]] = []
        self.serial = 0
        self.offset = 0
        self.put(LeaseEntry(1, 8))
        self.put(PoolEntry(SHOP, first.hash, 1, 0))

    def put(self, entry: AnyEntry) -> None:
        self.seq += 1
        self.log.append((self.seq, self.now, entry))
        self.rooms.handle(self.seq, self.now, entry)
        effects = self.rooms.take()
        self.watch(entry, effects)
        self.out.extend(effects.records)
        for lines in effects.verdicts.values():
            self.lines.extend(lines)

    def watch(self, entry: AnyEntry, effects: Effects) -> None:
        """What a test looks at after each entry."""

    def wait(self, ms: int) -> None:
        """Let time pass; ticks come when they are due, at least 100 ms apart."""
        end = self.now + ms
        while (due := self.rooms.next_deadline()) is not None and due <= end:
            self.now = max(self.now + 100, due)
            if self.now > end:
                break
            self.put(TickEntry())
        self.now = max(end, self.now)

    def ask(self, name: str | None, **more: object) -> str:
        """A comment that was understood as `name`; returns its verdict."""
        self.serial += 1
        given: dict[str, object] = {
            "viewer": f"v{self.serial}",
            "id": f"c{self.serial}",
            "age": 0,
            "room": self.room,
            "source": "s",
            "text": "原文",
            **more,
        }
        meaning: dict[str, object] = {"outcome": "accepted", "confidence": 0.95, "language": "zh"}
        meaning |= {
            key: given[key]
            for key in ("outcome", "language", "product", "not_sold", "solo_ok", "masked", "confidence", "stranger")
            if key in given
        }
        age = given["age"]
        assert isinstance(age, int)
        self.put(
            CommentEntry(
                room=str(given["room"]), source=str(given["source"]), id=str(given["id"]), viewer=str(given["viewer"]),
                text=str(given["text"]),
                sent=self.now - age, logged=self.now, shop=self.shop,
                understanding=Understanding(key=str(given["text"]), intent=name, **meaning),  # type: ignore[arg-type] # as Understanding
                model="00000002",
            )
        )  # fmt: skip
        return self.lines[-1].verdict

    def chat(self, outcome: Outcome = "chatter", **more: object) -> str:
        return self.ask(None, outcome=outcome, **more)

    # ---- the player ------------------------------------------------------------------------------------------------

    def event(self, event: RoomEvent) -> None:
        self.put(RoomEntry(event, self.shop))

    def play(
        self,
        *,
        mode: bool = True,
        lead_ms: int = 800,
        hold: bool = False,
        answers: tuple[str, ...] = (),
        seconds: float = 4.0,
    ) -> None:
        """A player with a looped script: three sentences on tgy, three on puer; the first one starts now."""
        self.event(PlayerSeen(room=self.room, id="p", at=self.now, session="one", identified=True, lead_ms=lead_ms))
        segments = tuple(
            ScriptSegment(
                id=f"seg-{product}",
                product=product,
                sentences=tuple(
                    ScriptSentence(
                        id=f"{product}-{n}",
                        text="话",
                        seconds=seconds,
                        hold=hold and n == 0,
                        answers=answers if n == 2 else (),
                    )
                    for n in range(3)
                ),
            )
            for product in ("tgy", "puer")
        )
        self.event(
            Script(
                room=self.room, id="s", at=self.now, session="one", script="evening", version="v1", segments=segments
            )
        )
        if mode:
            self.event(ModeSet(room=self.room, id="m", at=self.now, mode="auto"))
        self.sentence("sentence_started", "tgy-0")

    def sentence(self, kind: PlaybackKind, name: str, lap: int = 0, session: str = "one", version: str = "v1") -> None:
        cursor = Cursor(version=version, lap=lap, segment=f"seg-{name.split('-', maxsplit=1)[0]}", sentence=name)
        self.event(Playback(room=self.room, id="b", at=self.now, session=session, kind=kind, cursor=cursor))

    def report(self, kind: PlaybackKind, insertion: str, session: str = "one") -> None:
        self.event(Playback(room=self.room, id="b", at=self.now, session=session, kind=kind, insertion=insertion))

    def told(self, status: Literal["posted", "failed"], post: str | None = None) -> None:
        """The connector reports a post; the newest one where none is named."""
        name = post or self.post.id
        self.event(ChatReplyReport(room=self.room, id="t", at=self.now, reply=name, status=status))

    def next_sentence(self, ended: str, started: str, lap: int = 0) -> None:
        self.sentence("sentence_ended", ended, lap)
        self.sentence("sentence_started", started, lap)

    # ---- the shop --------------------------------------------------------------------------------------------------

    def fact(self, name: str, value: object, product: str = "*", **more: object) -> None:
        self.offset += 1
        fact = FactSet.model_validate(
            {"id": "f", "at": self.now, "shop": self.shop, "product": product, "name": name, "value": value, **more}
        )
        self.put(ShopEntry(AppliedShopEvent(offset=self.offset, event=fact)))

    def kill(self, on: bool = True) -> None:
        self.offset += 1
        self.put(
            ShopEntry(
                AppliedShopEvent(
                    offset=self.offset, event=Kill(id="k", at=self.now, scope="room", target=self.room, on=on)
                )
            )
        )

    def swap(self, new: Pool) -> None:
        self.offset += 1
        self.pools[new.hash] = new
        self.put(PoolEntry(self.shop, new.hash, self.offset + 1, self.offset))

    # ---- what came of it -------------------------------------------------------------------------------------------

    def all(self, kind: type[T]) -> list[T]:
        return [record for record in self.out if isinstance(record, kind)]

    @property
    def insertion(self) -> Insertion:
        return self.all(Insertion)[-1]

    @property
    def post(self) -> ChatReply:
        return self.all(ChatReply)[-1]

    @property
    def decisions(self) -> dict[str, str]:
        """Comment → reason; fails on a second decision."""
        found: dict[str, str] = {}
        for decision in self.all(Decision):
            assert decision.comment not in found, f"a second decision of {decision.comment}"
            found[decision.comment] = decision.reason
        return found
