"""A reply is about the product that its viewers meant, and never sounds as if it spoke of the one on screen when it does not."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.events.inputs import Cursor, PlayerGone, PlayerSeen
from engine.events.journal import AnyEntry, CommentEntry
from engine.events.outputs import Decision, Insertion
from engine.pool.model import Limits, Pool
from engine.room.effects import Effects
from tests.unit.room.scene import ROOM, START, Scene, intent, pool, reply

DELAY_MS = 5_000
NAMED_MS = 10_000
BLINK_MS = 10_000
NAMES = [f"{product}-{n}" for product in ("tgy", "puer") for n in range(3)]
SPOKEN = {"tgy": "铁观音", "puer": "普洱"}


def shop() -> Pool:
    """Prices that name their product, origins that are told only beside it, a fee for everything."""
    intents = (
        intent(
            "product.price", *(reply("product.price", f"price-{n}", "{product}今天{price}", needs_product=True, memory_ms=0) for n in "ab"),
            needs_product=True, cooldown_ms=0,
        ),
        intent(
            "product.origin", reply("product.origin", "here", "这一款是{price}", needs_product=True, on_screen_only=True, memory_ms=0),
            needs_product=True, cooldown_ms=0,
        ),
        intent("shipping.fee", reply("shipping.fee", "fee", "全场包邮", memory_ms=0), cooldown_ms=0),
        intent(
            "product.stock", reply("product.stock", "stock", "{product}有货", needs_product=True, memory_ms=0, may_interrupt=True),
            needs_product=True, cooldown_ms=0, insert="now",
        ),
    )  # fmt: skip
    limits = Limits(minimum_pause_ms=0, airtime_share=0.9, viewer_questions_per_minute=600)
    return pool(intents={item.id: item for item in intents}, limits=limits)


@dataclass
class Watcher:
    """What viewers saw and meant, kept apart from the core."""

    screen: list[tuple[int, str | None]] = field(default_factory=lambda: [(0, None)])
    named: list[tuple[int, str, str]] = field(default_factory=list)
    meant: dict[str, str | None] = field(default_factory=dict)

    def show(self, product: str | None, at: int) -> None:
        """A break of a few seconds with the same product behind it counts as none."""
        if (
            len(self.screen) > 1
            and self.screen[-1][1] is None
            and at - self.screen[-1][0] <= BLINK_MS
            and self.screen[-2][1] == product
        ):
            self.screen.pop()
        elif self.screen[-1][1] != product:
            self.screen.append((at, product))

    def seen(self, at: int) -> str | None:
        return [product for since, product in self.screen if since <= at][-1]

    def means(self, entry: CommentEntry) -> str | None:
        """The product that the comment is about; None where it is about none, or nobody can say."""
        found = entry.understanding
        assert found is not None
        assert found.intent is not None
        if found.product is not None:
            self.named.append((entry.logged, found.intent, found.product))
            return found.product if found.intent != "shipping.fee" else None
        if found.intent == "shipping.fee" or found.stranger:
            return None
        viewed = entry.sent - DELAY_MS
        if any(viewed - DELAY_MS < since <= viewed + DELAY_MS for since, _ in self.screen[2:]):
            votes = [p for at, i, p in self.named if i == found.intent and at > entry.logged - NAMED_MS]
            return next((p for p in SPOKEN if 2 * votes.count(p) > len(votes)), None)
        return self.seen(viewed)


class Watched(Scene):
    """A stage on which every question and every answer is held against what was meant."""

    watcher: Watcher

    def watch(self, entry: AnyEntry, effects: Effects) -> None:
        if isinstance(entry, CommentEntry):
            self.watcher.meant[entry.id] = self.watcher.means(entry)
        for record in effects.records:
            if isinstance(record, Insertion):
                for served in record.serves:
                    assert self.watcher.meant[served.id] == record.product
                self._sounds_right(record)
            elif isinstance(record, Decision) and record.reason == "answered":
                assert self.watcher.meant[record.comment] == record.product
            elif isinstance(record, Decision) and record.reason == "no_product":
                assert self.watcher.meant[record.comment] is None

    def _sounds_right(self, said: Insertion) -> None:
        if said.product is None:
            assert not any(name in said.text for name in SPOKEN.values())
        elif SPOKEN[said.product] not in said.text:
            beside = said.after or said.resume
            assert beside is not None, "it points at the screen, and nothing is on it"
            assert beside.segment == f"seg-{said.product}"


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("next"), st.just(0)),
        st.tuples(st.just("next"), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 3_000)),
        st.tuples(st.just("leave"), st.integers(1, 15_000)),
        st.tuples(
            st.sampled_from(["product.price", "product.origin", "shipping.fee", "product.stock"]), st.integers(0, 20_000)
        ),
        st.tuples(st.sampled_from(["tgy", "puer", "stranger"]), st.sampled_from([0, 3_000, 12_000])),
    ),
    min_size=5,
    max_size=60,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_a_reply_is_about_what_was_meant(steps: list[tuple[str, int]]) -> None:
    """Named, or on screen as the viewer saw it; at a change of product only where those who named one agree."""
    scene = Watched.__new__(Watched)
    scene.watcher = Watcher()
    Scene.__init__(scene, shop())
    scene.play()
    scene.watcher.show("tgy", START)
    place, session = 0, 1
    for kind, size in steps:
        if kind == "wait":
            scene.wait(size)
        elif kind == "next":
            _speak(scene, session)
            here = NAMES[place % 6]
            cursor = {"lap": place // 6, "session": "one" if session == 1 else f"s{session}"}
            scene.wait(max(0, 4_000 - size))
            scene.sentence("sentence_ended", here, **cursor)  # type: ignore[arg-type] # lap and session
            _speak(scene, session)
            place += 1
            cursor["lap"] = place // 6
            scene.sentence("sentence_started", NAMES[place % 6], **cursor)  # type: ignore[arg-type] # lap and session
            scene.watcher.show(NAMES[place % 6][:-2], scene.now)
        elif kind == "leave":
            _leave(scene, session, size, place)
            session += 1
        elif kind == "stranger":
            scene.ask("product.price", stranger=True, age=size)
        elif kind in SPOKEN:
            scene.ask("product.price", product=kind, age=size)
        else:
            scene.ask(kind, age=size)


def _speak(scene: Scene, session: int) -> None:
    """What is on its way is said."""
    flight = scene.rooms._rooms[ROOM].flight
    if flight is not None:
        name = "one" if session == 1 else f"s{session}"
        scene.report("started", flight.insertion.id, name)
        scene.wait(1_000)
        scene.report("ended", flight.insertion.id, name)


def _leave(scene: Watched, session: int, ms: int, place: int) -> None:
    """The player is away for a while, and comes back with a new session at the same sentence."""
    scene.event(PlayerGone(room=ROOM, id="g", at=scene.now, session="one" if session == 1 else f"s{session}"))
    scene.watcher.show(None, scene.now)
    scene.wait(ms)
    name = NAMES[place % 6]
    cursor = Cursor(version="v1", lap=place // 6, segment=f"seg-{name[:-2]}", sentence=name)
    scene.event(PlayerSeen(room=ROOM, id="p", at=scene.now, session=f"s{session + 1}", identified=True, cursor=cursor))
    scene.watcher.show(name[:-2], scene.now)
