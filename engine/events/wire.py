"""The messages of the WebSocket protocol, both directions, tagged by `type`. `docs/protocol.md` explains them.

A request carries an `id` that the client chose; its reply echoes it. Where a request becomes a record on the bus, the id becomes
the record's: a request that is sent again after a reconnect is recognisable. Pushes carry no id but a place: `stream`, `epoch`, `offset`.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, ValidationInfo, field_validator

from engine.events.fields import DurationMs, Hash, Id, Language, Millis, Name, Offset, Part, Room, Short, checked_room
from engine.events.gaps import Gap
from engine.events.handoffs import Handoff
from engine.events.inputs import (
    ANY_PRODUCT,
    Cursor,
    FactValue,
    GapMarkKind,
    InsertionState,
    KillScope,
    Mode,
    PlaybackKind,
    RoomEvent,
    ScriptSegment,
)
from engine.events.outputs import Aired, Decision, Proposal, RoomCommand, Verdicts
from engine.events.posts import Posted
from engine.events.told import Fact, ProcessedLine, Receipt

VERSIONS: Final = (1,)
"""Protocol versions that the server speaks; a new one comes only with a breaking change."""

MAX_COMMENTS = 1_000  # of one batch; larger batches gain nothing and hold up the frames behind them
MAX_SCRIPT_FRAME = 512 * 1024  # bytes; largest frame of an identified player: a script is one record on the bus

ClientRole = Literal["source", "player", "operator", "observer"]
Stream = Literal["insertions", "verdicts", "decisions", "aired", "handoffs", "gaps", "room-events"]

ErrorCode = Literal[
    "bad_message", "unknown_type", "already_identified", "forbidden", "too_large", "not_current",
    "slow_down", "bus_unavailable", "unknown",
]  # fmt: skip
"""Why a request was refused; the connection goes on."""


class Message(Part):
    """Base of all messages. Unknown fields are ignored."""


class Request(Message):
    """Base of what is answered by `done`, `received` or `error` with the same id."""

    id: Id


# ---- from the client -------------------------------------------------------------------------------------------------


class Point(Message):
    """A place in a stream: everything up to and including `offset` was seen. `epoch` names the log and its partition."""

    stream: Stream
    epoch: Short
    offset: int = Field(ge=-1)


class PlayerState(Message):
    """The player's whole state, told on identify: what it plays and how its last insertions ended."""

    lead_ms: DurationMs = 800
    stream_delay_ms: DurationMs | None = None
    cursor: Cursor | None = None
    outcomes: tuple[InsertionState, ...] = Field(default=(), max_length=16)


class Identify(Message):
    """The first message. `version` is one of those in `hello`."""

    type: Literal["identify"] = "identify"
    version: int = 1
    token: str = Field(default="", max_length=1_000)
    role: ClientRole
    rooms: tuple[Id, ...] = Field(
        min_length=1, max_length=100, description="Names, `abc*` for a prefix, `*` for all. A player names one room."
    )
    session: Id | None = Field(default=None, description="The client's own, kept over reconnects; None: a new one.")
    shop: Name | None = Field(default=None, description="Shop of the room where nothing else says it.")
    streams: tuple[Stream, ...] | None = Field(default=None, max_length=16, description="None: those of the role.")
    resume: tuple[Point, ...] = Field(default=(), max_length=4_096)
    held: bool = Field(default=False, description="Of streams without a point: first all that is still held.")
    player: PlayerState | None = None
    client: Short = ""


class Heartbeat(Message):
    """Sent by the client at the interval of `hello`. The reply tells the server's time."""

    type: Literal["heartbeat"] = "heartbeat"
    sent: Millis = Field(description="The client's clock.")


class Comments(Request):
    """A batch of comments. `room` and `source` stand for those that a comment does not name itself."""

    type: Literal["comments"] = "comments"
    room: Id | None = None
    source: Id | None = None
    comments: tuple[object, ...] = Field(
        min_length=1, max_length=MAX_COMMENTS, description="`Comment` records; each is judged by itself."
    )


class SetScript(Request):
    """The script that the player runs."""

    type: Literal["script"] = "script"
    script: Name
    version: Id
    language: Language = "zh"
    loop: bool = True
    segments: tuple[ScriptSegment, ...] = Field(min_length=1, max_length=200)


class ReportPlayback(Request):
    """What the player did, at which moment of the server's clock."""

    type: Literal["playback"] = "playback"
    at: Millis
    kind: PlaybackKind
    cursor: Cursor | None = None
    insertion: Hash | None = None
    reason: Short = ""


class OpenRoom(Request):
    """A live begins; `shop` None: the token's."""

    type: Literal["room_open"] = "room_open"
    room: Room
    shop: Name | None = None
    language: Language | None = None


class CloseRoom(Request):
    type: Literal["room_close"] = "room_close"
    room: Room


class SetMode(Request):
    type: Literal["mode_set"] = "mode_set"
    room: Room
    mode: Mode
    known: bool = Field(default=False, description="Refuse it (`unknown`) where the room was never seen.")


class SetShopMode(Request):
    """The mode of all rooms of a shop, also of those that are opened later."""

    type: Literal["shop_mode_set"] = "shop_mode_set"
    shop: Name
    mode: Mode
    known: bool = Field(default=False, description="Refuse it (`unknown`) where the shop is not live.")


class SetKill(Request):
    """The kill switch of a room, a shop or everything."""

    type: Literal["kill"] = "kill"
    scope: KillScope
    target: Id = "*"
    on: bool
    hold_script: bool = False
    reason: Short = ""
    known: bool = Field(default=False, description="Refuse it (`unknown`) where room or shop was never seen.")

    @field_validator("target")
    @classmethod
    def _one_room(cls, target: str, info: ValidationInfo) -> str:
        return checked_room(target) if info.data.get("scope") == "room" else target


class TakeRoom(Request):
    """A person takes the room, or hands it back. While a person has it, its script is held."""

    type: Literal["take_over"] = "take_over"
    room: Room
    who: Literal["person", "engine"]
    at_boundary: bool = Field(default=True, description="At the end of what is being said; else at once.")
    known: bool = Field(default=False, description="Refuse it (`unknown`) where the room was never seen.")


class ListProposals(Request):
    """Ask for the proposals that are open or approved now, in one room or in all that the session covers."""

    type: Literal["proposals"] = "proposals"
    room: Room | None = None


class ListGaps(Request):
    """Ask for the gaps on the topic, of a shop or of all that the token covers, in the order of their keys; marked ones too."""

    type: Literal["gaps"] = "gaps"
    shop: Name | None = None
    after: Short | None = Field(default=None, description="`shop/id` of the last one of the page before.")


class Approve(Request):
    """A verdict on a proposal. `done` says that it is recorded; what came of it is pushed: the proposal again, or its end."""

    type: Literal["approval"] = "approval"
    room: Room
    proposal: Hash
    verdict: Literal["approve", "refuse"]


class SetFact(Request):
    """A fact's live value; `value` None withdraws the fact."""

    type: Literal["fact_set"] = "fact_set"
    shop: Name
    product: Name | Literal["*"] = ANY_PRODUCT
    name: Name
    value: FactValue | None = None
    start: Millis | None = None
    until: Millis | None = None
    source: Short = ""


class SetHandoff(Request):
    type: Literal["handoff_state"] = "handoff_state"
    room: Room
    handoff: Hash
    state: Literal["answered", "dismissed"]


class ReportChat(Request):
    """What became of a chat reply that the source posted."""

    type: Literal["chat_reply_report"] = "chat_reply_report"
    room: Room
    reply: Hash
    status: Literal["posted", "failed"]
    error: Short = ""


class MarkGap(Request):
    type: Literal["gap_mark"] = "gap_mark"
    shop: Name
    gap: Hash
    mark: GapMarkKind
    version: Hash | None = None


RoomRequest = OpenRoom | CloseRoom | SetMode | TakeRoom | Approve | SetHandoff | ReportChat
ShopRequest = SetKill | SetShopMode | SetFact | MarkGap
ClientMessage = Annotated[
    Identify | Heartbeat | Comments | SetScript | ReportPlayback | ListProposals | ListGaps | RoomRequest | ShopRequest,
    Field(discriminator="type"),
]


# ---- from the server -------------------------------------------------------------------------------------------------


class Hello(Message):
    """Sent at once after the connection opens."""

    type: Literal["hello"] = "hello"
    versions: tuple[int, ...] = VERSIONS
    server: Short
    heartbeat_ms: DurationMs
    identify_ms: DurationMs
    time: Millis


class Identified(Message):
    """The session stands. Records missed since `resume` follow as pushes, then live ones."""

    type: Literal["identified"] = "identified"
    version: int = 1
    session: Id
    role: ClientRole
    streams: tuple[Stream, ...]
    time: Millis
    max_frame_bytes: int
    points: tuple[Point, ...] = Field(
        default=(), description="Where the streams stand; a client that is told no more resumes from here."
    )
    recovered: bool = Field(
        default=False, description="Every record missed since `resume` follows. False: some may be missing for good."
    )
    backlog: int = Field(
        default=0, ge=0, description="Pushes that follow for what was missed or held; some may repeat."
    )
    shop: Name | None = None
    facts: tuple[Fact, ...] = Field(default=(), description="To players: the facts of the room's shop.")


class HeartbeatReply(Message):
    """`sent` is the client's, `time` the server's clock; `points`: where the streams stand, since silence moves them too."""

    type: Literal["heartbeat"] = "heartbeat"
    sent: Millis
    time: Millis
    points: tuple[Point, ...] = ()


class Done(Message):
    """The request's record is durable. `offset`: its place, a fact's version. `still`: kills that hold where one is lifted."""

    type: Literal["done"] = "done"
    id: Id
    offset: Offset | None = None
    still: tuple[Short, ...] = Field(default=(), max_length=20)


class Received(Message):
    """Acknowledgement 1: the comments without an error are durable."""

    type: Literal["received"] = "received"
    id: Id
    results: tuple[Receipt, ...]
    warnings: tuple[Short, ...] = ()
    """What is odd about comments that were taken, each sentence once: a shop that is not live."""


class Proposals(Message):
    """The proposals that are open or approved, the most pressing first. `more`: how many others there are."""

    type: Literal["proposals"] = "proposals"
    id: Id
    proposals: tuple[Proposal, ...]
    more: int = Field(default=0, ge=0)


class Gaps(Message):
    """A page of gaps, some 256 KiB. `after`: ask for the next page with it; None: this is the last."""

    type: Literal["gaps"] = "gaps"
    id: Id
    gaps: tuple[Gap, ...]
    after: Short | None = None


class Processed(Message):
    """Acknowledgement 2: these comments were handled. It may overtake acknowledgement 1, which it implies."""

    type: Literal["processed"] = "processed"
    room: Id
    results: tuple[ProcessedLine, ...]


PushedRecord = Annotated[
    RoomCommand | Verdicts | Decision | Aired | Posted | Handoff | Gap | RoomEvent, Field(discriminator="type")
]


class Push(Message):
    """A record of a stream. `offset` None: made by the gateway itself (a fence), not on the log."""

    type: Literal["push"] = "push"
    stream: Stream
    epoch: Short | None = None
    offset: Offset | None = None
    record: PushedRecord


class Facts(Message):
    """Facts of the shop changed. `whole`: the list replaces all that was told before; else it adds to it."""

    type: Literal["facts"] = "facts"
    shop: Name
    whole: bool = False
    facts: tuple[Fact, ...]


class Refused(Message):
    """A request was refused, or a message could not be read. `temporary`: the same request may succeed later."""

    type: Literal["error"] = "error"
    id: Id | None = None
    code: ErrorCode
    message: Short
    temporary: bool = False
    retry_ms: DurationMs | None = None


Answer = Done | Received | Proposals | Gaps
ServerMessage = Annotated[
    Hello | Identified | HeartbeatReply | Done | Received | Proposals | Gaps | Processed | Push | Facts | Refused,
    Field(discriminator="type"),
]
