"""One broker for a whole test run, also of several processes: who needs it first starts it, and it ends with the run.

Tests keep apart by topic prefixes (`fresh_prefix`). `KAFKA_BOOTSTRAP` names a broker that runs already; it is used as it is.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from functools import cache
from pathlib import Path
from uuid import uuid4

import pytest

from tests.kafka.broker import Broker
from tests.kafka.jars import VERSION, NoKafka, class_path

NAMED = "KAFKA_BOOTSTRAP"
REQUIRED = "LIVECHAT_REQUIRE_KAFKA"


def fresh_prefix() -> str:
    """A prefix of topic names that no other test has."""
    return f"t{uuid4().hex[:10]}."


def describe() -> str:
    """Which Kafka tests run on."""
    named = os.environ.get(NAMED)
    return f"the broker at {named}" if named else f"Apache Kafka {VERSION} from its jars"


def no_kafka(reason: str) -> None:
    """Skips the test, or fails it where Kafka is required."""
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(f"{REQUIRED} is set, but {reason}", pytrace=False)
    pytest.skip(reason)


def bootstrap() -> str:
    """HOST:PORT of the run's broker, which is started where nobody did yet. Skips the test, or fails it, when there is none."""
    try:
        return os.environ.get(NAMED) or _shared()
    except NoKafka as error:
        no_kafka(str(error))
        raise


def own_broker_possible() -> None:
    """Skips a test that has to stop or set up its broker where there is none to be had."""
    if os.environ.get(NAMED):
        pytest.skip(f"this test troubles its broker, and that of {NAMED} is not ours to trouble")
    try:
        class_path()
    except NoKafka as error:
        no_kafka(str(error))


def _run() -> int:
    """The process that lives as long as the run: with xdist the controller, which started this one."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


@cache
def _shared() -> str:
    class_path()
    run = _run()
    began = Path(f"/proc/{run}/stat").read_text().rpartition(")")[2].split()[19]  # numbers of processes come again
    folder = Path(tempfile.gettempdir()) / f"livechat-kafka-{run}-{began}"
    folder.mkdir(mode=0o700, exist_ok=True)
    address = folder / "bootstrap"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if address.exists():
            return address.read_text()
        broker = Broker(folder / "broker", owner=run, remove=folder)
        broker.start()
        address.write_text(broker.bootstrap)
        return broker.bootstrap
