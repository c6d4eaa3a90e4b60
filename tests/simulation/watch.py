"""What must always hold, checked while the simulation runs: everything that is written, and everything that is heard."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.bus.port import Stored
from engine.client.playhead import SLIP_MS, Say
from engine.errors import RecordError
from engine.events.codec import decode
from engine.events.inputs import Cursor, ShopEvent
from engine.events.journal import RoomSnapshot
from engine.events.outputs import ChatReply, Decision, Insertion
from engine.gateway.fences import Fences
from tests.simulation.clock import VirtualLoop
from tests.simulation.player import Broken, Player, as_insertion
from tests.simulation.shop import DISCLOSE_EVERY_MS, MARK, POOLS, script

ENFORCED_MS = 1_000  # a kill or fact change acts within this
STATE_BYTES = 256 * 1024
ORDER = [(segment.id, sentence.id) for segment in script() for sentence in segment.sentences]
"""Sentences of the script, in order."""


@dataclass(eq=False)
class Watch:
    """Looks at everything that is written and heard, as it happens."""

    loop: VirtualLoop
    decided: dict[str, str] = field(default_factory=dict)
    insertions: dict[str, Insertion] = field(default_factory=dict)
    fences: Fences = field(default_factory=Fences)
    fenced_at: dict[int, int] = field(default_factory=dict)
    """Offset on shop-events → when it was written."""
    playing: dict[str, Insertion] = field(default_factory=dict)
    replies_heard: int = 0
    interruptions: int = 0
    cut: dict[str, Cursor] = field(default_factory=dict)
    """By room: the sentence that was cut short, until something else is heard."""
    goes_on: dict[str, Cursor] = field(default_factory=dict)
    """By room: where the script goes on after the reply that is heard."""
    posts_read: int = 0
    players: dict[str, Player] = field(default_factory=dict)

    def written(self, stored: Stored) -> None:
        """A record is on the log."""
        if stored.topic == "decisions":
            decision: Decision = decode("decisions", stored.value)
            if decision.id in self.decided:
                raise Broken(
                    f"1: a second decision of {decision.room}/{decision.comment}: {self.decided[decision.id]}, {decision.reason}"
                )
            self.decided[decision.id] = decision.reason
        elif stored.topic == "insertions":
            command = decode("insertions", stored.value)
            if isinstance(command, ChatReply):
                self._approved(command, command.not_after)
            insertion = as_insertion(stored)
            if insertion is not None:
                self._emitted(insertion)
        elif stored.topic == "snapshots" and stored.value is not None:
            snapshot = decode("snapshots", stored.value)
            if isinstance(snapshot, RoomSnapshot) and len(snapshot.state.encode()) > STATE_BYTES:
                raise Broken(f"7: the snapshot of {snapshot.room} has {len(snapshot.state.encode())} bytes")
        elif stored.topic == "shop-events" and stored.value:
            try:
                event: ShopEvent = decode("shop-events", stored.value)
            except RecordError:
                return
            self.fences.apply(stored.offset, event)
            self.fenced_at[stored.offset] = stored.time
            self.loop.call_later((ENFORCED_MS + SLIP_MS) / 1_000, self._still_said)

    def _emitted(self, insertion: Insertion) -> None:
        known = self.insertions.get(insertion.id)
        if known is not None and (not insertion.resend or known.text != insertion.text):
            raise Broken(f"4: insertion {insertion.id} was written twice with different content")
        self.insertions[insertion.id] = insertion
        self._approved(insertion, insertion.start + insertion.duration_ms)
        if insertion.when == "now":
            intent = POOLS[insertion.pool].intents[insertion.intent]
            if intent.insert != "now" or not any(r.id == insertion.reply and r.may_interrupt for r in intent.replies):
                raise Broken(f"4: {insertion.id} interrupts without permission")
        if insertion.after is not None and _holds(insertion.after):
            raise Broken(f"4: {insertion.id} comes after {insertion.after}, which holds")
        if insertion.after is not None and insertion.resume is not None:
            at = ORDER.index((insertion.after.segment, insertion.after.sentence))
            wraps = at + 1 == len(ORDER)
            expected = (insertion.after.lap + wraps, *ORDER[(at + 1) % len(ORDER)])
            if (insertion.resume.lap, insertion.resume.segment, insertion.resume.sentence) != expected:
                raise Broken(f"4: insertion {insertion.id} resumes at {insertion.resume}, not after {insertion.after}")

    def _approved(self, insertion: Insertion | ChatReply, end: int) -> None:
        """A reply of a pool that was live, filled from facts that hold until `end`."""
        if MARK in insertion.text:
            raise Broken(f"2: a viewer's text reached the air: {insertion.text}")
        pool = POOLS[insertion.pool]
        said = insertion if isinstance(insertion, Insertion) else None  # what is posted is a reply
        discloses = said is not None and said.disclosure is not None
        if said is not None and said.disclosure is not None:
            if insertion.text != pool.guard.disclosure.get(insertion.language) or insertion.facts or insertion.serves:
                raise Broken(f"2: `{insertion.text}` is not the disclosure of pool {insertion.pool}")
            if said.disclosure.every_ms != DISCLOSE_EVERY_MS or said.disclosure.since > insertion.at:
                raise Broken(f"2: {insertion.id} tells a wrong interval: {said.disclosure}")
        approved = [reply for intent in pool.intents.values() for reply in intent.replies]
        if said is not None and said.correction:
            approved = [*pool.products[insertion.product or ""].corrections]
        reply = next((r for r in approved if r.id == insertion.reply), None)
        if reply is None and not discloses:
            raise Broken(f"2: reply {insertion.reply} is not in pool {insertion.pool}")
        words = reply.text if reply is not None else insertion.text
        for piece in _fixed_parts(words):
            if piece not in insertion.text:
                raise Broken(f"2: `{insertion.text}` is not reply `{words}`")
        for use in insertion.facts:
            if (use.text if said is not None else use.written or use.text) not in insertion.text:
                raise Broken(f"2: fact {use.name} is not spoken as `{use.text}` in `{insertion.text}`")
            if use.until is not None and end > use.until:
                raise Broken(f"2: fact {use.name} ends while `{insertion.text}` is said")

    def heard(self, player: Player, say: Say) -> None:
        """Viewers hear something of a room's player."""
        now = self.loop.now()
        cut = self.cut.pop(player.room, None)
        if say.kind != "reply" or say.insertion is None:
            if say.kind == "cut" and say.cursor is not None:
                self.cut[player.room] = say.cursor
            resume, cursor = self.goes_on.pop(player.room, None), say.cursor
            said = self.playing.pop(player.room, None)
            if said is not None and say.kind == "sentence" and resume is not None and cursor is not None:
                self._goes_on(said, resume, cursor)
            return
        insertion = say.insertion
        if player.room in self.playing and self.playing[player.room].id == insertion.id:
            raise Broken(f"4: {insertion.id} was said twice")
        self.playing[player.room] = insertion
        self.replies_heard += 1
        if cut is not None:
            self.interruptions += 1
            if insertion.when != "now":
                raise Broken(f"4: {insertion.id} cut {cut} short, and was for the end of a sentence")
            if _holds(cut) or _holds(cut, before=1):
                raise Broken(f"4: {insertion.id} cut {cut} short, which holds, or belongs to one that does")
        goes_on = cut if insertion.when == "now" else insertion.resume
        if goes_on is not None:
            self.goes_on[player.room] = goes_on
        if insertion.id not in self.insertions:
            raise Broken(f"4: {insertion.id} is said, but its commit is not on the log")
        if now > insertion.not_after + SLIP_MS:
            raise Broken(f"3: {insertion.id} starts {now - insertion.not_after} ms after its not_after")
        self._allowed(player, insertion, "starts")

    def posted(self, record: ChatReply) -> None:
        """Viewers read something in the chat."""
        self.posts_read += 1
        now = self.loop.now()
        if now > record.not_after:
            raise Broken(f"3: {record.id} is posted {now - record.not_after} ms after its not_after")
        verdict = self.fences.forbids(record)
        if verdict is not None and now - self.fenced_at.get(verdict.offset, now) > ENFORCED_MS:
            raise Broken(f"3: {record.id} is posted long after the {verdict.cause} that forbids it")

    def _goes_on(self, said: Insertion, resume: Cursor, cursor: Cursor) -> None:
        if (resume.segment, resume.sentence) != (cursor.segment, cursor.sentence):
            raise Broken(f"4: after {said.id} the script went on at {cursor}, not at {resume}")

    def _allowed(self, player: Player, insertion: Insertion, what: str) -> None:
        """Within a second of what forbids it. Whoever says that it is over while it is not cannot be told to stop it."""
        if player.lies not in ("", "mute"):
            return
        verdict = self.fences.forbids(insertion)
        if verdict is None or player.deaf or player.gone or self.loop.now() - player.since < ENFORCED_MS:
            return
        age = self.loop.now() - self.fenced_at.get(verdict.offset, self.loop.now())
        stops = verdict.cause == "killed" or verdict.price or what == "starts"
        if age > ENFORCED_MS and stops:
            raise Broken(f"3: {insertion.id} {what} {age} ms after the {verdict.cause} that forbids it")

    def _still_said(self) -> None:
        for room, insertion in self.playing.items():
            player = self.players.get(room)
            if player is not None and player.session == insertion.session:
                self._allowed(player, insertion, "is still said")


def _holds(cursor: Cursor, *, before: int = 0) -> bool:
    """Whether this sentence of the script holds, or the one so many before it."""
    lines = [(segment.id, sentence.id, bool(sentence.hold)) for segment in script() for sentence in segment.sentences]
    at = ORDER.index((cursor.segment, cursor.sentence)) - before
    return lines[at][2]


def _fixed_parts(text: str) -> list[str]:
    """What stands around the placeholders."""
    parts, rest = [], text
    while "{" in rest:
        before, _, rest = rest.partition("{")
        parts.append(before)
        rest = rest.partition("}")[2]
    return [part for part in [*parts, rest] if part]
