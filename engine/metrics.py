"""One registry struct that holds every metric. Labels come from closed sets only: no room, viewer or comment text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from engine.events.closes import CloseCode
from engine.events.inputs import KillScope
from engine.events.meanings import BLOCKERS, REASONS, VOIDS
from engine.events.outputs import GAP_REASONS, AlertKind
from engine.events.topics import INPUTS
from engine.events.wire import ClientRole, Stream

disable_created_metrics()  # type: ignore[no-untyped-call] # when each series began: nobody asks, and they are half of a scrape

LATENCY_S = (0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LATENESS_S = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
GAPS = (*GAP_REASONS, "language_missing")
LIFE_S = (60.0, 300.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 21_600.0, 43_200.0, 86_400.0, 259_200.0, 604_800.0)


class Metrics:
    """Every metric of a process. Made once at start, handed to whoever counts."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry if registry is not None else CollectorRegistry()
        self.troubles: dict[str, str] = {}
        """Role → why the log does not serve it now. `/readyz` tells it: a text is no label."""
        r = self.registry
        ProcessCollector(registry=r)  # processor, memory, open files: on Linux
        GCCollector(registry=r)
        self.role_ready = Gauge(
            "livechat_role_ready",
            "1 where a role of this process is ready, else 0; `/readyz` tells why.",
            ["role"],
            registry=r,
        )
        # worker
        self.comments = Counter("livechat_comments", "Comments handled, duplicates included.", registry=r)
        self.decisions = Counter("livechat_decisions", "Decisions by final reason.", ["reason"], registry=r)
        self.waiting = Counter(
            "livechat_waiting_verdicts", "Comments that began to wait, by blocker.", ["blocker"], registry=r
        )
        self.duplicates = Counter("livechat_duplicates", "Comments seen before.", registry=r)
        self.dead_letters = Counter("livechat_dead_letters", "Malformed records set aside.", ["topic"], registry=r)
        self.clamped = Counter(
            "livechat_clamped_times", "Comments whose claimed time was clamped.", ["direction"], registry=r
        )
        self.insertions = Counter(
            "livechat_insertions", "Commands to players and connectors, by type.", ["type"], registry=r
        )
        self.proposals = Counter(
            "livechat_proposals",
            "Replies proposed to people: `opened`, `said` (or posted), or why they ended otherwise.",
            ["event"],
            registry=r,
        )
        self.aired = Counter("livechat_aired", "Replies that were said, by whether they were cut.", ["cut"], registry=r)
        self.posted = Counter(
            "livechat_posted", "Chat replies that were reported as posted, by whether in time.", ["late"], registry=r
        )
        self.handoffs = Counter(
            "livechat_handoffs",
            "Questions passed to people, by state: opened, and how they ended.",
            ["state"],
            registry=r,
        )
        self.room_alerts = Counter(
            "livechat_room_alerts", "What rooms told people to look at, by kind.", ["kind"], registry=r
        )
        self.disclosures_overdue = Gauge(
            "livechat_disclosures_overdue",
            "Rooms on air whose viewers were not told for too long that the host is an artificial intelligence.",
            registry=r,
        )
        self.viewer_keys_overdue = Gauge(
            "livechat_viewer_keys_overdue",
            "Keys of viewer ids that should have been destroyed for hours, and can still be read on the log.",
            registry=r,
        )
        self.scripts_stale = Gauge(
            "livechat_scripts_stale",
            "Rooms on air whose script has sentences about facts that no longer hold.",
            registry=r,
        )
        self.players_missing = Gauge(
            "livechat_players_missing",
            "Rooms where viewers wait for a reply and the player is silent or gone.",
            registry=r,
        )
        self.verdict_seconds = Histogram(
            "livechat_verdict_seconds",
            "From the log's time of a comment to its committed verdict.",
            buckets=LATENCY_S,
            registry=r,
        )
        self.decision_lateness_seconds = Histogram(
            "livechat_decision_lateness_seconds",
            "How long after its deadline a decision became final (0: before); without comments that were late when they came.",
            buckets=LATENESS_S, registry=r,
        )  # fmt: skip
        self.commit_seconds = Histogram(
            "livechat_commit_seconds", "Duration of a commit.", buckets=LATENCY_S, registry=r
        )
        self.understand_seconds = Histogram(
            "livechat_understand_seconds", "Duration of understanding a batch.", buckets=LATENCY_S, registry=r
        )
        self.commits = Counter("livechat_commits", "Commits by outcome.", ["outcome"], registry=r)
        self.rooms = Gauge("livechat_rooms", "Rooms held.", registry=r)
        self.partitions_ready = Gauge(
            "livechat_partitions_ready", "Partitions that are owned, restored and caught up.", registry=r
        )
        self.partitions_moved = Counter(
            "livechat_partitions_moved",
            "Partitions that were taken over, given back, or lost to another owner without being asked.",
            ["event"],
            registry=r,
        )
        self.snapshot_age_seconds = Gauge(
            "livechat_snapshot_age_seconds",
            "How much of the journal a restore would read again, in its time: of the partition with the most.",
            registry=r,
        )
        self.lag_records = Gauge("livechat_input_lag_records", "Input records not yet handled.", ["topic"], registry=r)
        self.lag_seconds = Gauge(
            "livechat_input_lag_seconds",
            "For how long, at most, an input record has been waiting to be handled (0: none waits).",
            ["topic"],
            registry=r,
        )
        self.standstill_seconds = Gauge(
            "livechat_input_standstill_seconds",
            "How long the slowest reader has not moved although records wait for it.",
            registry=r,
        )
        self.loop_lag_seconds = Gauge(
            "livechat_event_loop_lag_seconds", "How late the event loop woke up last.", registry=r
        )
        # pool and publisher
        self.pool_builds = Counter("livechat_pool_builds", "Pools built, by outcome.", ["outcome"], registry=r)
        self.pool_problems = Gauge("livechat_pool_problems", "Mistakes in the pool files as last read.", registry=r)
        self.train_seconds = Gauge("livechat_train_seconds", "Duration of the last training.", registry=r)
        # gateway
        self.clients = Gauge("livechat_gateway_clients", "Connected clients by role.", ["role"], registry=r)
        self.frames = Counter("livechat_gateway_frames", "Frames by direction.", ["direction"], registry=r)
        self.closes = Counter(
            "livechat_gateway_closes", "Connections closed by us, by close code.", ["code"], registry=r
        )
        self.fenced_sends = Counter(
            "livechat_gateway_fenced_insertions",
            "Insertions and chat replies not sent since a kill or fact change forbids them.",
            registry=r,
        )
        self.stale_sends = Counter(
            "livechat_gateway_stale_insertions",
            "Insertions and chat replies not sent since their latest moment has passed.",
            registry=r,
        )
        self.unreadable = Counter(
            "livechat_gateway_unreadable_records", "Records that the gateway could not read.", ["topic"], registry=r
        )
        self.ring_bytes = Gauge(
            "livechat_gateway_ring_bytes", "Memory held for clients that resume, by stream.", ["stream"], registry=r
        )
        self.outbox_bytes = Gauge(
            "livechat_gateway_outbox_bytes",
            "Not sent yet to the client that reads most slowly; above `gateway.outbox_bytes` it is cut off.",
            registry=r,
        )
        self.kills = Gauge("livechat_kill_switches", "Kill switches that are on, by scope.", ["scope"], registry=r)
        self.kill_seconds = Gauge(
            "livechat_kill_switch_seconds",
            "For how long the oldest kill switch of a scope has been on (0: none is).",
            ["scope"],
            registry=r,
        )
        self.acks = Counter("livechat_gateway_acknowledgements", "Acknowledgements by kind.", ["kind"], registry=r)
        # insight
        self.asked = Counter(
            "livechat_asked", "Comments that asked something, by what became of them.", ["outcome"], registry=r
        )
        self.insight_active = Gauge(
            "livechat_insight_active", "1 where this insight is the one that keeps the board, else 0.", registry=r
        )
        self.gaps_open = Gauge(
            "livechat_gaps_open",
            "Gaps on the board, by reason; `language_missing`: no reply in the viewer's language, one in another.",
            ["reason"],
            registry=r,
        )
        self.gaps_dropped = Counter("livechat_gaps_dropped", "Gaps dropped since the board was full.", registry=r)
        self.gaps_reopened = Counter(
            "livechat_gaps_reopened", "Gaps that an editor had closed and that were asked again.", registry=r
        )
        self.gap_life_seconds = Histogram(
            "livechat_gap_life_seconds",
            "From a gap's first comment to its end: `closed` by an editor, or `faded`, to its last comment (with two viewers or more).",
            ["end"], buckets=LIFE_S, registry=r,
        )  # fmt: skip
        self.gap_delay_seconds = Gauge(
            "livechat_gap_delay_seconds",
            "How late the board shows a decision: of those since the publication before, the first.",
            registry=r,
        )
        for metric, values in self._values():
            for value in values:
                metric.labels(value)  # from 0 on, so that the first one is an increase, and no alert misses it

    def _values(self) -> Sequence[tuple[Counter | Gauge | Histogram, Iterable[str]]]:
        """Each metric that has a label, with all that the label may be; but for `role_ready`: a role that is not here is not unready."""
        inputs = (*INPUTS, "shop-events")
        codes = [str(int(code)) for code in CloseCode]
        return (
            (self.decisions, REASONS),
            (self.waiting, BLOCKERS),
            (self.dead_letters, inputs),
            (self.clamped, ("future", "past")),
            (self.insertions, ("insertion", "withdraw", "stop", "chat_reply", "chat_withdraw")),
            (self.proposals, ("opened", "said", *VOIDS)),
            (self.room_alerts, get_args(AlertKind)),
            (self.aired, ("yes", "no")),
            (self.posted, ("yes", "no")),
            (self.handoffs, ("open", "answered", "dismissed", "expired")),
            (self.commits, ("committed", "aborted", "fencedoff", "unknown")),
            (self.partitions_moved, ("taken_over", "given_back", "lost")),
            (self.lag_records, INPUTS),
            (self.lag_seconds, INPUTS),
            (self.pool_builds, ("published", "unchanged", "broken", "refused", "failed")),
            (self.clients, get_args(ClientRole)),
            (self.frames, ("in", "out")),
            (self.closes, codes),
            (self.unreadable, (*get_args(Stream), "shop-events")),
            (self.ring_bytes, get_args(Stream)),
            (self.kills, get_args(KillScope)),
            (self.kill_seconds, get_args(KillScope)),
            (self.acks, ("received", "processed")),
            (self.asked, ("answered", "shadowed", "missed", "people", "gap")),
            (self.gaps_open, GAPS),
            (self.gap_life_seconds, ("closed", "faded")),
        )
