"""`livechat pool score`: how good the lines are, as a table and as a page."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from engine.cli.html import document, plot, table

if TYPE_CHECKING:
    from engine.understanding.training.score import Line, Score

MOST: Final = 20  # confusions and lines that are shown of each kind; the page has more
ON_PAGE: Final = 100
COLUMNS: Final = ("intent", "lines", "best is right", "answered", "of answers right", "tests")


def row_of(score: Score, at: int) -> tuple[str, ...]:
    """An intent's figures, as they are shown."""
    one = score.intents[at]
    tests = f"{one.tests_passed} of {one.tests}" if one.tests else "none"
    lines = f"{one.lines} (few)" if one.is_short else str(one.lines)
    return one.intent, lines, f"{one.best:.0%}", f"{one.recall:.0%}", f"{one.precision:.0%}", tests


def shown(line: Line) -> str:
    """A line, and whether it is the shop's own."""
    return f"{line.text} (yours)" if line.is_own else line.text


def summary(score: Score) -> str:
    """One sentence of the whole."""
    report = score.report
    uncertain = ""
    if not (report["certified"] and report["certified_solo"]):
        sure, of = (
            (score.thresholds.accept, "")
            if not report["certified"]
            else (score.thresholds.solo, ", to one viewer alone,")
        )
        uncertain = (
            f"; no threshold surely keeps the share of wrong answers that the shop allows, so{of} only what is surer than {sure:.2f} "
            "is answered: write more lines, or allow more below `understanding` in shop.yaml"
        )
    return (
        f"{report['lines']:,.0f} lines of {report['intents']:.0f} intents, each judged by a model without it: "
        f"{report['coverage']:.1%} of the questions are answered rightly, {report['coverage_solo']:.1%} for one viewer alone; "
        f"at the live mix {report['risk']:.1%} of all answers would be wrong ({report['risk_solo']:.1%} of those for one viewer alone)"
        f"{uncertain}"
    )


def tables(score: Score) -> Iterable[Table | Text]:
    """What a terminal shows."""
    by_intent = Table(title="Intents, the least answered first", title_justify="left")
    for column in COLUMNS:
        by_intent.add_column(column, justify="left" if column == "intent" else "right")
    for at in range(len(score.intents)):
        by_intent.add_row(*row_of(score, at))
    yield by_intent
    confusions = Table(title="Confusions", title_justify="left")
    for column in ("lines of", "taken for", "count", "for example"):
        confusions.add_column(column, justify="right" if column == "count" else "left")
    for one in score.confusions[:MOST]:
        confusions.add_row(one.intent, one.taken_for, str(one.count), Text(" · ".join(map(shown, one.lines[:3]))))
    yield confusions
    hurting = Table(title="Examples that hurt: surely another intent, for a model without them", title_justify="left")
    for column in ("line", "of", "taken for", "confidence"):
        hurting.add_column(column, justify="right" if column == "confidence" else "left")
    for lost in score.hurting[:MOST]:
        hurting.add_row(Text(shown(lost.line)), lost.intent, lost.taken_for, f"{lost.confidence:.2f}")
    yield hurting
    idle = Table(title="Lines that ask nothing and would be answered", title_justify="left")
    for column in ("line", "as", "confidence"):
        idle.add_column(column, justify="right" if column == "confidence" else "left")
    for lost in score.idle[:MOST]:
        idle.add_row(Text(shown(lost.line)), lost.taken_for, f"{lost.confidence:.2f}")
    yield idle
    yield Text(summary(score), style="bold")


# ---- the page --------------------------------------------------------------------------------------------------------


def page(score: Score, shop: str) -> str:
    """One HTML page that needs nothing else."""
    limits = score.thresholds
    risks = [max(0.05, *score.coverage_at_risk.x)] if score.coverage_at_risk.x else [0.05]
    parts = [
        f"<h1>How good the lines of {escape(shop)} are</h1><p>{escape(summary(score))}.</p>",
        f"<p>Answered from a confidence of {limits.accept:.2f} on, for one viewer alone from {limits.solo:.2f} on.</p><div class=plots>",
        plot(score.coverage_at_risk, "share of wrong answers", "questions answered rightly", max(risks), "Risk and coverage"),
        plot(
            score.reliability, "confidence told", "share that is right", 1.0,
            f"Reliability: {score.calibration_error:.1%} off in the mean", diagonal=True,
        ),
        "</div>",
        table("Intents, the least answered first", COLUMNS, [row_of(score, at) for at in range(len(score.intents))], (1, 2, 3, 4, 5)),
        table(
            "Confusions", ("lines of", "taken for", "count", "for example"),
            [(one.intent, one.taken_for, str(one.count), " · ".join(map(shown, one.lines))) for one in score.confusions[:ON_PAGE]], (2,),
        ),
        table(
            "Examples that hurt: surely another intent, for a model without them", ("line", "of", "taken for", "confidence"),
            [(shown(one.line), str(one.intent), one.taken_for, f"{one.confidence:.2f}") for one in score.hurting[:ON_PAGE]], (3,),
        ),
        table(
            "Lines that ask nothing and would be answered", ("line", "as", "confidence"),
            [(shown(one.line), one.taken_for, f"{one.confidence:.2f}") for one in score.idle[:ON_PAGE]], (2,),
        ),
    ]  # fmt: skip
    return document(f"{shop}: score", parts)
