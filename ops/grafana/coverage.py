"""The dashboard *Live room coverage*."""

from __future__ import annotations

from typing import Final

from ops.grafana.parts import RUNBOOKS, Board, Panel, Query, Row
from ops.grafana.queries import lately, of_asked, per_second, some

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
                    (Query(of_asked("answered")),),
                    "percentunit",
                ),
                Panel(
                    "Missed for time",
                    "A reply was there, and viewers had to wait too long: airtime, cooldowns, deadlines.",
                    (Query(of_asked("missed")),),
                    "percentunit",
                ),
                Panel(
                    "Nobody wrote a reply",
                    "What the board of gaps lists: `livechat gaps`.",
                    (Query(of_asked("gap")),),
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
                    (Query(some(per_second("livechat_decisions_total", "reason")), "{{reason}}"),),
                    "cps",
                    stacked=True,
                ),
                Panel(
                    "Waiting by blocker",
                    "Comments that began to wait, by what they wait for. docs/reasons.md",
                    (Query(some(per_second("livechat_waiting_verdicts_total", "blocker")), "{{blocker}}"),),
                    "cps",
                    stacked=True,
                ),
            ),
        ),
        Row(
            "On air",
            (
                Panel(
                    "Replies said and posted",
                    "Within five minutes; cut: broken off before their end; late: posted after the deadline.",
                    (
                        Query(lately("livechat_aired_total", "cut"), "said, cut: {{cut}}"),
                        Query(lately("livechat_posted_total", "late"), "posted, late: {{late}}"),
                    ),
                ),
                Panel(
                    "Commands",
                    "Insertions, withdrawals, stops and what else players and platforms are told, within five minutes.",
                    (Query(lately("livechat_insertions_total", "type"), "{{type}}"),),
                ),
                Panel(
                    "What rooms tell people to look at",
                    "Within five minutes, by kind: a silent player or connector, a script that holds an old fact, a disclosure "
                    "that is due. docs/runbooks/README.md",
                    (Query(lately("livechat_room_alerts_total", "kind"), "{{kind}}"),),
                ),
            ),
        ),
        Row(
            "People and edits",
            (
                Panel(
                    "Proposals",
                    "Within five minutes: opened, said, or why they ended otherwise. docs/operations.md",
                    (Query(lately("livechat_proposals_total", "event"), "{{event}}"),),
                ),
                Panel(
                    "Questions for people",
                    "Within five minutes: opened, and how they ended. docs/runbooks/handoffs.md",
                    (Query(lately("livechat_handoffs_total", "state"), "{{state}}"),),
                ),
                Panel(
                    "Pools built",
                    "Within five minutes, by outcome; and how long the last training took. docs/runbooks/pool.md",
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
