"""Merged files → the frozen pool. Maps stand in sorted order, so that every machine iterates alike."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, replace

from engine.pool.currencies import CURRENCIES
from engine.pool.encoding import pool_hash
from engine.pool.files import CatalogueFile, FactEntry, ProductEntry, ScriptFile, ShopFile, TrustEntry
from engine.pool.merge import MergedIntent, MergedReply
from engine.pool.model import (
    CORRECTION,
    Fact,
    Formats,
    Guard,
    Intent,
    Limits,
    Pool,
    Product,
    Reply,
    ScriptPlan,
    Segment,
    Sentence,
    TrainingLine,
    TrainingSet,
    Trust,
)
from engine.pool.speech import placeholders


def compile_pool(
    shop: ShopFile,
    catalogue: CatalogueFile,
    guard: Guard,
    scripts: Iterable[ScriptPlan],
    intents: Mapping[str, MergedIntent],
    training: TrainingSet,
) -> Pool:
    """The pool, still without words beside questions, model and hash: `named` gives it the last two."""
    return Pool(
        hash="",
        shop=shop.shop.id,
        name=shop.shop.name,
        languages=tuple(dict.fromkeys(shop.shop.languages)),
        default_language=shop.shop.default_language,
        intents={key: _intent(intents[key], shop) for key in sorted(intents)},
        products={
            key: Product(
                id=key,
                name=product.name,
                aliases=tuple(dict.fromkeys(product.aliases)),
                link=product.link,
                facts=_facts(product.facts),
                on_sale=product.on_sale,
                corrections=_corrections(product),
            )
            for key, product in sorted(catalogue.products.items())
        },
        facts=_facts(catalogue.facts),
        not_sold=tuple(dict.fromkeys(catalogue.not_sold)),
        guard=guard,
        limits=_limits(shop),
        scripts={plan.id: plan for plan in sorted(scripts, key=lambda plan: plan.id)},
        training=training,
        model="",
        formats=Formats(dict(sorted(shop.formats.money.items())), shop.formats.numerals),
    )


def named(pool: Pool, model: str) -> Pool:
    """The pool with the model that belongs to it, and its content hash."""
    with_model = replace(pool, model=model)
    return replace(with_model, hash=pool_hash(with_model))


def training_set(
    intents: Mapping[str, MergedIntent],
    others: Iterable[TrainingLine],
    own_others: Sequence[TrainingLine],
    spellings: Mapping[str, str],
    entry: TrustEntry,
) -> TrainingSet:
    """All lines in sorted order, whatever files they came from. The hash covers what a model learns from: no tests.

    `others`: background, and questions of no intent.
    """

    def lines(name: str) -> tuple[TrainingLine, ...]:
        return _sorted(TrainingLine(line, key) for key, merged in intents.items() for line in merged.lines[name])

    examples = _sorted((*lines("examples"), *dict.fromkeys((*others, *own_others))))
    negatives = lines("negatives")
    own = _sorted(
        (
            *(TrainingLine(line, key) for key, merged in intents.items() for line in merged.own.get("examples", ())),
            *dict.fromkeys(own_others),
        )
    )
    pairs = tuple(sorted(spellings.items()))
    trust = Trust(
        risk=entry.wrong_answers / 100,
        solo_risk=entry.wrong_answers_solo / 100,
        idle=round(1 - (entry.comments_listed + entry.comments_unlisted) / 100, 6),
        listed=entry.comments_listed / 100,
        unlisted=entry.comments_unlisted / 100,
    )
    content = [[[[line.text, line.intent] for line in part] for part in (examples, negatives)], pairs, astuple(trust)]
    digest = hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()[:32]
    return TrainingSet(
        hash=digest, lines=examples, negatives=negatives, spellings=pairs, trust=trust, tests=lines("tests"), own=own
    )


def _sorted(lines: Iterable[TrainingLine]) -> tuple[TrainingLine, ...]:
    return tuple(sorted(lines, key=lambda line: (line.intent or "", line.text)))


def _intent(merged: MergedIntent, shop: ShopFile) -> Intent:
    entry = merged.entry
    given = {
        "kind": entry.kind,
        "owner": entry.owner,
        "stakes": entry.stakes,
        "needs_product": entry.needs_product,
        "priority": entry.priority,
        "answer_within_ms": entry.answer_within,
        "cooldown_ms": entry.cooldown,
        "insert": entry.insert,
    }
    intent = Intent(
        id=merged.id,
        title=entry.title or {"zh": merged.id, "en": merged.id},
        keywords=entry.keywords,
    )
    intent = _with(intent, given)
    replies = tuple(_reply(reply, intent, shop) for reply in merged.replies.values())
    return replace(intent, replies=replies)


def _with(intent: Intent, given: Mapping[str, object]) -> Intent:
    written: dict[str, object] = {name: value for name, value in given.items() if value is not None}
    change: Callable[..., Intent] = replace
    return change(intent, **written)


def _reply(merged: MergedReply, intent: Intent, shop: ShopFile) -> Reply:
    entry = merged.entry
    text = entry.text or ""
    return Reply(
        id=entry.id,
        intent=intent.id,
        text=text,
        lang=entry.lang or shop.shop.default_language,
        needs_product=intent.needs_product if entry.needs_product is None else entry.needs_product,
        placeholders=placeholders(text),
        products=tuple(dict.fromkeys(entry.products or ())),
        on_screen_only=bool(entry.on_screen_only),
        may_interrupt=bool(entry.may_interrupt),
        approval=entry.approval or "inherit",
        seconds=entry.seconds,
        memory_ms=shop.limits.memory if entry.memory is None else entry.memory,
        channel=entry.channel or "voice",
    )


def _facts(entries: Mapping[str, FactEntry]) -> dict[str, Fact]:
    return {
        key: Fact(
            name=key,
            value=entry.value,
            currency=entry.unit if entry.unit in CURRENCIES else None,
            start=entry.start,
            until=entry.until,
            floor=entry.floor,
            ceiling=entry.ceiling,
            measure=entry.unit if entry.unit not in CURRENCIES else None,
            spoken=entry.spoken or {},
            source=entry.source,
        )
        for key, entry in sorted(entries.items())
    }


def _corrections(entry: ProductEntry) -> tuple[Reply, ...]:
    """What is said after a price of the product was stopped, as replies of no intent of the pool."""
    return tuple(
        Reply(
            id=f"correction-{lang}",
            intent=CORRECTION,
            text=text,
            lang="en" if lang == "en" else "zh",
            needs_product=True,
            placeholders=placeholders(text),
        )
        for lang, text in sorted((entry.correction or {}).items())
    )


def _limits(shop: ShopFile) -> Limits:
    limits = shop.limits
    return Limits(
        airtime_share=limits.airtime_share,
        airtime_window_ms=limits.airtime_window,
        minimum_pause_ms=limits.minimum_pause,
        stream_delay_ms=limits.stream_delay,
        memory_ms=limits.memory,
        viewer_questions_per_minute=limits.viewer_questions_per_minute,
        max_demands=limits.max_demands,
        proposals=limits.proposals,
        room_posts_per_minute=limits.room_posts_per_minute,
        platform_posts_per_minute=limits.platform_posts_per_minute,
        viewer_posts_per_minute=limits.viewer_posts_per_minute,
        post_cooldown_ms=limits.post_cooldown,
        handoff_repeats=limits.handoff_repeats,
        high_stakes_confidence=limits.high_stakes_confidence,
    )


def script_plan(file: ScriptFile) -> ScriptPlan:
    script = file.script
    return ScriptPlan(
        id=script.id,
        language=script.language,
        loop=script.loop,
        segments=tuple(
            Segment(
                segment.id,
                segment.product,
                tuple(
                    Sentence(s.id, s.text, s.seconds, tuple(dict.fromkeys(s.answers)), s.hold)
                    for s in segment.sentences
                ),
            )
            for segment in script.segments
        ),
    )
