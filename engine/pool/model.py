"""The compiled pool: all that a shop knows and may say, immutable, named by the hash of its content.

Plain frozen dataclasses (pydantic validates the editors' files in `files.py` and the bytes of the `pools` topic); durations in ms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from engine.events.fields import Language

IntentKind = Literal["question", "chatter", "abuse"]
InsertAt = Literal["sentence", "segment", "now"]
ApprovalRule = Literal["inherit", "ask", "standing"]
ReplyChannel = Literal["voice", "chat", "both"]
"""voice: spoken. chat: posted as text into the platform's chat. both: spoken and then posted, or posted alone."""
Stakes = Literal["usual", "high"]
"""high: much depends on the answer, so that below a stricter confidence people give it."""
Localised = Mapping[str, str]
"""Text by language ("zh", "en")."""


CORRECTION: Final = "correction"
DISCLOSURE: Final = "disclosure"
"""Stand for the intent of what the room says by itself; ids of intents hold a dot, so that none is called so."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One approved text. `text` still holds its `{placeholders}`; `placeholders` lists them in order of appearance."""

    id: str
    intent: str
    text: str
    lang: Language
    needs_product: bool
    placeholders: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    """Only for these products; empty: for any."""
    on_screen_only: bool = False
    may_interrupt: bool = False
    """With an intent of `insert: now`: it may cut a sentence of the script short."""
    approval: ApprovalRule = "inherit"
    seconds: float | None = None
    """Spoken length as the editor measured it; None: estimated from the filled text."""
    memory_ms: int = 600_000
    channel: ReplyChannel = "voice"


@dataclass(frozen=True, slots=True)
class Intent:
    """What a viewer may want. Lines for training stand in the training set (`Pool.training`), not here."""

    id: str
    title: Localised
    kind: IntentKind = "question"
    owner: Literal["engine", "people"] = "engine"
    stakes: Stakes = "usual"
    needs_product: bool = False
    priority: int = 50
    answer_within_ms: int = 45_000
    cooldown_ms: int = 90_000
    insert: InsertAt = "sentence"
    keywords: tuple[str, ...] = ()
    replies: tuple[Reply, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """A catalogue fact. `value`: a number, or text by language. Money facts have a `currency`.

    It holds from `start` until before `until` (ms; None: open)."""

    name: str
    value: int | float | Localised
    currency: str | None = None
    start: int | None = None
    until: int | None = None
    floor: float | None = None
    ceiling: float | None = None
    measure: str | None = None
    """What it counts or is, where that is no money: kg, percent, date, time, phone …"""
    spoken: Localised = field(default_factory=dict)
    """How this very value is said, as the editor wrote it; else by rule."""
    source: str = ""
    """Where the value comes from: kept with what was aired."""

    @property
    def unit(self) -> str | None:
        """The currency, or the measure."""
        return self.currency or self.measure


@dataclass(frozen=True, slots=True)
class Product:
    id: str
    name: Localised
    aliases: tuple[str, ...] = ()
    link: int | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict)
    on_sale: bool = True
    corrections: tuple[Reply, ...] = ()
    """Said first after a price of it was stopped, one for each language."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the shop's own script; `text` still holds its placeholders."""

    id: str
    text: str
    seconds: float
    answers: tuple[str, ...] = ()
    hold: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    id: str
    product: str | None
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class ScriptPlan:
    id: str
    language: Language
    loop: bool
    segments: tuple[Segment, ...]


MoneyStyle = Literal["word", "sign", "exact"]
"""129元 or 129 yuan; ¥129; ¥129.00."""


@dataclass(frozen=True, slots=True)
class Formats:
    """How facts are written and said."""

    money: Mapping[str, MoneyStyle] = field(default_factory=dict)
    """By language; else `word` in Chinese, `sign` in English."""
    numerals: Literal["digits", "words"] = "digits"
    """How numbers are said in Chinese: 129, or 一百二十九."""


@dataclass(frozen=True, slots=True)
class ListedTerm:
    """A term that a list bars. `allow`: longer texts in which it means something else."""

    term: str
    list: str
    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Guard:
    banned: tuple[str, ...] = ()
    """The shop's own terms."""
    disclosure: Localised = field(default_factory=dict)
    disclosure_every_ms: int = 600_000
    listed: tuple[ListedTerm, ...] = ()
    """Terms of the lists in force, but for those that the shop exempts."""


@dataclass(frozen=True, slots=True)
class Limits:
    """A shop's limits; they live in the pool, so that replays use the ones that were in force."""

    airtime_share: float = 0.25
    airtime_window_ms: int = 300_000
    minimum_pause_ms: int = 3_000
    stream_delay_ms: int = 5_000
    memory_ms: int = 600_000
    viewer_questions_per_minute: int = 5
    max_demands: int = 200
    proposals: int = 5
    room_posts_per_minute: int = 20
    """Chat replies of a room within a minute, over all platforms; 0: none at all."""
    platform_posts_per_minute: int = 10
    viewer_posts_per_minute: int = 2
    """Chat replies that answer one viewer."""
    post_cooldown_ms: int = 30_000
    """The same thing is not posted again on a platform within."""
    handoff_repeats: int = 3
    """Who asks the same thing so often without an answer is passed to people; 0: nobody is."""
    high_stakes_confidence: float = 0.9
    """Below it people answer what has high stakes."""


UNLISTED: Final = "?"
"""Stands for the intent of a question that is known to belong to none."""


@dataclass(frozen=True, slots=True)
class TrainingLine:
    """`intent` None: background, nothing is asked; `UNLISTED`: something is asked that no intent covers."""

    text: str
    intent: str | None


@dataclass(frozen=True, slots=True)
class Trust:
    """How sure the classifier has to be, and what comes in a live room; shares from 0 to 1."""

    risk: float = 0.03
    """Share of all answers that may be wrong."""
    solo_risk: float = 0.02
    """The same of answers for one viewer alone, whom nobody's question confirms."""
    idle: float = 0.93
    """Comments that ask nothing."""
    listed: float = 0.05
    """Comments that ask what an intent covers."""
    unlisted: float = 0.02
    """Comments that ask something else."""


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What a model is trained from. `hash` names it: the same lines give the same model."""

    hash: str
    lines: tuple[TrainingLine, ...]
    negatives: tuple[TrainingLine, ...] = ()
    """`not:` lines: text that must not be understood as `intent`."""
    tests: tuple[TrainingLine, ...] = ()
    """Lines that must be understood as `intent`; never trained on."""
    own: tuple[TrainingLine, ...] = ()
    """The shop's own examples: they act at once through the near-example layer, before a model is trained with them."""
    spellings: tuple[tuple[str, str], ...] = ()
    """(as some write it, as it is meant), sorted."""
    trust: Trust = field(default_factory=Trust)


@dataclass(frozen=True, slots=True)
class Courtesies:
    """Words beside a question that are no part of it; sorted. A blank at the question's side has to stand there."""

    before: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    asides: tuple[str, ...] = ()
    """Who is spoken to (主播), what is pointed at (这个), particles (呢): on either side. They may say something, too."""


@dataclass(frozen=True, slots=True)
class Pool:
    """All intents and approved replies of a shop at one version."""

    hash: str
    shop: str
    name: Localised
    languages: tuple[Language, ...]
    default_language: Language
    intents: Mapping[str, Intent]
    products: Mapping[str, Product]
    facts: Mapping[str, Fact]
    """The shop's own facts, for every product."""
    not_sold: tuple[str, ...]
    guard: Guard
    limits: Limits
    scripts: Mapping[str, ScriptPlan]
    training: TrainingSet
    model: str
    """Hash of the model that belongs to it."""
    formats: Formats = field(default_factory=Formats)
    courtesies: Courtesies = field(default_factory=Courtesies)
    withdrawals: tuple[str, ...] = ()
    """Words that take a question back, or tell whose it was, sorted: of a comment with one of them no part is answered by itself."""
