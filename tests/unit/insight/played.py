"""A recorded live in a scene: a player that keeps its own time, and what a what-if needs of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.events.journal import AnyEntry, CommentEntry
from engine.events.outputs import Decision
from engine.events.understanding import Understanding
from engine.insight.rerun import Beginning
from engine.insight.timing import Learner, Timing
from engine.insight.whatif import Recording
from engine.pool.model import Pool
from tests.unit.insight.logged import steps_of
from tests.unit.room.scene import SHOP, Scene

NAMES = [f"{product}-{number}" for product in ("tgy", "puer") for number in range(3)]
SENTENCE_MS, REPORTED_MS = 3_500, 40
SLOWER = 1.25  # than a reply's seconds


class Live(Scene):
    """A player whose sentences take 3.5 s where the script says 4, and whose replies a quarter longer than they should."""

    place = 0

    def run(self, seconds: int) -> None:
        """Let the live go on for so long."""
        end = self.now + seconds * 1_000
        while self.now < end:
            self.wait(SENTENCE_MS)
            name, lap = NAMES[self.place % 6], self.place // 6
            self.place += 1
            self.sentence("sentence_ended", name, lap)
            room = self.rooms.room(self.room)
            flight = room.flight if room is not None else None
            after = flight.insertion.after if flight is not None else None
            if flight is not None and after is not None and (after.sentence, after.lap) == (name, lap):
                self.report("accepted", flight.insertion.id)
                self.report("started", flight.insertion.id)
                self.wait(round(flight.insertion.duration_ms * SLOWER))
                self.report("ended", flight.insertion.id)
            self.sentence("sentence_started", NAMES[self.place % 6], self.place // 6)


def evening(live: Pool | None = None) -> Live:
    """Two minutes with questions of four kinds, one of them without a reply."""
    scene = Live(live)
    scene.play()
    for number in range(6):
        scene.ask("shipping.fee", id=f"fee{number}")
        scene.ask("promo.coupon", id=f"coupon{number}")
        scene.ask("product.price", id=f"price{number}", product="tgy")
        scene.ask("shipping.dispatch", id=f"dispatch{number}")
        scene.chat(id=f"chat{number}")
        scene.run(20)
    return scene


def timing_of(scene: Scene) -> Timing:
    """What a learner makes of it."""
    learner = Learner()
    for step in steps_of(scene):
        learner.see(step)
    return learner.timing()


class Recorded:
    """The scene as a recording. Its comments get texts of their own, so that `understand` can tell what each was understood as."""

    def __init__(self, scene: Scene) -> None:
        self.meanings: dict[str, Understanding] = {}
        decisions: dict[str, Decision] = {}
        entries: list[tuple[int, AnyEntry]] = []
        for step in steps_of(scene):
            decisions |= {each.id: each for each in step.records if isinstance(each, Decision)}
            entry = step.entry
            if isinstance(entry, CommentEntry) and entry.understanding is not None:
                entry = replace(entry, text=f"原文 {entry.id}")
                self.meanings[entry.text] = step.entry.understanding  # type: ignore[union-attr, assignment] # the same entry
            entries.append((step.now, entry))
        begin = Beginning(None, None, 0, -1)
        self.recording = Recording(scene.room, SHOP, begin, entries, decisions, timing_of(scene), dict(scene.pools))

    def understand(self, texts: Sequence[str]) -> list[Understanding]:
        """As it was understood then. Each text is asked for once."""
        assert len(set(texts)) == len(texts)
        return [self.meanings[text] for text in texts]
