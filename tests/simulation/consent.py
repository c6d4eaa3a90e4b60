"""Nothing that needs a person's yes is said without one for exactly that text: from entries and records alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.events.inputs import Approval, ModeSet, ShopModeSet
from engine.events.journal import AnyEntry, RoomEntry, ShopEntry
from engine.events.outputs import ChatReply, Insertion, Proposal, ProposalVoid
from engine.room.proposals import UPDATE_MS
from tests.simulation.player import Broken
from tests.simulation.shop import POOLS
from tests.unit.room.invariants import bound


@dataclass
class Consent:
    """What the entries say of modes and verdicts, and the records of proposals, in one partition."""

    modes: dict[str, str] = field(default_factory=dict)
    """By room that was told its own."""
    shop_mode: str = "shadow"
    told: dict[str, Proposal] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    yes: set[str] = field(default_factory=set)

    def enter(self, entry: AnyEntry) -> None:
        """An entry, before what it makes."""
        if isinstance(entry, ShopEntry) and isinstance(entry.applied.event, ShopModeSet):
            self.shop_mode = entry.applied.event.mode
            self.modes.clear()  # there is one shop: what is said last counts
        elif isinstance(entry, RoomEntry) and isinstance(entry.event, ModeSet):
            self.modes[entry.event.room] = entry.event.mode
        elif isinstance(entry, RoomEntry) and isinstance(entry.event, Approval):
            event = entry.event
            if event.verdict == "approve" and event.proposal in self.open:
                self.yes.add(event.proposal)

    def mode(self, room: str) -> str:
        return self.modes.get(room, self.shop_mode)

    def put_out(self, record: object) -> None:
        """A record of the entry."""
        if isinstance(record, Proposal):
            self._proposed(record)
        elif isinstance(record, ProposalVoid):
            if (record.proposal in self.open) == (record.reason == "not_open"):
                raise Broken(f"proposal {record.proposal} is void ({record.reason}), but was not open, or is")
            self.open.discard(record.proposal)
        elif isinstance(record, Insertion) and not record.resend:
            self._emitted(record)
        elif isinstance(record, ChatReply):
            self._posted(record)

    def _proposed(self, new: Proposal) -> None:
        old = self.told.get(new.id)
        if old is not None and bound(old) != bound(new):
            raise Broken(f"proposal {new.id} changed from `{old.text}` to `{new.text}`")
        if old is not None and new.state == "open" and new.at < old.at + UPDATE_MS:
            raise Broken(f"proposal {new.id} was told again after {new.at - old.at} ms")
        if new.state == "approved" and new.id not in self.yes:
            raise Broken(f"proposal {new.id} is approved by nobody")
        self.told[new.id] = new
        self.open.add(new.id)
        undecided = [
            known for name in self.open if (known := self.told[name]).room == new.room and known.state == "open"
        ]
        if len(undecided) > POOLS[new.pool].limits.proposals:
            raise Broken(f"7: {len(undecided)} proposals are open in {new.room}")

    def _posted(self, said: ChatReply) -> None:
        """Of a reply for both, by the approval by which it was said; on several platforms, by one approval."""
        replies = POOLS[said.pool].intents[said.intent].replies
        rule = next(reply.approval for reply in replies if reply.id == said.reply)
        if rule != "ask" and (self.mode(said.room) != "approve" or rule == "standing"):
            return
        known = self.told.get(said.proposal or "")
        if known is None or known.id not in self.yes:
            raise Broken(f"2: `{said.text}` was posted without being asked for (approval: {rule})")
        if bound(known) != bound(said):
            raise Broken(f"2: `{known.text}` was approved, `{said.text}` is posted")
        self.open.discard(known.id)

    def _emitted(self, said: Insertion) -> None:
        mode = self.mode(said.room)
        if mode not in ("auto", "approve"):
            raise Broken(f"4: {said.id} was emitted in mode {mode}")
        if said.correction or said.disclosure is not None:
            return  # its wording is approved
        replies = POOLS[said.pool].intents[said.intent].replies
        rule = next(reply.approval for reply in replies if reply.id == said.reply)
        if said.proposal is None:
            if rule == "ask" or (mode == "approve" and rule != "standing"):
                raise Broken(f"2: `{said.text}` was said in mode {mode} without being asked for (approval: {rule})")
            return
        known = self.told.get(said.proposal)
        if known is None or said.proposal not in self.yes or said.proposal not in self.open:
            raise Broken(f"2: `{said.text}` was said by proposal {said.proposal}, which is not approved, or void")
        if bound(known) != bound(said):
            raise Broken(f"2: `{known.text}` was approved, `{said.text}` is said")
        self.open.discard(said.proposal)
