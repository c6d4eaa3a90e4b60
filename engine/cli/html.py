"""Pages that need nothing else: no script, no font, no address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from engine.understanding.training.score import Curve

STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;color:#1a1a1a;max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}svg{width:100%;height:auto}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}pre{background:#f6f6f6;padding:.8rem;overflow-x:auto}
.figures{display:flex;flex-wrap:wrap;gap:2.5rem}.figures b{display:block;font-size:1.6rem}.key span{margin-right:1.2rem}
.plots{display:flex;flex-wrap:wrap;gap:2rem}.plots svg{max-width:30rem}figure{margin:0}figcaption{color:#555}
"""
SIDE: Final = 300  # of a plot, in its own units


def document(title: str, parts: Iterable[str], language: str = "en") -> str:
    """The whole page. `parts` are HTML, `title` is text."""
    head = f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    return "\n".join([head, *parts]) + "\n"


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int]) -> str:
    """A headed table of text. `numbers`: places of the columns that hold figures."""

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
