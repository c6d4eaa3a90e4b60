"""`livechat pool score`: how good the lines are, as a table and as a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from engine.understanding.score import Curve, Score

MOST: Final = 20  # confusions and lines that are shown of each kind; the page has more
ON_PAGE: Final = 100
COLUMNS: Final = ("intent", "lines", "best is right", "answered", "of answers right", "tests")


def row_of(score: Score, at: int) -> tuple[str, ...]:
    """An intent's figures, as they are shown."""
    one = score.intents[at]
    tests = f"{one.tests_passed} of {one.tests}" if one.tests else "none"
    lines = f"{one.lines} (few)" if one.is_short else str(one.lines)
    return one.intent, lines, f"{one.best:.0%}", f"{one.recall:.0%}", f"{one.precision:.0%}", tests


def summary(score: Score) -> str:
    """One sentence of the whole."""
    report = score.report
    return (
        f"{report['lines']:,.0f} lines of {report['intents']:.0f} intents, each judged by a model without it: "
        f"{report['coverage']:.1%} of the questions are answered rightly, {report['coverage_solo']:.1%} for one viewer alone; "
        f"at the live mix {report['risk']:.1%} of all answers would be wrong ({report['risk_solo']:.1%} of those for one viewer alone)"
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
        confusions.add_row(one.intent, one.taken_for, str(one.count), Text(" · ".join(one.lines[:3])))
    yield confusions
    hurting = Table(title="Examples that hurt: surely another intent, for a model without them", title_justify="left")
    for column in ("line", "of", "taken for", "confidence"):
        hurting.add_column(column, justify="right" if column == "confidence" else "left")
    for line, intent, other, confidence in score.hurting[:MOST]:
        hurting.add_row(Text(line), intent, other, f"{confidence:.2f}")
    yield hurting
    idle = Table(title="Lines that ask nothing and would be answered", title_justify="left")
    for column in ("line", "as", "confidence"):
        idle.add_column(column, justify="right" if column == "confidence" else "left")
    for line, intent, confidence in score.idle[:MOST]:
        idle.add_row(Text(line), intent, f"{confidence:.2f}")
    yield idle
    yield Text(summary(score), style="bold")


# ---- the page --------------------------------------------------------------------------------------------------------

STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;color:#1a1a1a;max-width:68rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
svg{max-width:30rem;width:100%;height:auto}.plots{display:flex;flex-wrap:wrap;gap:2rem}figure{margin:0}figcaption{color:#555}
"""
SIDE: Final = 300  # of a plot, in its own units


def page(score: Score, shop: str) -> str:
    """One HTML page that needs nothing else."""
    limits = score.thresholds
    risks = [max(0.05, *score.coverage_at_risk.x)] if score.coverage_at_risk.x else [0.05]
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(shop)}: score</title><style>{STYLE}</style>",
        f"<h1>How good the lines of {escape(shop)} are</h1><p>{escape(summary(score))}.</p>",
        f"<p>Answered from a confidence of {limits.accept:.2f} on, for one viewer alone from {limits.solo:.2f} on.</p><div class=plots>",
        plot(score.coverage_at_risk, "share of wrong answers", "questions answered rightly", max(risks), "Risk and coverage"),
        plot(
            score.reliability, "confidence told", "share that is right", 1.0,
            f"Reliability: {score.calibration_error:.1%} off in the mean", diagonal=True,
        ),
        "</div>",
        _rows("Intents, the least answered first", COLUMNS, [row_of(score, at) for at in range(len(score.intents))], (1, 2, 3, 4, 5)),
        _rows(
            "Confusions", ("lines of", "taken for", "count", "for example"),
            [(one.intent, one.taken_for, str(one.count), " · ".join(one.lines)) for one in score.confusions[:ON_PAGE]], (2,),
        ),
        _rows(
            "Examples that hurt: surely another intent, for a model without them", ("line", "of", "taken for", "confidence"),
            [(line, intent, other, f"{sure:.2f}") for line, intent, other, sure in score.hurting[:ON_PAGE]], (3,),
        ),
        _rows(
            "Lines that ask nothing and would be answered", ("line", "as", "confidence"),
            [(line, intent, f"{sure:.2f}") for line, intent, sure in score.idle[:ON_PAGE]], (2,),
        ),
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


def _rows(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int]) -> str:
    def cells(values: Sequence[str], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=n' if at in numbers else ''}>{escape(value)}</{tag}>" for at, value in enumerate(values)
        )

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f"<h2>{escape(title)}</h2><table><tr>{cells(columns, 'th')}</tr>{body}</table>"


def plot(curve: Curve, across: str, up: str, width: float, caption: str, *, diagonal: bool = False) -> str:
    """A line in a square from 0 to `width`, and from 0 to 1."""
    points = " ".join(
        f"{SIDE * x / width:.1f},{SIDE * (1 - y):.1f}" for x, y in zip(curve.x, curve.y, strict=True) if x <= width
    )
    marks = "".join(
        f'<text x="{SIDE * part:.0f}" y="{SIDE + 16}" text-anchor="middle">{width * part:.0%}</text>'
        f'<text x="-6" y="{SIDE * (1 - part) + 4:.0f}" text-anchor="end">{part:.0%}</text>'
        for part in (0.0, 0.25, 0.5, 0.75, 1.0)
    )
    ideal = f'<line x1="0" y1="{SIDE}" x2="{SIDE}" y2="0" stroke="#bbb" stroke-dasharray="4"/>' if diagonal else ""
    return (
        f'<figure><svg viewBox="-48 -12 {SIDE + 70} {SIDE + 52}" font-size="11" fill="#555" role="img" aria-label="{escape(caption)}">'
        f'<rect width="{SIDE}" height="{SIDE}" fill="none" stroke="#ddd"/>{ideal}{marks}'
        f'<text x="{SIDE / 2}" y="{SIDE + 34}" text-anchor="middle">{escape(across)}</text>'
        f'<text transform="rotate(-90)" x="{-SIDE / 2}" y="-36" text-anchor="middle">{escape(up)}</text>'
        f'<polyline points="{points}" fill="none" stroke="#0a6" stroke-width="2"/></svg><figcaption>{escape(caption)}</figcaption></figure>'
    )
