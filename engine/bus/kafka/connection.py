"""A client for plain requests that is made anew when brokers fail it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.conn import create_conn
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.structs import TopicPartition

from engine import logs
from engine.bus.kafka.access import Access
from engine.bus.kafka.deadline import BROKEN, reason_of, unavailable, within
from engine.errors import BusUnavailable

T = TypeVar("T")

CLOSE_S: Final = 1.0
"""Longest wait for a client to close its sockets."""

PAUSE_S: Final = 0.02
"""First pause before a request is tried again, doubled up to PAUSE_MOST_S: a moved leader is known within milliseconds."""

PAUSE_MOST_S: Final = 0.5

log = logs.get(__name__)


class TryAgain(Exception):
    """A broker did not serve a request, and may at the next try; the text says why."""


class Connection:
    """Sockets to the brokers, opened when they are needed. A broker answers one request of a socket after the other, so whoever
    lets requests wait there for records has a connection of its own."""

    def __init__(self, access: Access, topics: list[str]) -> None:
        """`topics`: names on the brokers whose leaders are followed."""
        self._access = access
        self._topics = topics
        self._client: AIOKafkaClient | None = None
        self._opening = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def deadline_s(self) -> float:
        return self._access.settings.deadline_s

    async def open(self) -> AIOKafkaClient:
        """The client. Raises `BusUnavailable` where no broker can be reached."""
        async with self._opening:
            if self._closed:
                raise BusUnavailable("this connection to the brokers was closed")
            if self._client is None:
                client = AIOKafkaClient(client_id="livechat", **self._access.options())
                client.set_topics(self._topics)
                timeout = self._access.settings.request_timeout_s * (len(self._access.servers) + 1)
                try:
                    await within(timeout, client.bootstrap(), "connecting to the brokers")
                    await within(timeout, _know_topics(client), "asking the brokers for topics")
                except BROKEN as error:
                    self._discard(client)
                    raise unavailable("connecting to the brokers", await self._cause(error)) from error
                except BaseException:
                    self._discard(client)
                    raise
                self._client = client
            return self._client

    async def _cause(self, error: Exception) -> Exception:
        """Why the first broker cannot be reached: aiokafka's own error tells only that."""
        options = self._access.options()
        host, _, port = self._access.servers[0].rpartition(":")
        known = {
            "request_timeout_ms",
            "security_protocol",
            "ssl_context",
            *(name for name in options if "sasl" in name),
        }
        try:
            connecting = create_conn(host, int(port), **{name: options[name] for name in known})
            conn = await within(self._access.settings.request_timeout_s, connecting, f"connecting to {host}:{port}")
        except (*BROKEN, TimeoutError, BusUnavailable) as cause:
            return cause
        conn.close()
        return error

    def drop(self) -> None:
        """The brokers failed: the next request goes by a new client, which asks those of the settings who is there."""
        if self._client is not None:
            self._discard(self._client)
            self._client = None

    def _discard(self, client: AIOKafkaClient) -> None:
        async def close() -> None:
            try:
                await within(CLOSE_S, client.close(), "closing a client")
            except (*BROKEN, BusUnavailable) as error:
                log.debug("a client was not closed in order", error=error)

        task = asyncio.ensure_future(close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def leader(self, topic: str, partition: int) -> int:
        """The broker that leads the partition of `topic` (its name on the brokers). Raises `TryAgain`."""
        client = await self.open()
        node = client.cluster.leader_for_partition(TopicPartition(topic, partition))
        if node is None or node == -1:
            await self.refresh()
            raise TryAgain(f"partition {partition} of `{topic}` has no leader")
        return int(node)

    async def refresh(self) -> None:
        """Ask anew who leads what."""
        client = await self.open()
        await within(
            self._access.settings.request_timeout_s, _awaited(client.force_metadata_update()), "asking for leaders"
        )

    async def coordinator(self, group: str) -> int:
        """The broker that keeps the group's positions. Raises `TryAgain`."""
        client = await self.open()
        try:
            looking = client.coordinator_lookup(CoordinationType.GROUP, group)
            return int(await within(self._access.settings.request_timeout_s, looking, "looking for the group's broker"))
        except BROKEN as error:
            raise TryAgain(reason_of(error)) from error

    async def send(self, node: int, request: object, *, wait_s: float = 0.0) -> Any:
        """The broker's response. `wait_s`: how long it may wait for something on purpose. Raises `TryAgain`, after dropping the client."""
        client = await self.open()
        what = f"a request to broker {node}"
        try:
            return await within(self._access.settings.request_timeout_s + wait_s, client.send(node, request), what)
        except (*BROKEN, BusUnavailable) as error:
            if self._client is client:
                self.drop()
            raise TryAgain(reason_of(error)) from error

    async def insist(self, attempt: Callable[[], Awaitable[T]], what: str) -> T:
        """`attempt`, until it does not ask to `TryAgain`. Raises `BusUnavailable` at the deadline."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self.deadline_s
        pause = PAUSE_S
        while True:
            try:
                return await attempt()
            except (TryAgain, BusUnavailable) as error:
                if self._closed or loop.time() + pause >= until:
                    raise unavailable(what, error) from error
            await asyncio.sleep(pause)
            pause = min(PAUSE_MOST_S, pause * 2)

    async def describe(self) -> tuple[str, dict[str, int]]:
        """The cluster's id, and of each followed topic how many partitions it has (0: it is not there). Makes no topic."""

        async def ask() -> tuple[str, dict[str, int]]:
            client = await self.open()
            node = client.get_random_node()
            if node is None:
                self.drop()
                raise TryAgain("no broker is known")
            response = await self.send(node, MetadataRequest(self._topics, allow_auto_topic_creation=False))
            counts = {}
            for error, name, _, partitions in response.topics:
                if error not in (0, UNKNOWN_TOPIC) and not partitions:
                    raise TryAgain(f"error {error} of topic `{name}`")
                counts[name] = len(partitions)
            return response.cluster_id or "", counts

        return await self.insist(ask, "asking the brokers for topics")

    async def close(self) -> None:
        """Closes what is open, within `CLOSE_S`. May be called again."""
        self._closed = True
        self.drop()
        if self._closing:
            await asyncio.wait(self._closing, timeout=CLOSE_S * 1.5)


UNKNOWN_TOPIC: Final = 3
"""Kafka's error code."""


async def _awaited(future: Awaitable[T]) -> T:
    return await future


async def _know_topics(client: AIOKafkaClient) -> None:
    await client.force_metadata_update()
