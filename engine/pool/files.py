"""The files that editors write, as typed models. An optional field that is None was not written: merging needs the difference."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.events.fields import Language
from engine.pool.model import ApprovalRule, InsertAt, IntentKind, MoneyStyle, ReplyChannel, Stakes
from engine.pool.scalars import (
    FactName,
    FactValue,
    Flag,
    Id,
    IntentId,
    Line,
    Localised,
    LocalTemplate,
    LocalTerm,
    Moment,
    ProductId,
    RuleText,
    Template,
    Term,
    Unit,
    choice,
    duration,
    number,
    number_or_off,
)

LanguageName = Annotated[Language, choice("zh", "en")]
Seconds = Annotated[float, number(0.3, 120)]
Repeats = number_or_off(2, 10)
Lines = Annotated[tuple[Line, ...], Field(max_length=5_000)]


class FileModel(BaseModel):
    """Base: unknown keys are errors; `from` and `not` are written as such."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# ---- intents/*.yaml ----------------------------------------------------------------------------------------------------


class ReplyEntry(FileModel):
    id: Id
    text: Template | None = None
    lang: LanguageName | None = None
    needs_product: Flag | None = None
    products: Annotated[tuple[ProductId, ...], Field(min_length=1, max_length=2_000)] | None = None
    on_screen_only: Flag | None = None
    may_interrupt: Flag | None = None
    approval: Annotated[ApprovalRule, choice("inherit", "ask", "standing")] | None = None
    seconds: Seconds | None = None
    memory: Annotated[int, duration("0s", "24h")] | None = None
    channel: Annotated[ReplyChannel, choice("voice", "chat", "both")] | None = None


class IntentEntry(FileModel):
    title: LocalTerm | None = None
    needs_product: Flag | None = None
    kind: Annotated[IntentKind, choice("question", "chatter", "abuse")] | None = None
    owner: Annotated[Literal["engine", "people"], choice("engine", "people")] | None = None
    stakes: Annotated[Stakes, choice("usual", "high")] | None = None
    examples: Lines = ()
    keywords: Annotated[tuple[RuleText, ...], Field(max_length=200)] = ()
    negatives: Lines = Field(default=(), alias="not")
    tests: Lines = ()
    priority: Annotated[int, number(1, 100, whole=True)] | None = None
    answer_within: Annotated[int, duration("5s", "10m")] | None = None
    cooldown: Annotated[int, duration("0s", "1h")] | None = None
    insert: Annotated[InsertAt, choice("sentence", "segment", "now")] | None = None
    replies: Annotated[tuple[ReplyEntry, ...], Field(max_length=500)] = ()


class IntentsFile(FileModel):
    intents: Annotated[dict[IntentId, IntentEntry], Field(max_length=500)]


# ---- shop.yaml ---------------------------------------------------------------------------------------------------------


class ShopEntry(FileModel):
    id: Id
    name: LocalTerm
    languages: Annotated[tuple[LanguageName, ...], Field(min_length=1)]
    default_language: LanguageName


class LimitsEntry(FileModel):
    airtime_share: Annotated[float, number(0.01, 0.9)] = 0.25
    airtime_window: Annotated[int, duration("10s", "1h")] = 300_000
    minimum_pause: Annotated[int, duration("0s", "5m")] = 3_000
    stream_delay: Annotated[int, duration("0s", "60s")] = 5_000
    memory: Annotated[int, duration("0s", "24h")] = 600_000
    viewer_questions_per_minute: Annotated[int, number(1, 600, whole=True)] = 5
    max_demands: Annotated[int, number(1, 200, whole=True)] = 200
    proposals: Annotated[int, number(1, 20, whole=True)] = 5
    room_posts_per_minute: Annotated[int, number(0, 30, whole=True)] = 20
    platform_posts_per_minute: Annotated[int, number(1, 30, whole=True)] = 10
    viewer_posts_per_minute: Annotated[int, number(1, 5, whole=True)] = 2
    post_cooldown: Annotated[int, duration("0s", "2m")] = 30_000
    handoff_repeats: Annotated[int, Repeats] = 3
    high_stakes_confidence: Annotated[float, number(0.5, 1)] = 0.9


class TrustEntry(FileModel):
    wrong_answers: Annotated[float, number(0.5, 20)] = 3.0
    wrong_answers_solo: Annotated[float, number(0.5, 20)] = 2.0
    comments_listed: Annotated[float, number(0.1, 60)] = 5.0
    comments_unlisted: Annotated[float, number(0.1, 30)] = 2.0


class FormatsEntry(FileModel):
    money: Annotated[
        dict[LanguageName, Annotated[MoneyStyle, choice("word", "sign", "exact")]], Field(max_length=2)
    ] = {}
    numerals: Annotated[Literal["digits", "words"], choice("digits", "words")] = "digits"


class ShopFile(FileModel):
    shop: ShopEntry
    formats: FormatsEntry = FormatsEntry()
    limits: LimitsEntry = LimitsEntry()
    understanding: TrustEntry = TrustEntry()


# ---- catalogue.yaml ----------------------------------------------------------------------------------------------------


class FactEntry(FileModel):
    value: FactValue
    unit: Unit | None = None
    spoken: Localised | None = None
    source: Line = ""
    start: Moment | None = Field(default=None, alias="from")
    until: Moment | None = None
    floor: Annotated[float, number(0, 1e9)] | None = None
    ceiling: Annotated[float, number(0, 1e9)] | None = None


class ProductEntry(FileModel):
    name: LocalTerm
    aliases: Annotated[tuple[Term, ...], Field(max_length=200)] = ()
    link: Annotated[int, number(1, 9_999, whole=True)] | None = None
    on_sale: Flag = True
    correction: LocalTemplate | None = None
    facts: Annotated[dict[FactName, FactEntry], Field(max_length=200)] = {}


class CatalogueFile(FileModel):
    facts: Annotated[dict[FactName, FactEntry], Field(max_length=200)] = {}
    products: Annotated[dict[ProductId, ProductEntry], Field(max_length=2_000)] = {}
    not_sold: Annotated[tuple[Term, ...], Field(max_length=2_000)] = ()


# ---- guard.yaml, intents/guard/*.yaml ----------------------------------------------------------------------------------


class DisclosureEntry(FileModel):
    text: Localised
    every: Annotated[int, duration("1m", "1h")] = 600_000


class ExemptionEntry(FileModel):
    """`term` or `list`; `within`: only inside these texts."""

    term: Term | None = None
    list: Id | None = None
    within: Annotated[tuple[Term, ...], Field(min_length=1, max_length=100)] | None = Field(default=None, alias="in")
    reason: Line


class GuardFile(FileModel):
    banned: Annotated[tuple[Term, ...], Field(max_length=5_000)] = ()
    exempt: Annotated[tuple[ExemptionEntry, ...], Field(max_length=500)] = ()
    disclosure: DisclosureEntry | None = None


class TermList(FileModel):
    id: Id
    title: LocalTerm
    terms: Annotated[tuple[Term, ...], Field(min_length=1, max_length=2_000)]
    allow: Annotated[
        dict[Term, Annotated[tuple[Term, ...], Field(min_length=1, max_length=200)]], Field(max_length=500)
    ] = {}


class TermListFile(FileModel):
    list: TermList


# ---- scripts/*.yaml ----------------------------------------------------------------------------------------------------


class SentenceEntry(FileModel):
    id: Id
    text: Template
    seconds: Seconds
    answers: Annotated[tuple[IntentId, ...], Field(max_length=16)] = ()
    hold: Flag = False


class SegmentEntry(FileModel):
    id: Id
    product: ProductId | None = None
    sentences: Annotated[tuple[SentenceEntry, ...], Field(min_length=1, max_length=500)]


class ScriptEntry(FileModel):
    id: Id
    language: LanguageName
    loop: Flag = True
    segments: Annotated[tuple[SegmentEntry, ...], Field(min_length=1, max_length=200)]


class ScriptFile(FileModel):
    script: ScriptEntry
