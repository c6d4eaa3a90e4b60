"""Snapshots: a restored room goes on as the old one would; the state is bounded; the core is deterministic."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import RestoreError
from engine.events.codec import encode
from engine.events.inputs import ModeSet, PlayerGone, PlayerSeen, Script, ScriptSegment, ScriptSentence, TakeOver
from engine.events.journal import TickEntry
from engine.events.outputs import Decision, Insertion
from engine.room.memory import ASKERS_CAP, SEEN_CAP
from engine.room.rooms import Rooms
from tests.unit.room.scene import ROOM, START, Scene, pool

Step = tuple[str, int]

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["wait", "chat", "price", "fee", "dispatch", "english", "repeat", "old", "ended", "started", "rejected", "aborted",
             "next", "fact", "wrong_fact", "kill", "lift", "pool", "gone", "back", "paused", "auto", "shadow", "person", "engine"]
        ),
        st.integers(0, 20),
    ),
    max_size=60,
)  # fmt: skip


class Actor:
    """Performs steps on a scene; the same steps give the same entries."""

    def __init__(self) -> None:
        self.scene = Scene()
        self.scene.play()
        self.sentence = 0
        self.sessions = 1

    def act(self, step: Step) -> None:
        scene, (name, size) = self.scene, step
        room = scene.rooms._rooms.get(ROOM)
        flight = room.flight.insertion.id if room and room.flight else "abcdefabcdef"
        session = f"s{self.sessions}" if self.sessions > 1 else "one"
        match name:
            case "wait":
                scene.wait(500 * size)
            case "chat":
                scene.chat(viewer=f"w{size}")
            case "price":
                scene.ask("product.price", viewer=f"w{size}", product="tgy" if size % 2 else "puer")
            case "fee" | "dispatch":
                scene.ask(f"shipping.{name}", viewer=f"w{size}", solo_ok=size % 3 > 0)
            case "english":
                scene.ask("shipping.area", viewer=f"w{size}", language="en")
            case "repeat":
                scene.chat(id=f"c{size}")
            case "old":
                scene.ask("shipping.fee", age=5_000 * size)
            case "ended" | "started" | "rejected" | "aborted":
                scene.report(name, flight, session)
            case "next":
                names = [f"{p}-{n}" for p in ("tgy", "puer") for n in range(3)]
                now, then = names[self.sentence % 6], names[(self.sentence + 1) % 6]
                scene.sentence("sentence_ended", now, self.sentence // 6)
                self.sentence += 1
                scene.sentence("sentence_started", then, self.sentence // 6)
            case "fact":
                scene.fact("price", 120 + size, product="tgy")
            case "wrong_fact":
                scene.fact("price", 1, product="tgy")
            case "kill" | "lift":
                scene.kill(name == "kill")
            case "pool":
                scene.swap(pool(f"000000{size:02x}"))
            case "gone":
                scene.event(PlayerGone(room=ROOM, id="g", at=scene.now, session=session))
            case "back":
                self.sessions += 1
                scene.event(PlayerSeen(room=ROOM, id="p", at=scene.now, session=f"s{self.sessions}", identified=True))
            case "person" | "engine":
                scene.event(TakeOver(room=ROOM, id="t", at=scene.now, who=name, at_boundary=size % 2 == 0))
            case _:
                scene.event(ModeSet.model_validate({"room": ROOM, "id": "m", "at": scene.now, "mode": name}))


def digest(steps: Sequence[Step]) -> str:
    """Hash of all output bytes."""
    actor = Actor()
    for step in steps:
        actor.act(step)
    return hashlib.sha256(b"\n".join(encode(record) for record in actor.scene.out)).hexdigest()


@given(STEPS, st.integers(0, 60))
@settings(max_examples=150)
def test_a_restored_core_goes_on_as_the_old_one_would(steps: list[Step], cut: int) -> None:
    """Snapshot anywhere, restore, then the same entries: the same bytes, and the same state at the end."""
    actor = Actor()
    for step in steps[:cut]:
        actor.act(step)
    scene = actor.scene
    saved = scene.rooms.snapshot(ROOM, scene.seq)
    facts, pools = scene.rooms.shop_state()
    assert saved is not None
    other = Rooms(scene.pools.__getitem__)
    other.restore_shops(facts, pools, scene.rooms.lease, scene.now)
    other.restore_room(saved)
    mark, logged = len(scene.out), len(scene.log)
    for step in steps[cut:]:
        actor.act(step)
    for seq, now, entry in scene.log[logged:]:
        other.handle(seq, now, entry)
    assert [encode(record) for record in other.take().records] == [encode(record) for record in scene.out[mark:]]
    assert other.snapshot(ROOM, scene.seq) == scene.rooms.snapshot(ROOM, scene.seq)
    assert other.next_deadline() == scene.rooms.next_deadline()


@given(STEPS)
@settings(max_examples=150)
def test_what_must_always_hold(steps: list[Step]) -> None:
    """One decision per comment and exactly one in the end; one insertion at a time; only approved texts; nothing after its time."""
    actor = Actor()
    scene = actor.scene
    for step in steps:
        actor.act(step)
    scene.wait(45_000 + 20_000)
    decided = scene.decisions
    asked = {line.id for line in scene.lines if line.verdict != "duplicate"}
    assert set(decided) == asked
    approved = {"24小时内发出", "全场包邮", "We ship anywhere"}
    for insertion in scene.all(Insertion):
        price = insertion.facts[0].text if insertion.intent == "product.price" else ""
        assert insertion.text in approved or insertion.text in (
            f"{name}{form}{price}" for name in ("铁观音", "普洱") for form in ("今天", "只要")
        )
        assert insertion.start <= insertion.not_after
    for decision in scene.all(Decision):
        assert decision.reason != "answered" or decision.reply or decision.via == "script"


@given(STEPS, st.integers(0, 30))
@settings(max_examples=50)
def test_entries_before_a_snapshot_are_skipped_for_its_room(steps: list[Step], cut: int) -> None:
    """A journal that begins before the snapshot's seq may be handled from its start."""
    actor = Actor()
    for step in steps[:cut]:
        actor.act(step)
    scene = actor.scene
    saved = scene.rooms.snapshot(ROOM, scene.seq)
    assert saved is not None
    other = Rooms(scene.pools.__getitem__)
    other.restore_room(saved)
    for step in steps[cut:]:
        actor.act(step)
    for seq, now, entry in scene.log:
        other.handle(seq, now, entry)
    assert other.snapshot(ROOM, scene.seq) == scene.rooms.snapshot(ROOM, scene.seq)


def test_the_same_entries_give_the_same_bytes_under_two_hash_seeds() -> None:
    """Nothing depends on the order of a set or on a hash of this process."""
    steps = [
        ("price", 1),
        ("fee", 2),
        ("dispatch", 4),
        ("wait", 7),
        ("started", 0),
        ("fact", 3),
        ("aborted", 0),
        ("next", 0),
        ("wait", 20),
    ]
    code = f"from tests.unit.room.test_snapshot import digest; print(digest({steps!r}))"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


def test_a_room_at_every_cap_fits_its_snapshot() -> None:
    """16,384 identities, all askers, full books, two line-ups with facts: at most 256 KiB."""
    scene = Scene()
    scene.play()
    sentences = tuple(
        ScriptSentence(
            id=f"sentence-{n}",
            text="话",
            seconds=3.217,
            answers=("product.price",),
            facts={"tgy/price": "catalogue:abcdef012345"},
        )
        for n in range(150)
    )
    for version in ("v8", "v9"):
        segment = ScriptSegment(id="long-segment-name", product="tgy", sentences=sentences)
        scene.event(
            Script(room=ROOM, id="s", at=scene.now, session="one", script="e", version=version, segments=(segment,))
        )
    for number in range(SEEN_CAP + 1_000):
        scene.chat(id=f"chat-{number:06}")
    for number in range(ASKERS_CAP + 200):
        scene.ask("shipping.dispatch", viewer=f"{number:016x}", id=f"{number:0128}")
    saved = scene.rooms.snapshot(ROOM, scene.seq)
    assert saved is not None
    assert len(saved.state.encode()) <= 256 * 1024


def test_a_snapshot_of_another_schema_is_refused_with_a_remedy() -> None:
    """Never guessed at."""
    scene = Scene()
    scene.chat()
    saved = scene.rooms.snapshot(ROOM, scene.seq)
    assert saved is not None
    with pytest.raises(RestoreError, match="delete the snapshots"):
        scene.rooms.restore_room(saved.model_copy(update={"schema_version": 99}))
    with pytest.raises(RestoreError, match="cannot be read"):
        scene.rooms.restore_room(saved.model_copy(update={"state": "{}"}))


def test_time_that_nobody_watched_delays_reports_only() -> None:
    """A tick that says how long the partition slept moves report time-outs, not deadlines."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.fee")
    scene.wait(3_000)
    scene.now = START + 60_000
    scene.put(TickEntry(paused_ms=57_000))
    assert scene.rooms._rooms[ROOM].lost is None
    assert scene.rooms._rooms[ROOM].flight is not None
