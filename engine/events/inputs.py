"""Records that come in: comments, room events, shop events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from engine.events.fields import DurationMs, Hash, Id, Language, Millis, Name, Offset, Part, Record, Short, Text

MAX_SCRIPT_MEMORY = 48 * 1024  # about 900 sentences, an hour and more; keeps a room's snapshot within 256 KiB

Mode = Literal["auto", "approve", "shadow", "paused"]


@dataclass(slots=True)
class Comment:
    """One message of a viewer. Identity = (room, source, id). Any Kafka producer may write it, keyed by room."""

    # A plain dataclass: one is read per comment, and a model takes ten times the memory. The codec validates what is read.

    topic: ClassVar[str] = "comments"

    room: Id
    """The live room. A name that ends with `*` (a pattern) or begins with `#` is set aside as a dead letter."""
    source: Id
    """The connector or platform that the id belongs to."""
    id: Id
    """The platform's id of the message; a repeat of it is a duplicate."""
    viewer: Id
    """The platform's id of the viewer, or a keyed hash of it, where `hashed`."""
    text: Text
    sent: Millis | None = None
    """When the viewer sent it; the log's time where absent. Clamped against the log's time."""
    received: Millis | None = None
    """When the gateway received it."""
    shop: Name | None = None
    """Names the shop for a room that nobody opened."""
    hashed: bool = False
    """`viewer` is a keyed hash of 16 hexadecimal characters, as gateways write it. A producer that hashes ids by itself says so, too."""
    type: Literal["comment"] = "comment"
    v: Literal[1] = 1

    def key(self) -> str:
        return self.room


# ---- room events ---------------------------------------------------------------------------------------------------


class RoomRecord(Record):
    """Base of room events. `at` is the sender's time, `id` makes a repeat recognisable."""

    topic: ClassVar[str] = "room-events"

    room: Id
    id: Id
    at: Millis
    by: Short = Field(default="", description="Who sent it: a token's name, a command, a person.")

    def key(self) -> str:
        return self.room


class RoomOpened(RoomRecord):
    """A live begins. A room that exists already changes its shop only while it has no demands."""

    type: Literal["room_opened"] = "room_opened"
    shop: Name
    language: Language | None = Field(default=None, description="The room's language; else the shop's default.")


class RoomClosed(RoomRecord):
    """A live ends: what still waits ends `room_closed`."""

    type: Literal["room_closed"] = "room_closed"


class ScriptSentence(Part):
    """One sentence as it will be spoken, facts filled in."""

    id: Name
    text: Short
    seconds: float = Field(gt=0, le=120)
    answers: tuple[Name, ...] | None = Field(
        default=None, max_length=16, description="Intents it answers for its product; None: as the pool's script says."
    )
    hold: bool | None = Field(default=None, description="Nothing may cut in after it; None: as the pool's script says.")
    facts: dict[str, str] = Field(
        default_factory=dict, description="Versions of the facts that its text holds, by `<product>/<name>`."
    )


class ScriptSegment(Part):
    id: Name
    product: Name | None = None
    sentences: tuple[ScriptSentence, ...] = Field(min_length=1, max_length=500)


class Script(RoomRecord):
    """The line-up that the player runs from now on; a reloaded one starts at the next segment boundary."""

    type: Literal["script"] = "script"
    session: Id
    script: Name
    version: Id
    language: Language = "zh"
    loop: bool = True
    segments: tuple[ScriptSegment, ...] = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def _bounded(self) -> Script:
        sentences = [sentence for segment in self.segments for sentence in segment.sentences]
        if len({sentence.id for sentence in sentences}) != len(sentences):
            raise ValueError("sentence ids must be unique in a script")
        size = sum(sentence_memory(sentence.id, sentence.answers or (), sentence.facts) for sentence in sentences)
        if size > MAX_SCRIPT_MEMORY:
            raise ValueError(
                f"the script's ids, answers and fact versions take {size:,} bytes, at most {MAX_SCRIPT_MEMORY:,} fit: "
                "split it, or shorten its sentence ids"
            )
        return self


def sentence_memory(name: str, answers: Iterable[str], facts: Mapping[str, str]) -> int:
    """What a room remembers of a sentence, bytes; its text is not among it."""
    named = sum(len(intent) + 3 for intent in answers)
    return 20 + len(name) + named + sum(len(place) + len(version) + 6 for place, version in facts.items())


class Cursor(Part):
    """Where playback stands. `lap` counts the loops from 0."""

    version: Id
    lap: int = Field(ge=0, le=1_000_000)
    segment: Name
    sentence: Name


PlaybackKind = Literal[
    "sentence_started", "sentence_ended", "accepted", "started", "ended", "rejected", "aborted", "idle"
]


class Playback(RoomRecord):
    """What the player reports. Sentence kinds carry a cursor, the others an insertion; `idle`: the script has run out.

    `started` may carry both: the cursor is where the script goes on after the reply.
    """

    type: Literal["playback"] = "playback"
    session: Id
    kind: PlaybackKind
    cursor: Cursor | None = None
    insertion: Hash | None = None
    reason: Short = ""

    @model_validator(mode="after")
    def _complete(self) -> Playback:
        if self.kind in ("sentence_started", "sentence_ended") and self.cursor is None:
            raise ValueError(f"playback `{self.kind}` needs a cursor")
        if self.kind in ("accepted", "started", "ended", "rejected", "aborted") and self.insertion is None:
            raise ValueError(f"playback `{self.kind}` needs the id of its insertion")
        return self


class InsertionState(Part):
    """The outcome of one of the player's last insertions, as told when it identifies again."""

    insertion: Hash
    kind: Literal["accepted", "started", "ended", "rejected", "aborted"]
    at: Millis


class PlayerSeen(RoomRecord):
    """A player is there: sent on identify (with its state) and every 10 s. The newest session wins."""

    type: Literal["player_seen"] = "player_seen"
    session: Id
    identified: bool = Field(
        default=False, description="True on identify: `cursor` and `outcomes` are then the player's whole state."
    )
    lead_ms: DurationMs = Field(
        default=800, description="How long before a boundary the player must hold an insertion to voice it."
    )
    stream_delay_ms: DurationMs | None = Field(
        default=None, description="What viewers lag behind the player, where it knows."
    )
    cursor: Cursor | None = None
    outcomes: tuple[InsertionState, ...] = Field(default=(), max_length=16)
    shop: Name | None = Field(
        default=None, description="Shop of a room that nobody opened; a room that is there keeps its own."
    )


class PlayerGone(RoomRecord):
    """The player's connection ended; counts only for the current session."""

    type: Literal["player_gone"] = "player_gone"
    session: Id


class ModeSet(RoomRecord):
    """How replies are said in the room from now on."""

    type: Literal["mode_set"] = "mode_set"
    mode: Mode


class Approval(RoomRecord):
    """A person's verdict on a proposal: on exactly the text that it shows. One that is not open any more is told so (`not_open`)."""

    type: Literal["approval"] = "approval"
    proposal: Hash
    verdict: Literal["approve", "refuse"]


class TakeOver(RoomRecord):
    """A person takes the room, or hands it back."""

    type: Literal["take_over"] = "take_over"
    who: Literal["person", "engine"]
    at_boundary: bool = Field(default=True, description="Wait for the end of the running sentence instead of now.")


class ChatReplyReport(RoomRecord):
    """The platform's connector reports what became of a chat reply."""

    type: Literal["chat_reply_report"] = "chat_reply_report"
    reply: Hash
    status: Literal["posted", "failed"]
    error: Short = ""


class HandoffState(RoomRecord):
    type: Literal["handoff_state"] = "handoff_state"
    handoff: Hash
    state: Literal["answered", "dismissed"]


RoomEvent = Annotated[
    RoomOpened
    | RoomClosed
    | Script
    | Playback
    | PlayerSeen
    | PlayerGone
    | ModeSet
    | Approval
    | TakeOver
    | ChatReplyReport
    | HandoffState,
    Field(discriminator="type"),
]

# ---- shop events (compacted; one partition) ------------------------------------------------------------------------

ANY_PRODUCT = "*"  # the product of a fact that is the shop's own


class ShopRecord(Record):
    topic: ClassVar[str] = "shop-events"

    id: Id
    at: Millis
    by: Short = ""


class LocalText(Part):
    """A text in both languages; a language that is absent falls back to the other."""

    zh: Short | None = None
    en: Short | None = None

    @model_validator(mode="after")
    def _some(self) -> LocalText:
        if self.zh is None and self.en is None:
            raise ValueError("a localised text needs zh or en")
        return self


FactValue = int | float | str | LocalText


class FactSet(ShopRecord):
    """A fact's live value; it overrides the catalogue until its `until` or a newer event. Its version is its offset."""

    type: Literal["fact_set"] = "fact_set"
    shop: Name
    product: Name | Literal["*"] = ANY_PRODUCT
    name: Name
    value: FactValue | None = Field(
        default=None, description="None withdraws the fact: replies that need it are unusable."
    )
    start: Millis | None = Field(
        default=None,
        description="When it begins to hold. What was set before ends at once, not then: the log keeps one record a fact, "
        "and until then the catalogue's value counts.",
    )
    until: Millis | None = None
    source: Short = Field(default="", description="Where the value comes from; else who sent it.")

    def key(self) -> str:
        return f"{self.shop}/fact/{self.product}/{self.name}"


class PoolLive(ShopRecord):
    """Which pool is live in a shop. `generation` rises; a lower one is taken only with `rollback`."""

    type: Literal["pool_live"] = "pool_live"
    shop: Name
    pool: Hash
    generation: int = Field(ge=1)
    rollback: bool = False

    def key(self) -> str:
        return f"{self.shop}/pool"


GapMarkKind = Literal["not_ours", "later", "closed", "open"]


class GapMark(ShopRecord):
    """An editor's mark on a gap."""

    type: Literal["gap_mark"] = "gap_mark"
    shop: Name
    gap: Hash
    mark: GapMarkKind
    version: Hash | None = Field(default=None, description="The pool in which it is closed.")

    def key(self) -> str:
        return f"{self.shop}/gap/{self.gap}"


KillScope = Literal["room", "shop", "*"]


class Kill(ShopRecord):
    """The kill switch of a room, a shop, or everything; its fence is the record's own offset."""

    type: Literal["kill"] = "kill"
    scope: KillScope
    target: Id = "*"
    on: bool
    hold_script: bool = False
    reason: Short = ""

    def key(self) -> str:
        return "kill/*" if self.scope == "*" else f"kill/{self.scope}/{self.target}"


class ShopModeSet(ShopRecord):
    """The mode of all rooms of a shop: of those there are, from now on, and of those that are opened later.

    A room that is told its own mode afterwards keeps that until the shop is told again.
    """

    type: Literal["shop_mode_set"] = "shop_mode_set"
    shop: Name
    mode: Mode

    def key(self) -> str:
        return f"{self.shop}/mode"


ShopEvent = Annotated[FactSet | PoolLive | GapMark | Kill | ShopModeSet, Field(discriminator="type")]


class AppliedShopEvent(Part):
    """A shop event with its offset on the topic, as a room applied it."""

    offset: Offset
    event: ShopEvent
