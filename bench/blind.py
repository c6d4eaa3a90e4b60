"""The shipped pack and model on lines that nobody looked at while they were made, beside the folds.

    python -m bench.blind [--shop DIR] [--json OUT] [--html PAGE]

`tests/blind/` holds lines written by people who knew the list of intents and what is sold, and had seen no line of the pack: questions of
each intent, questions outside the list, and lines that ask nothing. They are never trained on and never edited.
Told are, at the one shipped threshold and at those that would give 1, 3 and 5 % risk: how many listed questions are
answered rightly (coverage), and which share of all answered lines of a live room would be wrong (risk), where 93 % of the lines
ask nothing, 5 % a listed question and 2 % another one. Social intents and abuse are told apart: nothing is said in reply to them.
Folds flatter a pack that is too much like itself. So the lines that they hold out stand beside it, and the blind lines once more as folds
judge their own: by a model that learnt two thirds of the pack and no near-duplicate of them, without rules, catalogue and clauses. Where
the folds' lines are covered by ten points more than those, the pack lacks lines unlike its own.
ECE is the distance of told confidence and share of right ones, at the live mix, in bins of as many lines (adaptive). `--html` draws
the curves of risk and coverage and the reliability of each row.
The peer in the same run is the usual tf-idf with a linear SVM, which always takes its best class; its confidence is its margin.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from bench.real_text import Peer, commerce
from engine.cli.html import document, plot
from engine.events.understanding import Understanding
from engine.pool.load import load_pool
from engine.pool.model import UNLISTED, TrainingLine, TrainingSet, Trust
from engine.pool.paths import base_pack, example_shop
from engine.understanding.calibration import Calibration, Reliability, reliability
from engine.understanding.model import model_hash
from engine.understanding.spellings import Spellings
from engine.understanding.training.corpus import Corpus
from engine.understanding.training.folds import folds
from engine.understanding.training.held_out import HeldOut, hold_out
from engine.understanding.training.score import Curve
from engine.understanding.training.train import train, weigh
from engine.understanding.training.twins import clusters
from engine.understanding.understander import Understander

BLIND: Final = Path(__file__).resolve().parent.parent / "tests" / "blind"
_USUAL: Final = Trust()
MIX: Final = {"idle": _USUAL.idle, "listed": _USUAL.listed, "unlisted": _USUAL.unlisted}
RISKS: Final = (0.01, 0.03, 0.05)
WIDEST: Final = 0.2  # risk up to which the curve is drawn
POINTS: Final = 400  # of a drawn curve
VISIBLE: Final = frozenset({"unknown", "low_confidence", "ambiguous"})

Mask = NDArray[np.bool_]
Kinds = NDArray[np.str_]
"""`listed`, `unlisted` or `idle` of each line."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Lines with what became of them. `sure`: the confidence of an answer, 0 where no threshold would let it through."""

    kinds: Kinds
    answered: Mask
    right: Mask
    """The intent that is answered, or would be, is the line's."""
    sure: NDArray[np.float64]

    def mass(self) -> NDArray[np.float64]:
        """Weight of each line, so that the kinds weigh what they do in a live room."""
        found = np.zeros(len(self.kinds))
        for kind, share in MIX.items():
            own = self.kinds == kind
            found[own] = share / max(1, int(own.sum()))
        return found

    def coverage(self, answered: Mask) -> float:
        listed = self.kinds == "listed"
        return float((answered & self.right)[listed].mean())

    def risk(self, answered: Mask) -> float:
        mass = self.mass()
        said = float(mass[answered].sum())
        return float(mass[answered & ~self.right].sum()) / said if said else 0.0

    def curve(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(risk, coverage) at the threshold of each line, the surest first."""
        mass = self.mass()
        order = np.argsort(-self.sure, kind="stable")
        order = order[self.sure[order] > 0]
        good = np.cumsum(np.where(self.right, mass, 0.0)[order])
        bad = np.cumsum(np.where(self.right, 0.0, mass)[order])
        return bad / np.maximum(good + bad, 1e-12), good / MIX["listed"]

    def at_risk(self, risk: float) -> float:
        """The best coverage of any one threshold at which no more than this share of the answers is wrong."""
        risks, coverage = self.curve()
        allowed = np.flatnonzero(risks <= risk)
        return float(coverage[allowed[-1]]) if len(allowed) else 0.0

    def reliability(self) -> Reliability:
        """How true the told confidence is at the live mix."""
        return reliability(self.sure, self.right & (self.sure > 0), self.mass())


def read_listed(folder: Path) -> list[tuple[str, str]]:
    """(text, intent)."""
    rows = [json.loads(line) for line in (folder / "listed.jsonl").read_text("utf-8").splitlines()]
    return [(str(row["text"]), str(row["intent"])) for row in rows]


def read_unlisted(folder: Path) -> list[str]:
    return [str(json.loads(line)["text"]) for line in (folder / "unlisted.jsonl").read_text("utf-8").splitlines()]


def read_idle(folder: Path) -> list[str]:
    return (folder / "background.txt").read_text("utf-8").splitlines()


def is_said(found: Understanding) -> bool:
    return found.outcome == "accepted" and commerce(found.intent)


def judged(results: Sequence[Understanding], truth: Sequence[str | None], kinds: Sequence[str], band: float) -> Judged:
    """What the engine makes of lines; `truth` None: no answer is right."""
    return Judged(
        np.array(kinds),
        np.array([is_said(found) for found in results]),
        np.array([found.intent == intent for found, intent in zip(results, truth, strict=True)]),
        np.array([found.confidence if commerce(found.intent) and found.margin >= band else 0.0 for found in results]),
    )


def of_peer(peer: Peer, texts: Sequence[str], truth: Sequence[str | None], kinds: Sequence[str]) -> Judged:
    labels, margins = peer.ranked(texts)
    said = np.array([commerce(label) for label in labels])
    right = np.array([label == intent for label, intent in zip(labels, truth, strict=True)])
    return Judged(np.array(kinds), said, right, np.where(said, np.exp(margins), 0.0))


def of_folds(training: TrainingSet, blind: Sequence[TrainingLine]) -> tuple[Judged, Judged]:
    """The pack's own lines, held out; and the blind ones that are no near-duplicates of them, as a fold judges them."""
    pack = Corpus.of(training)
    held = hold_out(pack)
    calibration, _ = weigh(held, Trust()).calibration(pack)
    both = Corpus.of_lines((*training.lines, *blind), training.negatives, Spellings(training.spellings))
    # Lines that stand in both are the pack's.
    own = set(zip(pack.forms, map(pack.intent, pack.labels.tolist()), strict=True))
    new = np.array([line not in own for line in zip(both.forms, map(both.intent, both.labels.tolist()), strict=True)])
    cluster = clusters(both)
    unlike = new & ~np.isin(cluster, cluster[~new])
    judged = hold_out(both, 1, np.where(new, 0, folds(both)))  # what is not in the first fold is learnt
    return _of_held_out(pack, held, calibration), _of_held_out(both, judged, calibration, unlike)


def _of_held_out(corpus: Corpus, held: HeldOut, calibration: Calibration, chosen: Mask | None = None) -> Judged:
    """What these thresholds make of the lines, or of the chosen ones. Social lines and abuse stand apart."""
    spoken = np.array([commerce(corpus.intent(label)) for label in range(corpus.classes)])
    confidence = calibration.confidence(held.ranked)
    sure = spoken[held.ranked.best] & (confidence * (1.0 - held.ranked.share) >= calibration.thresholds.band)
    clear = np.where(sure, confidence, 0.0)
    kinds = np.where(held.background, "idle", np.where(held.listed, "listed", "unlisted"))
    told = held.background | held.unlisted | (held.questions & spoken[np.maximum(held.truth, 0)])
    if chosen is not None:
        told &= chosen[held.rows]
    return Judged(kinds[told], (clear >= calibration.thresholds.accept)[told], held.right[told], clear[told])


def page(rows: Mapping[str, Judged]) -> str:
    """Risk against coverage, and told confidence against truth, of each row."""
    parts = []
    for name, found in rows.items():
        risks, coverage = found.curve()
        steps = np.unique(np.linspace(0, len(risks) - 1, POINTS).astype(np.intp))
        curve = Curve(tuple(risks[steps].tolist()), tuple(coverage[steps].tolist()))
        bins = found.reliability()
        parts += [
            f"<h1>{escape(name)}</h1><div class=plots>",
            plot(curve, "share of wrong answers", "questions answered rightly", WIDEST, "Risk and coverage"),
            plot(Curve(bins.told, bins.right), "confidence told", "share that is right", 1.0, f"ECE {bins.error:.2%}", diagonal=True),
            "</div>",
        ]  # fmt: skip
    return document("Blind lines", parts)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", type=Path, default=BLIND, help="the folder of blind lines")
    parser.add_argument("--shop", type=Path, default=example_shop(), help="the shop's folder")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--html", type=Path, help="draw the curves on this page")
    options = parser.parse_args(arguments)
    pool = load_pool(base_pack(), options.shop, model_of=model_hash)
    model = train(pool.training)
    understander = Understander(pool, model)
    asked, unlisted, idle = read_listed(options.lines), read_unlisted(options.lines), read_idle(options.lines)
    listed = [(text, intent) for text, intent in asked if commerce(intent)]
    social = [(text, intent) for text, intent in asked if not commerce(intent)]
    texts = [text for text, _ in listed] + unlisted + idle
    truth = [intent for _, intent in listed] + [None] * (len(unlisted) + len(idle))
    kinds = ["listed"] * len(listed) + ["unlisted"] * len(unlisted) + ["idle"] * len(idle)
    results = understander.understand(texts)
    of_kind = {"unlisted": UNLISTED}
    blind = [
        TrainingLine(text, intent or of_kind.get(kind)) for text, intent, kind in zip(texts, truth, kinds, strict=True)
    ]
    pack, unlike = of_folds(pool.training, blind)
    rows = {
        "blind": judged(results, truth, kinds, model.calibration.thresholds.band),
        f"blind as folds, {int((unlike.kinds == 'listed').sum())}": unlike,
        "folds": pack,
        "peer, blind": of_peer(Peer(pool), texts, truth, kinds),
    }
    console, figures = Console(width=150), dict[str, dict[str, float]]()
    table = Table(title=f"{len(listed):,} listed questions, {len(unlisted):,} others, {len(idle):,} idle lines")
    columns = (
        "",
        "coverage",
        "risk",
        *(f"coverage at {risk:.0%}" for risk in RISKS),
        "best is right",
        "idle answered",
        "ECE",
    )
    for column in columns:
        table.add_column(column, justify="right" if column else "left")
    for name, found in rows.items():
        of_listed, of_idle = found.kinds == "listed", found.kinds == "idle"
        row = {
            "coverage": found.coverage(found.answered),
            "risk": found.risk(found.answered),
            **{f"coverage_at_{risk:.2f}": found.at_risk(risk) for risk in RISKS},
            "best_is_right": float(found.right[of_listed].mean()),
            "idle_answered": float(found.answered[of_idle].mean()),
            "calibration_error": found.reliability().error,
        }
        figures[name] = row
        table.add_row(
            name,
            *(
                f"{value:.2%}" if key in ("idle_answered", "calibration_error") else f"{value:.1%}"
                for key, value in row.items()
            ),
        )
    console.print(table)
    bins = Table(title="Reliability of confidence on blind listed questions: ten bins of as many lines")
    listed_only = rows["blind"].kinds == "listed"
    found_bins = reliability(
        rows["blind"].sure[listed_only], rows["blind"].right[listed_only], np.ones(int(listed_only.sum()))
    )
    for column in ("", *(str(number) for number in range(1, len(found_bins.told) + 1))):
        bins.add_column(column, justify="right" if column else "left")
    bins.add_row("confidence told", *(f"{value:.2f}" for value in found_bins.told))
    bins.add_row("share that is right", *(f"{value:.2f}" for value in found_bins.right))
    console.print(bins)
    ends = Table(title="How the blind lines end")
    for column in ("", "answered", "rightly", "ambiguous", "low confidence", "unknown", "chatter", "abuse"):
        ends.add_column(column, justify="right" if column else "left")
    ended = dict(zip(texts, results, strict=True))
    social_results = understander.understand([text for text, _ in social])
    for name, lines in (
        ("listed", [(ended[text], intent) for text, intent in listed]),
        ("unlisted", [(ended[text], None) for text in unlisted]),
        ("idle", [(ended[text], None) for text in idle]),
        ("social, abuse", list(zip(social_results, [intent for _, intent in social], strict=True))),
    ):
        outcomes = Counter(found.outcome for found, _ in lines)
        outcomes["accepted"] = sum(is_said(found) for found, _ in lines)
        rightly = sum(is_said(found) and found.intent == intent for found, intent in lines)
        shares = {"answered": outcomes["accepted"], "rightly": rightly}
        shares |= {key: outcomes[key] for key in ("ambiguous", "low_confidence", "unknown", "chatter", "abuse")}
        figures[f"ends_{name}"] = {key: value / len(lines) for key, value in shares.items()}
        ends.add_row(name, *(f"{value / len(lines):.2%}" for value in shares.values()))
    console.print(ends)
    if options.html is not None:
        options.html.write_text(page(rows), encoding="utf-8")
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
