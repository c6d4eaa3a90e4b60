"""The broker that tests run on: it can be stopped, frozen, killed, brought back, and it outlives nobody."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.kafka import shared
from tests.kafka.broker import Broker
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.kafka


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker of this test alone."""
    shared.own_broker_possible()
    made = Broker(tmp_path / "broker")
    yield made
    made.kill()


def await_end(pid: int) -> None:
    """Returns when that process is gone, soon."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ready, _, _ = select.select([process], [], [], PATIENCE_S)
    os.close(process)
    assert ready


async def topics(bootstrap: str) -> set[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        return set(await admin.list_topics())
    finally:
        await admin.close()


async def test_a_broker_comes_back_with_its_data(broker: Broker) -> None:
    """After a crash it has the same address and the same topics."""
    broker.start()
    address = broker.bootstrap
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    await admin.create_topics([NewTopic("kept", 1, 1)])
    await admin.close()
    broker.pause()
    broker.resume()
    broker.kill()
    broker.start()
    assert broker.bootstrap == address
    assert "kept" in await topics(address)
    broker.stop()


async def test_the_shared_broker_serves(kafka_bootstrap: str) -> None:
    """All tests of a run may ask the same broker."""
    assert isinstance(await topics(kafka_bootstrap), set)
    assert shared.bootstrap() == kafka_bootstrap


def test_a_broker_ends_with_its_owner(tmp_path: Path) -> None:
    """When the process it belongs to is killed, the broker is gone, its data too."""
    shared.own_broker_possible()
    folder = tmp_path / "broker"
    program = textwrap.dedent(
        f"""
        import os, signal
        from pathlib import Path
        from tests.kafka.broker import Broker
        broker = Broker(Path({str(folder)!r}), remove=Path({str(folder)!r}))
        broker.start()
        print(broker.pid, broker._process._guard.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    owner = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=False)
    java, guard = map(int, owner.stdout.split())
    await_end(guard)
    assert not Path(f"/proc/{java}").exists()
    assert not folder.exists()
