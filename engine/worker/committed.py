"""What is told of a batch once it is committed: each record that was set aside and, at level `debug`, each decision and command."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from engine import logs
from engine.events.letters import DeadLetter
from engine.events.outputs import Aired, Decision, Insertion, RoomOutput
from engine.events.posts import Posted
from engine.journal.core import Keyed
from engine.worker.standing import Prepared

log = logs.get(__name__)


def tell(partition: int, prepared: Prepared) -> None:
    """Log a committed batch."""
    if prepared.letters:
        _set_aside(prepared.letters)
    if log.isEnabledFor(logging.DEBUG):
        with logs.bound(partition=partition):
            for record in prepared.records:
                _one(record)


def _set_aside(letters: Sequence[DeadLetter]) -> None:
    for letter in letters:
        log.warning(
            "a record is set aside",
            topic=letter.origin_topic, partition=letter.origin_partition, offset=letter.origin_offset, error=letter.error,
            remedy="`livechat dead-letters list` shows it",
        )  # fmt: skip


def _one(record: Keyed) -> None:
    if isinstance(record, Decision):
        log.debug(
            "decided",
            room=record.room, shop=record.shop, source=record.source, comment=record.comment, decision=record.id,
            reason=record.reason, intent=record.intent, reply=record.reply, insertion=record.insertion,
        )  # fmt: skip
    elif isinstance(record, Insertion):
        log.debug(
            "an insertion is sent",
            room=record.room, shop=record.shop, insertion=record.id, reply=record.reply, intent=record.intent,
            lease=record.lease, seq=record.seq,
        )  # fmt: skip
    elif isinstance(record, Aired):
        log.debug("a reply was said", room=record.room, insertion=record.insertion, reply=record.reply)
    elif isinstance(record, Posted):
        log.debug("a reply was posted", room=record.room, insertion=record.chat_reply, reply=record.reply)
    elif isinstance(record, RoomOutput):
        log.debug("a command is sent", kind=type(record).__name__, room=record.room, insertion=record.id)
