"""Replies that are posted into the chat: where the air comes too late, once for all who read them, and what became of them.

A post is sent to the connector of one platform, answers its waiting viewers of one language, and costs no air. Voice goes first while it is
likely to come in time: so a post waits until a demand cools down, was outvalued, met spent airtime, or its last moment has come.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from engine.events.fields import Language
from engine.events.outputs import Blocker, ChatReply, CommentRef
from engine.room import proposals
from engine.room.approval import asks, may_be_said, seal
from engine.room.blockers import spoken
from engine.room.chat import Post
from engine.room.demands import Demand, Key, Proposed, Waiting
from engine.room.effects import Effects
from engine.room.postable import LEAD_MS, LEAST_MS, as_written, language_for, ready
from engine.room.room import Flight, Room
from engine.room.selection import AHEAD, COMMIT_MS, CONSIDERED, next_opportunity
from engine.room.shop import FOREVER, Filled

GATHER_MS: Final = 2_000  # from a demand's first question to its post: a burst of the same question gets one answer
WITHIN_MS: Final = 15_000  # a connector that has not posted within so long shall not post any more
REPORT_MS: Final = 10_000  # past `not_after`; then the outcome is unknown
BACK_MS: Final = 10_000  # since its last sign of life a player that was lost is expected back for so long
SERVES_CAP: Final = 20

AT_ONCE: Final[frozenset[Blocker]] = frozenset(
    {"cooling", "airtime", "outvalued", "player_lost", "approval", "chat_spent", "chat_lost"}
)
"""Blockers with which the air is gone, or worth less than an answer now."""


@dataclass(slots=True)
class Air:
    """When a reply could be said next: after a sentence, and after a segment."""

    sentence: int
    segment: int

    @classmethod
    def of(cls, room: Room, now: int) -> Air:
        pause = room.limits.minimum_pause_ms
        if room.flight is not None:
            over = max(now, room.flight.started or room.flight.insertion.start) + room.flight.insertion.duration_ms
            return cls(over + pause, over + pause)
        opportunity = next_opportunity(room, now)
        if opportunity is None:
            return cls(FOREVER, FOREVER)
        ready = max(opportunity.start, room.last_end + pause if room.last_end else 0)
        if opportunity.boundary is None:
            return cls(ready, ready)
        after = now + room.lead_ms + COMMIT_MS
        ends = (
            boundary.at
            for boundary in room.clock.boundaries(AHEAD, now)
            if boundary.at >= after and boundary.line.segment_end and not boundary.line.hold
        )
        return cls(ready, next(ends, FOREVER))


def consider(room: Room, fx: Effects, only: Demand | None = None) -> None:
    """Post what is ripe, the most valuable first; else remember when to look again. `only`: the one demand that is new."""
    chat = room.chat
    if only is None:
        chat.look_at = FOREVER
    if not room.demands or not room.shop.posting or not room.may_post:
        return
    air: Air | None = None
    ripe: list[Demand] = []
    for demand in room.demands.values() if only is None else (only,):
        if demand.intent not in room.shop.posting:
            continue
        if air is None:
            air = Air.of(room, fx.now)
        at = _ripe_at(room, demand, air, fx.now)
        if at <= fx.now:
            ripe.append(demand)
        else:
            chat.look_at = min(chat.look_at, at)
    ripe.sort(key=lambda demand: (-demand.value, demand.born, demand.intent, demand.product or ""))
    for demand in ripe:
        _post_all(room, demand, fx)


def _ripe_at(room: Room, demand: Demand, air: Air, now: int) -> int:
    """When the demand is to be posted rather than to wait for the air."""
    if demand.solo_unsure:
        return FOREVER
    if room.muted.get(demand.key, 0) > now:
        return FOREVER  # a person refused it
    last = demand.earliest - LEAD_MS
    soon = min(demand.born + GATHER_MS, last)
    blocker = _held(demand)
    if blocker == "player_lost" and room.had_player:
        return max(soon, min(last, room.player_at + BACK_MS))
    if blocker in AT_ONCE or (blocker == "no_opportunity" and not room.had_player):
        return soon
    if blocker != "no_opportunity":
        return FOREVER
    if soon > now:
        return soon  # whatever the air promises by then
    segment = room.shop.pool.intents[demand.intent].insert == "segment"
    chance = air.segment if segment else air.sentence
    gone = chance > demand.earliest or _heard_until(room, demand, now) > demand.earliest
    return soon if gone else last


def _held(demand: Demand) -> Blocker:
    """What holds it back from the air now: what the last opportunity said is newer than what was written down before it."""
    return demand.missed or demand.blocker if demand.blocker in CONSIDERED else demand.blocker


def _heard_until(room: Room, demand: Demand, now: int) -> int:
    """Until when viewers remember every variant that could be spoken; for ever where none can."""
    return min(
        (
            (room.heard.get(filled.words) or -filled.reply.memory_ms) + filled.reply.memory_ms
            for filled in spoken(room, demand, now)
        ),
        default=FOREVER,
    )


def _post_all(room: Room, demand: Demand, fx: Effects) -> None:
    """A post for each platform and language of those who wait; who cannot be answered by one now waits on."""
    chat, limits, now = room.chat, room.limits, fx.now
    groups: dict[tuple[str, Language], list[Waiting]] = {}
    languages: dict[str, Language | None] = {}
    for comment in demand.comments:
        if comment.flight is not None or comment.deadline < now + LEAST_MS:
            continue  # what may have been said to it already is not posted as well
        if comment.language not in languages:
            languages[comment.language] = language_for(room, demand.key, comment.language, now)
        language = languages[comment.language]
        if language is None:
            continue
        free = max(
            chat.silent_until(comment.source),
            chat.viewers.free_at(comment.viewer, now, limits.viewer_posts_per_minute),
        )
        if free > now:
            chat.look_at = min(chat.look_at, free)
            continue
        groups.setdefault((comment.source, language), []).append(comment)
    granted: Proposed | None = None
    for (source, language), comments in groups.items():
        free, _ = chat.free_at(demand.key, source, language, limits, now)
        if free > now:
            chat.look_at = min(chat.look_at, free)
            continue
        filled = next(
            (one for one in ready(room, demand.key, language, now) if _allowed(room, demand, one, granted)), None
        )
        if filled is None:
            continue
        part = demand.part(comments)
        if not demand.comments:
            del room.demands[demand.key]
        if asks(room, filled.reply) or not demand.comments:
            granted = proposals.take(room, demand, filled, fx) or granted
        _emit(room, part, filled, source, fx, _held(part), granted if asks(room, filled.reply) else None)


def _allowed(room: Room, demand: Demand, filled: Filled, granted: Proposed | None) -> bool:
    """Whether it may be posted, also by the approval that another platform's post has just taken."""
    by_grant = granted is not None and granted.seal == seal(room, filled)
    return by_grant or may_be_said(room, demand.key, filled)


def _emit(
    room: Room,
    part: Demand,
    filled: Filled,
    source: str,
    fx: Effects,
    held: Blocker | None,
    proposed: Proposed | None,
    said_to: Iterable[Waiting] = (),
) -> None:
    """Write the post and reserve what it takes. `said_to`: who heard it, where it goes beside what was said (`held` None)."""
    whom = part.comments or list(said_to)
    viewers = list(dict.fromkeys(comment.viewer for comment in whom))
    first = min((comment.deadline for comment in part.comments), default=FOREVER)
    not_after = min(first, fx.now + WITHIN_MS, filled.until)
    record = ChatReply(
        id=fx.new_id(room.name),
        room=room.name,
        shop=room.shop.id,
        at=fx.now,
        lease=fx.lease,
        seq=fx.seq,
        shop_offset=fx.shop_offset,
        source=source,
        reply=filled.reply.id,
        intent=part.intent,
        product=part.product,
        language=filled.reply.lang,
        text=as_written(filled),
        not_after=not_after,
        serves=tuple(CommentRef(source=comment.source, id=comment.id) for comment in whom)[:SERVES_CAP],
        viewers=len(viewers),
        facts=filled.facts,
        pool=room.shop.pool.hash,
        held=held,
        proposal=proposed.id if proposed is not None else None,
        approved_by=proposed.by if proposed is not None else "",
    )
    fx.records.append(record)
    part.held("in_flight", fx.now)
    for comment in part.comments:
        comment.flight = record.id
    post = Post(record.model_copy(update={"serves": ()}), part, filled.until, not_after + REPORT_MS)
    post.proposed = proposed if held is not None else None
    room.chat.reserve(post, viewers, room.limits)


def beside(room: Room, flight: Flight, fx: Effects) -> None:
    """A reply of `channel: both` was said: it stands in the chat of those who heard it, too, as far as the limits allow."""
    said, chat = flight.insertion, room.chat
    if not room.may_post:
        return
    found = ready(room, flight.demand.key, said.language, fx.now)
    filled = next((one for one in found if one.reply.id == said.reply and one.reply.channel == "both"), None)
    if filled is None or (
        asks(room, filled.reply) and (flight.proposed is None or flight.proposed.seal != seal(room, filled))
    ):
        return
    heard: dict[str, list[Waiting]] = {}
    for comment in flight.demand.comments:
        if chat.viewers.free_at(comment.viewer, fx.now, room.limits.viewer_posts_per_minute) <= fx.now:
            heard.setdefault(comment.source, []).append(comment)
    for source, comments in heard.items():
        free, _ = chat.free_at(flight.demand.key, source, filled.reply.lang, room.limits, fx.now)
        if max(free, chat.silent_until(source)) <= fx.now:
            part = Demand(*flight.demand.key, fx.now)
            _emit(room, part, filled, source, fx, None, flight.proposed, comments)


def joined(
    room: Room, key: Key, source: str, language: Language | None, viewer: str, deadline: int, now: int
) -> Post | None:
    """The post on its way that answers a comment that has just come, where the viewer may be answered by one more."""
    if language is None or not room.chat.posts:
        return None
    post = room.chat.joined(key, source, language, deadline, now)
    if post is None or viewer in post.demand.viewers:
        return post
    free = room.chat.viewers.free_at(viewer, now, room.limits.viewer_posts_per_minute)
    return post if free <= now else None


def add(room: Room, post: Post, comment: Waiting) -> None:
    """The comment joins the post."""
    if comment.viewer not in post.demand.viewers:
        room.chat.count(post, comment.viewer)
    comment.flight = post.record.id
    post.demand.add(comment)
