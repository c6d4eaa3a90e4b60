"""The room core alone: comments per second at the live mix, over few rooms and many, and with a full room.

`python -m bench.core [--seconds 3] [--json OUT]`. A live room takes 3 comments a second, of which one in ten asks, and has a player
that says its script and what it is told, and reports both. So each room has the same work in every row, and only their number
differs; the work of ticks and reports counts for the comments. Entries are made beforehand, by a run of the core under a virtual
clock: building the records is part of what is timed, encoding them is not. The peer in the same run is the least that any core must
do: hash the identity and build one decision. Each row has a process of its own, whose collector is set as `livechat serve` sets it:
what an earlier row left behind would count for the next.
"""

from __future__ import annotations

import argparse
import hashlib
import heapq
import itertools
import json
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.harness import as_served
from engine.events.inputs import (
    Cursor,
    ModeSet,
    Playback,
    PlaybackKind,
    PlayerSeen,
    Script,
    ScriptSegment,
    ScriptSentence,
)
from engine.events.journal import AnyEntry, CommentEntry, LeaseEntry, PoolEntry, RoomEntry, TickEntry
from engine.events.outputs import Decision, Insertion
from engine.events.understanding import Understanding
from engine.pool import speech
from engine.pool.model import Guard, Intent, Limits, Pool, Reply, TrainingSet
from engine.room.rooms import Rooms

START = 1_800_000_000_000
ROOM_RATE = 3  # comments/s of a live room
STEP_MS = 50
BATCH = 500
SENTENCES = 200
SENTENCE_MS = 5_000
WARM_S = 60  # longer than comments wait, so that as many end as come
CHATTER = Understanding("chatter", "哈哈", language="zh", confidence=0.98)


def pool(intents: int) -> Pool:
    """`intents` intents with one reply each."""
    made = {}
    for number in range(intents):
        name = f"topic.i{number}"
        text = f"第{number}种回答，请放心。"
        made[name] = Intent(
            name, {"en": name}, priority=10 + number % 80,
            replies=(Reply(f"r{number}", name, text, "zh", needs_product=False, placeholders=speech.placeholders(text), seconds=4.0),),
        )  # fmt: skip
    return Pool(
        "00000001", "tea", {"zh": "茶"}, ("zh", "en"), "zh", made, {}, {}, (), Guard(banned=("最佳", "国家级")), Limits(), {},
        TrainingSet("t", ()), "00000002",
    )  # fmt: skip


def stage(rooms: int, intents: int) -> Rooms:
    """Rooms in `auto`, each with a script and a player that has not begun yet."""
    live = pool(intents)
    core = Rooms({live.hash: live}.__getitem__)
    core.handle(0, START, LeaseEntry(1, 8))
    core.handle(1, START, PoolEntry("tea", live.hash, 1, 0))
    sentences = tuple(ScriptSentence(id=f"s{n}", text="话", seconds=SENTENCE_MS / 1000) for n in range(SENTENCES))
    segments = (ScriptSegment(id="g", sentences=sentences),)
    for number in range(rooms):
        here: dict[str, Any] = {"room": f"room{number}", "at": START}
        for event in (
            PlayerSeen(id="p", session="one", identified=True, **here),
            Script(id="s", session="one", script="e", version="v", segments=segments, **here),
            ModeSet(id="m", mode="auto", **here),
        ):
            core.handle(2, START, RoomEntry(event, "tea"))
    core.take()
    return core


class Questions:
    """Comments of the benchmark; understandings are shared as the worker shares them."""

    def __init__(self, asked: float, intents: int) -> None:
        self._asked = asked * 2**32
        self._found = [Understanding("accepted", f"问{n}", "zh", f"topic.i{n}", 0.93) for n in range(intents)]

    def comment(self, number: int, room: str, at: int) -> CommentEntry:
        """Whether it asks, and what, is drawn by a hash of its number, so that no room has all the questions."""
        drawn = zlib.crc32(number.to_bytes(4, "big"))
        asks = drawn < self._asked
        return CommentEntry(
            room, "live", f"c{number}", f"{number * 7919 % 50_000:016x}", "什么时候发货" if asks else "哈哈哈",
            at, at, "tea", self._found[drawn % len(self._found)] if asks else CHATTER, None, "00000002",
        )  # fmt: skip


class Player:
    """One room's model player: says the script and what it is told, and reports it."""

    def __init__(self, room: str, later: Callable[[int, Player], None], begins: int) -> None:
        self._room = room
        self._later = later
        self._place = 0
        self._kind: PlaybackKind = "sentence_started"
        self._told: list[Insertion] = []
        self._said: Insertion | None = None
        later(begins, self)

    def hear(self, insertion: Insertion) -> None:
        self._told.append(insertion)

    def report(self, at: int) -> Playback:
        """What is due at `at`; what follows is planned."""
        lap, number = divmod(self._place, SENTENCES)
        kind, said = self._kind, self._said
        follows, wait = kind, 0
        if kind == "sentence_started":
            follows, wait = "sentence_ended", SENTENCE_MS
        elif kind == "started":
            assert said is not None
            follows, wait = "ended", said.duration_ms
        else:
            self._said = None
            if kind == "sentence_ended":
                due = [
                    row
                    for row in self._told
                    if row.after and (row.after.lap, row.after.sentence) == (lap, f"s{number}")
                ]
                self._said = due[0] if due else None
                self._told.clear()
            follows = "started" if self._said else "sentence_started"
            self._place += follows == "sentence_started"
        self._kind = follows
        self._later(at + wait, self)
        here: dict[str, Any] = {
            "room": self._room,
            "id": f"{kind}{self._place}",
            "at": at,
            "session": "one",
            "kind": kind,
        }
        if said is not None:
            return Playback(insertion=said.id, **here)
        return Playback(cursor=Cursor(version="v", lap=lap, segment="g", sentence=f"s{number}"), **here)


Entries = list[tuple[int, AnyEntry]]
"""(virtual time, entry)."""


def lives(rooms: int, intents: int, count: int) -> Entries:
    """`count` comments of the live mix over played rooms, with the ticks and reports between them, in steps of 50 ms."""
    core, questions = stage(rooms, intents), Questions(0.1, intents)
    due: list[tuple[int, int, Player]] = []
    serial = itertools.count()

    def later(at: int, player: Player) -> None:
        heapq.heappush(due, (at, next(serial), player))

    names = [f"room{number}" for number in range(rooms)]
    players = {name: Player(name, later, START + number * 37 % SENTENCE_MS) for number, name in enumerate(names)}
    every = 1000 / (ROOM_RATE * rooms)
    made: Entries = []
    now, sent = START, 0
    while sent < count:
        step: list[AnyEntry] = []
        tick = core.next_deadline()
        if tick is not None and tick <= now:
            step.append(TickEntry())
        while due and due[0][0] <= now:
            at, _, player = heapq.heappop(due)
            step.append(RoomEntry(player.report(at), "tea"))
        while sent < count and START + sent * every <= now:
            step.append(questions.comment(sent, names[sent % rooms], int(START + sent * every)))
            sent += 1
        for entry in step:
            made.append((now, entry))
            core.handle(10 + len(made), now, entry)
        for record in core.take().records:
            if isinstance(record, Insertion):
                players[record.room].hear(record)
        now += STEP_MS
    return made


def crowd(intents: int, count: int) -> Entries:
    """One room in which every comment asks and `intents` demands wait: 10,000 comments a second, whose player is silent."""
    questions = Questions(1.0, intents)
    made: Entries = []
    for number in range(count):
        at = START + number // 10
        if not number % BATCH:
            made.append((at, TickEntry()))
        made.append((at, questions.comment(number, "room0", at)))
    return made


def rate(core: Rooms, made: Entries, warm: int) -> float:
    """Comments per second after `warm` of them; the effects are taken after each 500 entries, as the worker does."""
    done, began, seq = 0, 0.0, 10
    for first in range(0, len(made), BATCH):
        if not began and done >= warm:
            as_served()
            began, warm = time.perf_counter(), done
        for now, entry in made[first : first + BATCH]:
            seq += 1
            core.handle(seq, now, entry)
            done += isinstance(entry, CommentEntry)
        core.take()
    return (done - warm) / (time.perf_counter() - began)


def row(rooms: int, count: int) -> float:
    """Comments per second over that many live rooms."""
    warm = max(count // 2, rooms * ROOM_RATE * WARM_S)
    return rate(stage(rooms, 20), lives(rooms, 20, warm + count), warm)


def full(count: int) -> float:
    """Comments per second in a full room."""
    return rate(stage(1, 200), crowd(200, count), count // 3)


def floor(seconds: float) -> float:
    """The peer: one identity hash and one decision per comment, nothing else."""
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        for n in range(1_000):
            digest = hashlib.blake2b(f"room\0live\0c{n}".encode(), digest_size=16)
            Decision(
                digest.hexdigest(),
                "room",
                "tea",
                "live",
                f"c{n}",
                "v",
                "哈哈",
                "哈哈",
                "zh",
                "chatter",
                1,
                1,
                1,
                "p",
                "m",
            )
        done += 1_000
    return done / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="time per row")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    count = round(options.seconds * 180_000)
    cases = {
        "peer: hash and one decision": partial(floor, options.seconds),
        "live mix (10 % ask), 10 rooms": partial(row, 10, count),
        "live mix (10 % ask), 1,000 rooms": partial(row, 1_000, count),
        "live mix (10 % ask), 5,000 rooms": partial(row, 5_000, count),
        "every comment asks, 200 demands wait": partial(full, count // 4),
    }
    table = Table("case", "comments/s", "µs each")
    figures = {}
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes:
        for name, run in cases.items():
            figures[name] = round(processes.submit(run).result())
            table.add_row(name, f"{figures[name]:,}", f"{1e6 / figures[name]:.1f}")
    Console().print(table)
    ratio = figures["live mix (10 % ask), 10 rooms"] / figures["live mix (10 % ask), 5,000 rooms"]
    print(f"cost per comment at 5,000 rooms: {ratio:.2f} × that at 10")
    if options.json:
        options.json.write_text(
            json.dumps({"comments_per_second": figures, "cost_ratio_5000_to_10": round(ratio, 3)}, indent=2)
        )


if __name__ == "__main__":
    main()
