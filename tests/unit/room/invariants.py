"""What must always hold, checked after each entry, from the entries and records alone wherever that is possible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.events.handoffs import Handoff
from engine.events.inputs import (
    Approval,
    ChatReplyReport,
    Cursor,
    Kill,
    ModeSet,
    Playback,
    PlayerGone,
    PlayerSeen,
    RoomClosed,
    RoomOpened,
    Script,
    ShopModeSet,
    TakeOver,
)
from engine.events.journal import AnyEntry, CommentEntry, RoomEntry, ShopEntry, TickEntry
from engine.events.outputs import ChatReply, Choice, Decision, Insertion, Proposal, ProposalVoid, Stop, Withdraw
from engine.events.posts import Posted
from engine.pool import speech
from engine.pool.model import Intent, Limits, Pool, Reply
from engine.room import notices
from engine.room.demands import weight
from engine.room.effects import Effects
from engine.room.proposals import APPROVED_CAP, MUTED_CAP, UPDATE_MS
from engine.room.room import Room
from engine.room.shop import Reading
from tests.unit.room.scene import Scene

STATE_BYTES = 256 * 1024


@dataclass
class Known:
    """What the entries so far say of one room."""

    mode: str = "shadow"
    own_mode: bool = False
    proposed: dict[str, Proposal] = field(default_factory=dict)
    """Each proposal as it was told last."""
    open: dict[str, bool] = field(default_factory=dict)
    """Proposals that have not ended; whether they are told as approved."""
    yes: set[str] = field(default_factory=set)
    """Proposals that a person approved while they were open."""
    silent: dict[tuple[str, str | None], int] = field(default_factory=dict)
    """Until when nothing is said of what a person refused."""
    person: bool = False
    session: str | None = None
    flying: Insertion | None = None
    """May be heard, as far as anybody knows."""
    heard: dict[str, list[Insertion]] = field(default_factory=dict)
    """By reply: insertions that were said, or may have been."""
    insertions: dict[str, Insertion] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    forbidden: set[str] = field(default_factory=set)
    """Withdrawn or stopped."""
    scripts: dict[str, list[tuple[str, str, bool]]] = field(default_factory=dict)
    """By version: (segment, sentence, hold)."""
    loops: dict[str, bool] = field(default_factory=dict)


def bound(one: Proposal | Insertion | ChatReply) -> tuple[object, ...]:
    """What an approval binds. Until when its facts hold may change: a later value was announced."""
    return one.text, one.pool, one.reply, [(use.product, use.name, use.version, use.text) for use in one.facts]


@dataclass
class Posts:
    """What is known of posts and handoffs, from records and reports alone."""

    sent: dict[str, ChatReply] = field(default_factory=dict)
    reports: dict[str, str] = field(default_factory=dict)
    """The first report of each post."""
    counted: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    """Posts that were not reported as failed: room, platform, time."""
    said: set[tuple[str, str]] = field(default_factory=set)
    """Comments that were answered by voice."""
    audited: set[str] = field(default_factory=set)
    states: dict[str, str] = field(default_factory=dict)

    def report(self, event: ChatReplyReport) -> None:
        sent = self.sent.get(event.reply)
        if sent is None or sent.room != event.room:
            return
        if self.reports.setdefault(event.reply, event.status) == "failed":
            self.counted.pop(event.reply, None)

    def add(self, post: ChatReply, limits: Limits, viewers: set[str]) -> None:
        """Limits hold at every moment."""
        assert post.id not in self.sent
        self.sent[post.id] = post
        self.counted[post.id] = post.room, post.source, post.at
        recent = [row for row in self.counted.values() if row[0] == post.room and row[2] > post.at - 60_000]
        assert len(recent) <= limits.room_posts_per_minute
        assert len([row for row in recent if row[1] == post.source]) <= limits.platform_posts_per_minute
        assert len(viewers) == post.viewers or post.held is None

    def decided(self, decision: Decision) -> None:
        """Answered in the chat means that the connector said so."""
        place = decision.room, decision.comment
        if decision.via == "chat":
            assert self.reports[decision.insertion or ""] == "posted", "answered by a post that nobody reported"
            assert self.sent[decision.insertion or ""].source == decision.source
            assert place not in self.said
        elif decision.via == "voice":
            self.said.add(place)

    def aired(self, record: Posted) -> None:
        assert self.reports[record.chat_reply] == "posted"
        assert record.chat_reply not in self.audited, "audited twice"
        assert record.text == self.sent[record.chat_reply].text
        self.audited.add(record.chat_reply)

    def handoff(self, record: Handoff, now: int) -> None:
        """Open until it is closed once; it expires after its time, or with the live."""
        before = self.states.get(record.id, "open")
        assert before == "open", "a closed handoff changes"
        self.states[record.id] = record.state
        assert len(record.comments) <= record.asked
        assert record.state != "open" or record.answer_by >= now


def live_intent(room: Room, said: Insertion) -> Intent:
    return room.shop.pool.intents[said.intent]


class Watched(Scene):
    """A stage on which every entry is checked."""

    known: dict[str, Known]
    posts: Posts
    kills: dict[str, bool]
    decided: dict[str, str]
    asked: set[tuple[str, str]]
    ids: set[str]
    modes: dict[str, str]
    """Of shops that were told one."""
    named: dict[tuple[str, str, str], str]
    """Which product a comment named, by room, source and id."""

    def watch(self, entry: AnyEntry, effects: Effects) -> None:
        if not hasattr(self, "known"):
            self.known, self.kills, self.decided, self.asked, self.ids, self.modes = {}, {}, {}, set(), set(), {}
            self.posts, self.named = Posts(), {}
        if isinstance(entry, CommentEntry) and entry.understanding is not None and entry.understanding.product:
            self.named[entry.room, entry.source, entry.id] = entry.understanding.product
        if isinstance(entry, RoomEntry):
            self._event(entry)
            if isinstance(entry.event, ChatReplyReport):
                self.posts.report(entry.event)
        elif isinstance(entry, ShopEntry) and isinstance(entry.applied.event, Kill):
            self.kills[entry.applied.event.key()] = entry.applied.event.on
        elif isinstance(entry, ShopEntry) and isinstance(entry.applied.event, ShopModeSet):
            self._shop_mode(entry.applied.event)
        final = {}
        for record in effects.records:
            again = isinstance(record, Proposal | Handoff) or (
                isinstance(record, Insertion) and record.resend
            )  # told again
            assert again or record.id not in self.ids, f"9: two records have the id {record.id}"
            self.ids.add(record.id)
            if isinstance(record, Decision):
                assert record.id not in self.decided, f"1: a second decision of {record.comment}"
                self.decided[record.id] = record.reason
                final[record.room, record.comment] = record.reason
                assert record.reason != "answered" or record.reply or record.via == "script"
                assert (record.reason == "handed_off") == (record.handoff is not None)
                self.posts.decided(record)
            elif isinstance(record, Insertion):
                self._insertion(record)
            elif isinstance(record, Proposal):
                self._proposal(record)
            elif isinstance(record, ProposalVoid):
                here = self.known[record.room]
                gone = here.open.pop(record.proposal, None)
                if record.reason == "refused":
                    told = here.proposed[record.proposal]
                    silent = self.now + self.rooms._rooms[record.room].shop.pool.intents[told.intent].cooldown_ms
                    here.silent[told.intent, told.product] = silent
                assert (gone is None) == (record.reason == "not_open"), "a proposal ends twice, or never began"
            elif isinstance(record, ChatReply):
                self._post(record)
            elif isinstance(record, Posted):
                self.posts.aired(record)
            elif isinstance(record, Handoff):
                self.posts.handoff(record, self.now)
            elif isinstance(record, Withdraw | Stop) and record.insertion is not None:
                self.known[record.room].forbidden.add(record.insertion)
        self._verdicts(entry, effects, final)
        for name in self.rooms.names():
            self._room(self.rooms._rooms[name])
        if isinstance(entry, TickEntry):
            due = self.rooms.next_deadline()
            assert due is None or due > self.now, "a timer made no progress"

    def _verdicts(self, entry: AnyEntry, effects: Effects, final: Mapping[tuple[str, str], str]) -> None:
        lines = [(room, line) for room, found in effects.verdicts.items() for line in found]
        if not isinstance(entry, CommentEntry):
            assert not lines
            return
        ((room, line),) = lines
        assert (room, line.id) == (entry.room, entry.id)
        if line.verdict == "duplicate":
            assert (room, line.id) not in final
        elif line.final:
            assert final[room, line.id] == line.verdict
        else:
            assert (room, line.id) not in final
        self.asked.add((room, line.id))

    def _event(self, entry: RoomEntry) -> None:
        event = entry.event
        here = self._here(event.room, entry.shop)
        session = self.rooms._rooms[event.room].session if event.room in self.rooms.names() else None
        if isinstance(event, ModeSet):
            here.mode, here.own_mode = event.mode, True
        elif isinstance(event, RoomOpened) and not here.own_mode:
            here.mode = self.modes.get(self.rooms._rooms[event.room].shop.id, "shadow")
        elif isinstance(event, Approval) and event.proposal in here.open and event.verdict == "approve":
            here.yes.add(event.proposal)
        elif isinstance(event, TakeOver):
            here.person = event.who == "person"
        elif isinstance(event, Script) and event.session == session:
            here.loops[event.version] = event.loop
            here.scripts[event.version] = [
                (segment.id, sentence.id, bool(sentence.hold))
                for segment in event.segments
                for sentence in segment.sentences
            ]
        elif isinstance(event, PlayerSeen) and event.identified:
            for outcome in event.outcomes:
                self._outcome(here, outcome.insertion, outcome.kind)
            going_on = {outcome.insertion for outcome in event.outcomes if outcome.kind in ("accepted", "started")}
            if here.flying and here.flying.id not in going_on:
                here.flying = (
                    None  # also one that was started: this player says that it refused it, so it does not say it now
                )
        elif isinstance(event, RoomClosed) or (isinstance(event, PlayerGone) and event.session == here.session):
            here.flying = None
        elif isinstance(event, Playback) and event.insertion is not None and event.session == session:
            self._outcome(here, event.insertion, event.kind)
        here.session = session

    def _here(self, room: str, shop: str) -> Known:
        """The room, which begins in its shop's mode."""
        if room not in self.known:
            self.known[room] = Known(mode=self.modes.get(shop, "shadow"))
        return self.known[room]

    def _shop_mode(self, event: ShopModeSet) -> None:
        self.modes[event.shop] = event.mode
        for name in self.rooms.names():
            if self.rooms._rooms[name].shop.id == event.shop:
                here = self._here(name, event.shop)
                here.mode, here.own_mode = event.mode, False

    def _proposal(self, told: Proposal) -> None:
        here, room = self.known[told.room], self.rooms._rooms[told.room]
        before = here.proposed.get(told.id)
        here.proposed[told.id] = told
        if told.id not in here.open:  # it is new, or was approved and given back by the player
            assert before is None or (before.state, told.state) == ("approved", "approved")
        assert told.state == "open" or told.id in here.yes, "nobody approved it"
        here.open[told.id] = told.state == "approved"
        if before is None:
            assert told.revision == 0
            assert sum(not approved for approved in here.open.values()) <= room.limits.proposals
            return
        assert bound(told) == bound(before)
        assert told.revision == before.revision + 1
        assert told.state == "approved" or told.at >= before.at + UPDATE_MS, "it is told again too soon"

    def _asked(self, said: Insertion, here: Known, reply: Reply) -> None:
        """Nothing that needs a person's yes is said without one for exactly this text."""
        if reply.approval == "ask" or (here.mode == "approve" and reply.approval != "standing"):
            assert said.proposal is not None, "said without asking"
        if said.proposal is not None:
            told = here.proposed[said.proposal]
            assert here.open.pop(said.proposal), "said although nobody approved it, or after its proposal was void"
            assert bound(said) == bound(told)

    def _outcome(self, here: Known, insertion: str, kind: str) -> None:
        known = here.insertions.get(insertion)
        if known is None or (kind == "rejected" and insertion in here.begun):
            return
        if kind == "started":
            here.begun.add(insertion)
        if kind in ("rejected", "aborted") and insertion not in here.begun:
            words = self._words(known)
            here.heard[words] = [other for other in here.heard[words] if other is not known]
        if kind in ("ended", "rejected", "aborted"):
            here.begun.add(insertion)  # whatever comes now changes nothing
            if here.flying is known:
                here.flying = None

    def _insertion(self, said: Insertion) -> None:
        here, room = self.known[said.room], self.rooms._rooms[said.room]
        if said.resend:
            before = here.insertions[said.id]
            assert said.text == before.text
            assert said.not_after == before.not_after
            assert said.id not in here.forbidden, "3: what was withdrawn is sent again"
            return
        assert here.mode in ("auto", "approve"), f"4: emitted in mode {here.mode}"
        assert self.now >= here.silent.get((said.intent, said.product), 0), "said although a person refused it"
        assert not here.person, "4: emitted while a person has the room"
        assert said.session == room.session
        keys = ("kill/*", f"kill/shop/{said.shop}", f"kill/room/{said.room}")
        assert not any(self.kills.get(key) for key in keys), "3: emitted in a killed room"
        other = here.flying
        assert other is None or self.now > other.not_after + other.duration_ms, "4: two insertions in the air"
        self._text(said, said.start, said.not_after + said.duration_ms)
        self._whom(said, said.start)
        self._time(said, room)
        reply = self._reply(said)
        if said.correction or said.disclosure is not None:
            assert not said.serves, "a notice answers nobody"
        else:
            assert self.now < room.duties.due or notices.wording(room) is None, "a reply goes before the disclosure"
            self._asked(said, here, reply)
            for before in here.heard.get(self._words(said), []):
                assert said.start >= before.start + reply.memory_ms, "6: a repeat while viewers remember"
        here.heard.setdefault(self._words(said), []).append(said)
        here.insertions[said.id] = here.flying = said

    def _post(self, post: ChatReply) -> None:
        """What silences a room silences its chat, and a post is a reply of the live pool, in time, within the limits."""
        here, room = self.known[post.room], self.rooms._rooms[post.room]
        reply = self._reply(post)
        assert here.mode in ("auto", "approve"), f"posted in {here.mode}"
        if reply.approval == "ask" or (here.mode == "approve" and reply.approval != "standing"):
            told = here.proposed[post.proposal or ""]
            assert told.id in here.yes, "posted although nobody approved it"
            assert bound(post) == bound(told)
        here.open.pop(post.proposal or "", None)
        assert reply.channel != "voice"
        assert not here.person, "posted while a person has the room"
        assert room.closed is None, "posted in a closed room"
        keys = ("kill/*", f"kill/shop/{post.shop}", f"kill/room/{post.room}")
        assert not any(self.kills.get(key) for key in keys), "3: posted in a killed room"
        assert post.at == self.now <= post.not_after
        self._text(post, self.now, post.not_after)
        self._whom(post, self.now)
        held = room.chat.posts[post.id].demand
        assert all(comment.deadline >= post.not_after for comment in held.comments)
        assert all(comment.source == post.source for comment in held.comments)
        self.posts.add(post, room.limits, {comment.viewer for comment in held.comments})

    def _reply(self, said: Insertion | ChatReply) -> Reply:
        return self._approved(self.pools[said.pool], said)

    def _approved(self, live: Pool, said: Insertion | ChatReply) -> Reply:
        """The words of the pool that were to be said: a reply, a product's correction, or the disclosure."""
        if isinstance(said, Insertion) and said.disclosure is not None:
            return Reply(
                said.reply, said.intent, live.guard.disclosure[said.language], said.language, needs_product=False
            )
        corrects = isinstance(said, Insertion) and said.correction
        replies = live.products[said.product or ""].corrections if corrects else live.intents[said.intent].replies
        return next(reply for reply in replies if reply.id == said.reply)

    def _words(self, said: Insertion) -> str:
        """What viewers remember: words that name a product are others for another product."""
        return f"{said.reply} {said.product}" if "{product}" in self._reply(said).text else said.reply

    def _whom(self, said: Insertion | ChatReply, at: int) -> None:
        """What is said of the whole shop holds for the product that each of those it answers had named."""
        shop = self.rooms._rooms[said.room].shop
        for ref in said.serves:
            product = self.named.get((said.room, ref.source, ref.id))
            if product is None:
                continue
            assert said.product in (None, product)
            for use in said.facts if said.product is None else ():
                own = shop.read(product, use.name, said.language, at)
                assert isinstance(own, Reading), f"{use.name} of {product} is not known"
                assert own.text == use.text, f"{product} has another {use.name} than the shop"

    def _text(self, said: Insertion | ChatReply, start: int, end: int) -> None:
        """2: a reply of the pool that is live, filled from facts that hold from `start` to `end`."""
        live = self.rooms._rooms[said.room].shop
        assert said.pool == live.pool.hash
        reply = self._approved(live.pool, said)
        posted = isinstance(said, ChatReply)
        values = {use.name: (use.written or use.text) if posted else use.text for use in said.facts}
        if said.product is not None:
            item = live.pool.products[said.product]
            assert item.on_sale
            values |= {"product": item.name.get(reply.lang) or next(iter(item.name.values())), "link": str(item.link)}
        assert said.text == speech.fill(reply.text, values)
        for use in said.facts:
            assert live.version(use.product, use.name, start) == use.version
            assert use.until is None or end <= use.until
            if use.price:
                fact = live.pool.products[said.product or ""].facts[use.name]
                amount = float(use.text.strip("元¥ yuan"))
                assert fact.floor is None or fact.floor <= amount
                assert fact.ceiling is None or amount <= fact.ceiling

    def _time(self, said: Insertion, room: Room) -> None:
        assert said.start <= said.not_after, "3: starts after its not_after"
        assert said.start >= said.at + room.lead_ms
        span = (said.start, said.start + said.duration_ms)
        if said.correction or said.disclosure is not None:
            assert span not in room.airtime, "5: a notice takes airtime of replies"
        else:
            assert span in room.airtime, "5: airtime is not reserved"
            limits = room.limits
            assert room.spent(span[1]) <= limits.airtime_share * limits.airtime_window_ms
            assert room.cooldowns[said.intent, said.product] > span[1], "5: cooldown is not reserved"
            if said.choice is not None:
                self._choice(said, said.choice, room)
        if said.when == "now":
            assert said.after is None
            assert live_intent(room, said).insert == "now"
            assert self._reply(said).may_interrupt, "4: cuts a sentence short without permission"
            assert said.resume is not None
            here = self.known[said.room]
            lines, loops = here.scripts[said.resume.version], here.loops[said.resume.version]
            at = [line[1] for line in lines].index(said.resume.sentence)
            assert not lines[at][2], "4: within a sentence that holds"
            behind = at or (loops and said.resume.lap)  # else nothing belongs before the first one
            assert not (lines[at - 1][2] and behind), "4: between two that belong together"
            return
        if said.after is None:
            assert said.when == "idle"
            return
        lines = self.known[said.room].scripts[said.after.version]
        at = lines.index(next(line for line in lines if line[1] == said.after.sentence))
        assert not lines[at][2], "4: cuts in after a sentence that holds"
        # All versions have the same segments: a reloaded one goes on where the one before would have.
        pending = room.clock.pending
        version = pending.version if pending is not None and lines[at][0] != lines[(at + 1) % len(lines)][0] else None
        loops = self.known[said.room].loops[version or said.after.version]
        if said.resume is None:
            assert at + 1 == len(lines), "4: resumes nowhere"
            assert not loops
            return
        segment, sentence, _ = lines[(at + 1) % len(lines)]
        lap = min(said.after.lap + (at + 1 == len(lines)), 1_000_000)
        expected = Cursor(
            version=version or said.after.version,
            lap=lap if loops or not version else 0,
            segment=segment,
            sentence=sentence,
        )
        assert said.resume == expected, "4: resumes elsewhere"

    def _choice(self, said: Insertion, choice: Choice, room: Room) -> None:
        """The numbers of a choice agree with each other and with the reply."""
        assert 0.5 <= choice.freshness <= 1
        worth = room.shop.pool.intents[said.intent].priority * choice.viewers * 1000 / said.duration_ms
        assert abs(choice.value_density - worth * choice.freshness) <= 0.0001 * worth, "a density that is none"
        assert choice.value_density >= choice.price, "worth less than the air"
        assert choice.expiring or (choice.runner_up_density or 0) <= choice.value_density, "chosen over a better one"
        assert room.worth > 0

    def _room(self, room: Room) -> None:
        """What the books of a room must agree on."""
        waiting = list(room.all_waiting())
        assert room.waiting_bytes == sum(map(weight, waiting))
        assert len({comment.serial for comment in waiting}) == len(waiting)
        heap = {serial for _, serial, _ in room.deadlines} - room.ended
        assert heap == {comment.serial for comment in waiting if not comment.deferred}
        assert all(demand.comments for demand in room.demands.values())
        assert all(not flight.demand.comments for flight in room.lost_flights.values())
        for key, demand in room.demands.items():
            assert all((comment.intent, comment.product) == key for comment in demand.comments)
            assert demand.earliest == min(comment.deadline for comment in demand.comments)
            assert demand.latest == max(comment.deadline for comment in demand.comments)
            assert set(demand.viewers) == {comment.viewer for comment in demand.comments}
        self._proposals(room)
        begun = room.flight is not None and room.flight.state == "started"
        assert room.clock.still == (room.person or room.held or begun), "script time stands still without a reason"
        assert (room.timer, room.name) in self.rooms._timers, "nobody will look at this room again"
        assert room.clock.started <= self.now

    def _proposals(self, room: Room) -> None:
        """What was told of proposals is what stands."""
        if room.name not in self.known:
            return
        here = self.known[room.name]
        assert {proposed.id: proposed.approved for proposed in room.proposals.values()} == here.open
        assert here.mode == room.mode
        assert len(here.open) <= APPROVED_CAP + 21
        assert len(room.muted) <= MUTED_CAP
