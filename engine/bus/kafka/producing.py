"""Producers of aiokafka: how they are made, started, and got rid of when they hang."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from engine import logs
from engine.bus.kafka.access import Access
from engine.bus.kafka.deadline import BROKEN, abandon, close_client, consume, cut_off, unavailable, within
from engine.errors import BusUnavailable

BATCH_BYTES: Final = 524_288
"""Most bytes of one batch; a record that is larger travels alone. The brokers' limit is 1 MiB for both."""

REQUEST_BYTES: Final = 1_048_576

START_S: Final = 10.0
"""Longest wait for a producer's id; the brokers may first have to abort what its predecessor left open."""

STOP_S: Final = 0.5
"""Longest wait for a producer to end in an orderly way: whatever it had to send was sent before."""

log = logs.get(__name__)


class Pending(set[Any]):
    """Batches on their way. One that fails while it waits for another try is taken out by aiokafka a second time, with a `KeyError`."""

    def remove(self, element: Any) -> None:
        self.discard(element)


def make_producer(access: Access, *, transactional_id: str | None = None) -> AIOKafkaProducer:
    """One that was not started yet."""
    own: dict[str, object] = {"enable_idempotence": True}
    if transactional_id is not None:
        # An open transaction of a dead worker holds readers back no longer than its partitions wait for another owner.
        timeout_ms = int(access.settings.session_timeout_s * 1_000)
        own = {"transactional_id": transactional_id, "transaction_timeout_ms": timeout_ms}
    producer = AIOKafkaProducer(
        client_id="livechat",
        acks="all",
        max_batch_size=BATCH_BYTES,
        max_request_size=REQUEST_BYTES,
        **own,
        **access.options(),
    )
    producer._message_accumulator._pending_batches = Pending()  # noqa: SLF001  no public way to heal it
    return producer


async def start_producer(access: Access, *, transactional_id: str | None = None) -> AIOKafkaProducer:
    """A running, idempotent producer; with an id, one that fences all former ones of that id. Raises `BusUnavailable`."""
    producer = make_producer(access, transactional_id=transactional_id)
    what = "starting a producer" if transactional_id is None else f"fencing `{transactional_id}`"
    try:
        await within(START_S, producer.start(), what)
    except BROKEN as error:
        discard(producer)
        raise unavailable(what, error) from error
    except BaseException:
        discard(producer)
        raise
    return producer


_discarding: set[asyncio.Task[None]] = set()


def discard(producer: AIOKafkaProducer) -> None:
    """Ends a producer in the background, whatever state it is in."""
    _silence(producer)  # at once: what its callers waited for may fail before the task has its turn
    task = asyncio.ensure_future(stop_producer(producer))
    _discarding.add(task)
    task.add_done_callback(_discarding.discard)


async def discarded(seconds: float) -> None:
    """Waits until discarded producers are gone, no longer than this."""
    if _discarding:
        await asyncio.wait(_discarding, timeout=seconds)


async def stop_producer(producer: AIOKafkaProducer) -> None:
    """Ends a producer within about `STOP_S`; one that hangs is taken apart.

    With brokers away aiokafka's own `stop` never returns, and its sender tries for ever. It has no way to be killed, hence the
    private names.
    """
    _silence(producer)
    stopping = asyncio.ensure_future(producer.stop())
    await asyncio.wait({stopping}, timeout=STOP_S)
    sender = producer._sender.sender_task  # noqa: SLF001  see above
    if not stopping.done():
        cut_off(producer.client)
        if sender is not None:  # it would fail a transaction that may never have begun, and fail at that
            sender.remove_done_callback(producer._sender._fail_all)  # noqa: SLF001  see above
        # What waits for records to be sent ends as well.
        producer._message_accumulator.fail_all(KafkaError("the producer was given up"))  # noqa: SLF001  see above
        await asyncio.wait({stopping}, timeout=0.05)
        for _ in range(3):  # the sender's first cancellation only makes it wait for its own tasks
            if sender is not None and not sender.done():
                sender.cancel()
                await asyncio.wait({sender}, timeout=0.05)
        abandon((stopping,))
        await close_client(producer.client)
    else:
        consume(stopping)
    if sender is not None and sender.done():
        consume(sender)
    _silence(producer)  # what failed meanwhile


def _silence(producer: AIOKafkaProducer) -> None:
    """Looks at the errors that aiokafka leaves in futures which nobody has a hand on; asyncio would report each."""
    queue = producer._message_accumulator  # noqa: SLF001  as said
    leaving = [*queue._pending_batches, *(batch for batches in queue._batches.values() for batch in batches)]  # noqa: SLF001  as said
    futures = [future for batch in leaving for future in (batch._drain_waiter, batch.future)]  # noqa: SLF001  as said
    transactions = producer._txn_manager  # noqa: SLF001  as said
    futures += [transactions._transaction_waiter, *(future for *_, future in transactions._pending_txn_offsets)]  # noqa: SLF001  as said
    for future in futures:
        if future is not None:
            future.add_done_callback(consume)


async def abort(producer: AIOKafkaProducer, seconds: float) -> bool:
    """Aborts the open transaction; False where that is not certain."""
    _silence(producer)  # the error that asks for it is known, but aiokafka keeps it for a commit that does not come
    try:
        await within(seconds, producer.abort_transaction(), "aborting a transaction")
    except (*BROKEN, BusUnavailable) as error:  # its state machine asserts, too, after fatal errors
        log.debug("a transaction could not be aborted", error=error)
        return False
    return True
