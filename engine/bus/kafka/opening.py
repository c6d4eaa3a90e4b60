"""Opening a log on Kafka: waiting for the brokers, looking at the topics, finding or giving the log's identity."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from typing import Final

from engine import logs
from engine.bus.kafka.access import Access
from engine.bus.kafka.bus import KafkaBus
from engine.bus.kafka.connection import Connection
from engine.bus.kafka.layout import LEASES, Layout
from engine.bus.kafka.leases import IDENTITY, newest
from engine.bus.kafka.ownership import Ownership
from engine.bus.kafka.producing import start_producer
from engine.bus.kafka.topics import kept_otherwise
from engine.bus.port import Batch, Committed, Outgoing
from engine.errors import BusError, BusUnavailable
from engine.retention import RetentionSettings
from engine.settings import BusSettings

PAUSE_S: Final = 0.5
"""First pause before the brokers are tried again, doubled up to PAUSE_MOST_S."""

PAUSE_MOST_S: Final = 10.0

log = logs.get(__name__)


async def open_kafka(servers: str, settings: BusSettings, *, readonly: bool = False) -> KafkaBus:
    """The bus on these `servers` (`HOST:PORT,HOST:PORT…`). Waits for them as long as it takes; cancel it to stop waiting.

    Raises `UsageError` for settings that cannot be right and topics that are not as they must be.
    """
    # What aiokafka logs of its retries is told here in one sentence a failure; it would be thousands of lines in an outage.
    if not log.isEnabledFor(logging.DEBUG):
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    access = Access(servers, settings.kafka)
    layout = Layout(settings.prefix, settings.partitions)
    pause = PAUSE_S
    log.info("looking for the log", topic=f"{settings.prefix}*", server=", ".join(access.servers))
    while True:
        connection = Connection(access, layout.names())
        try:
            identity = await _look(access, connection, layout)
        except BusUnavailable as error:
            await connection.close()
            log.warning("waiting for the brokers", next_try_s=pause, error=error)
            await asyncio.sleep(pause)
            pause = min(PAUSE_MOST_S, pause * 2)
        except BaseException:
            await connection.close()
            raise
        else:
            if not readonly:
                await _look_at_retention(access, layout, settings.retention)
            return KafkaBus(access, connection, layout, settings.group, identity, readonly=readonly)


async def _look_at_retention(access: Access, layout: Layout, retention: RetentionSettings) -> None:
    """Tell topics that are kept otherwise than the settings say: that is the cluster's affair, and no reason not to serve."""
    try:
        told = await kept_otherwise(access, layout, retention)
    except BusError as error:
        log.warning("how long topics are kept could not be looked at", error=error)
        return
    for one in told:
        log.warning(
            "a topic is kept otherwise than the settings say",
            topic=one.topic, found=f"{one.what} {one.found}", wanted=str(one.wanted), remedy=f"{one.remedy}; or set `bus.retention`",
        )  # fmt: skip


async def _look(access: Access, connection: Connection, layout: Layout) -> str:
    cluster, counts = await connection.describe()
    layout.check(counts)
    made = await newest(connection, layout, 0, IDENTITY) or await _name(access, connection, layout)
    return hashlib.sha256(cluster.encode() + b"\0" + made).hexdigest()[:16]


async def _name(access: Access, connection: Connection, layout: Layout) -> bytes:
    """Gives the log its identity, once: whoever tries at the same time is fenced, looks again, and finds it."""
    name = layout.name(IDENTITY)
    producer = await start_producer(access, transactional_id=name)
    naming = Ownership(producer, layout, name, 0, access.settings.deadline_s)
    try:
        made = await newest(connection, layout, 0, IDENTITY)
        if made is None:
            made = secrets.token_hex(8).encode()
            outcome = await naming.commit(Batch(0, 0, (Outgoing(LEASES.name, IDENTITY, made, partition=0),)))
            if not isinstance(outcome, Committed):
                raise BusUnavailable("the new log could not be given its identity")
    finally:
        naming.retire()
    return made
