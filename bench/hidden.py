"""What becomes of questions that nobody listed: intents are taken out of the pack, and their lines are asked.

    python -m bench.hidden [--draws 10] [--hide 8] [--data PATH] [--shop DIR] [--lines DIR] [--json OUT]

For each draw, `hide` intents are left out of pool and training, at random but fixed by the draw's number. Told is what becomes of the
blind lines of those intents (nobody who works on the pack has read them) and of the pack's own examples of them: visible as a gap
(`unknown`, `low_confidence`, `ambiguous`), answered all the same, or taken for chatter; and how many of real idle lines (`--data`) end
visible with the same models. The peer in the same run is the usual tf-idf with a linear SVM over the same lines, background as one
class, which answers whatever its best class is.

Who writes an intent also writes idle lines that have its words and ask nothing ("that cost me 30 yesterday"). A pool that keeps those
without the intent says that its words are chatter, which no shop's pool says of questions that nobody has thought of. So each draw is
told twice: with all idle lines, and without those that the hidden intents' own machines, which never hear idle lines, would take for
theirs (margin above 0), more surely than any other intent's.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.blind import BLIND, VISIBLE, is_said, read_listed
from bench.real_text import Peer, comment_files, commerce, texts_of
from engine.pool.load import load_pool
from engine.pool.model import Pool, TrainingLine
from engine.pool.paths import base_pack, example_shop
from engine.understanding.linear import BACKGROUND
from engine.understanding.model import model_hash
from engine.understanding.ngrams import grams
from engine.understanding.spellings import Spellings
from engine.understanding.training.train import train
from engine.understanding.understander import Understander

GOALS: Final = {"visible": "≥ 70 %", "answered": "≤ 1 %", "chatter": "≤ 25 %"}


@dataclass(frozen=True, slots=True)
class Fate:
    """Shares of the lines whose intent was hidden."""

    lines: int
    visible: float
    answered: float
    chatter: float


def without(pool: Pool, hidden: frozenset[str], gone: frozenset[str] = frozenset()) -> Pool:
    """The pool as it would be if nobody had written these intents, nor these idle lines."""
    training = pool.training

    def rest(lines: Sequence[TrainingLine]) -> tuple[TrainingLine, ...]:
        return tuple(
            line for line in lines if line.intent not in hidden and not (line.intent is None and line.text in gone)
        )

    kept = replace(training, lines=rest(training.lines), negatives=rest(training.negatives), own=rest(training.own))
    intents = {name: intent for name, intent in pool.intents.items() if name not in hidden}
    return replace(pool, intents=intents, training=kept)


def claimed(pool: Pool) -> dict[str, str]:
    """Idle lines that an intent's machine takes for its own: which intent's most surely. The machines have learnt all questions, and
    no idle line."""
    model = train(pool.training)
    idle = [line.text for line in pool.training.lines if line.intent is None]
    forms = Spellings(pool.training.spellings).forms(idle)
    margins = model.linear.scores(grams(forms)).margins[:, BACKGROUND + 1 :]
    best, sure = margins.argmax(axis=1).tolist(), (margins.max(axis=1) > 0).tolist()
    return {text: model.intents[at] for text, at, its in zip(idle, best, sure, strict=True) if its}


def fate(understander: Understander, texts: Sequence[str]) -> Fate:
    results = understander.understand(texts)
    count = max(1, len(texts))
    return Fate(
        len(texts),
        sum(result.outcome in VISIBLE for result in results) / count,
        sum(map(is_said, results)) / count,
        sum(result.outcome == "chatter" for result in results) / count,
    )


def of_peer(pool: Pool, texts: Sequence[str]) -> Fate:
    said = [commerce(label) for label in Peer(pool).predict(texts)]
    return Fate(len(texts), 0.0, float(np.mean(said)), 1.0 - float(np.mean(said)))


def mean(fates: Sequence[Fate]) -> Fate:
    """Over draws, each as much as any other."""
    return Fate(
        sum(one.lines for one in fates),
        float(np.mean([one.visible for one in fates])),
        float(np.mean([one.answered for one in fates])),
        float(np.mean([one.chatter for one in fates])),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--hide", type=int, default=8, help="intents that are left out of each")
    parser.add_argument("--lines", type=Path, default=BLIND, help="the folder of blind lines")
    parser.add_argument("--data", type=Path, action="append", default=[], help="real idle lines, or a folder of them")
    parser.add_argument("--shop", type=Path, default=example_shop(), help="the shop's folder")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args(arguments)
    real = [text for file in comment_files(options.data) for text in texts_of(file)]
    pool = load_pool(base_pack(), options.shop, model_of=model_hash)
    names = sorted(name for name in pool.intents if commerce(name))
    blind, idle = read_listed(options.lines), claimed(pool)
    found: dict[str, list[Fate]] = {}
    console = Console()
    for draw in range(options.draws):
        hidden = frozenset(random.Random(draw).sample(names, options.hide))
        texts = [text for text, intent in blind if intent in hidden]
        own = [line.text for line in pool.training.lines if line.intent in hidden]
        gone = frozenset(text for text, intent in idle.items() if intent in hidden)
        for name, lines in (("all idle lines kept", frozenset[str]()), ("without those of the intents", gone)):
            rest = without(pool, hidden, lines)
            understander = Understander(rest, train(rest.training))
            for kind, asked in (("blind lines", texts), ("the pack's examples", own), ("real idle lines", real)):
                if asked:
                    found.setdefault(f"{kind}, {name}", []).append(fate(understander, asked))
        found.setdefault("blind lines, scikit-learn", []).append(of_peer(without(pool, hidden), texts))
        console.print(f"draw {draw}: {', '.join(sorted(hidden))}; {len(gone):,} idle lines", highlight=False)
    table = Table("lines", "lines", *(f"{name} (goal {goal})" for name, goal in GOALS.items()))
    figures = {}
    for name, fates in found.items():
        total = mean(fates)
        table.add_row(name, f"{total.lines:,}", *(f"{getattr(total, goal):.1%}" for goal in GOALS))
        figures[name] = asdict(total)
    console.print(table)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
