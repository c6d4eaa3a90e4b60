"""How a recorded player and its people kept time: what a model player needs to do as they did. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Final, Literal

from engine.events.inputs import Approval, ChatReplyReport, Cursor, Playback
from engine.events.journal import RoomEntry
from engine.events.outputs import Aired, ChatReply, Insertion, Proposal, ProposalVoid
from engine.insight.rerun import Step

HEARD_MS: Final = (
    50  # from a command to the player's ears, where nothing was recorded: the commit, the gateway, the network
)
JUDGED_MS: Final = 3_000  # from a proposal to a person's verdict, likewise
POSTED_MS: Final = 500  # from a chat reply to the platform's word that it is posted, likewise

Reply = tuple[str, str | None]
"""Reply and product."""


@dataclass(slots=True)
class Timing:
    """`sentences`: how long each took, by (version, sentence), ms. `voice`: seconds that replies took ÷ those that they should have."""

    sentences: dict[tuple[str, str], int] = field(default_factory=dict)
    voice: float = 1.0
    reported_ms: int = 0
    """From what happens to the entry that tells it."""
    heard_ms: int = HEARD_MS
    """From a command to the word that it was accepted."""
    needed_ms: int | None = None
    """The least time from a command to its voice that was seen to be enough; None where nothing was said."""
    verdicts: dict[Reply, Literal["approve", "refuse"]] = field(default_factory=dict)
    """What people said to proposals."""
    judged_ms: int = JUDGED_MS
    posted_ms: int | None = POSTED_MS
    """From a chat reply to the connector's word; None where posts were sent, and none was ever reported."""


class Learner:
    """Learns from the steps of a recorded room, in order."""

    def __init__(self) -> None:
        self._sentences: dict[tuple[str, str], list[int]] = {}
        self._begun: tuple[Cursor, int] | None = None
        self._expected: dict[str, Insertion] = {}
        self._accepted: dict[str, int] = {}
        self._needed: list[int] = []
        self._said: list[tuple[int, int]] = []
        self._reported: list[int] = []
        self._heard: list[int] = []
        self._proposed: dict[str, tuple[Reply, int]] = {}
        self._verdicts: dict[Reply, Literal["approve", "refuse"]] = {}
        self._judged: list[int] = []
        self._posts: dict[str, int] = {}
        self._posted: list[int] = []

    def see(self, step: Step) -> None:
        """The next step."""
        if isinstance(step.entry, RoomEntry):
            event = step.entry.event
            if isinstance(event, Playback):
                self._played(event, step.now)
            elif isinstance(event, Approval) and event.proposal in self._proposed:
                reply, at = self._proposed.pop(event.proposal)
                self._verdicts[reply] = event.verdict
                self._judged.append(step.now - at)
            elif isinstance(event, ChatReplyReport) and event.reply in self._posts:
                self._posted.append(step.now - self._posts[event.reply])
        for record in step.records:
            if isinstance(record, Insertion) and not record.resend:
                self._expected[record.id] = record
            elif isinstance(record, Aired) and record.insertion in self._expected and not record.cut and record.ended:
                expected = self._expected[record.insertion].duration_ms
                self._said.append((record.ended - record.started, expected))
            elif isinstance(record, Proposal) and not record.revision:
                self._proposed[record.id] = ((record.reply, record.product), step.now)
            elif isinstance(record, ProposalVoid):
                self._proposed.pop(record.proposal, None)
            elif isinstance(record, ChatReply):
                self._posts[record.id] = step.now

    def _played(self, event: Playback, now: int) -> None:
        self._reported.append(max(0, now - event.at))
        if event.kind == "sentence_started" and event.cursor is not None:
            self._begun = (event.cursor, event.at)
        elif event.kind == "sentence_ended" and self._begun is not None and event.cursor == self._begun[0]:
            place = (event.cursor.version, event.cursor.sentence)
            self._sentences.setdefault(place, []).append(max(1, event.at - self._begun[1]))
            self._begun = None
        elif event.kind == "accepted" and event.insertion in self._expected:
            self._accepted[event.insertion] = event.at
        elif event.kind == "started" and event.insertion in self._expected:
            self._begun = None
            emitted, accepted = self._expected[event.insertion].at, self._accepted.pop(event.insertion, event.at)
            self._needed.append(max(0, event.at - emitted))
            if accepted < event.at:  # some accept only when they begin, which tells nothing of when they heard
                self._heard.append(max(0, accepted - emitted))

    def timing(self) -> Timing:
        """What was learned so far."""
        expected = sum(want for _, want in self._said)
        return Timing(
            {place: round(fmean(found)) for place, found in self._sentences.items()},
            sum(took for took, _ in self._said) / expected if expected else 1.0,
            _middle(self._reported, 0),
            _middle(self._heard, HEARD_MS),
            min(self._needed, default=None),
            dict(self._verdicts),
            _middle(self._judged, JUDGED_MS),
            None if self._posts and not self._posted else _middle(self._posted, POSTED_MS),
        )


def _middle(found: Iterable[int], otherwise: int) -> int:
    values = list(found)
    return round(median(values)) if values else otherwise
