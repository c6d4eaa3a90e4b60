"""What happened in the room, told by the gateway's streams alone. Pure: pushes in, state and beats out."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Final, Literal

from engine.events.gaps import Gap
from engine.events.handoffs import Handoff
from engine.events.inputs import Playback, Script
from engine.events.meanings import BLOCKERS
from engine.events.outputs import Aired, Alert, ChatReply, ChatWithdraw, Decision, Insertion, Stop, Verdicts, Withdraw
from engine.events.posts import Posted
from engine.insight.coverage import KINDS, Counts, Label, label_of

KEPT: Final = 200  # lines of each list that are kept; more than a screen shows

BeatKind = Literal[
    "segment", "sentence", "reply", "cut", "insertion", "withdrawn", "waits", "decided", "aired", "gap", "alert", "post", "posted",
    "handoff",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Beat:
    """One thing that happened. `at`: ms."""

    kind: BeatKind
    at: int
    text: str
    detail: str = ""
    idle: bool = False
    """Of a decision: nothing was asked."""


@dataclass(slots=True)
class Heard:
    """Something that was said."""

    at: int
    text: str
    insertion: str | None = None
    cut: bool = False


@dataclass(slots=True)
class Asked:
    """A comment that asks something: it waits, then it has its reason."""

    text: str
    verdict: str
    final: bool
    intent: str | None = None
    via: str | None = None


@dataclass(slots=True)
class Sent:
    """An insertion or a chat reply, and how far it got."""

    insertion: Insertion | ChatReply
    questions: tuple[str, ...]
    state: str = "sent"
    started: int | None = None


@dataclass(slots=True)
class Story:
    """`texts`: comment id → text, of the recording. `titles`: intent → what it means, in English."""

    texts: Mapping[str, str]
    titles: Mapping[str, str]
    heard: deque[Heard] = field(default_factory=lambda: deque(maxlen=KEPT))
    asked: dict[str, Asked] = field(default_factory=dict)
    chatter: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT))
    sent: dict[str, Sent] = field(default_factory=dict)
    labels: Counter[Label] = field(default_factory=Counter)
    gaps: dict[str, Gap] = field(default_factory=dict)
    served: set[str] = field(default_factory=set)
    by_channel: Counter[str] = field(default_factory=Counter)
    waits_ms: list[int] = field(default_factory=list)
    viewers: set[str] = field(default_factory=set)
    begun: int | None = None
    """When the first sentence was said, ms."""
    first_reply: int | None = None
    aired: int = 0
    posted: int = 0
    handoffs: dict[str, Handoff] = field(default_factory=dict)
    _sentences: dict[str, tuple[str, str]] = field(default_factory=dict)
    _segment: str = ""
    _decided: set[str] = field(default_factory=set)

    def take(self, record: object, now: int) -> list[Beat]:
        """A record of any stream, in the order in which it came. The same record may come again after a reconnect."""
        match record:
            case Script():
                self._sentences = {
                    sentence.id: (segment.id, sentence.text)
                    for segment in record.segments
                    for sentence in segment.sentences
                }
            case Playback():
                return self._played(record)
            case Insertion() | ChatReply() if record.id not in self.sent:
                return self._inserted(record)
            case Posted():
                self.posted += 1
                if record.chat_reply in self.sent:
                    self.sent[record.chat_reply].state = "posted"
                return [Beat("posted", record.posted, record.text, record.source)]
            case Handoff():
                known = record.id in self.handoffs and record.state == "open"
                self.handoffs[record.id] = record
                told = record.state if record.state != "open" else "a person is asked to answer"
                return [] if known else [Beat("handoff", record.closed or record.created, record.text, told)]
            case Withdraw() | Stop() | ChatWithdraw():
                return [Beat("withdrawn", record.at, record.reason, record.type)]
            case Verdicts():
                return self._waits(record, now)
            case Decision() if record.id not in self._decided:
                return self._final(record)
            case Aired():
                self.aired += 1
                return [Beat("aired", record.ended or record.started, record.text, record.cause if record.cut else "")]
            case Gap():
                return self._gap(record, now)
            case Alert():
                return [Beat("alert", record.at, record.detail, record.kind)]
            case _:
                pass  # modes, presence: nothing to be shown
        return []

    # ---- what is said ------------------------------------------------------------------------------------------------

    def _played(self, report: Playback) -> list[Beat]:
        if report.kind == "sentence_started" and report.cursor is not None:
            segment, text = self._sentences.get(report.cursor.sentence, (report.cursor.segment, report.cursor.sentence))
            self.begun = report.at if self.begun is None else self.begun
            self.heard.append(Heard(report.at, text))
            beats = [Beat("segment", report.at, segment)] if segment != self._segment else []
            self._segment = segment
            return [*beats, Beat("sentence", report.at, text)]
        sent = self.sent.get(report.insertion or "")
        if sent is None or report.kind == "sentence_ended":
            return []
        sent.state = report.kind
        if report.kind == "started":
            sent.started = report.at
            self.first_reply = report.at if self.first_reply is None else self.first_reply
            interrupts = isinstance(sent.insertion, Insertion) and sent.insertion.when == "now"
            cut = self._cut_short(report.at) if interrupts else []
            self.heard.append(Heard(report.at, sent.insertion.text, insertion=sent.insertion.id))
            return [*cut, Beat("reply", report.at, sent.insertion.text, _for(sent))]
        if report.kind == "aborted" and sent.started is not None:
            for heard in reversed(self.heard):
                if heard.insertion == sent.insertion.id:
                    heard.cut = True
                    break
            return [Beat("cut", report.at, sent.insertion.text, report.reason)]
        return []

    def _cut_short(self, at: int) -> list[Beat]:
        """A reply takes the word from the host."""
        if not self.heard or self.heard[-1].insertion is not None:
            return []
        self.heard[-1].cut = True
        return [Beat("cut", at, self.heard[-1].text, "interrupted")]

    def _inserted(self, insertion: Insertion | ChatReply) -> list[Beat]:
        questions = tuple(dict.fromkeys(self.texts.get(ref.id, ref.id) for ref in insertion.serves))
        sent = self.sent[insertion.id] = Sent(insertion, questions)
        kind: BeatKind = "insertion" if isinstance(insertion, Insertion) else "post"
        return [Beat(kind, insertion.at, insertion.text, _for(sent))]

    # ---- what is asked -----------------------------------------------------------------------------------------------

    def _waits(self, verdicts: Verdicts, now: int) -> list[Beat]:
        beats = []
        for line in verdicts.lines:
            if line.final or line.id in self.asked:
                continue
            text = self.texts.get(line.id, line.id)
            self.asked[line.id] = Asked(text, line.verdict, final=False)
            blocker = next((meaning.what for name, meaning in BLOCKERS.items() if name == line.verdict), "")
            beats.append(Beat("waits", now, text, f"{line.verdict}: {blocker}"))
        return beats

    def _final(self, decision: Decision) -> list[Beat]:
        self._decided.add(decision.id)
        self.labels[label_of(decision)] += 1
        self.viewers.add(decision.viewer)
        idle = KINDS[decision.reason].outcome == "idle"
        if idle:
            self.chatter.append(decision.text)
        else:
            self.asked.pop(decision.comment, None)  # at the end again: it is news
            self.asked[decision.comment] = Asked(
                decision.text, decision.reason, final=True, intent=decision.intent, via=decision.via
            )
        if decision.reason == "answered":
            self.served.add(decision.viewer)
            self.by_channel[decision.via or "voice"] += 1
            sent = self.sent.get(decision.insertion or "")
            said = sent.started if sent is not None and sent.started is not None else decision.decided
            self.waits_ms.append(max(0, said - decision.sent))
        detail = f"{decision.reason} by {decision.via}" if decision.via is not None else str(decision.reason)
        title = self.titles.get(decision.intent or "", "")
        return [
            Beat(
                "decided",
                decision.decided,
                decision.text,
                f"{detail} ({title})" if title and not idle else detail,
                idle,
            )
        ]

    def _gap(self, gap: Gap, now: int) -> list[Beat]:
        if gap.mark in ("closed", "not_ours"):  # on no board
            self.gaps.pop(gap.id, None)
            return []
        known = gap.id in self.gaps
        self.gaps[gap.id] = gap
        return (
            [] if known else [Beat("gap", now, self.name_of(gap), f"{gap.reason}: {gap.lines[0] if gap.lines else ''}")]
        )

    # ---- what it comes to --------------------------------------------------------------------------------------------

    @property
    def counts(self) -> Counts:
        """Coverage as insight counts it."""
        return Counts(dict(self.labels))

    @property
    def waiting(self) -> int:
        return sum(1 for asked in self.asked.values() if not asked.final)

    @property
    def median_s(self) -> float | None:
        """From the question to its answer, seconds."""
        return median(self.waits_ms) / 1_000 if self.waits_ms else None

    def top_gaps(self, most: int) -> list[Gap]:
        """The gaps that most viewers wait behind."""
        return sorted(self.gaps.values(), key=lambda gap: (-gap.viewers, -gap.comments, gap.first_seen, gap.id))[:most]

    def name_of(self, gap: Gap) -> str:
        """What a gap is about, in words."""
        what = self.titles.get(gap.intent or "") or gap.intent or gap.norm or gap.wanted or "?"
        return f"{what}, {gap.product}" if gap.product else what


def _for(sent: Sent) -> str:
    if isinstance(sent.insertion, Insertion) and sent.insertion.disclosure is not None:
        return "the disclosure, for all"
    viewers = sent.insertion.viewers
    first = f": {sent.questions[0]}" if sent.questions else ""
    return f"for {viewers} viewer{'s' if viewers != 1 else ''}{first}"
