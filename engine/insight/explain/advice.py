"""What edit or setting would have changed what became of a comment. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from engine.events.outputs import Decision, Reason
from engine.insight.explain.places import Places
from engine.insight.explain.story import Story
from engine.insight.explain.watch import Spell
from engine.insight.explain.words import Say, clock, percent, say, seconds
from engine.pool.model import Intent, Limits, Localised
from engine.room.arrival import ANSWER_WITHIN_MS

LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Case:
    """A decided comment, with what advice is made of."""

    story: Story
    decision: Decision
    places: Places

    @property
    def intent(self) -> Intent | None:
        pool = self.story.pool
        return pool.intents.get(self.decision.intent) if pool is not None and self.decision.intent else None

    @property
    def limits(self) -> Limits:
        return self.story.pool.limits if self.story.pool is not None else LIMITS

    @property
    def file(self) -> str:
        return self.places.intent(self.decision.intent)

    def longest(self) -> Spell | None:
        """What held it longest of what gave the reason."""
        spells = self.story.watch.spells if self.story.watch is not None else []
        ended = self.decision.decided
        last = [spell for spell in spells if (spell.blocker, self.decision.reason) in GIVES]
        return max(last, key=lambda spell: (spell.until or ended) - spell.since, default=None)

    def was_waiting(self) -> bool:
        return self.story.watch is not None and bool(self.story.watch.spells)


GIVES: Final = frozenset(
    {
        ("airtime", "airtime_spent"),
        ("no_opportunity", "no_opportunity"),
        ("script_ahead", "expired"),
        ("in_flight", "expired"),
    }
)
"""Blocker and the reason that it gives, where advice looks at the blocker."""


def advice(story: Story, places: Places) -> list[Say]:
    """What would have changed it, or what to do now; at least one sentence."""
    decision = story.decision
    if story.state in ("unread", "set_aside"):
        return [say(f"advice.{story.state}")]
    if decision is None:
        deadline = _deadline(story)
        return [say("advice.waiting", deadline=clock(deadline))] if deadline is not None else []
    return ADVICE[decision.reason](Case(story, decision, places))


def _deadline(story: Story) -> int | None:
    entry = story.watch.entry if story.watch is not None else None
    if entry is None or entry.understanding is None or story.pool is None:
        return None
    intent = story.pool.intents.get(entry.understanding.intent or "")
    return min(entry.sent, entry.logged) + (intent.answer_within_ms if intent is not None else ANSWER_WITHIN_MS)


def what(intent: str | None, product: str | None) -> str:
    """A demand, as both languages write it."""
    name = f"`{intent}`" if intent else "?"
    return f"{name} × `{product}`" if product else name


# ---- reasons ---------------------------------------------------------------------------------------------------------


def _fixed(key: str) -> Callable[[Case], list[Say]]:
    """The same sentence, whatever the case."""
    return lambda _: [say(f"advice.{key}")]


def _room(key: str) -> Callable[[Case], list[Say]]:
    return lambda case: [say(f"advice.{key}", room=case.decision.room)]


def _file(key: str) -> Callable[[Case], list[Say]]:
    return lambda case: [say(f"advice.{key}", file=case.file)]


def _shadowed(case: Case) -> list[Say]:
    decision = case.decision
    if decision.reply is None:
        return [say("advice.shadowed", room=decision.room)]
    return [say("advice.shadowed.reply", room=decision.room, reply=decision.reply)]


def _low_confidence(case: Case) -> list[Say]:
    decision = case.decision
    if decision.intent is None:
        return [say("advice.low_confidence.none", file=case.file)]
    key = "advice.low_confidence.solo" if case.was_waiting() else "advice.low_confidence"
    return [say(key, intent=decision.intent, file=case.file, shop_file="shop.yaml")]


def _ambiguous(case: Case) -> list[Say]:
    decision = case.decision
    if decision.intent is None or decision.runner_up is None:
        return _low_confidence(case)
    return [say("advice.ambiguous", intent=decision.intent, other=decision.runner_up, file=case.file)]


def _no_product(case: Case) -> list[Say]:
    return [say("advice.no_product", catalogue="catalogue.yaml", intent=case.decision.intent or "?", file=case.file)]


def _not_sold(case: Case) -> list[Say]:
    decision = case.decision
    if decision.product is not None:
        return [
            say("advice.not_sold.product", product=decision.product, catalogue=case.places.product(decision.product))
        ]
    return [say("advice.not_sold", wanted=decision.wanted or "?", catalogue="catalogue.yaml")]


def _no_reply(case: Case) -> list[Say]:
    decision = case.decision
    key = "advice.no_reply.language" if decision.language_missing else "advice.no_reply"
    return [say(key, what=what(decision.intent, decision.product), file=case.file)]


def _fact(key: str) -> Callable[[Case], list[Say]]:
    def told(case: Case) -> list[Say]:
        decision, pool = case.decision, case.story.pool
        wanted = decision.wanted or "?"
        own = decision.product is None or (pool is not None and wanted in pool.facts and not _has(case, wanted))
        product: str | Localised = {"zh": "本店", "en": "the shop"} if own else f"`{decision.product}`"
        values: dict[str, str | Mapping[str, str]] = {
            "wanted": wanted, "product": product,
            "catalogue": case.places.product(None if own else decision.product),
        }  # fmt: skip
        if key != "fact_out_of_bounds":
            values |= {"shop": decision.shop, "target": "-" if own else decision.product or "-"}
        return [Say(f"advice.{key}", values)]

    return told


def _has(case: Case, fact: str) -> bool:
    pool, product = case.story.pool, case.decision.product
    return (
        pool is not None and product is not None and product in pool.products and fact in pool.products[product].facts
    )


def _guard_blocked(case: Case) -> list[Say]:
    return [say("advice.guard_blocked", reply=case.decision.wanted or "?", file=case.file, guard="guard.yaml")]


def _within(case: Case) -> str:
    return seconds(case.intent.answer_within_ms if case.intent is not None else ANSWER_WITHIN_MS)


def _recently_answered(case: Case) -> list[Say]:
    decision, watch = case.decision, case.story.watch
    cooldown = seconds(case.intent.cooldown_ms) if case.intent is not None else "?"
    until = watch.arrival.get("cooldown", 0) if watch is not None else 0
    if watch is not None and not until:
        until = max((int(s.detail.values["until"]) for s in watch.spells if s.blocker == "cooling"), default=0)
    values = {"intent": decision.intent or "?", "cooldown": cooldown, "within": _within(case), "file": case.file}
    if not until:
        return [Say("advice.recently_answered", values)]
    times = {"until": clock(int(until)), "deadline": clock(decision.deadline)}
    return [Say("advice.recently_answered.until", values | times)]


def _airtime_spent(case: Case) -> list[Say]:
    limits = case.limits
    return [
        say(
            "advice.airtime_spent", share=percent(limits.airtime_share), shop_file="shop.yaml",
            budget=seconds(limits.airtime_share * limits.airtime_window_ms), window=seconds(limits.airtime_window_ms),
        )
    ]  # fmt: skip


def _outvalued(case: Case) -> list[Say]:
    priority = case.intent.priority if case.intent is not None else "?"
    return [
        say(
            "advice.outvalued", intent=case.decision.intent or "?", priority=priority, within=_within(case), file=case.file
        )
    ]  # fmt: skip


def _no_opportunity(case: Case) -> list[Say]:
    spell, name = case.longest(), case.decision.intent or "?"
    kind = spell.detail.kind if spell is not None else ""
    if kind in ("heard", "memory"):
        replies = case.intent.replies if case.intent is not None else ()
        memory = next((each.memory_ms for each in replies if spell and each.id == spell.detail.values["reply"]), 0)
        return [say("advice.no_opportunity.heard", memory=seconds(memory), file=case.file)]
    if kind == "pause":
        pause = seconds(case.limits.minimum_pause_ms)
        return [say("advice.no_opportunity.pause", pause=pause, shop_file="shop.yaml")]
    if kind == "segment":
        return [say("advice.no_opportunity.segment", intent=name, file=case.file)]
    if kind == "off_screen":
        return [say("advice.no_opportunity.off_screen", file=case.file)]
    return [say("advice.no_opportunity", scripts="scripts/", intent=name, within=_within(case), file=case.file)]


def _expired(case: Case) -> list[Say]:
    decision, spell = case.decision, case.longest()
    if not case.was_waiting() and decision.insertion is None:
        return [say("advice.expired.late", within=_within(case))]
    name = decision.intent or "?"
    if spell is not None and spell.blocker == "script_ahead":
        return [say("advice.expired.script", intent=name, scripts="scripts/", within=_within(case), file=case.file)]
    return [say("advice.expired", intent=name, within=_within(case), file=case.file)]


def _shed(case: Case) -> list[Say]:
    if case.decision.intent is None:
        return [say("advice.shed.unread")]
    priority = case.intent.priority if case.intent is not None else "?"
    return [
        say(
            "advice.shed", demands=case.limits.max_demands, shop_file="shop.yaml", intent=case.decision.intent,
            priority=priority, file=case.file,
        )
    ]  # fmt: skip


def _viewer_limit(case: Case) -> list[Say]:
    return [say("advice.viewer_limit", limit=case.limits.viewer_questions_per_minute, shop_file="shop.yaml")]


def _handed_off(case: Case) -> list[Say]:
    cause = case.story.handoff.cause if case.story.handoff is not None else "owner"
    if cause == "repeated":
        return [say("advice.handed_off.repeated", repeats=case.limits.handoff_repeats, shop_file="shop.yaml")]
    name = case.decision.intent or "?"
    if cause == "stakes":
        confidence = f"{case.limits.high_stakes_confidence:.2f}"
        return [
            say("advice.handed_off.stakes", confidence=confidence, intent=name, file=case.file, shop_file="shop.yaml")
        ]
    return [say("advice.handed_off", intent=name, file=case.file)]


def _chat_spent(case: Case) -> list[Say]:
    limits = case.limits
    return [
        say(
            "advice.chat_spent", room_posts=limits.room_posts_per_minute, platform_posts=limits.platform_posts_per_minute,
            shop_file="shop.yaml", file=case.file,
        )
    ]  # fmt: skip


def _not_approved(case: Case) -> list[Say]:
    return [say("advice.not_approved", file=case.file, room=case.decision.room)]


ADVICE: Final[Mapping[Reason, Callable[[Case], list[Say]]]] = {
    "answered": _fixed("none"),
    "shadowed": _shadowed,
    "chatter": _file("chatter"),
    "abuse": _file("abuse"),
    "unknown_intent": _file("unknown_intent"),
    "low_confidence": _low_confidence,
    "ambiguous": _ambiguous,
    "unsupported_language": lambda _: [say("advice.unsupported_language", shop_file="shop.yaml")],
    "no_product": _no_product,
    "not_sold": _not_sold,
    "no_reply": _no_reply,
    "fact_missing": _fact("fact_missing"),
    "fact_expired": _fact("fact_expired"),
    "fact_out_of_bounds": _fact("fact_out_of_bounds"),
    "guard_blocked": _guard_blocked,
    "recently_answered": _recently_answered,
    "airtime_spent": _airtime_spent,
    "outvalued": _outvalued,
    "no_opportunity": _no_opportunity,
    "expired": _expired,
    "shed": _shed,
    "viewer_limit": _viewer_limit,
    "paused": _room("paused"),
    "taken_over": _fixed("taken_over"),
    "killed": _room("killed"),
    "room_closed": _fixed("room_closed"),
    "not_approved": _not_approved,
    "refused": _file("refused"),
    "handed_off": _handed_off,
    "player_failed": _fixed("player_failed"),
    "player_lost": _fixed("player_lost"),
    "chat_spent": _chat_spent,
    "chat_failed": _fixed("chat_failed"),
}
"""Every reason."""
