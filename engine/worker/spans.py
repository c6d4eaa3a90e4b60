"""The part of comments' traces that one partition sees: from where a traced comment is taken to its decision, and what was sent for it.

Made only where traces are on. What waits when its partition goes to another worker loses the rest of its trace: spans are no state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from engine.bus.port import Outgoing
from engine.events.journal import CommentEntry
from engine.events.outputs import ChatReply, Decision, Insertion, VerdictLine
from engine.journal.core import Keyed

if TYPE_CHECKING:
    from engine.traces import Headers, Name, Span, Traces, Values

OPEN_MOST: Final = 4_096  # traced comments of a partition that wait; beyond it the oldest is told as it is

Key = tuple[str, str, str]
"""Room, source, id."""


class PartitionSpans:
    """Begins a span for each traced comment; ends it, and those of what was sent, once the batch that holds them is committed."""

    def __init__(self, traces: Traces, partition: int) -> None:
        self._traces = traces
        self._partition = partition
        self._open: dict[Key, Span] = {}
        self._new: list[Key] = []
        self._over: list[Span] = []

    def took(self, headers: Headers, entry: CommentEntry, now: int) -> None:
        """A comment with headers is handled."""
        parent = self._traces.carried(headers)
        key = (entry.room, entry.source, entry.id)
        if parent is None or key in self._open:
            return
        if len(self._open) >= OPEN_MOST:
            forgotten = self._open.pop(next(iter(self._open)))
            forgotten.tell({"reason": "unknown: too many traced comments wait"})
            self._over.append(forgotten)
        values: Values = {
            "room": entry.room, "source": entry.source, "comment": entry.id, "partition": self._partition,
        }  # fmt: skip
        self._open[key] = self._traces.begin("decision", now, values, parent=parent)
        self._new.append(key)

    def batch(
        self,
        records: Sequence[Keyed],
        out: Sequence[Outgoing],
        verdicts: Mapping[str, Sequence[VerdictLine]],
        now: int,
    ) -> tuple[Span, ...]:
        """The spans that end once this batch is committed. `out`: the records as they are written; those of traced comments get headers."""
        if not self._open and not self._over:
            return ()
        self._hear(verdicts, now)
        comments = {
            comment for _, _, comment in self._open
        }  # most records are no traced comment's, and are passed over quickly
        for record, written in zip(records, out, strict=True):
            span: Span | None = None
            if type(record) is Decision:
                if record.comment not in comments:
                    continue
                span = self._open.pop((record.room, record.source, record.comment), None)
                if span is not None:
                    span.tell(_of_decision(record))
            elif isinstance(record, Insertion | ChatReply):
                span = self._sent(record, now)
            if span is not None:
                written.headers += span.headers
                self._over.append(span)
        over, self._over = tuple(self._over), []
        return over

    def _hear(self, verdicts: Mapping[str, Sequence[VerdictLine]], now: int) -> None:
        """The verdicts of the comments that are new in this batch: what they wait for, or that they came before."""
        for key in self._new:
            room, source, comment = key
            line = next((line for line in verdicts.get(room, ()) if (line.source, line.id) == (source, comment)), None)
            span = self._open.get(key)
            if line is None or span is None:
                continue
            if line.verdict == "duplicate":
                span.tell({"reason": "duplicate"})
                self._over.append(self._open.pop(key))
            elif not line.final:
                span.note("waits", now, {"blocker": line.verdict})
        self._new.clear()

    def _sent(self, record: Insertion | ChatReply, now: int) -> Span | None:
        """What is sent belongs to the trace of the first traced comment that it serves, and is linked with the others'."""
        keys = ((record.room, served.source, served.id) for served in record.serves)
        asked = [self._open[key] for key in keys if key in self._open]
        if not asked:
            return None
        values: Values = {
            "room": record.room, "shop": record.shop, "insertion": record.id, "reply": record.reply, "intent": record.intent,
            "product": record.product, "viewers": record.viewers, "pool": record.pool, "partition": self._partition,
        }  # fmt: skip
        name: Name = "insertion" if isinstance(record, Insertion) else "chat reply"
        return self._traces.begin(name, now, values, parent=asked[0].context, also=asked[1:])


def _of_decision(record: Decision) -> Values:
    return {
        "shop": record.shop, "decision": record.id, "reason": record.reason, "intent": record.intent, "product": record.product,
        "reply": record.reply, "insertion": record.insertion, "via": record.via, "language": record.language, "pool": record.pool,
    }  # fmt: skip
