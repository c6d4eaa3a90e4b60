"""Everyone who writes to the bus: the shop, its editors and operators, the players, the viewers, and those who write nonsense."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Literal

from engine.bus.port import Outgoing
from engine.client.playhead import Say
from engine.events.codec import decode, encode
from engine.events.inputs import (
    Comment,
    FactSet,
    GapMark,
    HandoffState,
    Kill,
    Mode,
    ModeSet,
    Playback,
    PlayerGone,
    PoolLive,
    RoomClosed,
    RoomOpened,
    ShopEvent,
    TakeOver,
)
from engine.events.outputs import ChatReply
from tests.simulation.bus import SimBus
from tests.simulation.chat import Connector
from tests.simulation.clock import VirtualLoop
from tests.simulation.player import LIES, Gateway, Player
from tests.simulation.shop import FIRST, SECOND, SHOP, TEXTS, THIRD, Shelf


@dataclass(eq=False)
class Cast:
    """What happens in the rooms of one seed."""

    loop: VirtualLoop
    rng: Random
    bus: SimBus
    gateway: Gateway
    shelf: Shelf
    on_say: Callable[[Player, Say], None]
    on_post: Callable[[ChatReply], None]
    rooms: list[str] = field(init=False)
    _serial: int = 0
    _generation: int = 1

    def __post_init__(self) -> None:
        self.rooms = [f"room-{number}" for number in range(self.rng.randint(2, 4))]

    # ---- the shop --------------------------------------------------------------------------------------------------

    def open_shop(self) -> None:
        self.shelf.since[FIRST] = self.rng.choice((0.0, 1.0))
        self._say(PoolLive(id=self._id(), at=self.loop.now(), shop=SHOP, pool=FIRST, generation=1))

    def _say(self, event: ShopEvent) -> None:
        value = event.model_dump_json().encode()  # None is a fact's value where it is withdrawn
        self.bus.append(Outgoing("shop-events", event.key(), value))

    def _change_shop(self) -> None:
        rng, now = self.rng, self.loop.now()
        draw = rng.choice(
            ("price", "race", "hours", "own", "deal", "none", "pool", "pool", "old pool", "mark", "broken")
        )
        if draw == "price":
            value = rng.choice((99, 119, 139, 1_000))
            until = rng.choice((None, now + rng.randint(2_000, 20_000)))
            start = rng.choice((None, None, now + 3_000))
            product = rng.choice(("tgy", "puer"))
            if start is not None and until is not None and until <= start:
                until = start + 1_000
            self._say(
                FactSet(
                    id=self._id(),
                    at=now,
                    shop=SHOP,
                    product=product,
                    name="price",
                    value=value,
                    start=start,
                    until=until,
                )
            )
        elif draw == "race":
            self.bus.count("race")
            for _ in range(rng.randint(2, 5)):
                self.loop.call_later(rng.uniform(0, 0.4), self._reprice, rng.choice(("tgy", "puer")))
        elif draw == "none":
            self._say(FactSet(id=self._id(), at=now, shop=SHOP, name="hours", value=None, until=now + 5_000))
        elif draw == "own":
            product, hours = rng.choice(("tgy", "puer")), rng.choice((24, 72, None))
            self._say(FactSet(id=self._id(), at=now, shop=SHOP, product=product, name="hours", value=hours))
        elif draw in ("hours", "deal"):
            said: int | str = rng.choice((12, 36)) if draw == "hours" else rng.choice(("满减", "第二件半价"))
            self._say(
                FactSet(id=self._id(), at=now, shop=SHOP, name=draw, value=said, until=rng.choice((None, now + 9_000)))
            )
        elif draw == "pool":
            self._generation += 1
            pool = rng.choice((FIRST, SECOND, THIRD))
            self.shelf.since.setdefault(pool, self.loop.time() + rng.choice((0.0, 2.0)))
            self._say(PoolLive(id=self._id(), at=now, shop=SHOP, pool=pool, generation=self._generation))
        elif draw == "old pool":
            rollback = rng.random() < 0.5 and SECOND in self.shelf.since
            pool = FIRST if rollback else SECOND
            if rollback:
                self._generation = max(1, self._generation - 1)
            self._say(
                PoolLive(
                    id=self._id(), at=now, shop=SHOP, pool=pool, generation=max(1, self._generation), rollback=rollback
                )
            )
        elif draw == "mark":
            self._say(GapMark(id=self._id(), at=now, shop=SHOP, gap="00000000000000cc", mark="later"))
        else:
            self.bus.append(
                Outgoing("shop-events", f"{SHOP}/fact/*/x", rng.choice((b"{", b'{"type":"fact_set"}', b"")))
            )

    def _reprice(self, product: str) -> None:
        """One of several prices at once, with a question about it in between."""
        rng, now = self.rng, self.loop.now()
        value = rng.choice((99, 119, 139, None))
        start = rng.choice((None, None, now + rng.randint(100, 3_000)))
        self._say(FactSet(id=self._id(), at=now, shop=SHOP, product=product, name="price", value=value, start=start))
        text = next(text for text, found in TEXTS.items() if found.product == product)
        comment = self._comment(text)
        self.bus.append(Outgoing("comments", comment.room, encode(comment)))

    # ---- the rooms -------------------------------------------------------------------------------------------------

    def _id(self) -> str:
        self._serial += 1
        return f"w{self._serial}"

    def _room_event(
        self, event: RoomOpened | RoomClosed | ModeSet | TakeOver | Playback | PlayerGone | HandoffState
    ) -> None:
        self.bus.append(Outgoing("room-events", event.room, encode(event)))

    def open_room(self, name: str) -> None:
        rng, now = self.rng, self.loop.now()
        if rng.random() < 0.8:
            shop = SHOP if rng.random() < 0.9 else "nowhere"
            self._room_event(RoomOpened(room=name, id=self._id(), at=now, shop=shop))
        if rng.random() < 0.9:
            player = Player(name, self.loop, rng, self.bus, self.on_say)
            player.lies = rng.choice(LIES) if rng.random() < 0.15 else ""
            self.gateway.players[name] = player
            self.loop.call_later(rng.uniform(0, 3), lambda: player.start(fresh=True))
        if rng.random() < 0.9:
            self.loop.call_later(rng.uniform(0, 4), self._mode, name, "auto")
        if rng.random() < 0.9:
            chat = self.gateway.channel
            chat.connectors[name] = Connector(name, self.loop, rng, self.bus, self.on_post)

    async def people(self) -> None:
        """Operators, editors and players do what they do."""
        rng = self.rng
        while True:
            await asyncio.sleep(rng.uniform(0.3, 3.0))
            now, room = self.loop.now(), rng.choice(self.rooms)
            player = self.gateway.players.get(room)
            kind = rng.choice(
                ("shop", "shop", "mode", "take", "kill", "player", "player", "lie", "broken", "close", "handoff")
            )
            if kind == "shop":
                self._change_shop()
            elif kind == "mode":
                self._mode(room, rng.choice(("paused", "shadow", "approve")))
                self._later(partial(self._mode, room, "auto"))
            elif kind == "take":
                self._take_over(room, "person")
                self._later(partial(self._take_over, room, "engine"))
            elif kind == "kill":
                scope, target = rng.choice((("room", room), ("shop", SHOP), ("*", "*")))
                self.kill(scope, target, on=True)
                self._later(partial(self.kill, scope, target, on=False))
            elif kind == "player" and player is not None and player.session:
                self._disturb(player)
            elif kind == "lie":
                session = player.session if player is not None and player.session else "liar"
                lie = rng.choice(("started", "ended", "aborted", "rejected", "accepted"))
                self._room_event(
                    Playback(
                        room=room,
                        id=self._id(),
                        at=now + rng.choice((0, 10**7)),
                        session=session,
                        kind=lie,
                        insertion="00000000000000dd",
                    )
                )
                self._room_event(PlayerGone(room=room, id=self._id(), at=now, session="someone-else"))
            elif kind == "broken":
                value = rng.choice(
                    (b"", b"[]", b"\xff\xfe", b'{"type":"mode_set","room":"%b"}' % room.encode(), b"x" * 500_000)
                )
                self.bus.append(Outgoing("room-events", room, value))
            elif kind == "handoff":
                self._close_handoff(room)
            elif kind == "close" and rng.random() < 0.2:
                self._room_event(RoomClosed(room=room, id=self._id(), at=now))

    def _close_handoff(self, room: str) -> None:
        """An operator answers or dismisses one: open, closed, or one that never was."""
        stored = [
            decode("handoffs", record.value)
            for (topic, _), line in self.bus.log.items()
            for record in (line if topic == "handoffs" else ())
            if record.key == room
        ]
        name = self.rng.choice(stored[-4:]).id if stored and self.rng.random() < 0.9 else "00000000000000ee"
        state: Literal["answered", "dismissed"] = self.rng.choice(("answered", "dismissed"))
        self._room_event(HandoffState(room=room, id=self._id(), at=self.loop.now(), handoff=name, state=state))

    def _later(self, action: Callable[[], None]) -> None:
        self.loop.call_later(self.rng.uniform(0.5, 6.0), action)

    def _mode(self, room: str, mode: Mode) -> None:
        self._room_event(ModeSet(room=room, id=self._id(), at=self.loop.now(), mode=mode))

    def _take_over(self, room: str, who: Literal["person", "engine"]) -> None:
        at_boundary = self.rng.random() < 0.5
        self._room_event(TakeOver(room=room, id=self._id(), at=self.loop.now(), who=who, at_boundary=at_boundary))

    def kill(self, scope: str, target: str, *, on: bool) -> None:
        self._say(
            Kill.model_validate({"id": self._id(), "at": self.loop.now(), "scope": scope, "target": target, "on": on})
        )

    def _disturb(self, player: Player) -> None:
        kind = self.rng.choice(("silent", "restart", "reconnect", "leave", "reload", "reload"))
        self.bus.count(f"player {kind}")
        if kind == "silent":
            player.deaf = True
            self._later(lambda: player.start(fresh=False))
        elif kind == "restart":
            player.start(fresh=True)
        elif kind == "reconnect":
            player.start(fresh=False)
        elif kind == "reload":
            player.reload()
        else:
            player.leave()
            self._later(lambda: player.start(fresh=False))

    # ---- the viewers -----------------------------------------------------------------------------------------------

    async def viewers(self) -> None:
        rng = self.rng
        texts = list(TEXTS)
        rate = rng.choice((0.7, 2.0, 5.0))
        recent: list[Comment] = []
        floods = Random(str(rng.getstate()))  # of its own: a seed without a flood is as it was before
        while True:
            await asyncio.sleep(rng.expovariate(rate))
            if floods.random() < 0.005:
                self._flood(rng.choice(texts))
            for _ in range(rng.choice((1, 1, 1, 1, 1, 2, 12))):
                if recent and rng.random() < 0.08:
                    comment = rng.choice(recent[-50:])
                    self.bus.count("repeated comment")
                else:
                    comment = self._comment(rng.choice(texts))
                    recent.append(comment)
                self.bus.append(Outgoing("comments", comment.room, encode(comment)))
            if rng.random() < 0.03:
                room = rng.choice(self.rooms)
                key = rng.choice((room, "another", "#partition"))
                value = rng.choice((None, b"{}", b"nonsense", encode(self._comment(texts[0])), b"y" * 600_000))
                self.bus.append(Outgoing("comments", key, value))

    def _flood(self, text: str) -> None:
        """One room writes more than a poll takes, and the others write behind it."""
        self.bus.count("flood")
        hot = self.rng.choice(self.rooms)
        for _ in range(self.rng.randint(20, 150)):
            comment = self._comment(text)
            if self.rng.random() < 0.8:
                comment = replace(comment, room=hot)
            self.bus.append(Outgoing("comments", comment.room, encode(comment)))

    def _comment(self, text: str) -> Comment:
        rng, now = self.rng, self.loop.now()
        room = rng.choice(self.rooms) if rng.random() < 0.97 else f"stranger-{rng.randint(0, 3)}"
        sent = rng.choice((None, now, now, now - rng.randint(0, 5_000), now - 60_000, now + 60_000, now - 10**7))
        return Comment(
            room=room, source=rng.choice(("sim", "sim", "other")), id=self._id(), viewer=f"v{rng.randint(0, 60)}", text=text, sent=sent,
            shop=rng.choice((None, None, SHOP, "nowhere")),
        )  # fmt: skip
