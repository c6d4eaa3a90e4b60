"""Proposals: what would be said, or posted, shown to people, who approve or refuse it. They reserve nothing.

A proposal is open as long as its demand is held back by nothing else and exactly its text would be said. It is told when it opens, when
it is approved, and again where what people see of it is no longer true, at a bounded rate. Its end is told, too: an insertion that
names it, or a void with the reason. It takes a place in the insertions topic, and none in the script.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from engine.events.inputs import Approval
from engine.events.outputs import Blocker, FactUse, Proposal, ProposalVoid, VoidReason
from engine.room.approval import asks, seal
from engine.room.blockers import review_one
from engine.room.chat import Post
from engine.room.demands import Demand, Proposed
from engine.room.effects import Effects
from engine.room.ending import end_demand
from engine.room.postable import LEAD_MS, as_written, proposable
from engine.room.room import Flight, Room
from engine.room.selection import Opportunity, next_opportunity, variants
from engine.room.shop import Filled

UPDATE_MS: Final = 2_000  # between two tellings of a proposal to which viewers come; nobody reads quicker
RETELL_MS: Final = 60_000  # an old one is told again, so that a gateway that starts learns of it
OUTRANKS: Final = 2  # times the least open one's value: below that a newcomer waits, and lists stay readable
APPROVED_CAP: Final = 20  # approved and not yet said; beyond it nothing is proposed, since nothing could be said
MUTED_CAP: Final = 64  # refused demands that are remembered; the oldest is forgotten

STANDS: Final[frozenset[Blocker]] = frozenset(
    {"approval", "airtime", "outvalued", "no_opportunity", "player_lost", "chat_spent", "chat_lost"}
)
"""Blockers under which a proposal stays: those that say nothing against its text or its time."""

HOLDS: Final[dict[Blocker, VoidReason]] = {
    "script_ahead": "script_ahead",
    "cooling": "cooling",
    "fact_pending": "fact_pending",
    "paused": "paused",
    "taken_over": "taken_over",
    "killed": "killed",
    "solo": "solo",
}
"""Blockers that end it."""


def attend(room: Room, fx: Effects) -> None:
    """After demands were looked at: void what does not hold any more, tell what changed, propose what may be."""
    if not room.proposals and room.mode != "approve" and not room.shop.asks:
        return
    opportunity = _opportunity(room, fx.now)
    for proposed in list(room.proposals.values()):
        _keep(room, proposed, opportunity, fx)
    _propose(room, room.demands.values(), opportunity, fx)


def joined(room: Room, demand: Demand, fx: Effects) -> None:
    """A comment came to a demand."""
    proposed = room.proposals.get(demand.key)
    if proposed is not None:
        _look_again(room, max(proposed.told + UPDATE_MS, fx.now + 1))
    elif demand.blocker == "approval":
        _propose(room, (demand,), _opportunity(room, fx.now), fx)


def verdict(room: Room, event: Approval, fx: Effects) -> None:
    """A person approves or refuses. Who comes too late, or to a text that changed, is told so, and nothing else happens."""
    attend(room, fx)
    proposed = next((known for known in room.proposals.values() if known.id == event.proposal), None)
    if proposed is None:
        _void(room, event.proposal, "not_open", fx)
        return
    demand = room.demands[proposed.key]
    intent = room.shop.pool.intents[demand.intent]
    if event.verdict == "refuse":
        del room.proposals[proposed.key]
        end_demand(room, demand, "refused", fx, reply=proposed.reply)
        _mute(room, proposed, fx.now + intent.cooldown_ms, fx.now)
        _void(room, proposed.id, "refused", fx)
        return
    if not proposed.approved:
        proposed.approved, proposed.by = True, event.by
    demand.missed = None
    filled = _same(room, proposed, demand, _opportunity(room, fx.now))
    assert filled is not None
    _tell(room, proposed, demand, filled, fx)


def take(room: Room, demand: Demand, filled: Filled, fx: Effects) -> Proposed | None:
    """The demand gets its insertion: the approval that it has, if it needs one. Another proposal of it is void."""
    proposed = room.proposals.pop(demand.key, None)
    if proposed is None:
        return None
    if proposed.approved and proposed.seal == seal(room, filled):
        return proposed
    _void(room, proposed.id, "over", fx)
    return None


def give_back(room: Room, flight: Flight | Post, fx: Effects) -> None:
    """What was approved surely did not start, or was not posted: its approval stands again, as far as somebody still waits."""
    proposed, said = flight.proposed, flight.insertion if isinstance(flight, Flight) else flight.record
    if proposed is None or proposed.key not in room.demands or proposed.key in room.proposals:
        return
    room.proposals[proposed.key] = proposed
    _record(room, proposed, room.demands[proposed.key], (said.language, said.text, said.facts, said.pool), fx)


# ---- inside ------------------------------------------------------------------------------------------------------------


def _opportunity(room: Room, now: int) -> Opportunity:
    """When it could be said: at the next boundary, else as in an idle script."""
    soonest = now + room.lead_ms
    return next_opportunity(room, now) or Opportunity(soonest, soonest)


def _same(room: Room, proposed: Proposed, demand: Demand, opportunity: Opportunity) -> Filled | None:
    """The proposal's own text, where it could still be said then."""
    given = (*variants(room, demand, opportunity), *proposable(room, demand, opportunity.start))
    found = (filled for filled in given if filled.reply.id == proposed.reply)
    return next((filled for filled in found if seal(room, filled) == proposed.seal), None)


def _keep(room: Room, proposed: Proposed, opportunity: Opportunity, fx: Effects) -> None:
    """Void it where it does not hold; else tell it again where that is due."""
    demand = room.demands.get(proposed.key)
    filled = None
    reason: VoidReason | None = None
    if demand is None or demand.born > proposed.made:
        reason = "room_closed" if room.closed is not None else "over"
    elif demand.blocker not in STANDS:
        reason = HOLDS.get(demand.blocker, "over")
    else:
        filled = _same(room, proposed, demand, opportunity)
        if filled is None:
            reason = "changed"
        elif not asks(room, filled.reply):
            reason = "mode"
        elif not proposed.approved and _decide_by(room, demand, filled) <= fx.now:
            reason = "not_approved"
    if reason is not None:
        del room.proposals[proposed.key]
        _void(room, proposed.id, reason, fx)
        if demand is not None and proposed.approved:
            review_one(room, demand, fx)  # it waits for an approval again
        return
    assert demand is not None
    assert filled is not None
    decide_by = _decide_by(room, demand, filled)
    again = proposed.told + RETELL_MS
    if not proposed.approved:
        _look_again(room, decide_by)
        if (len(demand.viewers), decide_by) != (proposed.viewers, proposed.decide_by):
            again = proposed.told + UPDATE_MS
    if again <= fx.now:
        _tell(room, proposed, demand, filled, fx)
        again = fx.now + RETELL_MS
    _look_again(room, again)
    _look_again(room, filled.until)


def _propose(room: Room, demands: Iterable[Demand], opportunity: Opportunity, fx: Effects) -> None:
    """Open proposals for the most valuable demands that wait for one, as far as there is room for them."""
    new = [
        demand
        for demand in demands
        if demand.blocker == "approval" and demand.key not in room.proposals and room.muted.get(demand.key, 0) <= fx.now
    ]
    new.sort(key=lambda demand: (-demand.value, demand.born, demand.intent, demand.product or ""))
    for demand in new:
        undecided = [proposed for proposed in room.proposals.values() if not proposed.approved]
        if len(room.proposals) - len(undecided) >= APPROVED_CAP:
            return
        least: Proposed | None = None
        if len(undecided) >= room.limits.proposals:
            least = min(undecided, key=lambda proposed: _value(room, proposed))
            if demand.value <= OUTRANKS * _value(room, least):
                return
        ready = variants(room, demand, opportunity) or proposable(room, demand, opportunity.start)
        if not ready or not all(asks(room, filled.reply) for filled in ready):
            continue  # nothing could be said, or something without being asked
        filled = ready[0]
        decide_by = _decide_by(room, demand, filled)
        if decide_by <= fx.now:
            continue
        if least is not None:
            del room.proposals[least.key]
            _void(room, least.id, "outranked", fx)
        made = Proposed(
            fx.new_id(room.name), demand.key, filled.reply.id, seal(room, filled), fx.now, filled.reply.channel
        )
        room.proposals[demand.key] = made
        _tell(room, made, demand, filled, fx)
        for at in (decide_by, filled.until, fx.now + RETELL_MS):
            _look_again(room, at)


def _value(room: Room, proposed: Proposed) -> int:
    demand = room.demands.get(proposed.key)
    return demand.value if demand is not None else 0


def _decide_by(room: Room, demand: Demand, filled: Filled) -> int:
    """The latest deadline, less the player's lead and one sentence of the script (its mean): until a boundary comes.

    Of what is only posted: less what a platform takes.
    """
    if filled.reply.channel == "chat":
        return max(0, min(demand.latest, filled.until) - LEAD_MS)
    lineup = room.clock.lineup if room.clock.running else None
    sentence = lineup.ends[-1] // len(lineup.lines) if lineup is not None else 0
    return max(0, min(demand.latest, filled.until - filled.ms) - room.lead_ms - sentence)


def _look_again(room: Room, at: int) -> None:
    room.review_at = min(room.review_at, at)


def _mute(room: Room, proposed: Proposed, until: int, now: int) -> None:
    """Nothing is proposed or said to this key before `until`."""
    room.muted = {key: at for key, at in room.muted.items() if at > now and key != proposed.key}
    room.muted[proposed.key] = until
    if len(room.muted) > MUTED_CAP:
        del room.muted[next(iter(room.muted))]


# ---- what is told --------------------------------------------------------------------------------------------------------


def _tell(room: Room, proposed: Proposed, demand: Demand, filled: Filled, fx: Effects) -> None:
    proposed.decide_by = _decide_by(room, demand, filled)
    text = as_written(filled) if filled.reply.channel == "chat" else filled.text
    _record(room, proposed, demand, (filled.reply.lang, text, filled.facts, room.shop.pool.hash), fx)


def _record(
    room: Room, proposed: Proposed, demand: Demand, words: tuple[str, str, Sequence[FactUse], str], fx: Effects
) -> None:
    """Tell a proposal as it stands. `words`: language, text, facts, pool; they are the same at each telling."""
    proposed.viewers, proposed.told = len(demand.viewers), fx.now
    language, text, facts, pool = words
    fx.records.append(
        Proposal(
            id=proposed.id, room=room.name, shop=room.shop.id, at=fx.now, lease=fx.lease, seq=fx.seq,
            shop_offset=fx.shop_offset, reply=proposed.reply, intent=demand.intent, product=demand.product,
            language="en" if language == "en" else "zh", text=text, channel=proposed.channel, viewers=proposed.viewers,
            value=demand.value, asked=demand.comments[0].text, decide_by=proposed.decide_by, facts=tuple(facts), pool=pool,
            state="approved" if proposed.approved else "open", by=proposed.by, revision=proposed.revision,
        )
    )  # fmt: skip
    proposed.revision += 1


def _void(room: Room, proposal: str, reason: VoidReason, fx: Effects) -> None:
    fx.records.append(
        ProposalVoid(
            id=fx.new_id(room.name), room=room.name, shop=room.shop.id, at=fx.now, lease=fx.lease, seq=fx.seq,
            shop_offset=fx.shop_offset, proposal=proposal, reason=reason,
        )
    )  # fmt: skip
