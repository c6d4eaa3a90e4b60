"""Snapshots: a restored room goes on as the old one would; the core is deterministic; what must always hold, after each entry."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.errors import RestoreError
from engine.events.codec import encode
from engine.events.journal import PauseEntry, PoolEntry
from engine.events.outputs import Decision
from engine.room import snapshot
from engine.room.rooms import Rooms
from tests.unit.room.actor import MOVES, Actor, Step, walk
from tests.unit.room.invariants import STATE_BYTES
from tests.unit.room.scene import ROOM, SHOP, START, Scene

STEPS = st.one_of(
    st.lists(st.tuples(st.sampled_from(MOVES), st.integers(0, 20), st.sampled_from([0, 0, 0, 1, 2])), max_size=60),
    st.builds(walk, st.integers(0, 2**32), st.sampled_from([0.1, 0.3, 0.6]), st.just(120)),
)
"""Short and strange ones, which shrink well, and long nights, which come far."""


def digest(steps: Sequence[Step]) -> str:
    """Hash of all output bytes."""
    actor = Actor()
    for step in steps:
        actor.act(step)
    return hashlib.sha256(b"\n".join(encode(record) for record in actor.scene.out)).hexdigest()


@given(STEPS, st.integers(0, 100))
@settings(max_examples=150)
def test_a_restored_core_goes_on_as_the_old_one_would(steps: list[Step], cut: int) -> None:
    """Snapshot anywhere, restore, then the same entries: the same bytes, and the same state at the end."""
    actor = Actor()
    for step in steps[:cut]:
        actor.act(step)
    scene = actor.scene
    saved = [scene.rooms.snapshot(name, scene.seq) for name in scene.rooms.names()]
    other = Rooms(scene.pools.__getitem__)
    other.restore_shops(*scene.rooms.shop_state(), scene.rooms.lease, scene.now)
    for room in saved:
        assert room is not None
        other.restore_room(room)
    mark, logged = len(scene.out), len(scene.log)
    for step in steps[cut:]:
        actor.act(step)
    for seq, now, entry in scene.log[logged:]:
        other.handle(seq, now, entry)
    assert [encode(record) for record in other.take().records] == [encode(record) for record in scene.out[mark:]]
    assert other.names() == scene.rooms.names()
    for name in scene.rooms.names():
        assert other.snapshot(name, scene.seq) == scene.rooms.snapshot(name, scene.seq)
    assert other.next_deadline() == scene.rooms.next_deadline()


@given(STEPS)
@example(walk(9394068, 0.1, 120))  # a player says that it refused what it had started, long after both were over
@example(walk(2392284114, 0.1, 120))  # a player that tells of a second lap of a script that does not loop
@settings(max_examples=250)
def test_what_must_always_hold(steps: list[Step]) -> None:
    """Checked after each entry (`invariants.py`); in the end every comment has its decision, and snapshots are small."""
    actor = Actor()
    scene = actor.scene
    for step in steps:
        actor.act(step)
    scene.wait(45_000 + 20_000)
    assert len({(record.room, record.comment) for record in scene.all(Decision)}) == len(scene.asked)
    for name in scene.rooms.names():
        saved = scene.rooms.snapshot(name, scene.seq)
        assert saved is not None
        assert len(saved.state.encode()) <= STATE_BYTES
    scene.wait(90_000_000)
    assert scene.rooms.names() == [], "a room is never forgotten"


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
    for step in steps[cut:]:
        actor.act(step)
    shop = snapshot.read(saved.state).shop
    live = next(seq for seq, _, entry in scene.log if isinstance(entry, PoolEntry) and entry.shop == shop)
    for seq, now, entry in scene.log:
        other.handle(seq, now, entry)
        if seq == live:
            other.restore_room(saved)
    for name in scene.rooms.names():
        assert other.snapshot(name, scene.seq) == scene.rooms.snapshot(name, scene.seq)


def test_a_room_whose_shop_is_not_live_is_an_error() -> None:
    """It is never put off and then forgotten: its comments would get no decision, and its snapshot a tombstone."""
    scene = Scene()
    scene.ask("shipping.fee")
    saved = scene.rooms.snapshot(ROOM, scene.seq)
    assert saved is not None
    other = Rooms(scene.pools.__getitem__)
    with pytest.raises(
        RestoreError, match=rf"room {ROOM} is of shop {SHOP}, which neither .* up to seq {scene.seq} made live"
    ):
        other.restore_room(saved)


def test_a_packed_state_reads_as_a_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A room with much to remember is packed; nothing else differs."""
    scene = Scene()
    for number in range(1_000):
        scene.chat(id=f"chat-{number}")
    plain = scene.rooms.snapshot(ROOM, scene.seq)
    monkeypatch.setattr(snapshot, "PLAIN_BYTES", 1_000)
    packed = scene.rooms.snapshot(ROOM, scene.seq)
    assert plain is not None
    assert packed is not None
    assert plain.state.startswith("{")
    assert not packed.state.startswith("{")
    deflated = base64.b64encode(zlib.compress(plain.state.encode())).decode()
    monkeypatch.undo()
    for state in (packed, plain.model_copy(update={"schema_version": 2, "state": deflated})):
        scene.rooms.restore_room(state)
        assert scene.rooms.snapshot(ROOM, scene.seq) == plain
    broken = packed.state[:200] + packed.state[-200:]
    with pytest.raises(RestoreError, match="cannot be read"):
        scene.rooms.restore_room(packed.model_copy(update={"state": broken}))


def test_the_same_entries_give_the_same_bytes_under_two_hash_seeds() -> None:
    """Nothing depends on the order of a set or on a hash of this process."""
    steps = [
        ("price", 1, 0),
        ("fee", 2, 0),
        ("open", 0, 2),
        ("here", 3, 2),
        ("dispatch", 4, 0),
        ("wait", 7, 0),
        ("started", 0, 0),
        ("fact", 3, 0),
        ("aborted", 0, 0),
        ("next", 0, 0),
        ("reload", 1, 0),
        ("wait", 20, 0),
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


def test_a_snapshot_of_an_older_schema_is_read_and_written_anew() -> None:
    """Nothing of the room is lost but which product a variant was said about."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.fee")
    scene.wait(3_000)
    saved = scene.rooms.snapshot(ROOM, scene.seq)
    assert saved is not None
    state = json.loads(saved.state)
    assert state["heard"]
    state["heard"] = {key: at for key, at in state["heard"].items() if "/" not in key}
    older = saved.model_copy(update={"schema_version": 1, "state": json.dumps(state)})
    again = Scene()
    again.rooms.restore_room(older)
    written = again.rooms.snapshot(ROOM, scene.seq)
    assert written is not None
    assert written.schema_version == snapshot.SCHEMA
    assert json.loads(written.state) == state


def test_a_snapshot_of_another_schema_is_refused_with_a_remedy() -> None:
    """Never guessed at."""
    scene = Scene()
    scene.chat()
    saved = scene.rooms.snapshot(ROOM, scene.seq)
    assert saved is not None
    with pytest.raises(
        RestoreError, match=f"reads up to {snapshot.SCHEMA}: run the version that wrote it, or a newer one"
    ):
        scene.rooms.restore_room(saved.model_copy(update={"schema_version": 99}))
    for state in ("{}", "zzzzz"):
        with pytest.raises(RestoreError, match="cannot be read"):
            scene.rooms.restore_room(saved.model_copy(update={"state": state}))


def test_time_that_nobody_watched_delays_reports_only() -> None:
    """A pause moves report time-outs, not deadlines."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.fee")
    scene.wait(3_000)
    scene.now = START + 60_000
    scene.put(PauseEntry(57_000))
    assert scene.rooms._rooms[ROOM].lost is None
    assert scene.rooms._rooms[ROOM].flight is not None
    assert scene.rooms._rooms[ROOM].clock.started <= scene.now
