"""Records that go out: verdicts, decisions, insertions, what aired, gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from engine.events.fields import (
    Channel,
    DurationMs,
    Hash,
    Id,
    Language,
    Millis,
    Name,
    Part,
    Record,
    Short,
    Text,
    TextLanguage,
)
from engine.events.inputs import Cursor

Reason = Literal[
    "answered", "shadowed",
    "chatter", "abuse",
    "unknown_intent", "low_confidence", "ambiguous", "unsupported_language",
    "no_product", "not_sold", "no_reply", "fact_missing", "fact_expired", "fact_out_of_bounds", "guard_blocked",
    "recently_answered", "airtime_spent", "outvalued", "no_opportunity", "expired", "shed", "viewer_limit",
    "paused", "taken_over", "killed", "room_closed",
    "not_approved", "refused", "handed_off",
    "player_failed", "player_lost", "chat_spent", "chat_failed",
]  # fmt: skip
"""Why a comment ended as it did (closed enum)."""

Blocker = Literal[
    "script_ahead", "in_flight", "cooling", "fact_pending", "paused", "taken_over", "killed", "player_lost", "approval",
    "airtime", "outvalued", "no_opportunity", "solo", "chat_spent", "chat_lost",
]  # fmt: skip
"""What a waiting demand waits for."""

VoidReason = Literal[
    "refused", "not_approved", "changed", "outranked", "over", "mode", "room_closed", "not_open",
    "script_ahead", "cooling", "fact_pending", "paused", "taken_over", "killed", "solo",
]  # fmt: skip
"""Why a proposal is open no more: what became of it, or the blocker that holds its demand now."""

GAP_REASONS: tuple[Reason, ...] = (
    "unknown_intent", "low_confidence", "ambiguous", "unsupported_language", "no_product", "not_sold", "no_reply",
    "fact_missing", "fact_expired", "fact_out_of_bounds", "guard_blocked",
)  # fmt: skip
"""Reasons that say that nobody wrote a usable reply."""


@dataclass(slots=True)
class VerdictLine:
    """What one comment got when it was handled. A plain dataclass: one is built per comment."""

    source: str
    id: str
    verdict: str
    """A final reason, the blocker of a waiting comment, or `duplicate`."""
    final: bool


class Verdicts(Record):
    """Verdicts of one room in one commit; acknowledgement 2 is sent from it."""

    topic: ClassVar[str] = "verdicts"

    type: Literal["verdicts"] = "verdicts"
    id: Hash
    room: Id
    lease: int = Field(ge=0)
    seq: int = Field(ge=0, description="Last seq of the commit.")
    lines: tuple[VerdictLine, ...]

    def key(self) -> str:
        return self.room


@dataclass(slots=True)
class Decision:
    """The one final record of a comment. A plain dataclass: one is built per comment (the codec validates what is read)."""

    topic: ClassVar[str] = "decisions"

    id: str
    """Hash of the comment's identity (room, source, id): a repeat is recognisable."""
    room: str
    shop: str
    source: str
    comment: str
    viewer: str
    """Keyed hash of the viewer's id."""
    text: str
    """The comment, personal data masked."""
    norm: str
    """Normal form, which merges repeats."""
    language: TextLanguage
    reason: Reason
    sent: int
    decided: int
    deadline: int
    pool: str
    model: str
    intent: str | None = None
    """What was asked: accepted, or at least a candidate (`low_confidence`, `ambiguous`); None where nothing came near, as in chatter."""
    confidence: float = 0.0
    """Calibrated probability that `intent` is right; 0 without one."""
    runner_up: str | None = None
    margin: float = 0.0
    product: str | None = None
    wanted: str | None = None
    """The name of a good that is not sold, or of the fact that is missing."""
    language_missing: bool = False
    """With `no_reply`: another language has a reply."""
    reply: str | None = None
    """Reply that answered (or would have, when `shadowed`)."""
    insertion: str | None = None
    """The insertion that said it, or (`via` chat) the chat reply that was posted."""
    via: Channel | None = None
    spoken: Language | None = None
    on_script: bool = False
    """Whether a script was running."""
    handoff: str | None = None
    """With `handed_off`: the handoff that holds the question."""
    type: Literal["decision"] = "decision"
    v: Literal[1] = 1

    def key(self) -> str:
        return self.room


class FactUse(Part):
    """A fact as it was spoken."""

    product: Name | Literal["*"]
    name: Name
    version: Short
    text: Short = Field(description="As it was said.")
    written: Short | None = Field(default=None, description="As it is read, where that differs.")
    until: Millis | None = None
    price: bool = False
    source: Short = Field(default="", description="Where the value came from, as the catalogue or the event says.")


class Disclosure(Part):
    """That what is said tells viewers that the host is no person."""

    every_ms: DurationMs = Field(description="At most so long may pass without one.")
    since: Millis = Field(description="The end of the one before, or when the host began without one.")
    first: bool = Field(description="It is the first since the host began, or took over from a person.")


class CommentRef(Part):
    source: Id
    id: Id


class Choice(Part):
    """Why this demand won its opportunity."""

    value_density: float = Field(description="Priority weight × viewers still servable × freshness ÷ seconds of air.")
    viewers: int = Field(ge=0)
    waiting: int = Field(ge=0, description="Demands that waited.")
    runner_up: str | None = None
    runner_up_density: float | None = None
    expiring: bool = Field(
        default=False, description="Went ahead since it would have expired before the next opportunity."
    )
    airtime_used_ms: int = Field(default=0, ge=0)
    freshness: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="Share of the value that counts: a half right after the cooldown of an answer, all of it an hour later.",
    )
    price: float = Field(
        default=0.0,
        ge=0,
        description="The value density that a reply needed, by how full the air was; below it, it is kept.",
    )


class RoomOutput(Record):
    """Base of what goes to players, operators and connectors. (lease, seq) order it; `shop_offset` is what the room had applied."""

    topic: ClassVar[str] = "insertions"

    id: Hash
    room: Id
    shop: Name
    at: Millis
    lease: int = Field(ge=0)
    seq: int = Field(ge=0)
    shop_offset: int = Field(
        ge=-1, description="Last shop-events offset that the room had applied; gateways compare it with fences."
    )

    def key(self) -> str:
        return self.room


class Insertion(RoomOutput):
    """The command to the player: say this text after `after`, not later than `not_after`, then resume at `resume`.

    `when` now: at once, cutting short what is said, which is said again from its start afterwards.
    """

    type: Literal["insertion"] = "insertion"
    session: Id
    reply: Name
    intent: Name
    product: Name | None = None
    language: Language
    text: Short = Field(description="To be voiced.")
    written: Short | None = Field(default=None, description="For a subtitle, where that differs from what is voiced.")
    duration_ms: DurationMs
    when: Literal["sentence", "segment", "now", "idle"]
    after: Cursor | None = Field(
        default=None, description="The sentence after whose end it starts; None: the script is idle, or `now`."
    )
    resume: Cursor | None = Field(
        default=None, description="Where the script goes on; with `now`: the sentence that is expected to be cut short."
    )
    start: Millis = Field(description="Predicted start.")
    not_after: Millis
    facts: tuple[FactUse, ...] = ()
    pool: Hash
    serves: tuple[CommentRef, ...] = Field(default=(), max_length=50, description="The first comments that it serves.")
    viewers: int = Field(ge=0, description="Viewers whom it serves in all.")
    choice: Choice | None = None
    proposal: Hash | None = Field(default=None, description="The proposal that a person approved: it ends with this.")
    approved_by: Short = Field(default="", description="Who approved it, where it needed that.")
    correction: bool = Field(default=False, description="Sets a price right that was stopped while it was said.")
    disclosure: Disclosure | None = None
    resend: bool = False


class Withdraw(RoomOutput):
    """Do not start this insertion; a no-op where it is unknown or has ended."""

    type: Literal["withdraw"] = "withdraw"
    session: Id
    insertion: Hash
    reason: Short


class Stop(RoomOutput):
    """Cut this insertion now and resume at the start of the interrupted sentence; `hold_script` also holds the script."""

    type: Literal["stop"] = "stop"
    session: Id
    insertion: Hash | None = None
    hold_script: bool = False
    reason: Short


class Proposal(RoomOutput):
    """A reply that waits for a person's approval, filled as it would be said.

    Told again with the same `id` where more viewers wait, or it was approved. What an approval binds (pool, reply, text, facts) never
    changes under an `id`.
    """

    type: Literal["proposal"] = "proposal"
    reply: Name
    intent: Name
    product: Name | None = None
    language: Language
    text: Short
    channel: Literal["voice", "chat", "both"] = Field(
        default="voice", description="How it is given: said, posted, or both."
    )
    viewers: int = Field(ge=0, description="Viewers who wait for it.")
    value: int = Field(default=0, ge=0, description="Priority × viewers: by it proposals are ranked.")
    asked: Text = Field(default="", description="What one of the viewers wrote, personal data masked.")
    decide_by: Millis = Field(description="An approval that comes later is too late for all who wait.")
    facts: tuple[FactUse, ...] = ()
    pool: Hash
    state: Literal["open", "approved"] = "open"
    by: Short = Field(default="", description="Who approved it.")
    revision: int = Field(default=0, ge=0, description="Counts the tellings; the highest is the newest.")


class ProposalVoid(RoomOutput):
    """A proposal is open no more, approved or not; one that was said ends with its insertion instead."""

    type: Literal["proposal_void"] = "proposal_void"
    proposal: Hash
    reason: VoidReason


class ChatReply(RoomOutput):
    """A reply to be posted as text by the connector of one platform, not after `not_after`; it reports what became of it."""

    type: Literal["chat_reply"] = "chat_reply"
    source: Id = Field(description="The platform: `source` of the comments that it answers.")
    reply: Name
    intent: Name
    product: Name | None = None
    language: Language
    text: Short
    not_after: Millis
    serves: tuple[CommentRef, ...] = Field(default=(), max_length=20, description="The first comments that it answers.")
    viewers: int = Field(default=0, ge=0, description="Viewers whom it answers, as far as they had asked.")
    facts: tuple[FactUse, ...] = ()
    pool: Hash
    held: Blocker | None = Field(default=None, description="What held it back from the air; None: it was said, too.")
    proposal: Hash | None = Field(
        default=None, description="The approved proposal by which it is posted, if it needs one."
    )
    approved_by: Short = Field(default="", description="Who approved it, where it needed that.")


class ChatWithdraw(RoomOutput):
    """Do not post this chat reply any more; where it is posted already, report that (again), else report `failed`."""

    type: Literal["chat_withdraw"] = "chat_withdraw"
    source: Id
    reply: Hash = Field(description="Id of the chat reply.")
    reason: Short


AlertKind = Literal["stale_script_fact", "player_lost", "script_mismatch", "chat_lost", "disclosure_overdue"]


class Alert(RoomOutput):
    """Something that a person should know: a script sentence whose fact changed, a player that was lost."""

    type: Literal["alert"] = "alert"
    kind: AlertKind
    detail: Short


RoomCommand = Annotated[
    Insertion | Withdraw | Stop | Proposal | ProposalVoid | ChatReply | ChatWithdraw | Alert,
    Field(discriminator="type"),
]


class Aired(Record):
    """What was really said. Append-only, kept for years."""

    topic: ClassVar[str] = "aired"

    type: Literal["aired"] = "aired"
    id: Hash
    room: Id
    shop: Name
    insertion: Hash
    reply: Name
    intent: Name
    product: Name | None = None
    language: Language
    text: Short
    facts: tuple[FactUse, ...] = ()
    pool: Hash
    started: Millis
    ended: Millis | None = None
    cut: bool = False
    cause: Short = ""
    late_report: bool = Field(default=False, description="Told after the room had counted it as unknown.")
    viewers: int = Field(ge=0)
    written: Short | None = Field(default=None, description="As it stood in the subtitle, where that differs.")
    correction: bool = False
    disclosure: Disclosure | None = None
    proposal: Hash | None = Field(default=None, description="The proposal that a person approved.")
    approved_by: Short = Field(default="", description="Who approved it: a token's name, a person.")
    comments: int = Field(default=0, ge=0, description="Comments that it answered, in all.")
    decisions: tuple[Hash, ...] = Field(default=(), max_length=50, description="Ids of their decisions, the first 50.")

    def key(self) -> str:
        return self.room
