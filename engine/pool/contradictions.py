"""Settings that contradict each other: each alone is right, both together cannot be meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from engine.errors import Problem
from engine.pool.documents import Lost, Spot
from engine.pool.merge import MergedIntent, MergedReply
from engine.pool.model import Intent, Limits, Pool, Reply
from engine.pool.speech import fill, seconds

SPOKEN_ONLY: Final = (
    ("seconds", "a post takes no air"),
    ("may_interrupt", "a post cuts nobody short"),
    ("memory", "`limits.post_cooldown` says when a post may come again"),
)
"""Keys that say something only of what is spoken, and why."""


def contradictions(
    pool: Pool, intents: Mapping[str, MergedIntent], shop: Spot, lost: Lost, lost_shop: Lost
) -> Iterator[Problem]:
    """Of the shop's limits, its intents and their replies. `lost`: what could not be read of intents; `lost_shop`: of shop.yaml."""
    if not lost_shop:
        yield from _limits(pool, shop)
        yield from _trust(pool, shop)
    for key, merged in intents.items():
        if key in lost:
            continue
        intent = pool.intents[key]
        yield from _stakes(intent, merged)
        yield from _interrupts(intent, merged)
        for reply, place in zip(intent.replies, merged.replies.values(), strict=True):
            if reply.on_screen_only and not reply.needs_product:
                message = f"the reply `{reply.id}` is for the product on screen, and needs none"
                yield place.spot("on_screen_only").problem(message, "add `needs_product: true`", "on_screen_only")
            if not lost_shop and reply.channel != "chat" and place.entry.text is not None:
                yield from _memory(reply, intent, place, merged)
                yield from _airtime(reply, place, pool.limits)
            yield from _channel(reply, place, posts=pool.limits.room_posts_per_minute > 0 or bool(lost_shop))


def _limits(pool: Pool, shop: Spot) -> Iterator[Problem]:
    """A limit that another one makes meaningless; only where the shop wrote it."""
    limits, written = pool.limits, Spot(shop.file, shop.root, (*shop.steps, "limits"))
    room, platform = limits.room_posts_per_minute, limits.platform_posts_per_minute
    for name, value, above, bound in (
        ("platform_posts_per_minute", platform, "room_posts_per_minute", room),
        ("viewer_posts_per_minute", limits.viewer_posts_per_minute, "platform_posts_per_minute", platform),
    ):
        if written.wrote(name) and value > bound:
            message = f"`{name}` ({value}) is above `{above}` ({bound}), so it never acts"
            yield written.problem(message, f"use at most {bound}, or raise `{above}`" if bound else "delete it", name)


def _trust(pool: Pool, shop: Spot) -> Iterator[Problem]:
    """An answer to one viewer alone is also one of all answers: what is allowed more of there never acts."""
    trust, written = pool.training.trust, Spot(shop.file, shop.root, (*shop.steps, "understanding"))
    if written.wrote("wrong_answers_solo") and trust.solo_risk > trust.risk:
        message = f"`wrong_answers_solo` ({100 * trust.solo_risk:g}) is above `wrong_answers` ({100 * trust.risk:g}), so it never acts"
        yield written.problem(
            message, f"use at most {100 * trust.risk:g}, or raise `wrong_answers`", "wrong_answers_solo"
        )


def _stakes(intent: Intent, merged: MergedIntent) -> Iterator[Problem]:
    if intent.stakes != "high":
        return
    at = merged.spot("stakes")
    if intent.owner == "people":
        message = f"`{intent.id}` belongs to people, who answer it however sure the engine is"
        yield at.problem(message, "delete `stakes: high`, or `owner: people`", "stakes")
    elif intent.kind != "question":
        message = f"`{intent.id}` is {intent.kind}, which nobody answers"
        yield at.problem(message, "delete `stakes: high`, or make it `kind: question`", "stakes")


def _channel(reply: Reply, place: MergedReply, *, posts: bool) -> Iterator[Problem]:
    if reply.channel == "voice":
        return
    at = place.spot("channel")
    if not posts:
        message = f"the reply `{reply.id}` is to be posted, and `limits.room_posts_per_minute` is 0"
        yield at.problem(message, "allow posts in shop.yaml, or use `channel: voice`", "channel")
    if reply.on_screen_only:
        message = f"the reply `{reply.id}` does not name its product, and a post is read when another one is on screen"
        remedy = "put {product} or {link} into it and delete `on_screen_only`, or use `channel: voice`"
        yield place.spot("on_screen_only").problem(message, remedy, "on_screen_only")
    if reply.channel != "chat":
        return
    for key, why in SPOKEN_ONLY:
        spot = place.spot(key)
        if spot.wrote(key):
            message = f"the reply `{reply.id}` is only posted and has `{key}`: {why}"
            yield spot.problem(message, f"delete `{key}`, or use `channel: both`", key)


def _interrupts(intent: Intent, merged: MergedIntent) -> Iterator[Problem]:
    """`now` is asked for by an intent and allowed by each reply: the one is nothing without the other."""
    if intent.insert == "now" and intent.replies and not any(reply.may_interrupt for reply in intent.replies):
        message = f"`{intent.id}` interrupts the script (`insert: now`), and none of its replies may"
        remedy = "add `may_interrupt: true` to those that may cut a sentence short, or use `insert: sentence`"
        yield merged.spot("insert").problem(message, remedy, "insert")
    for reply, place in zip(intent.replies, merged.replies.values(), strict=True):
        if reply.may_interrupt and intent.insert != "now":
            message = f"the reply `{reply.id}` may interrupt, and `{intent.id}` waits for the end of a {intent.insert}"
            remedy = "write `insert: now` at the intent, or delete this line"
            yield place.spot("may_interrupt").problem(message, remedy, "may_interrupt")


def _memory(reply: Reply, intent: Intent, place: MergedReply, merged: MergedIntent) -> Iterator[Problem]:
    if reply.memory_ms < intent.cooldown_ms:
        message = f"the memory of `{reply.id}` ({reply.memory_ms // 1_000}s) is shorter than the intent's cooldown"
        remedy = f"use at least {intent.cooldown_ms // 1_000}s, or shorten the cooldown"
        where = place.spot("memory") if place.entry.memory is not None else merged.spot("cooldown")
        yield where.problem(message, remedy, "memory" if place.entry.memory is not None else "cooldown")


def _airtime(reply: Reply, place: MergedReply, limits: Limits) -> Iterator[Problem]:
    """A reply that is longer than all the air there is, by what is sure of its length."""
    bare = fill(reply.text, dict.fromkeys(reply.placeholders, ""))
    length = reply.seconds if reply.seconds is not None else seconds(bare, reply.lang)
    budget = limits.airtime_share * limits.airtime_window_ms / 1_000
    if length > budget:
        message = f"the reply `{reply.id}` takes {length:g} s, and replies have {budget:g} s of {limits.airtime_window_ms / 1_000:g} s"
        key = "seconds" if reply.seconds is not None else "text"
        yield place.spot(key).problem(
            message, "shorten it, or raise `airtime_share` or `airtime_window` in shop.yaml", key
        )
