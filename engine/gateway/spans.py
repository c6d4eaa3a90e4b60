"""The part of comments' traces that a gateway sees: where they come in, and what players and connectors report in the end.

Made only where traces are on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from engine.bus.port import Outgoing, Stored
from engine.errors import RecordError
from engine.events import wire
from engine.events.codec import decode
from engine.events.inputs import Comment, Playback
from engine.events.outputs import ChatReply, Insertion

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from engine.traces import Headers, Span, Traces

HELD_MOST: Final = 10_000  # traced insertions whose end is not reported; beyond it the oldest is forgotten
ENDS: Final = ("ended", "aborted", "rejected")


@dataclass(slots=True)
class _Sent:
    """A traced insertion or chat reply."""

    context: Context
    room: str
    playback: Span | None = None


class GatewaySpans:
    """Begins the traces of comments, and ends those of what was said."""

    def __init__(self, traces: Traces) -> None:
        self._traces = traces
        self._gap = traces.gap()
        """Comments that go by until the next that is traced."""
        self._sent: dict[str, _Sent] = {}

    def received(self, comments: Sequence[Comment], records: Sequence[Outgoing], now: int) -> list[Span]:
        """The spans of those that are traced, whose records get headers. End them once they are on the log."""
        begun = []
        while self._gap < len(comments):
            comment, record = comments[self._gap], records[self._gap]
            values = {
                "room": comment.room, "source": comment.source, "comment": comment.id, "shop": comment.shop,
            }  # fmt: skip
            span = self._traces.begin("comment", now, values)
            record.headers += span.headers
            begun.append(span)
            self._gap += 1 + self._traces.gap()
        self._gap -= len(comments)
        return begun

    def sent(self, stored: Stored) -> None:
        """A record of `insertions` with headers."""
        context = self._traces.carried(stored.headers)
        if context is None:
            return
        try:
            record = decode("insertions", stored.value)
        except RecordError:
            return  # whoever follows the topic counts it
        if not isinstance(record, Insertion | ChatReply):
            return
        held = self._sent.get(record.id)
        if held is not None:  # it was sent again; what is reported belongs to the newest
            held.context = context
            return
        if len(self._sent) >= HELD_MOST:
            del self._sent[next(iter(self._sent))]
        self._sent[record.id] = _Sent(context, record.room)

    def played(self, report: Playback) -> Headers:
        """A player reports: what its record carries."""
        held = self._sent.get(report.insertion or "")
        if held is None or report.insertion is None or held.room != report.room:
            return ()
        if report.kind != "started" and report.kind not in ENDS:
            return ()
        if held.playback is None:
            values = {"room": report.room, "insertion": report.insertion}
            held.playback = self._traces.begin("playback", report.at, values, parent=held.context)
        headers = held.playback.headers
        if report.kind in ENDS:
            held.playback.tell({"playback": report.kind})
            held.playback.end(report.at, error="" if report.kind == "ended" else report.kind)
            del self._sent[report.insertion]
        return headers

    def posted(self, report: wire.ReportChat, now: int) -> Headers:
        """A connector reports: what its record carries."""
        held = self._sent.get(report.reply)
        if held is None or held.room != report.room:
            return ()
        del self._sent[report.reply]
        values = {"room": report.room, "insertion": report.reply, "playback": report.status}
        span = self._traces.begin("post", now, values, parent=held.context)
        span.end(now, error="" if report.status == "posted" else report.status)
        return span.headers
