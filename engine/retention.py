"""How long the log keeps what stands on each topic: a part of the settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from engine.clock import span_ms, span_of
from engine.events.topics import DAY_MS, HOUR_MS, TOPICS


def at_least(least_ms: int) -> Callable[[str], str]:
    """Takes a span such as `30d` that is not below `least_ms`."""

    def check(text: str) -> str:
        span = span_ms(text)
        if span is None:
            raise ValueError(f"`{text}` is no span of time: write 90m, 24h, 30d")
        if span < least_ms:
            raise ValueError(f"`{text}` is too short: write {span_of(least_ms)} or more")
        return text

    return check


Hours = Annotated[str, AfterValidator(at_least(HOUR_MS))]
Days = Annotated[str, AfterValidator(at_least(DAY_MS))]
Years = Annotated[str, AfterValidator(at_least(365 * DAY_MS))]


def _default(topic: str) -> str:
    kept = TOPICS[topic].retention_ms
    assert kept is not None
    return span_of(kept)


class RetentionSettings(BaseModel):
    """Spans such as `36h` or `30d`. Compacted topics have none: they hold what is in force."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    comments: Hours = Field(
        default=_default("comments"),
        description="Comments as they came; longer than all workers may be away. (1h or more)",
    )
    room_events: Hours = Field(
        default=_default("room-events"), description="What steers rooms: playback, modes, approvals. (1h or more)"
    )
    verdicts: Hours = Field(
        default=_default("verdicts"), description="What each comment got when it was handled. (1h or more)"
    )
    decisions: Hours = Field(
        default=_default("decisions"),
        description="The final decision of each comment; not less than `insight.window_minutes`. (1h or more)",
    )
    insertions: Hours = Field(
        default=_default("insertions"), description="Commands to players and connectors, proposals. (1h or more)"
    )
    aired: Years = Field(
        default=_default("aired"), description="What was said and posted: the audit's truth. (365d or more)"
    )
    handoffs: Hours = Field(default=_default("handoffs"), description="Questions passed to people. (1h or more)")
    journal: Days = Field(
        default=_default("journal"),
        description="What rooms are restored from, and `why` and `replay` compute again. (1d or more)",
    )
    dead_letters: Hours = Field(
        default=_default("dead-letters"), description="Input that could not be read. (1h or more)"
    )

    def ms(self, topic: str) -> int | None:
        """How long records of the topic are kept; None: for ever, or until they are superseded."""
        text: str | None = getattr(self, topic.replace("-", "_"), None)
        return None if text is None else span_ms(text)
