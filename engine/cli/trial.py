"""One comment, tried on the real room core: a room in shadow, a player that shows a product, and what becomes of the comment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.cli.shop import OpenShop
from engine.events.fields import Language
from engine.events.inputs import Cursor, Playback, PlayerSeen, RoomOpened, Script, ScriptSegment, ScriptSentence
from engine.events.journal import AnyEntry, CommentEntry, LeaseEntry, PoolEntry, RoomEntry
from engine.events.outputs import Decision, Reason
from engine.events.understanding import Understanding
from engine.pool.model import Intent, ReplyChannel
from engine.room.rooms import Rooms
from engine.room.shop import Shop, Unusable

ROOM: Final = "trial"
ON_SCREEN_S: Final = 60  # for how long the product is on screen before the comment; longer than any stream delay
SENTENCE_S: Final = 120  # of the one sentence that shows it, so that it is still running

CHECKS: Final[tuple[tuple[str, tuple[Reason, ...]], ...]] = (
    ("not older than its deadline", ("expired",)),
    ("something is asked, politely", ("abuse", "chatter")),
    (
        "understood: language, intent, confidence",
        ("unsupported_language", "unknown_intent", "low_confidence", "ambiguous"),
    ),
    ("the viewer does not flood", ("viewer_limit",)),
    ("the engine answers it, not a person", ("handed_off",)),
    ("the product is clear, and on sale", ("no_product", "not_sold")),
    (
        "a reply can be said, with its facts",
        ("no_reply", "fact_missing", "fact_expired", "fact_out_of_bounds", "guard_blocked"),
    ),
    ("not answered just before", ("recently_answered",)),
    ("the room has space for it", ("shed",)),
)
"""The checks on arrival, in order, with the reasons that each may give (identity is left out: one comment repeats nothing)."""


@dataclass(frozen=True, slots=True)
class Check:
    """`passed` None: not reached."""

    name: str
    passed: bool | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An approved reply of the intent: the text as it would be said (or posted) now, or why it cannot be."""

    reply: str
    language: Language
    channel: ReplyChannel
    text: str | None
    seconds: float | None
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Trial:
    """What would become of a comment at this moment."""

    understanding: Understanding
    reason: Reason
    product: str | None
    wanted: str | None
    language_missing: bool
    said: Candidate | None
    """The reply that would be said; None where none would."""
    candidates: tuple[Candidate, ...]
    checks: tuple[Check, ...]


def try_comment(opened: OpenShop, text: str, *, product: str | None, language: Language | None, now: int) -> Trial:
    """`product`: what is on screen (None: no script runs). `language`: of the room (None: the shop's). `now` in UTC ms."""
    pool = opened.pool
    understanding = opened.understander.understand([text])[0]
    rooms = Rooms({pool.hash: pool}.__getitem__)
    entries: list[AnyEntry] = [
        LeaseEntry(lease=1, partitions=1),
        PoolEntry(shop=pool.shop, pool=pool.hash, generation=1, offset=0),
        RoomEntry(RoomOpened(room=ROOM, id="open", at=now, shop=pool.shop, language=language), pool.shop),
    ]
    if product is not None:
        entries += [RoomEntry(event, pool.shop) for event in _on_screen(product, now - 1_000 * ON_SCREEN_S)]
    for seq, entry in enumerate(entries):
        rooms.handle(seq, now - 1_000 * ON_SCREEN_S, entry)
    comment = CommentEntry(
        room=ROOM, source="say", id="comment", viewer="viewer", text=text, sent=now, logged=now, shop=pool.shop,
        understanding=understanding, model=pool.model,
    )  # fmt: skip
    rooms.handle(len(entries), now, comment)
    decision = next(record for record in rooms.take().records if isinstance(record, Decision))
    shop = Shop(pool.shop, pool)
    intent = pool.intents.get(understanding.intent or "") if understanding.outcome == "accepted" else None
    candidates = _candidates(shop, intent, decision.product, now) if intent is not None else ()
    said = next((candidate for candidate in candidates if candidate.reply == decision.reply), None)
    return Trial(
        understanding, decision.reason, decision.product, decision.wanted, decision.language_missing, said, candidates,
        _checks(decision.reason),
    )  # fmt: skip


def _on_screen(product: str, since: int) -> tuple[PlayerSeen, Script, Playback]:
    """A player that has been talking about the product since then."""
    sentence = ScriptSentence(id="showing", text=product, seconds=SENTENCE_S)
    segment = ScriptSegment(id="showing", product=product, sentences=(sentence,))
    cursor = Cursor(version="trial", lap=0, segment="showing", sentence="showing")
    return (
        PlayerSeen(room=ROOM, id="seen", at=since, session="trial", identified=True),
        Script(room=ROOM, id="script", at=since, session="trial", script="trial", version="trial", segments=(segment,)),
        Playback(room=ROOM, id="playback", at=since, session="trial", kind="sentence_started", cursor=cursor),
    )


def _candidates(shop: Shop, intent: Intent, product: str | None, now: int) -> tuple[Candidate, ...]:
    found = []
    for reply in intent.replies:
        if reply.needs_product and product is None:
            found.append(Candidate(reply.id, reply.lang, reply.channel, None, None, "no product is clear"))
        elif reply.products and product not in reply.products:
            found.append(
                Candidate(reply.id, reply.lang, reply.channel, None, None, f"only for {', '.join(reply.products)}")
            )
        elif isinstance(filled := shop.fill(reply, product, now), Unusable):
            trouble = f"{filled.trouble}: {filled.wanted}" if filled.wanted else filled.trouble
            if filled.trouble == "no_reply":
                trouble = f"speaks for the whole shop, and `{product}` has a value of its own"
            found.append(Candidate(reply.id, reply.lang, reply.channel, None, None, trouble))
        else:
            found.append(Candidate(reply.id, reply.lang, reply.channel, filled.text, filled.ms / 1_000, None))
    return tuple(found)


def _checks(reason: Reason) -> tuple[Check, ...]:
    checks: list[Check] = []
    passed: bool | None = True
    for name, reasons in CHECKS:
        passed = reason not in reasons if passed else None
        checks.append(Check(name, passed))
    return tuple(checks)
