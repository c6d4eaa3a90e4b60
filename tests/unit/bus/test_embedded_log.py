"""The open log: who may use it, and what happens when the disk or the process fails."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.bus import open_bus
from engine.bus.embedded import EmbeddedBus, Fault, Point
from engine.bus.embedded.store import Store
from engine.bus.port import Aborted, Batch, Committed, Outgoing, Unknown
from engine.errors import BusDamaged, BusInUse, BusUnavailable, Exit, UsageError
from engine.events.topics import HOUR_MS
from engine.settings import BusSettings
from tests.conftest import HandClock
from tests.patience import PATIENCE_S

PARTITIONS = 4
ROOT = Path(__file__).parents[3]


class Script:
    """Faults by point, each once; counts the transactions."""

    def __init__(self) -> None:
        self.due: dict[Point, Fault] = {}
        self.transactions = 0

    def at(self, point: Point) -> Fault | None:
        self.transactions += point == "before_commit"
        return self.due.pop(point, None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def faults() -> Script:
    return Script()


@pytest.fixture
async def bus(path: Path, faults: Script, clock: HandClock) -> AsyncIterator[EmbeddedBus]:
    made = EmbeddedBus(path, partitions=PARTITIONS, faults=faults, clock=clock)
    yield made
    await made.close()


def decision(value: bytes, partition: int = 0) -> Outgoing:
    return Outgoing("decisions", "room", value, partition=partition)


async def values(bus: EmbeddedBus, topic: str = "decisions", partition: int = 0) -> list[bytes | None]:
    return [record.value for record in await bus.read(topic, partition, 0, max_records=100_000)]


# ---- who may use it --------------------------------------------------------------------------------------------------


async def test_one_process_writes(bus: EmbeddedBus, path: Path) -> None:
    """A second writer, in another process, is told who has the log and what to do; a reader is welcome."""
    await bus.publish([decision(b"1")])
    program = (
        "import sys; from pathlib import Path; from engine.bus.embedded import EmbeddedBus; from engine.errors import BusInUse\n"
        "path = Path(sys.argv[1]); EmbeddedBus(path, partitions=4, readonly=True)\n"
        "try: EmbeddedBus(path, partitions=4)\n"
        "except BusInUse as error: print(error)"
    )
    command = [sys.executable, "-c", program, str(path)]
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert done.stdout.startswith(f"process {os.getpid()} writes the log `{path}`: stop it first"), done.stderr


async def test_a_second_writer_in_this_process_is_refused(bus: EmbeddedBus, path: Path) -> None:
    """The claim holds within a process, too, and falls with `close`."""
    with pytest.raises(BusInUse) as caught:
        EmbeddedBus(path, partitions=PARTITIONS)
    assert caught.value.exit_code == Exit.UNAVAILABLE
    await bus.close()
    await EmbeddedBus(path, partitions=PARTITIONS).close()


async def test_a_failed_open_leaves_no_claim(bus: EmbeddedBus, path: Path) -> None:
    """After an error at opening, the right settings work at once."""
    await bus.close()
    with pytest.raises(UsageError, match="partitions"):
        EmbeddedBus(path, partitions=PARTITIONS + 1)
    await EmbeddedBus(path, partitions=PARTITIONS).close()


async def test_a_reader_writes_nothing(bus: EmbeddedBus, path: Path) -> None:
    """Publishing, joining and acquiring need a handle that writes."""
    reader = EmbeddedBus(path, partitions=PARTITIONS, readonly=True)
    with pytest.raises(UsageError, match="read only"):
        await reader.publish([decision(b"1")])
    with pytest.raises(UsageError, match="read only"):
        reader.member("livechat")
    await reader.close()


async def test_a_log_can_be_read_when_nobody_writes(bus: EmbeddedBus, path: Path) -> None:
    """`livechat why` works beside a stopped engine as well."""
    await bus.publish([decision(b"1")])
    await bus.close()
    reader = EmbeddedBus(path, partitions=PARTITIONS, readonly=True)
    assert await values(reader) == [b"1"]
    assert await reader.end("decisions", 0) == 1
    await reader.close()


async def test_what_cannot_be_opened(tmp_path: Path) -> None:
    """A missing log and a folder that cannot be written each say what to do."""
    with pytest.raises(BusUnavailable, match=r"there is no log .* start the engine"):
        EmbeddedBus(tmp_path / "none.db", partitions=1, readonly=True)
    (tmp_path / "file").touch()
    with pytest.raises(BusUnavailable, match=r"cannot be written .*: make it writable"):
        EmbeddedBus(tmp_path / "file" / "log.db", partitions=1)


async def test_open_bus_makes_the_folder(tmp_path: Path) -> None:
    """The address of the settings names the file; partitions and group come from there, too."""
    bus = await open_bus(BusSettings(url=f"sqlite:{tmp_path}/var/log.db", partitions=3))
    assert bus.partitions == 3
    assert (tmp_path / "var" / "log.db").exists()
    await bus.close()


# ---- the disk --------------------------------------------------------------------------------------------------------


async def limit_pages(bus: EmbeddedBus, pages: int) -> None:
    """Pretends that the disk ends so many pages after what is used (0: it has space again)."""

    def limit(store: Store) -> None:
        used = store.connection.execute("PRAGMA page_count").fetchone()[0]
        store.connection.execute(f"PRAGMA max_page_count = {used + pages if pages else 2**30}")

    await bus._log.write(limit)


async def test_a_full_disk(bus: EmbeddedBus) -> None:
    """Writing fails with a remedy, batches are aborted whole, what was committed stays readable, and with space all goes on."""
    member = bus.member("livechat")
    await member.events()
    lease = await member.acquire(0)
    await bus.publish([decision(b"before")])
    await limit_pages(bus, 3)
    with pytest.raises(BusUnavailable, match=r"no space left .*: free some"):
        await bus.publish([decision(bytes(100_000))])
    batch = Batch(0, lease, (decision(b"batch"), decision(bytes(100_000))), {"comments": 5})
    (outcome,) = await member.commit([batch])
    assert isinstance(outcome, Aborted)
    assert "no space left" in outcome.reason
    assert await values(bus) == [b"before"]
    assert dict(await bus.committed(0)) == {}
    await limit_pages(bus, 0)
    assert await member.commit([batch]) == [Committed()]
    (position,) = await bus.publish([decision(b"after")])
    assert await values(bus) == [b"before", b"batch", bytes(100_000), b"after"]
    assert position.offset == 3
    assert dict(await bus.committed(0)) == {"comments": 5}


def spoil(path: Path) -> None:
    """Overwrites all but the first pages, which hold the schema."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(16 * 4_096)
        file.write(b"\xa5" * (size - 16 * 4_096))


async def test_a_damaged_page_is_noticed(bus: EmbeddedBus, path: Path) -> None:
    """Garbage in the file is reported as damage, and never delivered as records."""
    await bus.publish([decision(b"%d" % n * 500) for n in range(500)])
    await bus.close()
    spoil(path)
    damaged = EmbeddedBus(path, partitions=PARTITIONS)
    with pytest.raises(BusDamaged, match="is damaged") as caught:
        await values(damaged)
    assert caught.value.exit_code == Exit.DAMAGED
    member = damaged.member("livechat")
    with pytest.raises(BusDamaged):
        await damaged.publish([decision(bytes(5_000))])
    await member.close()
    await damaged.close()


# ---- the process -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("point", "landed"), [("before_commit", []), ("after_commit", [b"x"])])
async def test_a_crash_leaves_all_or_nothing(
    bus: EmbeddedBus, path: Path, faults: Script, point: Point, landed: list[bytes]
) -> None:
    """The outcome is unknown, every later call says that the log is gone, and the next process finds whole transactions only."""
    member = bus.member("livechat")
    await member.events()
    lease = await member.acquire(0)
    faults.due[point] = "crash"
    (outcome,) = await member.commit([Batch(0, lease, (decision(b"x"),), {"comments": 1})])
    assert isinstance(outcome, Unknown)
    with pytest.raises(BusUnavailable, match="crashed"):
        await bus.publish([decision(b"y")])
    with pytest.raises(BusUnavailable, match="crashed"):
        await member.commit([Batch(0, lease, ())])
    await bus.close()
    again = EmbeddedBus(path, partitions=PARTITIONS)
    assert await values(again) == landed
    assert dict(await again.committed(0)) == ({"comments": 1} if landed else {})
    await again.close()


async def test_a_publish_in_doubt_says_so(bus: EmbeddedBus, faults: Script) -> None:
    """A publisher learns whether its records may be on the log."""
    faults.due["before_commit"] = "abort"
    with pytest.raises(BusUnavailable) as aborted:
        await bus.publish([decision(b"1")])
    faults.due["after_commit"] = "lose_answer"
    with pytest.raises(BusUnavailable, match="whether it was written is not known") as lost:
        await bus.publish([decision(b"2")])
    assert "not known" not in str(aborted.value)
    assert "injected" in str(lost.value)
    assert await values(bus) == [b"2"]
    tail = bus.tail({("decisions", 0): 0})
    assert [record.value for record in await tail.next()] == [b"2"]


async def test_waiting_requests_share_a_transaction(bus: EmbeddedBus, faults: Script) -> None:
    """While one transaction is under way, the others queue up for one more; each gets its own answer."""
    before = faults.transactions
    positions = await asyncio.gather(*(bus.publish([decision(b"%d" % n)]) for n in range(50)))
    assert faults.transactions - before < 50
    assert sorted(position.offset for (position,) in positions) == list(range(50))


async def test_a_mistake_hurts_only_its_caller(bus: EmbeddedBus) -> None:
    """A wrong request in a shared transaction does not touch the others."""
    outcomes = await asyncio.gather(
        bus.publish([decision(b"1")]),
        bus.publish([Outgoing("decisions", "room", b"", partition=99)]),
        bus.publish([decision(b"2")]),
        return_exceptions=True,
    )
    assert isinstance(outcomes[1], ValueError)
    assert await values(bus) == [b"1", b"2"]


async def test_closing_serves_what_waits(bus: EmbeddedBus, path: Path) -> None:
    """What was queued before `close` is written and answered; the file stands alone afterwards."""
    publishing = [asyncio.create_task(bus.publish([decision(b"%d" % n)])) for n in range(20)]
    await asyncio.sleep(0)
    await bus.close()
    assert len(await asyncio.gather(*publishing)) == 20
    assert not path.with_name("log.db-wal").exists()
    again = EmbeddedBus(path, partitions=PARTITIONS)
    assert len(await values(again)) == 20
    await again.close()


async def test_closing_ends_waiting_tails(bus: EmbeddedBus) -> None:
    """A tail that waits does not wait for ever."""
    waiting = asyncio.create_task(bus.tail({("decisions", 0): 0}).next(wait_ms=int(PATIENCE_S * 1_000)))
    await asyncio.sleep(0)
    await bus.close()
    with pytest.raises(BusUnavailable, match="was closed"):
        await waiting


async def test_a_cancelled_publish_does_no_harm(bus: EmbeddedBus) -> None:
    """A caller that stops waiting leaves its records to be written, and nobody else notices."""
    leaving = asyncio.create_task(bus.publish([decision(b"left")]))
    await asyncio.sleep(0)
    leaving.cancel()
    await bus.publish([decision(b"stayed")])
    assert await values(bus) == [b"left", b"stayed"]


async def test_upkeep_moves_the_beginning(bus: EmbeddedBus, clock: HandClock) -> None:
    """Expired records are gone for readers, and a member or tail that stood before them goes on behind them."""
    await bus.publish([Outgoing("verdicts", "room", b"old", partition=0)])
    clock.advance(2 * HOUR_MS)
    await bus.publish([Outgoing("verdicts", "room", b"new", partition=0)])
    assert await bus.sweep() == 1
    assert await bus.begin("verdicts", 0) == 1
    assert await values(bus, "verdicts") == [b"new"]
    assert [record.time for record in await bus.read("verdicts", 0, 0)] == [clock.now]


async def test_upkeep_runs_by_itself(path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer looks after the log between requests, without being asked."""
    monkeypatch.setattr("engine.bus.embedded.writer.SWEEP_EVERY_S", 0.01)
    bus = EmbeddedBus(path, partitions=PARTITIONS, clock=clock)
    await bus.publish([Outgoing("verdicts", "room", b"%d" % n, partition=0) for n in range(1_000)])
    clock.advance(2 * HOUR_MS)
    async with asyncio.timeout(PATIENCE_S):
        while await bus.begin("verdicts", 0) < 1_000:
            await bus.publish([decision(b"meanwhile")])
    await bus.close()
