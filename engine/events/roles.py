"""What a client may send, and which streams it gets, by its role."""

from __future__ import annotations

from typing import Final

from engine.events.wire import (
    Approve,
    ClientRole,
    CloseRoom,
    Comments,
    Heartbeat,
    Identify,
    ListGaps,
    ListProposals,
    MarkGap,
    Message,
    OpenRoom,
    ReportChat,
    ReportPlayback,
    SetFact,
    SetHandoff,
    SetKill,
    SetMode,
    SetScript,
    SetShopMode,
    Stream,
    TakeRoom,
)

CLIENT_TYPES: Final[dict[str, type[Message]]] = {
    str(kind.model_fields["type"].default): kind
    for kind in (
        Identify, Heartbeat, Comments, SetScript, ReportPlayback, OpenRoom, CloseRoom, SetMode, SetShopMode, SetKill,
        TakeRoom, ListProposals, ListGaps, Approve, SetFact, SetHandoff, ReportChat, MarkGap,
    )
}  # fmt: skip
"""What a client may send, by `type`."""

ROLE_TYPES: Final[dict[ClientRole, frozenset[str]]] = {
    "source": frozenset({"heartbeat", "comments", "room_open", "room_close", "chat_reply_report"}),
    "player": frozenset({"heartbeat", "script", "playback"}),
    "operator": frozenset(
        {
            "heartbeat", "room_open", "room_close", "mode_set", "shop_mode_set", "kill", "take_over", "proposals", "gaps",
            "approval", "fact_set", "handoff_state", "gap_mark",
        }
    ),
    "observer": frozenset({"heartbeat"}),
}  # fmt: skip
"""What each role may send once identified."""

ROLE_STREAMS: Final[dict[ClientRole, tuple[Stream, ...]]] = {
    "source": ("insertions",),
    "player": ("insertions",),
    "operator": ("insertions", "handoffs", "gaps", "aired"),
    "observer": ("insertions", "verdicts", "decisions", "aired", "handoffs", "gaps", "room-events"),
}
"""The streams of each role; `identify` may ask for fewer. Operators may ask for what observers get."""
