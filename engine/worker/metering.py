"""What one commit adds to the metrics: counted while the batch is made, published when it is committed."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client import Histogram

from engine.events.handoffs import Handoff
from engine.events.outputs import (
    Aired,
    Alert,
    ChatReply,
    ChatWithdraw,
    Decision,
    Insertion,
    Proposal,
    ProposalVoid,
    Stop,
    VerdictLine,
    Withdraw,
)
from engine.events.posts import Posted
from engine.journal.core import Keyed
from engine.metrics import Metrics

BEFORE = frozenset({"duplicate", "expired"})
"""Verdicts, all of them final, of comments that came before, or too late."""
COMMANDS = (Insertion, Withdraw, Stop, ChatReply, ChatWithdraw)


@dataclass(slots=True)
class Tally:
    """Counts of one batch."""

    logged: list[int] = field(default_factory=list)
    """The log's time of each comment."""
    early: int = 0
    """Comments whose claimed time lies after the log's."""
    late: int = 0
    """Comments whose claimed time lies too far before it."""
    duplicates: int = 0
    letters: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    blockers: Counter[str] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)
    proposals: Counter[str] = field(default_factory=Counter)
    alerts: Counter[str] = field(default_factory=Counter)
    aired: Counter[str] = field(default_factory=Counter)
    posted: Counter[str] = field(default_factory=Counter)
    handoffs: Counter[str] = field(default_factory=Counter)
    lateness: list[int] = field(default_factory=list)
    """How long after its deadline each decision fell, ms (0: before); of comments that were not late already when they arrived."""

    def count(self, records: Sequence[Keyed], verdicts: Mapping[str, Sequence[VerdictLine]]) -> None:
        """The core's effects."""
        # Nearly all of a batch are verdicts and decisions: comprehensions cost half of a loop with a branch for each kind.
        told = [(room, line) for room, lines in verdicts.items() for line in lines if line.verdict in BEFORE]
        waiting = [line.verdict for lines in verdicts.values() for line in lines if not line.final]
        decisions = [record for record in records if type(record) is Decision]
        if waiting:
            self.blockers.update(waiting)
        if decisions:
            self.reasons.update([decision.reason for decision in decisions])
        in_time = decisions
        if told:
            late = {(room, line.source, line.id) for room, line in told if line.verdict == "expired"}
            self.duplicates += sum(1 for _, line in told if line.verdict == "duplicate")
            in_time = [one for one in decisions if (one.room, one.source, one.comment) not in late]
        after = [decision.decided - decision.deadline for decision in in_time]
        self.lateness += [max(0, ms) for ms in after]
        if len(decisions) < len(records):
            self._count_others([record for record in records if type(record) is not Decision])

    def _count_others(self, records: Iterable[Keyed]) -> None:
        said = set[str]()
        for record in records:
            if isinstance(record, COMMANDS):
                self.commands[record.type] += 1
                if isinstance(record, Insertion) and record.proposal is not None and not record.resend:
                    said.add(record.proposal)
                elif isinstance(record, ChatReply) and record.proposal is not None and record.held is not None:
                    said.add(record.proposal)  # once, on however many platforms
            elif isinstance(record, Proposal):
                self.proposals["opened"] += record.revision == 0
            elif isinstance(record, ProposalVoid):
                self.proposals[record.reason] += 1
            elif isinstance(record, Aired):
                self.aired["yes" if record.cut else "no"] += 1
            elif isinstance(record, Posted):
                self.posted["yes" if record.late_report else "no"] += 1
            elif isinstance(record, Alert):
                self.alerts[record.kind] += 1
            elif isinstance(record, Handoff) and (record.state != "open" or record.asked == 1):
                self.handoffs[record.state] += 1
        self.proposals["said"] += len(said)

    def publish(self, metrics: Metrics, now: int) -> None:
        """It is committed, at `now`."""
        metrics.comments.inc(len(self.logged))
        metrics.duplicates.inc(self.duplicates)
        for direction, count in (("future", self.early), ("past", self.late)):
            if count:
                metrics.clamped.labels(direction).inc(count)
        for counts, counter in (
            (self.letters, metrics.dead_letters),
            (self.reasons, metrics.decisions),
            (self.blockers, metrics.waiting),
            (self.commands, metrics.insertions),
            (self.proposals, metrics.proposals),
            (self.alerts, metrics.room_alerts),
            (self.aired, metrics.aired),
            (self.posted, metrics.posted),
            (self.handoffs, metrics.handoffs),
        ):
            for label, count in counts.items():
                counter.labels(label).inc(count)
        observe(metrics.verdict_seconds, [max(0, now - logged) for logged in self.logged])
        observe(metrics.decision_lateness_seconds, self.lateness)


def observe(histogram: Histogram, values_ms: Sequence[int]) -> None:
    """Many values at once. One `observe` a value costs 2 µs, a tenth of what a comment costs the worker in all."""
    values = sorted(values_ms)
    begin = 0
    # The library has no way to observe a value n times: these two are what `observe` itself fills (a test compares both ways).
    for bound, bucket in zip(histogram._upper_bounds, histogram._buckets, strict=True):  # noqa: SLF001
        end = bisect_right(values, bound * 1_000, begin)
        if end > begin:
            bucket.inc(end - begin)
        begin = end
    histogram._sum.inc(sum(values) / 1_000)  # noqa: SLF001
