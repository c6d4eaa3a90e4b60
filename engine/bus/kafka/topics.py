"""The topics on a Kafka cluster: what they should be like, making those that are missing, telling every difference.

`layout` names the topics, `engine.events.topics` says what is kept; here stands what that means to a broker. An existing topic is never
changed here: the partition count cannot be, and settings of a cluster are its keepers' affair.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from engine.bus.kafka.access import Access
from engine.bus.kafka.connection import Connection
from engine.bus.kafka.deadline import unavailable
from engine.bus.kafka.layout import KAFKA_TOPICS, Layout
from engine.errors import BusError, BusUnavailable, UsageError
from engine.events.topics import Topic
from engine.retention import RetentionSettings

DEADLINE_S: Final = 30.0  # for all of one command; a broker that is away is told within it
REPLICAS: Final = 3  # where the cluster has as many brokers: one may fail, another be restarted meanwhile

MESSAGE_BYTES: Final = 1_048_588
"""Kafka's default, set all the same: the largest record of ours (1,000,000 bytes) has to fit, whatever a cluster's default is."""
SEGMENT_MS: Final = 7 * 86_400_000
"""Kafka's default, and the longest. What is kept for less rolls in eighths: a segment goes only as a whole, so an hour is not a week."""
COMPACTED: Final = {
    "segment.bytes": str(64 * 1_048_576),  # only closed segments are compacted, and a restore reads the rest as it is
    "max.compaction.lag.ms": "3600000",
    "min.cleanable.dirty.ratio": "0.2",
}
DEFAULT_RETENTION: Final = RetentionSettings()
AT_LEAST: Final = frozenset({"max.message.bytes", "min.insync.replicas"})
"""More than asked for is right as well."""
ALREADY_EXISTS: Final = 36
INVALID_REPLICATION: Final = 38


@dataclass(frozen=True, slots=True)
class Plan:
    """A topic as it should be."""

    name: str
    partitions: int
    replicas: int
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """A topic as it is."""

    partitions: int
    replicas: int
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a topic is not as it should be, and what to do about it."""

    topic: str
    what: str
    wanted: str
    found: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Shape:
    """What the table of topics does not say. `replicas` and `min_isr` None: as many as the cluster carries, up to 3 and 2."""

    layout: Layout
    replicas: int | None = None
    min_isr: int | None = None
    retention: RetentionSettings = DEFAULT_RETENTION


def plans(shape: Shape, brokers: int) -> list[Plan]:
    """Every topic as it should be on a cluster of so many brokers. Raises `UsageError` for a min ISR above the replicas."""
    replicas = shape.replicas or min(REPLICAS, brokers)
    min_isr = shape.min_isr or (replicas - 1 if replicas >= REPLICAS else 1)
    if min_isr > replicas:
        raise UsageError(
            f"{min_isr} replicas cannot be in sync where a topic has {replicas}: lower `--min-isr` or raise `--replicas`"
        )
    return [
        Plan(
            shape.layout.name(name),
            shape.layout.count(name),
            replicas,
            {**_settings(topic, shape.retention.ms(name)), "min.insync.replicas": str(min_isr)},
        )
        for name, topic in KAFKA_TOPICS.items()
    ]


def _settings(topic: Topic, retention: int | None) -> dict[str, str]:
    """All topics have the log's own time: order, deadlines and retention must not hang on the clocks of many producers."""
    settings = {
        "cleanup.policy": "compact" if topic.compacted else "delete",
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(MESSAGE_BYTES),
    }
    if topic.compacted:
        return settings | COMPACTED
    settings |= {"retention.ms": str(-1 if retention is None else retention), "retention.bytes": "-1"}
    if retention is not None:
        settings["segment.ms"] = str(min(SEGMENT_MS, retention // 8))
    return settings


def differences(wanted: Sequence[Plan], found: Mapping[str, Found]) -> list[Difference]:
    """Everything that is not as it should be, in the order of the plans."""
    told: list[Difference] = []
    for plan in wanted:
        topic = found.get(plan.name)
        if topic is None:
            told.append(Difference(plan.name, "topic", "there", "missing", "make it with `livechat topics create`"))
            continue
        if topic.partitions != plan.partitions:
            told.append(_partitions(plan, topic))
        if topic.replicas != plan.replicas:
            remedy = f"move it to {plan.replicas} brokers with Kafka's kafka-reassign-partitions, or say `--replicas {topic.replicas}`"
            told.append(Difference(plan.name, "replicas", str(plan.replicas), str(topic.replicas), remedy))
        for name, value in plan.settings.items():
            is_now = topic.settings.get(name, "")
            if is_now != value and not (name in AT_LEAST and _number(is_now) >= int(value)):
                alter = f"--alter --entity-type topics --entity-name {plan.name} --add-config {name}={value}"
                remedy = f"kafka-configs --bootstrap-server HOST:PORT {alter}"
                told.append(Difference(plan.name, name, value, is_now or "unknown", remedy))
    return told


def _partitions(plan: Plan, topic: Found) -> Difference:
    if plan.partitions == 1:
        remedy = "it must have one: stop all workers, delete the topic, make it anew and publish the shops again"
    else:
        remedy = (
            f"rooms would change their partition: set `bus.partitions` to {topic.partitions} if all topics have as many, "
            "else begin anew with another `bus.prefix`"
        )
    return Difference(plan.name, "partitions", str(plan.partitions), str(topic.partitions), remedy)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else -1


# ---- on the cluster --------------------------------------------------------------------------------------------------


async def create(access: Access, shape: Shape) -> tuple[list[str], list[Difference]]:
    """Make the topics that are missing: their names, and what is not as it should be afterwards.

    Raises `BusUnavailable`, `UsageError` where the cluster cannot hold such topics, and `BusError` where it refuses.
    """
    async with _admin(access) as admin:
        wanted = plans(shape, await _brokers(admin))
        there = await _describe(admin, [plan.name for plan in wanted])
        missing = [plan for plan in wanted if plan.name not in there]
        done: set[str] = set()
        if missing:
            made = [
                NewTopic(plan.name, plan.partitions, plan.replicas, topic_configs=dict(plan.settings))
                for plan in missing
            ]
            answer = await admin.create_topics(made)
            done = _made((topic, code, message or "") for topic, code, message in answer.topic_errors)
            there = await _described(admin, wanted)
        return [plan.name for plan in missing if plan.name in done], differences(wanted, there)


async def check(access: Access, shape: Shape) -> list[Difference]:
    """Every difference between the cluster's topics and what they should be. Raises as `create` does."""
    async with _admin(access) as admin:
        wanted = plans(shape, await _brokers(admin))
        return differences(wanted, await _describe(admin, [plan.name for plan in wanted]))


async def kept_otherwise(access: Access, layout: Layout, retention: RetentionSettings) -> list[Difference]:
    """Topics of the cluster that are kept otherwise than the settings say. Raises `BusUnavailable`, `BusError` without the right."""
    async with _admin(access) as admin:
        found = await _describe(admin, layout.names())
        told = differences([plan for plan in plans(Shape(layout, 1, 1, retention), 1) if plan.name in found], found)
    return [one for one in told if one.what in ("retention.ms", "cleanup.policy")]


async def remove(access: Access, layout: Layout) -> None:
    """Remove every topic of this layout, with all that it holds. Raises `BusUnavailable`."""
    async with _admin(access) as admin:
        there = await _describe(admin, layout.names())
        if there:
            await admin.delete_topics(list(there))


@asynccontextmanager
async def _admin(access: Access) -> AsyncIterator[AIOKafkaAdminClient]:
    """A client for a few calls, all of them within the deadline; its errors are ours."""
    probe = Connection(access, [])
    try:
        await probe.open()  # aiokafka's own client does not tell why it cannot connect
    finally:
        await probe.close()
    where = ", ".join(access.servers)
    admin = AIOKafkaAdminClient(**access.options())
    try:
        async with asyncio.timeout(DEADLINE_S):
            await admin.start()
            yield admin
    except TimeoutError:
        raise BusUnavailable(
            f"the brokers at {where} did not answer within {DEADLINE_S:.0f} s: look after them"
        ) from None
    except KafkaError as error:
        if error.retriable:
            raise unavailable(f"looking after topics at {where}", error) from None
        raise BusError(
            f"the brokers at {where} refused to look after topics ({error}): ask for the rights, then run again"
        ) from None
    finally:
        await admin.close()


async def _brokers(admin: AIOKafkaAdminClient) -> int:
    cluster: dict[str, Any] = await admin.describe_cluster()
    return len(cluster["brokers"])


async def _described(admin: AIOKafkaAdminClient, wanted: Sequence[Plan]) -> dict[str, Found]:
    """The topics once all of them are known: a broker learns of new ones a moment after they were made."""
    while True:
        found = await _describe(admin, [plan.name for plan in wanted])
        if len(found) == len(wanted):
            return found
        await asyncio.sleep(0.05)


async def _describe(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, Found]:
    # All topics are asked for: to ask for one by name makes it, where a cluster makes topics by itself.
    topics: dict[str, list[dict[str, Any]]] = {
        topic["topic"]: topic["partitions"] for topic in await admin.describe_topics()
    }
    there = [name for name in names if name in topics]
    if not there:
        return {}
    settings: dict[str, dict[str, str]] = {}
    for answer in await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in there]):
        for code, message, _, name, entries in answer.resources:
            if code:
                raise for_code(code)(message)
            settings[name] = {entry[0]: entry[1] or "" for entry in entries}
    return {
        name: Found(len(topics[name]), min(len(one["replicas"]) for one in topics[name]), settings[name])
        for name in there
    }


def _made(errors: Iterable[tuple[str, int, str]]) -> set[str]:
    """Names of the topics that were made: another process may have been quicker."""
    done = set()
    for topic, code, message in errors:
        if code == INVALID_REPLICATION:
            raise UsageError(
                f"the cluster has too few brokers for `{topic}`: {message}; say `--replicas 1` for a single broker"
            )
        if code not in (0, ALREADY_EXISTS):
            raise BusError(f"the topic `{topic}` was not made: {for_code(code).__name__}: {message}")
        if not code:
            done.add(topic)
    return done
