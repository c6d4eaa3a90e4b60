"""What becomes of chat replies: posted, failed, of unknown outcome, or forbidden before they were posted."""

from __future__ import annotations

from typing import Final

from engine.events.inputs import ChatReplyReport
from engine.events.outputs import Alert, ChatWithdraw, Reason
from engine.events.posts import Posted
from engine.room import handoffs, proposals
from engine.room.approval import unasked
from engine.room.chat import UNKNOWN_CAP, Post
from engine.room.effects import Effects
from engine.room.ending import CAUSES, DECISIONS_CAP, FAILURES_CAP, end, misleads, wait_again
from engine.room.postable import as_written
from engine.room.room import Room

RETRY_MS: Final = 5_000  # after a failure, before anything else is posted on this platform
SILENT_MS: Final = 60_000  # after a missing report, before something is tried on this platform again


def reported(room: Room, event: ChatReplyReport, fx: Effects) -> None:
    """The connector tells what became of a post. The first report of a post counts; one of an unknown id means nothing."""
    post, late = room.chat.posts.pop(event.reply, None), False
    if post is None:
        post, late = room.chat.unknown.pop(event.reply, None), True
    if post is None:
        return
    room.chat.silent.pop(post.record.source, None)
    if event.status == "posted":
        _posted(room, post, fx, late=late)
        return
    waiting = room.demands.get(post.demand.key) if late else None
    for comment in waiting.comments if waiting is not None else ():
        if comment.flight == event.reply:
            comment.flight = None
    _failed(room, post, fx)


def _posted(room: Room, post: Post, fx: Effects, *, late: bool) -> None:
    record = post.record
    comments = list(post.demand.comments)
    waiting = room.demands.get(post.demand.key) if late else None
    if waiting is not None:
        comments = [comment for comment in waiting.comments if comment.flight == record.id]
        post.demand = waiting.part(comments)
        if not waiting.comments:
            del room.demands[post.demand.key]
    for comment in comments:
        end(room, comment, "answered", fx, said=record, via="chat")
    fx.records.append(
        Posted(
            id=fx.new_id(room.name),
            room=room.name,
            shop=record.shop,
            source=record.source,
            chat_reply=record.id,
            reply=record.reply,
            intent=record.intent,
            product=record.product,
            language=record.language,
            text=record.text,
            facts=record.facts,
            pool=record.pool,
            posted=fx.now,
            withdrawn=post.cause,
            late_report=late,
            viewers=record.viewers if record.held is None else len({comment.viewer for comment in comments}),
            proposal=record.proposal,
            approved_by=record.approved_by,
            comments=len(comments),
            decisions=tuple(comment.decision for comment in comments[:DECISIONS_CAP]),
        )
    )
    handoffs.answered(room, *post.demand.key, fx, record.source)


def _failed(room: Room, post: Post, fx: Effects) -> None:
    """It was surely not posted: reservations return; its comments wait again, or end."""
    room.chat.give_back(post)
    _in_vain(post)
    if not post.cause:
        room.chat.mute(post.record.source, fx.now + RETRY_MS)
    again = []
    for comment in post.demand.comments:
        comment.flight = None
        comment.failures += 0 if post.cause else 1
        if comment.failures >= FAILURES_CAP:
            end(room, comment, "chat_failed", fx)
        else:
            again.append(comment)
    wait_again(room, post, again, fx, CAUSES.get(post.cause, "chat_failed"))
    proposals.give_back(room, post, fx)


def overdue(room: Room, fx: Effects) -> None:
    """Posts that nobody reported in time: reservations stay, since they may have been posted; their platform is left alone for a while."""
    for name, post in list(room.chat.posts.items()):
        if fx.now < post.due:
            continue
        del room.chat.posts[name]
        source = post.record.source
        if room.chat.silent_until(source) <= fx.now:
            detail = f"the connector of `{source}` does not report what became of a post"
            fx.records.append(
                Alert(
                    id=fx.new_id(room.name), room=room.name, shop=room.shop.id, at=fx.now, lease=fx.lease, seq=fx.seq,
                    shop_offset=fx.shop_offset, kind="chat_lost", detail=detail,
                )
            )  # fmt: skip
        room.chat.mute(source, fx.now + SILENT_MS)
        _release(room, post, fx, "chat_failed")


def _in_vain(post: Post) -> None:
    """What its comments waited for was the connector."""
    if not post.cause and post.demand.history:
        since, _ = post.demand.history[-1]
        post.demand.history[-1] = since, "chat_lost"


def _release(room: Room, post: Post, fx: Effects, late: Reason) -> None:
    """Nobody knows whether it was posted: a late report is still understood."""
    chat = room.chat
    _in_vain(post)
    chat.unknown[post.record.id] = post
    while len(chat.unknown) > UNKNOWN_CAP:
        del chat.unknown[next(iter(chat.unknown))]
    wait_again(room, post, post.demand.comments, fx, CAUSES.get(post.cause, late))


def forbid(room: Room, cause: str, fx: Effects) -> None:
    """What is on its way may not be posted any more."""
    for post in room.chat.posts.values():
        _withdraw(room, post, cause, fx)


def mode_set(room: Room, fx: Effects) -> None:
    """The room has another mode: what it would not post is withdrawn."""
    for post in room.chat.posts.values():
        if room.mode in ("shadow", "paused") or unasked(room, post):
            _withdraw(room, post, room.mode, fx)


def _withdraw(room: Room, post: Post, cause: str, fx: Effects) -> None:
    if post.cause:
        return
    post.cause = cause
    fx.records.append(
        ChatWithdraw(
            id=fx.new_id(room.name), room=room.name, shop=room.shop.id, at=fx.now, lease=fx.lease, seq=fx.seq,
            shop_offset=fx.shop_offset, source=post.record.source, reply=post.record.id, reason=cause,
        )
    )  # fmt: skip


def close(room: Room, fx: Effects) -> None:
    """The live ended: nothing is posted any more, and nobody waits for what is on its way."""
    forbid(room, "room_closed", fx)
    for name in list(room.chat.posts):
        _release(room, room.chat.posts.pop(name), fx, "room_closed")


def check(room: Room, fx: Effects) -> None:
    """After a change of facts or pool: may what is on its way still be posted?"""
    shop = room.shop
    for post in room.chat.posts.values():
        record = post.record
        if any(shop.version(use.product, use.name, fx.now) != use.version for use in record.facts):
            _withdraw(room, post, "fact_expired", fx)
            continue
        intent = shop.pool.intents.get(record.intent)
        sold = intent is not None and shop.sells(record.product)
        ready = shop.usable(intent, record.product, record.language, fx.now).replies if intent and sold else ()
        same = next((one for one in ready if one.reply.id == record.reply and as_written(one) == record.text), None)
        if same is None or same.reply.channel == "voice" or misleads(room, post, fx.now):
            _withdraw(room, post, "pool_changed", fx)
        elif same.until < record.not_after:
            _withdraw(room, post, "fact_expired", fx)
