"""All that is known of one comment: its decision, its way through the room, what was said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from engine.bus.port import Bus
from engine.errors import RestoreError
from engine.events.codec import decode
from engine.events.handoffs import Handoff
from engine.events.journal import CommentEntry, JournalRecord
from engine.events.letters import DeadLetter
from engine.events.outputs import Aired, ChatReply, Decision, Insertion
from engine.events.posts import Posted
from engine.events.understanding import Understanding
from engine.insight.explain.lookup import Sighting, holding, needles_of
from engine.insight.explain.watch import Command, Watch
from engine.insight.rerun import SLACK_MS, Kept, Rerun
from engine.journal.core import Source
from engine.journal.reading import read_journal
from engine.pool.model import Pool

State = Literal["decided", "waiting", "unread", "set_aside", "unknown"]
"""decided: it has its decision. waiting: it was handled and waits. unread: no worker has come to it yet. set_aside: it is a dead letter.
unknown: it was handled, and what became of it cannot be computed any more."""

Gap = Literal["", "journal", "late", "damaged"]
"""Why the way through the room is not known whole. journal: what is needed of it was swept away. late: only from a moment after the arrival
on. damaged: it cannot be computed, for the reason in `trouble`."""

LATER_MS: Final = 600_000  # after its decision: when what was said of it is on the log at the latest


@dataclass(slots=True)
class Story:
    """`watch` None where the way is not known at all. `journal_from`: since when the journal is kept. `behind`: records before it."""

    sighting: Sighting
    state: State
    decision: Decision | None = None
    watch: Watch | None = None
    pool: Pool | None = None
    letter: DeadLetter | None = None
    command: Command | None = None
    """The insertion or chat reply that answered it, or was to last."""
    heard: Aired | Posted | None = None
    """What viewers heard or read of it."""
    handoff: Handoff | None = None
    """The question as people have it now, where it was passed to them."""
    behind: int = 0
    gap: Gap = ""
    journal_from: int | None = None
    trouble: str = ""

    @property
    def understanding(self) -> Understanding | None:
        """As journalled; None where it was not read, or that is not known."""
        return self.watch.entry.understanding if self.watch is not None and self.watch.entry is not None else None


async def story_of(
    bus: Bus,
    pools: Source,
    sighting: Sighting,
    letters: list[DeadLetter],
    beat: Callable[[str], None] = lambda _: None,
) -> Story:
    """Gather it. The comment's room is computed again from the latest snapshot before its arrival on."""
    story = Story(sighting, "decided" if sighting.decision is not None else "unknown", sighting.decision)
    rerun = Rerun(bus, pools, sighting.room, beat)
    kept = await rerun.kept()
    story.journal_from = kept.first.now if kept is not None else None
    if story.decision is None:
        places = {offset for offset, _ in sighting.records}
        mine = [
            each for each in letters if each.origin_offset in places and each.origin_partition == sighting.partition
        ]
        if mine and len(mine) == len(places):
            story.state, story.letter = "set_aside", mine[0]
            return story
        if (behind := _behind(sighting, kept)) is not None:
            story.state, story.behind = "unread", behind
            return story
    if kept is None:
        story.gap = "journal"
    else:
        try:
            await _follow(bus, rerun, kept, story)
        except RestoreError as error:
            story.gap, story.trouble = "damaged", str(error)
    if story.state != "decided" and story.watch is not None and story.watch.entry is not None:
        story.decision = story.watch.decision
        story.state = "decided" if story.decision is not None else "waiting"
    await _said(bus, story)
    await _pool(pools, story)
    return story


def _behind(sighting: Sighting, kept: Kept | None) -> int | None:
    """Records between where the worker stands and the comment; None where it was handled."""
    if not sighting.records:
        return None
    first = sighting.records[0][0]
    if kept is None:
        return first
    ahead = kept.last.positions.ahead
    if ahead is not None and first < ahead.until:
        passed = ahead.passed.get(sighting.room)
        if passed is None or not passed[0] <= first <= passed[1]:
            return None
    position = kept.last.positions.comments
    return first - position if first >= position else None


async def _follow(bus: Bus, rerun: Rerun, kept: Kept, story: Story) -> None:
    """Watch the comment from its arrival to its decision, or to the journal's end."""
    entered = await _entered(bus, story.sighting, story.decision)
    seq = entered.first_seq if entered is not None else kept.first.first_seq
    begin = await rerun.beginning(kept, seq)
    if begin is None:
        story.gap = "journal"
        return
    sighting = story.sighting
    watch = Watch(sighting.room, sighting.source, sighting.id)
    until = story.decision.decided + SLACK_MS if story.decision is not None else None
    async for step in rerun.steps(begin):
        if until is not None and step.now > until:
            break
        watch.see(step)
        if step.room is not None and not watch.over:
            story.pool = step.room.shop.pool
        if watch.over:
            break
    if entered is None or begin.seq >= seq:
        story.gap = "late" if watch.spells else "journal"
    if watch.entry is None and entered is not None:
        watch.entry = _entry_of(entered, sighting)
    story.watch = watch


async def _entered(bus: Bus, sighting: Sighting, decision: Decision | None) -> JournalRecord | None:
    """The journal record that holds its first entry; None where it is gone."""
    times = [time for _, time in sighting.records] + ([decision.sent] if decision is not None else [])
    start = await bus.at_time("journal", sighting.partition, max(0, min(times) - SLACK_MS))
    async for stored in holding(bus, "journal", sighting.partition, needles_of(sighting.id), start):
        record = read_journal(stored)
        if _entry_of(record, sighting) is not None:
            return record
        if decision is not None and record.now > decision.decided + SLACK_MS:
            return None
    return None


def _entry_of(record: JournalRecord, sighting: Sighting) -> CommentEntry | None:
    wanted = (sighting.room, sighting.source, sighting.id)
    entries = (each for each in record.entries if isinstance(each, CommentEntry))
    return next((each for each in entries if (each.room, each.source, each.id) == wanted), None)


async def _said(bus: Bus, story: Story) -> None:
    """What answered it, what was heard of it, and what people have of it."""
    decision, watch, partition = story.decision, story.watch, story.sighting.partition
    if watch is not None and watch.commands:
        last = list(watch.commands)[-1]
        wanted = decision.insertion if decision is not None and decision.insertion else last
        story.command, story.heard = watch.commands.get(wanted), watch.heard.get(wanted)
    if decision is None:
        return
    start = max(0, decision.sent - SLACK_MS)
    if decision.handoff is not None:
        at = await bus.at_time("handoffs", partition, start)
        async for stored in holding(bus, "handoffs", partition, (decision.handoff.encode(),), at):
            handoff: Handoff = decode("handoffs", stored.value)
            if handoff.id == decision.handoff:
                story.handoff = handoff
    if decision.insertion is None or (story.command is not None and story.heard is not None):
        return
    for topic in ("insertions", "aired"):
        at = await bus.at_time(topic, partition, start)
        async for stored in holding(bus, topic, partition, (decision.insertion.encode(),), at):
            record = decode(topic, stored.value)
            match record:
                case Insertion() | ChatReply() if record.id == decision.insertion:
                    story.command = story.command or record
                case Aired() if record.insertion == decision.insertion:
                    story.heard = record
                case Posted() if record.chat_reply == decision.insertion:
                    story.heard = record
                case _:
                    pass
            if stored.time > decision.decided + LATER_MS:
                break


async def _pool(pools: Source, story: Story) -> None:
    """The pool that decided it, for titles and limits; its files may have changed since."""
    decision = story.decision
    if decision is None or not decision.pool or (story.pool is not None and story.pool.hash == decision.pool):
        return
    try:
        await pools.ensure(decision.pool)
        story.pool = pools.pool(decision.pool)
    except RestoreError as error:
        story.trouble = story.trouble or str(error)
