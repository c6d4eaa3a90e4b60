"""What the dashboards show. `python -m ops.grafana` writes them; the files are what Grafana reads."""

from __future__ import annotations

from typing import Final

from ops.grafana.parts import RANGE, Board, Panel, Query, Row

RUNBOOKS: Final = ("Runbooks", "docs/runbooks/README.md")


def share(part: str, whole: str, span: str) -> str:
    """Share of what was counted within `span`; nothing where nothing was."""
    return f"sum(increase({part}[{span}])) / (sum(increase({whole}[{span}])) > 0)"


def per_second(counter: str, by: str) -> str:
    return f"sum by ({by}) (rate({counter}[{RANGE}]))"


def lately(counter: str, by: str = "") -> str:
    """Within five minutes."""
    return f"sum{f' by ({by})' if by else ''} (increase({counter}[5m]))"


def quantile(part: float, histogram: str) -> str:
    return f"histogram_quantile({part}, sum by (le) (rate({histogram}_bucket[{RANGE}])))"


COVERAGE: Final = Board(
    "livechat-coverage",
    "Live room coverage",
    "For script editors: what viewers ask, what they get, and what is missing.",
    (
        Row(
            "The last hour",
            (
                Panel(
                    "Share answered",
                    "Of the comments that asked something, those that got an answer. docs/coverage.md defines it.",
                    (Query(share('livechat_asked_total{outcome="answered"}', "livechat_asked_total", "1h")),),
                    "percentunit",
                ),
                Panel(
                    "Missed for time",
                    "A reply was there, and viewers had to wait too long: airtime, cooldowns, deadlines.",
                    (Query(share('livechat_asked_total{outcome="missed"}', "livechat_asked_total", "1h")),),
                    "percentunit",
                ),
                Panel(
                    "Nobody wrote a reply",
                    "What the board of gaps lists: `livechat gaps`.",
                    (Query(share('livechat_asked_total{outcome="gap"}', "livechat_asked_total", "1h")),),
                    "percentunit",
                    ((0.2, "orange"), (0.4, "red")),
                ),
                Panel("Open gaps", "On all boards together.", (Query("sum(livechat_gaps_open)"),)),
                Panel(
                    "Mistakes in the pool files",
                    "An edit that cannot be published; the last good pool serves. docs/runbooks/pool.md",
                    (Query("max(livechat_pool_problems)"),),
                    steps=((1, "red"),),
                ),
            ),
            numbers=True,
        ),
        Row(
            "Questions",
            (
                Panel(
                    "What became of questions",
                    "Comments that asked something, by outcome. docs/coverage.md says what counts as what.",
                    (Query(per_second("livechat_asked_total", "outcome"), "{{outcome}}"),),
                    "cps",
                    stacked=True,
                ),
                Panel(
                    "Decisions by reason",
                    "One final decision for each comment. docs/reasons.md names what to do about each reason.",
                    (Query(per_second("livechat_decisions_total", "reason"), "{{reason}}"),),
                    "cps",
                    stacked=True,
                ),
                Panel(
                    "Waiting by blocker",
                    "Comments that began to wait, by what they wait for. docs/reasons.md",
                    (Query(per_second("livechat_waiting_verdicts_total", "blocker"), "{{blocker}}"),),
                    "cps",
                    stacked=True,
                ),
            ),
        ),
        Row(
            "On air",
            (
                Panel(
                    "Replies said",
                    "Within five minutes; cut: broken off before their end.",
                    (Query(lately("livechat_aired_total", "cut"), "cut: {{cut}}"),),
                ),
                Panel(
                    "Commands",
                    "Insertions, withdrawals, stops and what else players and platforms are told, within five minutes.",
                    (Query(lately("livechat_insertions_total", "type"), "{{type}}"),),
                ),
                Panel(
                    "Pools built",
                    "Within five minutes, by outcome; and how long the last training took.",
                    (
                        Query(lately("livechat_pool_builds_total", "outcome"), "{{outcome}}"),
                        Query("max(livechat_train_seconds)", "last training, s"),
                    ),
                ),
            ),
        ),
    ),
    (("What counts as what", "docs/coverage.md"), ("Reasons", "docs/reasons.md"), RUNBOOKS),
)

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
                Panel(
                    "Alerts",
                    "That fire now: docs/runbooks/README.md",
                    (Query('count(ALERTS{alertstate="firing"}) or vector(0)'),),
                    steps=((1, "red"),),
                ),
            ),
            numbers=True,
        ),
        Row(
            "The way of a comment",
            (
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
                    "Input records not yet handled. docs/runbooks/lag.md",
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
                Panel(
                    "Partitions by worker",
                    "Ready ones; a rebalance moves them.",
                    (Query('livechat_partitions_ready{service="worker"}', "{{instance}}"),),
                    stacked=True,
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
                    "Closed by us",
                    "Connections within five minutes, by close code: docs/protocol.md explains them",
                    (Query(lately("livechat_gateway_closes_total", "code"), "{{code}}"),),
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
                        Query(lately("livechat_gateway_unreadable_records_total", "topic"), "unreadable: {{topic}}"),
                        Query(lately("livechat_duplicates_total"), "duplicates"),
                        Query(lately("livechat_clamped_times_total", "direction"), "clamped: {{direction}}"),
                    ),
                ),
                Panel(
                    "Event loop",
                    "How late it woke up, by role.",
                    (Query("max by (service) (livechat_event_loop_lag_seconds)", "{{service}}"),),
                    "s",
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

GAPS: Final = Board(
    "livechat-gaps",
    "Gaps",
    "What nobody wrote a usable reply for. The lines themselves are on the board: `livechat gaps`.",
    (
        Row(
            "The board",
            (
                Panel("Open gaps", "On all boards together.", (Query("sum(livechat_gaps_open)"),)),
                Panel(
                    "Behind",
                    "From the newest decision on the board to its publication; a gap is to be seen within a minute.",
                    (Query("max(livechat_gap_delay_seconds)"),),
                    "s",
                    ((30, "orange"), (60, "red")),
                ),
                Panel(
                    "Questions that fell into gaps",
                    "Share of all questions, last hour.",
                    (Query(share('livechat_asked_total{outcome="gap"}', "livechat_asked_total", "1h")),),
                    "percentunit",
                ),
                Panel(
                    "Dropped",
                    "Gaps dropped within an hour since a board was full.",
                    (Query("sum(increase(livechat_gaps_dropped_total[1h]))"),),
                ),
            ),
            numbers=True,
        ),
        Row(
            "By reason",
            (
                Panel(
                    "Open gaps by reason",
                    "Each reason needs a different edit. docs/reasons.md",
                    (Query("sum by (reason) (livechat_gaps_open)", "{{reason}}"),),
                    stacked=True,
                ),
                Panel(
                    "Comments that fell into gaps",
                    "Per second, by reason.",
                    (
                        Query(
                            "sum by (reason) (rate(livechat_decisions_total{reason=~"
                            '"unknown_intent|low_confidence|ambiguous|unsupported_language|no_product|not_sold|no_reply|fact_missing|'
                            'fact_expired|fact_out_of_bounds|guard_blocked"'
                            f"}}[{RANGE}]))",
                            "{{reason}}",
                        ),
                    ),
                    "cps",
                    stacked=True,
                ),
                Panel(
                    "Share answered",
                    "Of all questions: what edits are for.",
                    (
                        Query(
                            share('livechat_asked_total{outcome="answered"}', "livechat_asked_total", "15m"), "answered"
                        ),
                    ),
                    "percentunit",
                ),
            ),
        ),
    ),
    (("Gaps and coverage", "docs/coverage.md"), ("Intent files", "docs/intent-files.md"), RUNBOOKS),
)

BOARDS: Final = (COVERAGE, HEALTH, GAPS)
