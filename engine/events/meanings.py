"""What each final reason, each blocker and each end of a proposal means, and what to do about it.

`docs/reasons.md` and the command line tell it from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.events.outputs import Blocker, Reason, VoidReason


@dataclass(frozen=True, slots=True)
class Meaning:
    """One sentence on what happened, one on what to do (empty: nothing has to be done)."""

    what: str
    remedy: str = ""


REASONS: Final[dict[Reason, Meaning]] = {
    "answered": Meaning("An approved reply was said or posted, or a sentence of the script answers it."),
    "shadowed": Meaning(
        "It would have been answered, but the room is in shadow or never had a player.",
        "Look at the replies that would have been said; then `livechat room mode ROOM auto`.",
    ),
    "chatter": Meaning("Nothing is asked."),
    "abuse": Meaning("An insult or a threat; it gets no reply."),
    "unknown_intent": Meaning(
        "Something is asked that no intent covers.",
        "Write an intent for it, with a reply, or add the line to `background/`.",
    ),
    "low_confidence": Meaning(
        "The likeliest intent is not sure enough; for a single viewer the bar is higher than for several.",
        "Add the line to the `examples` of the intent that is meant.",
    ),
    "ambiguous": Meaning(
        "Two intents are too close to each other.",
        "Add the line to the `examples` of the one that is meant and to `not` of the other.",
    ),
    "unsupported_language": Meaning(
        "It is written in a language that the shop does not speak.",
        "Add the language to `shop.languages`, and replies in it, where enough viewers write it.",
    ),
    "no_product": Meaning(
        "The answer depends on a product, and it is not clear which (none is named or seen, or a link that no product has).",
        "Give products the `aliases` and links by which viewers call them; have the player tell its script.",
    ),
    "not_sold": Meaning(
        "It names goods that this shop does not sell, or a product that is not on sale.",
        "Where they are sold: take them out of `not_sold` in `catalogue.yaml` and make them a product or an alias of one; "
        "for a product set `on_sale: true`.",
    ),
    "no_reply": Meaning(
        "The intent is clear, but no reply is written for it and this product.",
        "Write a reply; the gap holds a stub of it.",
    ),
    "fact_missing": Meaning(
        "A reply exists, but a fact that it needs has no value now.",
        "Set it in `catalogue.yaml` or by `livechat fact set`.",
    ),
    "fact_expired": Meaning("A fact that the reply needs has run out.", "Give it a new `until`, or a new value."),
    "fact_out_of_bounds": Meaning(
        "A fact's value is not one that the catalogue allows, so it is not spoken: below its floor or above its ceiling, a text "
        "where the catalogue has a number or the other way round, or an amount with more digits than its currency has.",
        "Check the value where it comes from; correct it, or the catalogue.",
    ),
    "guard_blocked": Meaning(
        "Every reply that would fit was refused by the guard: a banned term, or a price that is no fact.",
        "Reword the reply, or the fact whose text it holds.",
    ),
    "recently_answered": Meaning(
        "The same thing was answered just before, and its cooldown outlasts this comment's deadline."
    ),
    "airtime_spent": Meaning(
        "Replies had used up their share of the airtime until the deadline.",
        "Raise `limits.airtime_share`, or shorten replies, where viewers wait too often.",
    ),
    "outvalued": Meaning(
        "Other demands were worth more at every opportunity, or the air that was left was kept for such.",
        "Raise the intent's `priority` where that was wrong.",
    ),
    "no_opportunity": Meaning(
        "No boundary came in time: long sentences, `hold`, the minimum pause, or no reply that was not heard lately.",
        "Split long sentences, hold less, write a second variant of the reply.",
    ),
    "expired": Meaning("Its deadline passed: it arrived too late, or what it waited for came too late."),
    "shed": Meaning(
        "More came than the room's demands or its share of the process could hold; the least valuable goes.",
        "Where it happens in many rooms, give some of them an engine of their own.",
    ),
    "viewer_limit": Meaning(
        "This viewer asks more questions a minute than the shop allows (`limits.viewer_questions_per_minute`)."
    ),
    "paused": Meaning("The room was paused until the deadline.", "`livechat room mode ROOM auto` ends the pause."),
    "taken_over": Meaning("A person had the room until the deadline."),
    "killed": Meaning(
        "A kill switch was on until the deadline.", "Lift it by `livechat room kill ROOM --off` once it is safe."
    ),
    "room_closed": Meaning("The live ended while it waited."),
    "not_approved": Meaning(
        "The reply needs a person's approval, by the room's mode or its own `approval`, and had none at the deadline.",
        "Where it is safe without being asked each time: `approval: standing` for the reply, or `livechat room mode ROOM auto`.",
    ),
    "refused": Meaning(
        "A person refused the reply, or had just done so: for the intent's `cooldown` the same is not proposed again.",
    ),
    "handed_off": Meaning(
        "A person was asked to answer: the intent belongs to people, much depends on it and the confidence is not enough for that, or "
        "this viewer asked the same several times without an answer.",
        "`livechat handoffs` lists what is open; `livechat handoffs answered ID` closes it.",
    ),
    "player_failed": Meaning(
        "The player rejected the reply or broke it off.", "Look at the reason that the player gave."
    ),
    "player_lost": Meaning("The player was away until the deadline.", "Check the player's process and connection."),
    "chat_spent": Meaning(
        "It could only be posted, and the room or the platform had had its posts of the minute until the deadline.",
        "Raise `limits.room_posts_per_minute` or `limits.platform_posts_per_minute`, where the platform allows it.",
    ),
    "chat_failed": Meaning(
        "The platform's connector failed to post the reply, or never told what became of it.",
        "Look at the error that the connector reported, and whether it runs.",
    ),
}

BLOCKERS: Final[dict[Blocker, Meaning]] = {
    "script_ahead": Meaning("A sentence of the script that answers it comes before its deadline."),
    "in_flight": Meaning("Its reply is on its way to the player, or to the platform's chat."),
    "cooling": Meaning("The same was said lately; its cooldown ends before the deadline."),
    "fact_pending": Meaning("A fact that its reply needs becomes valid before the deadline."),
    "paused": Meaning("The room is paused.", "`livechat room mode ROOM auto` ends the pause."),
    "taken_over": Meaning("A person has the room."),
    "killed": Meaning("A kill switch is on.", "Lift it by `livechat room kill ROOM --off` once it is safe."),
    "player_lost": Meaning("The player is away.", "Check the player's process and connection."),
    "approval": Meaning(
        "It waits for a person's approval, or a person refused it and its cooldown ends before the deadline.",
        "`livechat room proposals` lists what is proposed; `livechat room approve ID` approves it.",
    ),
    "airtime": Meaning("Replies have used up their share of the airtime for now."),
    "outvalued": Meaning(
        "Another demand was worth more at the last opportunity, or the air that is left was kept for one that is worth more."
    ),
    "no_opportunity": Meaning("It waits for the next boundary at which it may be said."),
    "solo": Meaning("One viewer asks, and the confidence is enough only for two."),
    "chat_spent": Meaning("It can only be posted, and the room or the platform has had its posts of the minute."),
    "chat_lost": Meaning(
        "The platform's connector failed to post the reply, or does not report what became of it.",
        "Check the connector's process and connection.",
    ),
}

VOIDS: Final[dict[VoidReason, Meaning]] = {
    "refused": Meaning("A person refused it; those who waited end as `refused`."),
    "not_approved": Meaning(
        "Nobody approved it in time: it could not start any more before the last deadline, or the end of a fact."
    ),
    "changed": Meaning(
        "Its text would not be said now: a fact, the pool or the variant is another one.", "Decide on the next one."
    ),
    "outranked": Meaning("The room has as many open as it may, and another one is worth more than twice as much."),
    "over": Meaning("Nobody waits for it any more: the script answered, or the deadlines passed."),
    "mode": Meaning("The room's mode has changed: nobody is asked for it now."),
    "room_closed": Meaning("The live ended."),
    "not_open": Meaning(
        "No such proposal is open: it has ended, or never was.", "`livechat room proposals` lists them."
    ),
    "script_ahead": Meaning("A sentence of the script answers it in time."),
    "cooling": Meaning("The same was said just now."),
    "fact_pending": Meaning("A fact that it needs does not hold yet."),
    "paused": Meaning("The room is paused."),
    "taken_over": Meaning("A person has the room."),
    "killed": Meaning("A kill switch is on."),
    "solo": Meaning("One viewer is left who asks, and the confidence is enough only for two."),
}
