"""The dashboard *Gaps*."""

from __future__ import annotations

from typing import Final

from ops.grafana.parts import RANGE, RUNBOOKS, Board, Panel, Query, Row
from ops.grafana.queries import life, of_asked, share

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
                    (Query(of_asked("gap")),),
                    "percentunit",
                ),
                Panel(
                    "Came back",
                    "Gaps that an editor had closed and that viewers asked again, within a day.",
                    (Query("sum(increase(livechat_gaps_reopened_total[1d]))"),),
                ),
                Panel(
                    "Dropped",
                    "Gaps dropped within an hour since a board was full.",
                    (Query("sum(increase(livechat_gaps_dropped_total[1h]))"),),
                ),
                Panel(
                    "Insights that are active",
                    "One is as it should be; of several, the others wait. docs/runbooks/gaps.md",
                    (Query("sum(livechat_insight_active)"),),
                    steps=((2, "red"),),
                ),
            ),
            numbers=True,
        ),
        Row(
            "By reason",
            (
                Panel(
                    "Open gaps by reason",
                    "Each reason needs a different edit; language_missing: a reply is there in another language. docs/reasons.md",
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
        Row(
            "Lives of gaps",
            (
                Panel(
                    "Until an editor closed them",
                    "From a gap's first comment on: half of the gaps, and nine in ten of them, were closed sooner. Within a day.",
                    (Query(life(0.5, "closed"), "half"), Query(life(0.9, "closed"), "nine in ten")),
                    "s",
                ),
                Panel(
                    "Ended",
                    "Within an hour: closed by an editor, or faded, since nobody asked any more.",
                    (Query("sum by (end) (increase(livechat_gap_life_seconds_count[1h]))", "{{end}}"),),
                ),
            ),
        ),
    ),
    (("Gaps and coverage", "docs/coverage.md"), ("Intent files", "docs/intent-files.md"), RUNBOOKS),
)
