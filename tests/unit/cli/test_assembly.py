"""All roles in one process, with parts that do nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import ClientSession

from engine.bus.port import Bus
from engine.cli import assembly
from engine.cli.assembly import Assembly, Listening, Part, with_default_shop
from engine.cli.http import Readiness
from engine.errors import BusDamaged, LivechatError, PoolError, Problem, UsageError
from engine.metrics import Metrics
from engine.settings import Role, Settings, load
from engine.traces import Traces
from engine.worker.readiness import PartitionReadiness


class FakePart:
    """A role that runs until it is stopped, or fails."""

    def __init__(self, role: Role, log: list[str], failure: BaseException | None = None) -> None:
        self.ready = True
        self._role = role
        self._log = log
        self._failure = failure
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        if self._failure is not None:
            raise self._failure
        await self._stopping.wait()
        self._log.append(f"{self._role} ended")

    def stop(self) -> None:
        self._stopping.set()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(
        roles=["worker", "insight"], bus={"url": f"sqlite:{tmp_path / 'x.db'}"}, http={"listen": "127.0.0.1:0"},
        publisher={"default_shop": "tea"},
    )  # fmt: skip


def use(monkeypatch: pytest.MonkeyPatch, log: list[str], failures: dict[Role, BaseException | None]) -> None:
    """Put fakes in the place of the roles."""

    def make(role: Role, bus: Bus, settings: Settings, metrics: Metrics, traces: Traces | None) -> Part:
        return FakePart(role, log, failures.get(role))

    monkeypatch.setattr(assembly, "make", make)


async def test_stop_ends_every_role(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ready while it runs, not while it drains."""
    log: list[str] = []
    use(monkeypatch, log, {})
    listening: asyncio.Queue[Listening] = asyncio.Queue()
    served = Assembly(settings, listening=listening.put_nowait)
    assert set(served.ready().values()) == {False}
    running = asyncio.create_task(served.run())
    told = await listening.get()
    assert served.ready() == {"worker": True, "insight": True}
    assert told.gateway is None
    served.stop()
    assert set(served.ready().values()) == {False}
    await running
    assert sorted(log) == ["insight ended", "worker ended"]


class FakeWorker(FakePart):
    """It has a partition and is restoring it; it takes until `end` to stop."""

    partitions = (PartitionReadiness(partition=0, state="restoring"),)
    waits_for = "partition 0 is restoring"

    def stop(self) -> None:
        pass

    def end(self) -> None:
        super().stop()


async def test_readiness_is_told_with_its_reasons(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the real HTTP server, from the start to the end: what each role waits for, what the log does, that it stops."""
    parts: dict[Role, FakePart] = {}
    seen: list[Metrics] = []

    def make(role: Role, bus: Bus, settings: Settings, metrics: Metrics, traces: Traces | None) -> Part:
        parts[role] = (FakeWorker if role == "worker" else FakePart)(role, [])
        seen.append(metrics)
        return parts[role]

    monkeypatch.setattr(assembly, "make", make)
    listening: asyncio.Queue[Listening] = asyncio.Queue()
    served = Assembly(settings, listening=listening.put_nowait)
    starting = served.readiness()
    assert (starting.ready, starting.partitions) == (False, None)
    assert starting.reasons is not None
    assert {why.partition(":")[0] for why in starting.reasons.values()} == {"it is starting"}
    running = asyncio.create_task(served.run())
    host, port = (await listening.get()).http
    async with ClientSession() as session:

        async def ask() -> tuple[int, Readiness]:
            async with session.get(f"http://{host}:{port}/readyz") as answer:
                return answer.status, Readiness.model_validate(await answer.json())

        status, told = await ask()
        assert (status, told.ready, told.reasons) == (200, True, None)
        assert told.partitions == FakeWorker.partitions
        parts["worker"].ready = parts["insight"].ready = False
        status, told = await ask()
        assert (status, told.reasons) == (
            503,
            {"worker": "partition 0 is restoring", "insight": "it still reads the decisions of its window"},
        )
        parts["worker"].ready = parts["insight"].ready = True
        seen[0].troubles["worker"] = "there is no space left"
        status, told = await ask()
        assert (status, told.roles) == (503, {"worker": False, "insight": True})
        assert told.reasons == {"worker": "there is no space left"}
        seen[0].troubles.clear()
        assert (await ask())[0] == 200
        served.stop()
        status, told = await ask()
        assert (status, told.reasons) == (503, {"worker": "it is stopping", "insight": "it is stopping"})
        assert told.partitions == FakeWorker.partitions
    worker = parts["worker"]
    assert isinstance(worker, FakeWorker)
    worker.end()
    await running


async def test_role_that_fails_ends_the_process_with_its_error(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others end in an orderly way; the bus is closed and can be opened again."""
    log: list[str] = []
    problem = PoolError([Problem("a", 1, 1, "wrong", "mend")])
    use(monkeypatch, log, {"insight": problem})
    with pytest.raises(PoolError):
        await Assembly(settings, listening=lambda _: None).run()
    assert log == ["worker ended"]
    use(monkeypatch, log, {"worker": BusDamaged("x")})
    with pytest.raises(BusDamaged):
        await Assembly(settings, listening=lambda _: None).run()


async def test_role_that_ends_by_itself_is_an_error(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asked it to."""
    part = FakePart("worker", [])
    part.stop()
    monkeypatch.setattr(assembly, "make", lambda *_: part)
    with pytest.raises(LivechatError, match="ended by itself"):
        await Assembly(settings, listening=lambda _: None).run()


def test_default_shop_is_the_first_folders(shop: Path) -> None:
    """Unless the settings name one."""
    assert with_default_shop(load(publisher={"shops": [shop]})).publisher.default_shop == "tea"
    named = load(publisher={"shops": [shop], "default_shop": "other"})
    assert with_default_shop(named).publisher.default_shop == "other"


def test_publisher_without_a_shop_is_told(tmp_path: Path) -> None:
    """With what to write."""
    with pytest.raises(UsageError, match="--shop examples/tea-shop"):
        with_default_shop(load())
    with pytest.raises(UsageError, match="is no folder"):
        with_default_shop(load(publisher={"shops": [tmp_path / "none"]}))
    assert with_default_shop(load(roles=["worker"])).publisher.default_shop is None
