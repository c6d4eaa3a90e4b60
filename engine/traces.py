"""Traces: one comment's way through the processes as spans, in OpenTelemetry's form. Only where `traces.endpoint` is set is this imported.

    comment (gateway) → decision (worker) → insertion (worker) → playback (gateway)

Which comments are traced is decided once, where they come in: a share of them by the gateway, or whoever writes a comment with a
sampled `traceparent` of its own. From there the context travels in the headers of records as W3C's `traceparent`; it is part of no
record's body, of no journal and no state, so a replay knows nothing of it. Spans hold ids and reasons, as log lines do: no text, no viewer.
"""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, get_current_span, set_span_in_context
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from engine import __version__
from engine.settings import TracesSettings

Headers = tuple[tuple[str, bytes], ...]
"""Of a record, as buses take them."""

Name = Literal["comment", "decision", "insertion", "chat reply", "playback", "post"]
Values = Mapping[str, str | int | bool | None]
"""Attributes, without their prefix; None is left out."""

PREFIX: Final = "livechat."
NEVER: Final = 1 << 62
EXPORT_S: Final = 5.0  # longest try to tell the collector of a batch
CLOSE_S: Final = 1.0  # longest wait for the collector when the process ends
KINDS: Final[Mapping[Name, SpanKind]] = {
    "comment": SpanKind.PRODUCER,
    "decision": SpanKind.CONSUMER,
    "insertion": SpanKind.PRODUCER,
    "chat reply": SpanKind.PRODUCER,
    "playback": SpanKind.CONSUMER,
    "post": SpanKind.CONSUMER,
}
_CARRIED: Final = ("traceparent", "tracestate")
_propagator: Final = TraceContextTextMapPropagator()


class Span:
    """A part of the way. Times are UTC, ms. One that is never ended is never told."""

    def __init__(self, span: OtelSpan, begun: int) -> None:
        self._span = span
        self._begun = begun

    @property
    def context(self) -> Context:
        """Parent of what comes of it."""
        return set_span_in_context(self._span, Context())

    @property
    def headers(self) -> Headers:
        """What a record carries that comes of it."""
        carrier: dict[str, str] = {}
        _propagator.inject(carrier, self.context)
        return tuple((name, carrier[name].encode()) for name in _CARRIED if name in carrier)

    def note(self, name: str, at: int, values: Values | None = None) -> None:
        """Something happened on the way."""
        self._span.add_event(name, _attributes(values or {}), _ns(max(at, self._begun)))

    def tell(self, values: Values) -> None:
        """What is known of it."""
        self._span.set_attributes(_attributes(values))

    def end(self, at: int, *, error: str = "") -> None:
        """It is over. `error`: it failed."""
        if error:
            self._span.set_status(Status(StatusCode.ERROR, error))
        self._span.end(_ns(max(at, self._begun)))


class Traces:
    """The traces of a process. `share`: of the comments that come without a context; `draw`: evenly from 0 to below 1."""

    def __init__(
        self,
        processor: SpanProcessor,
        *,
        share: float,
        service: str = "livechat",
        draw: Callable[[], float] = random.random,
    ) -> None:
        resource = Resource.create({SERVICE_NAME: service, SERVICE_VERSION: __version__})
        self._provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("livechat-engine", __version__)
        self._share = share
        self._draw = draw

    def gap(self) -> int:
        """How many comments go by until the next that is traced: drawn at once for all of them, so that they cost nothing."""
        if self._share <= 0:
            return NEVER
        if self._share >= 1:
            return 0
        return int(math.log(1 - self._draw()) / math.log(1 - self._share))

    def carried(self, headers: Headers) -> Context | None:
        """The context that a record carries; None where there is none, or it says that it is not traced."""
        carrier = {name: value.decode("ascii", "replace") for name, value in headers if name in _CARRIED}
        if not carrier:
            return None
        context = _propagator.extract(carrier, Context())
        found = get_current_span(context).get_span_context()
        return context if found.is_valid and found.trace_flags.sampled else None

    def begin(
        self, name: Name, at: int, values: Values, *, parent: Context | None = None, also: Sequence[Span] = ()
    ) -> Span:
        """A span from `at` on; without a parent it begins a trace. `also`: other spans that it comes of."""
        links = [Link(get_current_span(span.context).get_span_context()) for span in also]
        context = Context() if parent is None else parent
        made = self._tracer.start_span(name, context, KINDS[name], _attributes(values), links, start_time=_ns(at))
        return Span(made, at)

    def close(self) -> None:
        """Tell the collector what it was not told yet, within a second. Blocks for that time."""
        ending = threading.Thread(target=self._provider.shutdown, name="livechat-traces-end", daemon=True)
        ending.start()
        ending.join(CLOSE_S)


def to_collector(settings: TracesSettings) -> Traces:
    """Traces that go to `settings.endpoint`, by a thread of their own; where it is away too many are dropped, and that is logged."""
    assert settings.endpoint is not None
    exporter = OTLPSpanExporter(endpoint=f"{settings.endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_S)
    return Traces(BatchSpanProcessor(exporter), share=settings.share, service=settings.service)


def _attributes(values: Values) -> dict[str, str | int | bool]:
    return {f"{PREFIX}{name}": value for name, value in values.items() if value is not None}


def _ns(at: int) -> int:
    return at * 1_000_000
