"""The bugs: each replaces one passage of the core, or of the player, that occurs exactly once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Bug:
    """In `file`, `right` becomes `wrong`."""

    name: str
    file: str
    right: str
    wrong: str

    def text(self, root: Path) -> str:
        """The file with the bug. Raises `ValueError` where the passage does not occur exactly once: the code has moved on."""
        text = (root / self.file).read_text(encoding="utf-8")
        count = text.count(self.right)
        if count != 1:
            raise ValueError(
                f"the passage of bug `{self.name}` occurs {count} times in {self.file}: write it anew in tests/mutation/bugs.py"
            )
        return text.replace(self.right, self.wrong)


def _room(name: str, module: str, right: str, wrong: str) -> Bug:
    return Bug(name, f"engine/room/{module}.py", right, wrong)


BUGS: Final = (
    # deadlines
    _room("late by one on arrival", "arrival", "if now > sent + (", "if now >= sent + ("),
    _room(
        "expires at the deadline, not after it", "blockers", "comment.deadline < fx.now:", "comment.deadline <= fx.now:"
    ),
    _room("not in time at the very start", "demands", "if comment.deadline >= start}", "if comment.deadline > start}"),
    _room(
        "claimed times are believed",
        "arrival",
        "elif sent < logged - CLAMP_MS:",
        "elif sent < logged - CLAMP_MS and False:",
    ),
    _room("not_after forgets the facts", "selection", "min(demand.latest, filled.until - filled.ms)", "demand.latest"),
    # products
    _room("who waits as everybody's stays so", "rooms", "            regroup(room, self._fx)\n", ""),
    _room(
        "what is on its way is for everybody still",
        "playback",
        "(unasked(room, flight) or misleads(room, flight, at))",
        "unasked(room, flight)",
    ),
    # reservations
    _room(
        "airtime is not returned",
        "playback",
        "    room.unsay(insertion.start, insertion.start + insertion.duration_ms)\n",
        "",
    ),
    _room("a cooldown is not returned", "playback", "        del room.cooldowns[key]\n", "        pass\n"),
    _room(
        "a viewer stays counted whose post failed late",
        "chat",
        "(*post.demand.viewers, *post.viewers)",
        "post.demand.viewers",
    ),
    _room(
        "a reply for all says what one product has",
        "shop",
        "about = product if reply.needs_product else None",
        "about = product",
    ),
    _room("a price changes while it is said, and nobody cuts it", "playback", "use.until < ends for", "False for"),
    _room("a reply that starts too late is not looked at", "playback", "elif room.flight is flight:", "elif False:"),
    _room("a variant stays heard that nobody heard", "playback", "    room.unhear(", "    id("),
    _room("a reply that began is given back", "playback", 'or (kind == "rejected" and flight.state == "started")', ""),
    _room(
        "airtime counts what was, not what comes",
        "selection",
        "elif one.filled.ms > free:",
        "elif free < 1:",
    ),
    # what was said
    _room(
        "a cooldown from the start of the reply",
        "playback",
        "max(known, at + intent.cooldown_ms)",
        "max(known, flight.started + intent.cooldown_ms)",
    ),
    _room(
        "a repeat while viewers remember",
        "selection",
        "if last is not None and last + filled.reply.memory_ms > start:",
        "if last is not None and last + filled.reply.memory_ms > start + 60_000:",
    ),
    _room(
        "variants do not take turns",
        "selection",
        "ready.append((number, turn, filled))",
        "ready.append((number, 0, filled))",
    ),
    _room("a cut reply is under cooldown", "blockers", "if cooled > now and not demand.was_cut:", "if cooled > now:"),
    _room(
        "a duplicate is a comment",
        "arrival",
        "if not room.seen.add(eight, now):",
        "if not room.seen.add(eight, now) and now % 2:",
    ),
    _room("identities are forgotten early", "seen", "SEEN_MS: Final = 600_000", "SEEN_MS: Final = 60_000"),
    # facts and pools
    _room(
        "facts are not read again",
        "playback",
        "if shop.version(use.product, use.name, at) != use.version]",
        "if shop.version(use.product, use.name, at) is None]",
    ),
    _room(
        "a price may be finished",
        "playback",
        'forbid(room, "fact_expired", fx, stop=any(use.price for use in changed))',
        'forbid(room, "fact_expired", fx, stop=False)',
    ),
    _room(
        "a swap of pools keeps what was worked out",
        "shop",
        "        self._scoped.clear()\n        self._changed()\n",
        "",
    ),
    _room(
        "an older fact wins",
        "rooms",
        "if known is not None and known.offset >= applied.offset:",
        "if known is not None and known.offset > applied.offset + 9:",
    ),
    _room(
        "a withdrawn reply is joined",
        "arrival",
        "and not flight.cause and now < flight.until",
        "and now < flight.until",
    ),
    _room(
        "a stale sentence answers",
        "script_events",
        "if not line.answers or not fresh(room, line.facts, fx.now):",
        "if not line.answers:",
    ),
    _room(
        "a fact that is not there yet is said",
        "selection",
        "answerable(room, demand, opportunity.soonest)",
        "answerable(room, demand, opportunity.start + 2_000)",
    ),
    # opportunities
    _room(
        "a reply cuts in after a sentence that holds",
        "selection",
        "if boundary.at >= ready and not boundary.line.hold:\n            return Opportunity",
        "if boundary.at >= ready:\n            return Opportunity",
    ),
    _room(
        "a sentence that holds is cut short", "script", "return not boundary.line.hold and not self", "return not self"
    ),
    _room(
        "an interruption without permission",
        "selection",
        "and (opportunity.cut is None or reply.may_interrupt)",
        "and (opportunity.cut is None or True)",
    ),
    _room("the lead is forgotten", "selection", "ready = now + room.lead_ms + COMMIT_MS", "ready = now + COMMIT_MS"),
    _room(
        "a segment's reply at any sentence",
        "selection",
        'if intent.insert == "segment" and when(opportunity) == "sentence":',
        'if intent.insert == "segment" and not opportunity.start:',
    ),
    _room("a stale lap", "script", "return self.cursor(next_lap(lap), 0) if", "return self.cursor(lap, 0) if"),
    _room("a stall is learned as the voice", "script", "if DRIFT_MIN <= ratio <= DRIFT_MAX:", "if ratio:"),
    _room(
        "a sentence that overruns shifts nothing",
        "script",
        "return max(self.started, now - self._ms(self.number))",
        "return self.started",
    ),
    _room(
        "no pause between replies",
        "selection",
        "return bool(room.last_end) and start < room.last_end + room.limits.minimum_pause_ms",
        "return bool(room.last_end) and start < room.last_end",
    ),
    _room(
        "who expires first waits",
        "selection",
        "soon = [d for d in demands if d.latest < start",
        "soon = [d for d in demands if d.latest > start",
    ),
    _room(
        "one viewer counts twice",
        "demands",
        "return len({comment.viewer for comment in self.comments if comment.deadline >= start})",
        "return sum(comment.deadline >= start for comment in self.comments)",
    ),
    _room(
        "two replies at a time",
        "emission",
        "if room.flight is not None or goes_first(room, fx)",
        "if goes_first(room, fx)",
    ),
    # products
    _room("the screen of now", "arrival", "viewed = sent - delay", "viewed = sent"),
    _room(
        "a change of product is not seen",
        "arrival",
        "_majority(room, intent.id, now) if changed else",
        "_majority(room, intent.id, now) if changed and not viewed else",
    ),
    _room("a tie is a majority", "arrival", "2 * counts[best] > sum(", "2 * counts[best] >= sum("),
    _room(
        "a strange link is the product on screen", "arrival", "if found.stranger:", "if found.stranger and not scoped:"
    ),
    _room(
        "a screen that went dark still shows",
        "script",
        "if self.dark is not None and self.dark <= at:",
        "if self.dark is not None and self.dark <= at - 60_000:",
    ),
    _room(
        "beside the wrong product",
        "selection",
        "and not (reply.on_screen_only and demand.product != screen(room, opportunity))",
        "and not (reply.on_screen_only and demand.product is None)",
    ),
    # people and players
    _room(
        "a kill only silences what comes",
        "control",
        '    if begins:\n        forbid(room, "killed", fx, stop=True)\n',
        "",
    ),
    _room(
        "a person who waits for a pause is ignored",
        "blockers",
        "if room.person or room.person_waits:",
        "if room.person:",
    ),
    _room("a killed room only waits", "blockers", "    if room.killed:\n", "    if room.killed and room.held:\n"),
    _room(
        "script time runs while a reply is said",
        "room",
        'or (self.flight is not None and self.flight.state == "started"):',
        "or (self.flight is not None and self.lost is not None):",
    ),
    _room(
        "the same is sent again for ever",
        "playback",
        "    if flight.resent:\n",
        "    if flight.resent and flight.cause:\n",
    ),
    _room(
        "a silent player is not missed",
        "presence",
        "if fx.now >= room.player_at + SILENT_MS:",
        "if fx.now >= room.player_at + 10 * SILENT_MS:",
    ),
    _room(
        "another session is believed",
        "presence",
        "    return room.session == session",
        "    return room.session is not None",
    ),
    _room(
        "a demand is shed for a lesser one",
        "arrival",
        "least = min(room.demands.values()",
        "least = max(room.demands.values()",
    ),
    # state
    _room(
        "a snapshot forgets what a flight replaced",
        "snapshot",
        "heard_before=self.heard_before,",
        "heard_before=None,",
    ),
    _room(
        "a snapshot forgets that the screen is dark",
        "script",
        "clock.screens, clock.dark = list(state.screens), state.dark",
        "clock.screens = list(state.screens)",
    ),
    _room("effects of two entries share an id", "effects", "        self.positions[room] = position + 1\n", ""),
    _room(
        "a shop without words for the disclosure is no alarm",
        "notices",
        "or fx.now <= limit(room) or not on_air(room):",
        "or fx.now <= limit(room) or not on_air(room) or wording(room) is None:",
    ),
    _room(
        "what holds for the shop is said of a product that has its own",
        "shop",
        "if own.text != reading.text:",
        "if False:",
    ),
    _room(
        "a reply for the whole shop forgets which product was meant",
        "shop",
        "        return product if own else None\n",
        "        return None\n",
    ),
    _room("asking again in a hurry is insisting", "arrival", "not handoffs.planned(demand, entry.viewer) and ", ""),
    _room(
        "a reply leaves open what it answered", "playback", "    handoffs.answered(room, *flight.demand.key, fx)\n", ""
    ),
    _room(
        "who insists takes every place",
        "people",
        'if new.record.cause != "repeated":',
        "if True:",
    ),
    _room("the pause after a notice is lost", "room", "max(self.duties.ended, max(", "max(0, max("),
    # the player
    Bug(
        "the player starts too late",
        "engine/client/playhead.py",
        "        if self._now > insertion.not_after:\n            self._tell",
        "        if self._now > insertion.not_after + 5_000:\n            self._tell",
    ),
    Bug(
        "the player goes on behind what it cut",
        "engine/client/playhead.py",
        "            self._next, self._boundary = interrupted, None\n",
        "            self._boundary = None\n",
    ),
    Bug(
        "the player repeats what it knows",
        "engine/client/playhead.py",
        "        if known is not None:\n            self._repeat(known)\n            return self._take()\n        place",
        "        place",
    ),
)
