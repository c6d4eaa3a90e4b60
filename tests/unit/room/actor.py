"""Viewers, players and ops of three rooms in two shops, who do all that can happen, by name."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from engine.events.handoffs import Handoff
from engine.events.inputs import (
    AppliedShopEvent,
    Approval,
    Cursor,
    HandoffState,
    InsertionState,
    Kill,
    ModeSet,
    Playback,
    PlayerGone,
    PlayerSeen,
    RoomClosed,
    RoomOpened,
    Script,
    ScriptSegment,
    ScriptSentence,
    ShopModeSet,
    TakeOver,
)
from engine.events.journal import PauseEntry, PoolEntry, ShopEntry
from engine.events.outputs import ChatReply
from engine.pool.model import Fact, Guard, Limits, Pool, Product
from tests.unit.room.invariants import Watched
from tests.unit.room.scene import START, intent, pool, reply

Step = tuple[str, int, int]
"""What happens, a number that varies it, and in which of the rooms."""

ROOMS = (("r1", "tea"), ("r2", "tea"), ("r3", "cafe"))

MOVES = (
    "wait", "chat", "price", "fee", "dispatch", "here", "sound", "coupon", "english", "repeat", "old", "future", "human",
    "typed",
    "posted", "post_failed", "post_late", "post_wrong", "answered", "dismissed", "refund", "again_same",
    "accepted", "started", "ended", "rejected", "aborted", "lie", "late", "stranger", "wrong_lap", "wrong_cursor",
    "skew", "next", "idle", "reload", "again", "resume", "fact", "wrong_fact", "gone_fact", "window", "kill", "hold",
    "lift", "kill_shop", "lift_shop", "pool", "gone", "back", "told", "seen", "old_session", "paused", "auto",
    "approve", "shadow", "person", "engine", "open", "english_room", "close", "pause", "yes", "no", "stale_yes", "shop_mode",
    "stand",
)  # fmt: skip
"""All that can happen."""

USUAL = (
    "wait", "wait", "wait", "wait", "next", "next", "next", "next", "next", "next", "seen", "seen", "price", "fee",
    "dispatch", "here", "sound", "coupon", "english", "resume", "started", "ended", "accepted", "auto", "lift", "engine", "typed",
    "posted",
    "started", "ended", "accepted", "auto", "lift", "engine", "lift_shop", "approve", "yes", "yes", "yes", "stand",
)  # fmt: skip
"""What happens on a good night, as often as it does."""


def walk(seed: int, trouble: float, length: int) -> list[Step]:
    """A night of `length` steps, of which a share is `trouble`."""
    random = Random(seed)
    return [
        (
            random.choice(MOVES if random.random() < trouble else USUAL),
            random.randrange(21),
            random.choice((0, 0, 0, 1, 2)),
        )
        for _ in range(length)
    ]


def edition(number: int) -> Pool:
    """One of several pools: with all, without a product, off sale, without intents, English first, with facts that come and go."""
    live = pool()
    here = intent(
        "a.here",
        reply("a.here", "here", "这一款是{price}", needs_product=True, on_screen_only=True),
        needs_product=True,
    )
    answers = intent("promo.coupon")
    stands = intent(
        "a.stand",
        reply("a.stand", "stand", "正品", approval="standing"),
        reply("a.stand", "stand-ask", "假一赔十", approval="ask" if number % 2 else "inherit"),
    )
    typed = intent(
        "a.typed",
        reply("a.typed", "typed", "{product}今天{price}", needs_product=True, channel="chat"),
        reply("a.typed", "typed-en", "{product} is {price}", lang="en", needs_product=True, channel="chat"),
        needs_product=True,
    )
    dispatch = live.intents["shipping.dispatch"]
    written = reply("shipping.dispatch", "dispatch-c", "{hours}小时内发货", channel="chat", approval="standing")
    dispatch = replace(dispatch, replies=(*dispatch.replies, written))
    fee = intent("shipping.fee", reply("shipping.fee", "fee", "全场包邮", channel="both"), priority=40)
    refund = intent("a.refund", reply("a.refund", "refund", "七天可退"), stakes="high")
    cuts = intent(
        "live.sound", reply("live.sound", "sound", "声音有了", may_interrupt=True), insert="now", cooldown_ms=5_000
    )
    changed = (here, answers, stands, typed, dispatch, fee, refund, cuts)
    intents = {**live.intents, **{item.id: item for item in changed}}
    right = reply("correction", "correction-zh", "更正，{product}是{price}", needs_product=True)
    facts = dict(live.facts)
    products = {**live.products, "tgy": replace(live.products["tgy"], corrections=(right,))}
    words = {"zh": f"主播是数字人{number % 3}", "en": "The host is an AI"} if number % 4 else {}
    more: dict[str, object] = {"guard": Guard(("最佳",), words, 60_000)}
    match number % 8:
        case 1:
            del products["tgy"]
        case 2:
            products["puer"] = Product("puer", {"zh": "普洱"}, link=2, facts=products["puer"].facts, on_sale=False)
        case 3:
            intents = {name: item for name, item in intents.items() if name not in ("shipping.fee", "product.price")}
        case 4:
            more["default_language"] = "en"
        case 5:
            facts["hours"] = Fact("hours", 12, start=START + 20_000, until=START + 60_000)
        case 6:
            more["limits"] = Limits(
                max_demands=2,
                minimum_pause_ms=0,
                airtime_share=0.03,
                viewer_questions_per_minute=2,
                room_posts_per_minute=2,
                platform_posts_per_minute=1,
                viewer_posts_per_minute=1,
                post_cooldown_ms=0,
                handoff_repeats=2,
            )
        case 7:
            price = Fact("price", 139, "CNY", floor=99, ceiling=169, until=START + 90_000)
            products["tgy"] = Product("tgy", {"zh": "铁观音"}, link=1, facts={"price": price}, corrections=(right,))
    return pool(f"000000{number:02x}", intents=intents, facts=facts, products=products, **more)


class Actor:
    """Performs steps on a stage; the same steps give the same entries."""

    def __init__(self) -> None:
        self.scene = scene = Watched(edition(0x10))
        cafe = pool("000000c0", shop="cafe")
        scene.pools[cafe.hash] = cafe
        scene.offset += 1
        scene.put(PoolEntry("cafe", cafe.hash, 1, scene.offset))
        self.sentence = dict.fromkeys(range(3), 0)
        self.sessions = dict.fromkeys(range(3), 1)
        self.version = dict.fromkeys(range(3), "v1")
        self.last = dict.fromkeys(range(3), "abcdefabcdef")
        for number, (scene.room, scene.shop) in enumerate(ROOMS[:2]):
            scene.play(answers=("promo.coupon", "product.price") if number == 0 else ())
        scene.room, scene.shop = ROOMS[0]

    def session(self, number: int) -> str:
        return f"s{self.sessions[number]}" if self.sessions[number] > 1 else "one"

    def act(self, step: Step) -> None:
        name, size, number = step
        scene = self.scene
        scene.room, scene.shop = ROOMS[number]
        room = scene.rooms._rooms.get(scene.room)
        if room is not None and room.flight is not None:
            self.last[number] = room.flight.insertion.id
        if (
            not self._viewers(name, size)
            and not self._player(name, size, number)
            and not self._others(name, size)
            and not self._ops(name, size)
        ):
            scene.event(ModeSet.model_validate({"room": scene.room, "id": "m", "at": scene.now, "mode": name}))

    def _viewers(self, name: str, size: int) -> bool:
        scene = self.scene
        viewer = f"w{size}"
        match name:
            case "wait":
                scene.wait(500 * size)
            case "pause":
                scene.now += 500 * size
                scene.put(PauseEntry(500 * size))
            case "chat":
                scene.chat(viewer=viewer)
            case "price":
                product = (None, "tgy", "puer", "old", "new")[size % 5]
                scene.ask("product.price", viewer=viewer, product=product)
            case "fee" | "dispatch":
                product = "tgy" if size % 4 == 1 else None
                scene.ask(
                    f"shipping.{name}", viewer=viewer, product=product, solo_ok=size % 3 > 0, source="sst"[size % 3]
                )
            case "here" | "stand":
                scene.ask(f"a.{name}", viewer=viewer)
            case "sound":
                scene.ask("live.sound", viewer=viewer)
            case "coupon":
                scene.ask("promo.coupon", viewer=viewer)
            case "human":
                scene.ask("service.human", viewer=viewer)
            case "typed":
                language = "en" if size % 5 == 0 else "zh"
                product = ("tgy", "puer", None)[size % 3]
                scene.ask("a.typed", viewer=viewer, product=product, source="st"[size % 2], language=language)
            case "refund":
                scene.ask("a.refund", viewer=viewer, confidence=0.8 + size / 100)
            case "again_same":
                scene.ask(
                    *((None,) if size % 2 else ("promo.coupon",)),
                    outcome="unknown" if size % 2 else "accepted",
                    viewer="w0",
                )
            case "english":
                scene.ask("shipping.area" if size % 2 else "shipping.fee", viewer=viewer, language="en")
            case "repeat":
                scene.chat(id=f"c{size}")
            case "old" | "future":
                scene.ask("shipping.fee", age=5_000 * size * (1 if name == "old" else -1))
            case _:
                return False
        return True

    def _player(self, name: str, size: int, number: int) -> bool:
        scene = self.scene
        session, flight, at = self.session(number), self.last[number], scene.now
        names = [f"{p}-{n}" for p in ("tgy", "puer") for n in range(3)]
        place = self.sentence[number]
        cursor = Cursor(
            version=self.version[number],
            lap=place // 6,
            segment=f"seg-{names[place % 6][:-2]}",
            sentence=names[place % 6],
        )
        base: dict[str, object] = {"room": scene.room, "id": "b", "at": at, "session": session}
        match name:
            case "accepted" | "ended" | "started" | "rejected" | "aborted":
                scene.report(name, flight, session)
            case "lie":
                kind = ("accepted", "started", "ended", "rejected", "aborted")[size % 5]
                when = (0, at - 600_000, at + 600_000, at - 1)[size % 4]
                scene.event(Playback.model_validate({**base, "at": when, "kind": kind, "insertion": flight}))
            case "late":
                sent = (
                    [record.id for record in scene.known[scene.room].insertions.values()]
                    if scene.room in scene.known
                    else []
                )
                kind = ("accepted", "started", "ended", "rejected", "aborted")[size % 5]
                scene.report(kind, sent[-1 - size % len(sent)] if sent else flight, session)  # type: ignore[arg-type] # as PlaybackKind
            case "stranger":
                scene.report("ended", flight, f"stranger-{size}")
            case "wrong_lap":
                kind = "sentence_started" if size % 2 else "sentence_ended"
                lap = (0, 1, 1_000_000)[size % 3]
                scene.event(
                    Playback.model_validate({**base, "kind": kind, "cursor": cursor.model_copy(update={"lap": lap})})
                )
            case "wrong_cursor":
                other = cursor.model_copy(update={"version": "nobody's"} if size % 2 else {"sentence": "nobody-9"})
                scene.event(Playback.model_validate({**base, "kind": "sentence_started", "cursor": other}))
            case "skew":
                kind = "sentence_started" if size % 2 else "sentence_ended"
                when = (0, at - 30_000, at + 30_000)[size % 3]
                scene.event(Playback.model_validate({**base, "at": when, "kind": kind, "cursor": cursor}))
            case "next":
                scene.event(Playback.model_validate({**base, "kind": "sentence_ended", "cursor": cursor}))
                self.sentence[number] += 1
                self._begin(number, base)
            case "resume":
                self._begin(number, base)
            case "idle":
                scene.event(Playback.model_validate({**base, "kind": "idle"}))
            case "reload" | "again":
                self._load(name, size, number)
            case "gone":
                scene.event(PlayerGone(room=scene.room, id="g", at=at, session=session))
            case "back" | "told":
                self.sessions[number] += 1
                outcomes: tuple[InsertionState, ...] = ()
                if name == "told":
                    kind = ("accepted", "started", "ended", "rejected", "aborted")[size % 5]
                    outcomes = (InsertionState(insertion=flight, kind=kind, at=max(0, at - 1_000 * size)),)
                scene.event(
                    PlayerSeen(
                        room=scene.room, id="p", at=at, session=self.session(number), identified=True, outcomes=outcomes,
                        cursor=cursor if size % 2 else None, lead_ms=(0, 800, 5_000)[size % 3],
                    )
                )  # fmt: skip
            case "seen":
                scene.event(PlayerSeen(room=scene.room, id="p", at=at, session=session))
            case "old_session":
                scene.event(PlayerSeen(room=scene.room, id="p", at=at, session="one", identified=size % 2 == 0))
            case _:
                return False
        return True

    def _begin(self, number: int, base: dict[str, object]) -> None:
        names = [f"{p}-{n}" for p in ("tgy", "puer") for n in range(3)]
        place = self.sentence[number]
        cursor = Cursor(
            version=self.version[number],
            lap=place // 6,
            segment=f"seg-{names[place % 6][:-2]}",
            sentence=names[place % 6],
        )
        self.scene.event(Playback.model_validate({**base, "kind": "sentence_started", "cursor": cursor}))

    def _load(self, name: str, size: int, number: int) -> None:
        scene = self.scene
        if name == "reload":
            self.version[number] = f"v{2 + size % 3}"
            self.sentence[number] = 0
        segments = tuple(
            ScriptSegment(
                id=f"seg-{product}",
                product=product,
                sentences=tuple(
                    ScriptSentence(
                        id=f"{product}-{n}", text="话", seconds=4.0, hold=size % 5 == n, facts={"*/hours": "x"} if size == n else {},
                        answers=("shipping.fee",) if n == size % 7 else (),
                    )
                    for n in range(3)
                ),
            )
            for product in ("tgy", "puer")
        )  # fmt: skip
        scene.event(
            Script(
                room=scene.room, id="s", at=scene.now, session=self.session(number), script="evening",
                version=self.version[number], segments=segments, loop=size % 4 > 0,
            )
        )  # fmt: skip

    def _others(self, name: str, size: int) -> bool:
        """What connectors report of posts, and operators of handoffs."""
        scene = self.scene
        posts = [post.id for post in scene.all(ChatReply) if post.room == scene.room] or ["00000000000000ee"]
        match name:
            case "posted" | "post_failed":
                scene.told("posted" if name == "posted" else "failed", posts[-1])
            case "post_late" | "post_wrong":
                told = posts[-1 - size % len(posts)] if name == "post_late" else f"{size:016x}"
                scene.told("posted" if size % 2 else "failed", told)
            case "answered" | "dismissed":
                held = [handoff.id for handoff in scene.all(Handoff)] or ["00000000000000ee"]
                scene.event(
                    HandoffState(room=scene.room, id="h", at=scene.now, handoff=held[-1 - size % len(held)], state=name)
                )
            case _:
                return False
        return True

    def _ops(self, name: str, size: int) -> bool:
        scene = self.scene
        base: dict[str, object] = {"room": scene.room, "id": "o", "at": scene.now}
        match name:
            case "fact":
                scene.fact("price", 120 + size, product="tgy" if size % 3 else "puer")
            case "wrong_fact":
                scene.fact("price", (1, "长" * 301, "一百元", 10**305)[size % 4], product="tgy")
            case "gone_fact":
                scene.fact("hours", None, until=scene.now + 1_000 * size)
            case "window":
                product = "tgy" if size % 2 else "*"
                scene.fact("hours", 36, product=product, start=scene.now + 700 * size, until=scene.now + 30_000)
            case "kill" | "hold" | "lift":
                self._kill("room", scene.room, on=name != "lift", hold=name == "hold")
            case "kill_shop" | "lift_shop":
                self._kill(*(("*", "*") if size % 4 == 0 else ("shop", scene.shop)), on=name == "kill_shop")
            case "pool":
                scene.swap(edition(size))
            case "person" | "engine":
                scene.event(TakeOver.model_validate({**base, "who": name, "at_boundary": size % 2 == 0}))
            case "open":
                scene.event(RoomOpened.model_validate({**base, "shop": ("tea", "cafe", "nobody")[size % 3]}))
            case "english_room":
                scene.event(RoomOpened.model_validate({**base, "shop": scene.shop, "language": "en"}))
            case "close":
                scene.event(RoomClosed.model_validate(base))
            case "yes" | "no" | "stale_yes":
                known = scene.known.get(scene.room)
                told = list(known.proposed if name == "stale_yes" else known.open) if known is not None else []
                proposal = told[size % len(told)] if told else "ab" * 16
                scene.event(
                    Approval.model_validate(
                        {**base, "proposal": proposal, "verdict": "refuse" if name == "no" else "approve"}
                    )
                )
            case "shop_mode":
                scene.offset += 1
                mode = ("auto", "approve", "approve", "paused", "shadow")[size % 5]
                told_shop = ShopModeSet.model_validate({"id": "m", "at": scene.now, "shop": scene.shop, "mode": mode})
                scene.put(ShopEntry(AppliedShopEvent(offset=scene.offset, event=told_shop)))
            case _:
                return False
        return True

    def _kill(self, scope: str, target: str, *, on: bool, hold: bool = False) -> None:
        scene = self.scene
        scene.offset += 1
        event = Kill.model_validate(
            {"id": "k", "at": scene.now, "scope": scope, "target": target, "on": on, "hold_script": hold}
        )
        scene.put(ShopEntry(AppliedShopEvent(offset=scene.offset, event=event)))
