"""The room core alone: comments per second at the live mix, with a full room, and over many rooms.

`python bench/core.py [--seconds 3] [--json OUT]`. Entries are made beforehand; building the records is part of what is timed,
encoding them is not. The peer in the same run is the least that any core must do: hash the identity and build one decision. Each row
has a process of its own, whose collector is set as `livechat serve` sets it: what an earlier row left behind would count for the next.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.harness import as_served
from engine.events.inputs import Cursor, ModeSet, Playback, PlayerSeen, Script, ScriptSegment, ScriptSentence
from engine.events.journal import CommentEntry, LeaseEntry, PoolEntry, RoomEntry, TickEntry
from engine.events.outputs import Decision
from engine.events.understanding import Understanding
from engine.pool import speech
from engine.pool.model import Guard, Intent, Limits, Pool, Reply, TrainingSet
from engine.room.rooms import Rooms

START = 1_800_000_000_000
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
    """Rooms in `auto` with a player whose script runs."""
    live = pool(intents)
    core = Rooms({live.hash: live}.__getitem__)
    core.handle(0, START, LeaseEntry(1, 8))
    core.handle(1, START, PoolEntry("tea", live.hash, 1, 0))
    sentences = tuple(ScriptSentence(id=f"s{n}", text="话", seconds=5.0) for n in range(200))
    segments = (ScriptSegment(id="g", sentences=sentences),)
    first = Cursor(version="v", lap=0, segment="g", sentence="s0")
    for number in range(rooms):
        here: dict[str, Any] = {"room": f"room{number}", "at": START}
        for event in (
            PlayerSeen(id="p", session="one", identified=True, **here),
            Script(id="s", session="one", script="e", version="v", segments=segments, **here),
            ModeSet(id="m", mode="auto", **here),
            Playback(id="b", session="one", kind="sentence_started", cursor=first, **here),
        ):
            core.handle(2, START, RoomEntry(event, "tea"))
    core.take()
    return core


def entries(count: int, rooms: int, asked: float, intents: int) -> list[CommentEntry]:
    """Comments round the rooms; every 1/asked-th asks. Understandings are shared as the worker shares them."""
    questions = [Understanding("accepted", f"问{n}", "zh", f"topic.i{n}", 0.93) for n in range(intents)]
    every = round(1 / asked)
    return [
        CommentEntry(
            f"room{n % rooms}", "live", f"c{n}", f"{n * 7919 % 50_000:016x}", "什么时候发货" if n % every == 0 else "哈哈哈",
            START + n // 10, START + n // 10, "tea", questions[n // every % intents] if n % every == 0 else CHATTER, None, "00000002",
        )
        for n in range(count)
    ]  # fmt: skip


def rate(core: Rooms, made: list[CommentEntry], seconds: float, batch: int = 500) -> float:
    """Comments per second after a third of them has warmed the rooms up; a tick and a take per batch, as the worker does."""
    warm = len(made) // 3
    now, seq, done = START, 10, 0
    began = 0.0
    while done < len(made) and (not began or time.perf_counter() - began < seconds):
        if not began and done >= warm:
            warm = done
            as_served()
            began = time.perf_counter()
        now += 50
        due = core.next_deadline()
        if due is not None and due <= now:
            core.handle(seq, now, TickEntry())
        for entry in made[done : done + batch]:
            seq += 1
            core.handle(seq, max(now, entry.logged), entry)
        done += batch
        core.take()
    return (done - warm) / (time.perf_counter() - began)


def row(seconds: float, rooms: int, asked: float, intents: int, count: int) -> float:
    """Comments per second of `count` comments at most, of which every 1/asked-th asks."""
    return rate(stage(rooms, intents), entries(count, rooms, asked, intents), seconds)


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
        "live mix (10 % ask), 10 rooms": partial(row, options.seconds, 10, 0.1, 20, count),
        "live mix (10 % ask), 1,000 rooms": partial(row, options.seconds, 1_000, 0.1, 20, count),
        "live mix (10 % ask), 5,000 rooms": partial(row, options.seconds, 5_000, 0.1, 20, count),
        "every comment asks, 200 demands wait": partial(row, options.seconds, 1, 1.0, 200, count // 4),
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
