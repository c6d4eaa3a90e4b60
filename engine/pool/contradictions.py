"""Settings that contradict each other: each alone is right, both together cannot be meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from engine.errors import Problem
from engine.pool.documents import Lost, Spot
from engine.pool.merge import MergedIntent, MergedReply
from engine.pool.model import Intent, Pool, Reply

SPOKEN_ONLY: Final = (
    ("seconds", "a post takes no air"),
    ("memory", "`limits.post_cooldown` says when a post may come again"),
)
"""Keys that say something only of what is spoken, and why."""


def contradictions(
    pool: Pool, intents: Mapping[str, MergedIntent], shop: Spot, lost: Lost, lost_shop: Lost
) -> Iterator[Problem]:
    """Of the shop's limits, its intents and their replies. `lost`: what could not be read of intents; `lost_shop`: of shop.yaml."""
    if not lost_shop:
        yield from _limits(pool, shop)
    for key, merged in intents.items():
        if key in lost:
            continue
        intent = pool.intents[key]
        yield from _stakes(intent, merged)
        for reply, place in zip(intent.replies, merged.replies.values(), strict=True):
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
