"""The dashboard *Engine health*."""

from __future__ import annotations

from typing import Final

from ops.grafana.parts import RANGE, RUNBOOKS, Board, Panel, Query, Row
from ops.grafana.queries import lately, per_second, quantile, some

HEALTH: Final = Board(
    "livechat-health",
    "Engine health",
    "For operations: whether comments are decided in time, and what holds them up.",
    (
        Row(
            "Now",
            (
                Panel(
                    "Decided in time",
                    "Decisions that were final at most a second after their deadline; last hour.",
                    (
                        Query(
                            'sum(increase(livechat_decision_lateness_seconds_bucket{le="1.0"}[1h]))'
                            " / (sum(increase(livechat_decision_lateness_seconds_count[1h])) > 0)"
                        ),
                    ),
                    "percentunit",
                ),
                Panel(
                    "Verdict, p99",
                    "From the log's time of a comment to its committed verdict; 99 of 100 are quicker.",
                    (Query(quantile(0.99, "livechat_verdict_seconds")),),
                    "s",
                    ((0.5, "orange"), (1.0, "red")),
                ),
                Panel(
                    "Comments",
                    "Handled per second, duplicates included.",
                    (Query(f"sum(rate(livechat_comments_total[{RANGE}]))"),),
                    "cps",
                ),
                Panel(
                    "Partitions ready",
                    "Owned, restored and caught up. Below the number of partitions, some rooms wait: docs/runbooks/no-worker.md",
                    (Query("sum(livechat_partitions_ready)"),),
                ),
                Panel("Rooms", "Held by all workers.", (Query("sum(livechat_rooms)"),)),
            ),
            numbers=True,
        ),
        Row(
            "To be looked at",
            (
                Panel(
                    "Alerts",
                    "That fire now: docs/runbooks/README.md",
                    (Query('count(ALERTS{alertstate="firing"}) or vector(0)'),),
                    steps=((1, "red"),),
                ),
                Panel(
                    "Without disclosure",
                    "Rooms whose viewers were not told for too long that the host is no person: docs/runbooks/disclosure.md",
                    (Query("sum(livechat_disclosures_overdue)"),),
                    steps=((1, "red"),),
                ),
                Panel(
                    "Players missing",
                    "Rooms where viewers wait for a reply and the player is silent or gone: docs/runbooks/player.md",
                    (Query("sum(livechat_players_missing)"),),
                    steps=((1, "red"),),
                ),
                Panel(
                    "Stale scripts",
                    "Rooms whose host's script holds a fact, such as a price, that has changed: docs/runbooks/wrong-price.md",
                    (Query("sum(livechat_scripts_stale)"),),
                    steps=((1, "red"),),
                ),
                Panel(
                    "Kill switches on",
                    "As one gateway counts them: docs/runbooks/kill-switch.md",
                    (Query("sum(max by (scope) (livechat_kill_switches))"),),
                    steps=((1, "orange"),),
                ),
            ),
            numbers=True,
        ),
        Row(
            "The way of a comment",
            (
                Panel(
                    "What comes in",
                    "Comments decided per second: those that ask nothing, and all others. docs/runbooks/flood.md",
                    (
                        Query(
                            f'sum(rate(livechat_decisions_total{{reason=~"chatter|abuse"}}[{RANGE}]))', "asks nothing"
                        ),
                        Query(f'sum(rate(livechat_decisions_total{{reason!~"chatter|abuse"}}[{RANGE}]))', "all others"),
                    ),
                    "cps",
                    stacked=True,
                ),
                Panel(
                    "Time to a verdict",
                    "From the log's time of a comment to its committed verdict.",
                    tuple(
                        Query(quantile(part, "livechat_verdict_seconds"), f"p{name}")
                        for part, name in ((0.5, "50"), (0.99, "99"), (0.999, "99.9"))
                    ),
                    "s",
                ),
                Panel(
                    "By stage",
                    "99 of 100 are quicker. Commits: the brokers. Understanding: the processor. docs/runbooks/lag.md",
                    (
                        Query(quantile(0.99, "livechat_commit_seconds"), "commit"),
                        Query(quantile(0.99, "livechat_understand_seconds"), "understanding"),
                    ),
                    "s",
                ),
                Panel(
                    "Decisions after their deadline",
                    "How long after its deadline a decision became final; 0: before.",
                    tuple(
                        Query(quantile(part, "livechat_decision_lateness_seconds"), f"p{name}")
                        for part, name in ((0.5, "50"), (0.99, "99"))
                    ),
                    "s",
                ),
            ),
        ),
        Row(
            "The log",
            (
                Panel(
                    "Lag",
                    "For how long input has been waiting to be handled. docs/runbooks/lag.md",
                    (Query("max by (topic) (livechat_input_lag_seconds)", "{{topic}}"),),
                    "s",
                ),
                Panel(
                    "Lag, records",
                    "Input records not yet handled.",
                    (Query("sum by (topic) (livechat_input_lag_records)", "{{topic}}"),),
                ),
                Panel(
                    "Standstill",
                    "How long the slowest reader has not moved although records wait for it. docs/runbooks/broker.md",
                    (Query("max by (service) (livechat_input_standstill_seconds)", "{{service}}"),),
                    "s",
                ),
                Panel(
                    "Commits by outcome",
                    "Whatever is not `committed` is done again, or belongs to another worker now.",
                    (Query(per_second("livechat_commits_total", "outcome"), "{{outcome}}"),),
                    "cps",
                ),
            ),
        ),
        Row(
            "Partitions",
            (
                Panel(
                    "Roles that are not ready",
                    "By process; `/readyz` of it tells why. docs/runbooks/process-down.md",
                    (Query("sum by (role, instance) (1 - livechat_role_ready)", "{{role}} at {{instance}}"),),
                ),
                Panel(
                    "Partitions by worker",
                    "Ready ones; a rebalance moves them. docs/runbooks/no-worker.md",
                    (Query("sum by (instance) (livechat_partitions_ready) > 0", "{{instance}}"),),
                    stacked=True,
                ),
                Panel(
                    "Rebalances",
                    "Partitions within five minutes: taken over, given back, and lost, which is a worker that was too slow for its group.",
                    (Query(lately("livechat_partitions_moved_total", "event"), "{{event}}"),),
                ),
                Panel(
                    "Age of snapshots",
                    "How much of the journal a restore would read again. docs/runbooks/snapshots.md",
                    (Query("max by (instance) (livechat_snapshot_age_seconds)", "{{instance}}"),),
                    "s",
                ),
                Panel(
                    "Shed",
                    "Per second: comments that were not read, or whose demand gave way to others. docs/runbooks/lag.md",
                    (
                        Query(
                            f'sum by (reason) (rate(livechat_decisions_total{{reason=~"shed|expired"}}[{RANGE}]))',
                            "{{reason}}",
                        ),
                    ),
                    "cps",
                ),
            ),
        ),
        Row(
            "Gateways and players",
            (
                Panel(
                    "Clients",
                    "Connected, by role. docs/runbooks/player.md",
                    (Query("sum by (role) (livechat_gateway_clients)", "{{role}}"),),
                ),
                Panel(
                    "Frames and acknowledgements",
                    "Per second.",
                    (
                        Query(per_second("livechat_gateway_frames_total", "direction"), "frames {{direction}}"),
                        Query(per_second("livechat_gateway_acknowledgements_total", "kind"), "acknowledged: {{kind}}"),
                    ),
                    "cps",
                ),
                Panel(
                    "Outboxes",
                    "Unsent to the slowest client; above `gateway.outbox_bytes` it is cut off. docs/runbooks/clients.md",
                    (Query("max by (instance) (livechat_gateway_outbox_bytes)", "{{instance}}"),),
                    "bytes",
                ),
                Panel(
                    "Closed by us",
                    "Connections within five minutes, by close code: docs/protocol.md explains them",
                    (Query(some(lately("livechat_gateway_closes_total", "code")), "{{code}}"),),
                ),
                Panel(
                    "Insertions not sent",
                    "Within five minutes: their latest start had passed, or a kill or a changed fact forbids them.",
                    (
                        Query(lately("livechat_gateway_stale_insertions_total"), "late"),
                        Query(lately("livechat_gateway_fenced_insertions_total"), "forbidden"),
                    ),
                ),
            ),
        ),
        Row(
            "Input and processes",
            (
                Panel(
                    "Malformed, repeated, clamped",
                    "Records set aside by topic, comments seen before, and comments whose claimed time was clamped; within five minutes.",
                    (
                        Query(lately("livechat_dead_letters_total", "topic"), "dead letters: {{topic}}"),
                        Query(
                            some(lately("livechat_gateway_unreadable_records_total", "topic")), "unreadable: {{topic}}"
                        ),
                        Query(lately("livechat_duplicates_total"), "duplicates"),
                        Query(lately("livechat_clamped_times_total", "direction"), "clamped: {{direction}}"),
                    ),
                ),
                Panel(
                    "Event loop",
                    "How late it woke up.",
                    (Query("max by (instance) (livechat_event_loop_lag_seconds)", "{{instance}}"),),
                    "s",
                ),
                Panel(
                    "Processors",
                    "Cores that each process keeps busy.",
                    (
                        Query(
                            f'sum by (instance) (rate(process_cpu_seconds_total{{job="livechat"}}[{RANGE}]))',
                            "{{instance}}",
                        ),
                    ),
                ),
                Panel(
                    "Memory",
                    "Resident, of each process.",
                    (Query('sum by (instance) (process_resident_memory_bytes{job="livechat"})', "{{instance}}"),),
                    "bytes",
                ),
                Panel(
                    "Memory for clients that resume",
                    "Held by gateways.",
                    (Query("sum by (stream) (livechat_gateway_ring_bytes)", "{{stream}}"),),
                    "bytes",
                    stacked=True,
                ),
            ),
        ),
    ),
    (RUNBOOKS, ("Operations", "docs/operations.md"), ("Metrics", "docs/metrics.md")),
)
