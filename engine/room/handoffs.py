"""Questions pass to people: opened, joined by whoever asks the same, closed by an operator, or expired in sight of all."""

from __future__ import annotations

from typing import Final, Literal

from engine.events.fields import MAX_SHORT
from engine.events.handoffs import Cause, Handoff
from engine.events.inputs import HandoffState
from engine.events.journal import CommentEntry
from engine.events.outputs import Blocker, CommentRef, Reason
from engine.events.understanding import Understanding
from engine.pool.model import Intent
from engine.room.demands import Demand
from engine.room.effects import Effects
from engine.room.people import COMMENTS_CAP, VIEWERS_CAP, Open, Thing
from engine.room.room import Room

OPEN_MS: Final = (
    1_200_000  # the longest that a handoff stays open, however many join it: twice the longest `answer_within`
)

ENGINE: Final = "engine"  # who closed what a reply answered

UNANSWERED: Final[frozenset[Reason]] = frozenset(
    {
        "unknown_intent", "low_confidence", "ambiguous", "unsupported_language", "no_product", "not_sold", "no_reply",
        "fact_missing", "fact_expired", "fact_out_of_bounds", "guard_blocked",
    }
)  # fmt: skip
"""Reasons on arrival that leave a question without an answer; who is told so again and again is passed to people."""


def cause_of(room: Room, intent: Intent, found: Understanding) -> Cause | None:
    """Why people answer this at once; None where the engine may."""
    if intent.owner == "people":
        return "owner"
    if intent.stakes == "high" and found.confidence < room.limits.high_stakes_confidence:
        return "stakes"
    return None


def thing_of(intent: Intent | None, product: str | None, found: Understanding) -> Thing:
    """What is asked, as far as it is understood."""
    if found.outcome == "accepted" and intent is not None:
        return intent.id, product
    return "", found.key


UNPLANNED: Final[frozenset[Blocker]] = frozenset({"paused", "taken_over", "killed", "player_lost", "solo"})
"""Blockers of a demand that nothing foreseen will end; under any other its reply may be seconds away."""


def planned(demand: Demand | None, viewer: str) -> bool:
    """Whether this viewer's question waits for its reply already: asking again while it does is not another question."""
    return demand is not None and viewer in demand.viewers and demand.blocker not in UNPLANNED


def repeated(room: Room, viewer: str, thing: Thing, now: int) -> bool:
    """Whether this viewer has asked the same so often by now that a person is to answer. Counts this time."""
    limit = room.limits.handoff_repeats
    if not limit or room.mode == "shadow" or room.closed is not None or not any(thing):
        return False
    held = room.people.about(thing)
    if held is not None and viewer in held.viewers:
        return True
    return room.people.repeats.asked(viewer, thing, now) >= limit


def hand_off(
    room: Room,
    entry: CommentEntry,
    found: Understanding,
    thing: Thing,
    deadline: int,
    cause: Cause,
    fx: Effects,
) -> str | None:
    """Pass the comment to people; the id of the handoff that holds it. None: as many are open as a room holds."""
    people = room.people
    ref = CommentRef(source=entry.source, id=entry.id)
    held = people.about(thing)
    if held is not None:
        people.repeats.forget(entry.viewer, thing)
        _join(room, held, ref, entry.viewer, deadline, fx)
        return held.record.id
    record = Handoff(
        id=fx.new_id(room.name),
        room=room.name,
        shop=room.shop.id,
        intent=thing[0] or None,
        product=thing[1] if thing[0] else None,
        comments=(ref,),
        text=(found.masked or entry.text)[:MAX_SHORT],
        cause=cause,
        created=fx.now,
        answer_by=max(deadline, fx.now),
    )
    new = Open(record, thing, [entry.viewer])
    if not people.fits(new):
        return None
    people.repeats.forget(entry.viewer, thing)
    people.open[record.id] = new
    fx.records.append(record)
    return record.id


def _join(room: Room, held: Open, ref: CommentRef, viewer: str, deadline: int, fx: Effects) -> None:
    """One more asks the same. Told while the comment is named; later ones are only counted, and told with the end."""
    record = held.record
    bounded = min(max(record.answer_by, deadline), record.created + OPEN_MS)
    grown = Open(
        record.model_copy(
            update={"comments": (*record.comments, ref), "asked": record.asked + 1, "answer_by": bounded}
        ),
        held.thing,
        held.viewers if viewer in held.viewers else [*held.viewers, viewer],
    )
    fits = room.people.fits(grown, held)
    if len(grown.record.comments) <= COMMENTS_CAP and len(grown.viewers) <= VIEWERS_CAP and fits:
        held.record, held.viewers = grown.record, grown.viewers
        fx.records.append(held.record)
    else:
        held.record = record.model_copy(update={"asked": record.asked + 1})


def closed_by(room: Room, event: HandoffState, fx: Effects) -> None:
    """An operator closes it. Who comes second, or names what is not open, changes nothing."""
    held = room.people.open.pop(event.handoff, None)
    if held is not None:
        _tell(held, event.state, fx, by=event.by)


def answered(room: Room, intent: str, product: str | None, fx: Effects, source: str | None = None) -> None:
    """Viewers got the reply that they had insisted on: nobody has to answer it any more.

    `source`: the platform that alone reads it; None: all hear it. What belongs to people, or is not understood surely enough, stays theirs.
    """
    held = room.people.about((intent, product))
    if held is None or held.record.cause != "repeated":
        return
    if source is None or all(ref.source == source for ref in held.record.comments):
        del room.people.open[held.record.id]
        _tell(held, "answered", fx, by=ENGINE)


def expire(room: Room, fx: Effects, *, all_of_them: bool = False) -> None:
    """Nobody answered in time, or (`all_of_them`) the live is over."""
    for name, held in list(room.people.open.items()):
        if all_of_them or held.record.answer_by < fx.now:
            del room.people.open[name]
            _tell(held, "expired", fx)


def _tell(held: Open, state: Literal["answered", "dismissed", "expired"], fx: Effects, by: str = "") -> None:
    fx.records.append(held.record.model_copy(update={"state": state, "closed": fx.now, "by": by}))
