"""Requests → records for the bus."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Final

from pydantic import ValidationError

from engine.events import wire
from engine.events.codec import adapter, describe
from engine.events.fields import room_objection
from engine.events.inputs import (
    Approval,
    ChatReplyReport,
    Comment,
    FactSet,
    GapMark,
    HandoffState,
    Kill,
    ModeSet,
    Playback,
    PlayerSeen,
    RoomClosed,
    RoomOpened,
    RoomRecord,
    Script,
    ShopModeSet,
    ShopRecord,
    TakeOver,
)
from engine.events.told import Receipt
from engine.gateway.auth import Access, matches
from engine.gateway.peer import Peer

Hasher = Callable[[str, int], str]
"""Viewer id and time (ms) → keyed hash."""

REPORT_AGE_MS: Final = 600_000  # a playback report may tell of at most the last ten minutes (a reconnect in between)


def room_record(request: wire.RoomRequest, *, by: str, now: int, shop: str | None) -> RoomRecord:
    """The room event that a request asks for. `shop`: of a room that is opened. Raises `ValueError` where no shop is known."""
    head = {"room": request.room, "id": request.id, "at": now, "by": by}
    match request:
        case wire.OpenRoom():
            named = request.shop or shop
            if named is None:
                raise ValueError("shop: name the shop of the room; neither the token nor the server has a default")
            return RoomOpened(**head, shop=named, language=request.language)
        case wire.CloseRoom():
            return RoomClosed(**head)
        case wire.SetMode():
            return ModeSet(**head, mode=request.mode)
        case wire.TakeRoom():
            return TakeOver(**head, who=request.who, at_boundary=request.at_boundary)
        case wire.Approve():
            return Approval(**head, proposal=request.proposal, verdict=request.verdict)
        case wire.SetHandoff():
            return HandoffState(**head, handoff=request.handoff, state=request.state)
        case wire.ReportChat():
            return ChatReplyReport(**head, reply=request.reply, status=request.status, error=request.error)


def shop_record(request: wire.ShopRequest, *, by: str, now: int) -> ShopRecord:
    """The shop event that a request asks for."""
    fields = {**request.model_dump(exclude={"type", "known"}), "at": now, "by": by}
    match request:
        case wire.SetKill():
            return Kill.model_validate(fields)
        case wire.SetShopMode():
            return ShopModeSet.model_validate(fields)
        case wire.SetFact():
            return FactSet.model_validate(fields)
        case wire.MarkGap():
            return GapMark.model_validate(fields)


def player_record(
    request: wire.SetScript | wire.ReportPlayback, *, room: str, session: str, by: str, now: int
) -> Script | Playback:
    """What a player said, as a room event. Raises pydantic's ValidationError where a report lacks its cursor or insertion."""
    if isinstance(request, wire.SetScript):
        return Script(
            room=room, id=request.id, at=now, by=by, session=session, script=request.script, version=request.version,
            language=request.language, loop=request.loop, segments=request.segments,
        )  # fmt: skip
    return Playback(
        room=room, id=request.id, at=min(max(request.at, now - REPORT_AGE_MS), now), by=by, session=session,
        kind=request.kind, cursor=request.cursor, insertion=request.insertion, reason=request.reason,
    )  # fmt: skip


def player_seen(
    room: str, peer: Peer, state: wire.PlayerState, now: int, *, identified: bool = False, shop: str | None = None
) -> PlayerSeen:
    """That a player is there; of one that identifies itself also where it stands."""
    return PlayerSeen(
        room=room, id=uuid.uuid4().hex, at=now, by=peer.by, session=peer.name, identified=identified,
        lead_ms=state.lead_ms, stream_delay_ms=state.stream_delay_ms,
        cursor=state.cursor if identified else None, outcomes=state.outcomes if identified else (), shop=shop,
    )  # fmt: skip


def read_comments(
    batch: wire.Comments, access: Access, rooms: Sequence[str], hasher: Hasher, *, now: int
) -> tuple[list[Comment], list[Receipt]]:
    """The batch's good comments in order, and a receipt for each line of it: a malformed one does not hold up the others.

    `rooms`: the session's patterns, which lie within the token's. Viewer ids go no further than this: the log gets their keyed hashes.
    """
    comments: list[Comment] = []
    receipts: list[Receipt] = []
    for line in batch.comments:
        comment, receipt = _read_comment(line, batch, access, rooms, now)
        receipts.append(receipt)
        if comment is not None:
            comment.viewer, comment.hashed = hasher(comment.viewer, now), True
            comments.append(comment)
    return comments, receipts


def _read_comment(
    line: object, batch: wire.Comments, access: Access, rooms: Sequence[str], now: int
) -> tuple[Comment | None, Receipt]:
    if not isinstance(line, dict):
        return None, Receipt(error="a comment is a JSON object")
    claimed = line.get("id")
    name = str(claimed)[:128] if isinstance(claimed, str | int) else None
    fields: dict[str, object] = {**line, "type": "comment", "received": now}
    for key, default in (("room", batch.room), ("source", batch.source), ("shop", access.shop)):
        if fields.get(key) is None and default is not None:
            fields[key] = default
    try:
        comment: Comment = adapter(Comment).validate_python(fields)
    except ValidationError as error:
        return None, Receipt(comment=name, error=describe(error)[:300])
    objection = room_objection(comment.room)
    if objection is not None:
        return None, Receipt(comment=name, error=f"room: {objection}")
    if not any(matches(pattern, comment.room) for pattern in rooms):
        return None, Receipt(comment=name, error="room: this session does not cover it")
    if access.shop is not None and comment.shop != access.shop:
        return None, Receipt(comment=name, error=f"shop: this token is for shop {access.shop}")
    return comment, Receipt(comment=comment.id)
