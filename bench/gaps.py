"""The board of gaps on a labelled stream: intents are hidden from the pool, asked by viewers, and mixed into idle talk.

    python -m bench.gaps [--data FILE.jsonl] [--chatter PATH]... [--hide N | --hidden a,b,c] [--none LABEL] [--draw 0] [--json OUT]
    python -m bench.gaps --endurance [--decisions 10000000] [--json OUT]

`FILE.jsonl` holds lines of `text`, `label` and `split`. Lines of the split `train` make the intents of the pool, but for the hidden labels;
all lines of the hidden labels and the split `test` of the known ones are asked, each by a viewer of its own, in an hour of a room, mixed
with the idle lines of `PATH` (JSON Lines of `text`, or a folder of such files) and with the pack's idle lines beside them in training.
`--none` names a label that stands for no intent at all. Without `--data` the shipped pack itself is the stream: some of its intents are
hidden, their examples are asked. The pool's own model decides what is not understood; the board gets what a worker would have written.

Told are, of the first 30 gaps and of the first one and a half times as many as there are hidden labels (with at least `LEAST` lines that
were not understood): how many hidden labels lead a gap there, purity (the share of comments whose label is that of most comments of their
gap), and how many of these gaps are none, for most of their comments are idle talk or known intents. The peer in the same run is HDBSCAN
over tf-idf of the same lines, its clusters ranked by size.

`--endurance` feeds decisions without end, nearly all with words that nobody used before, and tells memory and time.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.cluster import HDBSCAN
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion

from bench.real_text import comment_files, commerce
from engine.events.outputs import Decision, Reason
from engine.events.understanding import Outcome
from engine.insight.features import Rarity
from engine.insight.gaps import Gaps
from engine.insight.window import Window
from engine.pool.load import load_pool
from engine.pool.model import UNLISTED, Intent, Pool, TrainingLine
from engine.pool.paths import base_pack, example_shop
from engine.understanding.model import model_hash
from engine.understanding.training.train import train
from engine.understanding.understander import Understander

LEAST: Final = 5  # lines of a hidden label that were not understood, from which it is a gap that the board should show
WINDOW: Final = Window(3_600_000)
NOW: Final = 1_767_225_600_000
IDLE: Final = 5_000  # of the pack's lines of no intent that the pool learns beside the data's
HASH: Final = "ab" * 16
REASONS: Final[Mapping[Outcome, Reason]] = {
    "unknown": "unknown_intent", "low_confidence": "low_confidence", "ambiguous": "ambiguous",
}  # fmt: skip
GOALS: Final = "goal: 80 % of the hidden labels within 1.5 × their number, purity 0.8"


@dataclass(frozen=True, slots=True)
class Asked:
    """One comment of the stream. `label`: of a hidden intent; None for all that is no gap."""

    text: str
    label: str | None


@dataclass(frozen=True, slots=True)
class Stream:
    pool: Pool
    comments: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """What the leading gaps are worth. `top`: how many were looked at."""

    top: int
    hidden: int
    found: int
    purity: float
    no_gap: int
    comments: int


def of_file(path: Path, idle: Sequence[str], hidden: Sequence[str] | int, none: str | None, draw: int) -> Stream:
    """The stream of a labelled file."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    labels = sorted({str(row["label"]) for row in rows} - {none})
    chance = random.Random(draw)
    gone = set(chance.sample(labels, hidden) if isinstance(hidden, int) else hidden)
    if not gone < set(labels):
        raise SystemExit(f"hidden labels that `{path}` does not have: {', '.join(sorted(gone - set(labels)))}")
    pack = load_pool(base_pack(), example_shop(), model_of=model_hash)
    own = [line for line in pack.training.lines if line.intent in (None, UNLISTED)]
    lines: dict[str, TrainingLine] = {}
    for row in rows:
        label = str(row["label"])
        if row["split"] == "train" and label not in gone:
            lines.setdefault(row["text"].casefold(), TrainingLine(row["text"], UNLISTED if label == none else label))
    training = replace(
        pack.training, lines=(*lines.values(), *chance.sample(own, min(IDLE, len(own)))), negatives=(), own=(), tests=()
    )
    intents = {label: Intent(id=label, title={"en": label}) for label in labels if label not in gone}
    pool = replace(pack, intents=intents, products={}, facts={}, not_sold=(), training=training)
    asked = [Asked(row["text"], row["label"]) for row in rows if row["label"] in gone]
    asked += [Asked(row["text"], None) for row in rows if row["label"] not in gone and row["split"] == "test"]
    return Stream(pool, _mixed(asked, idle, chance))


def of_pack(idle: Sequence[str], hidden: Sequence[str] | int, draw: int) -> Stream:
    """The stream of the shipped pack: the examples of some of its intents, asked of a shop that has not heard of them."""
    pack = load_pool(base_pack(), example_shop(), model_of=model_hash)
    chance = random.Random(draw)
    names = sorted(name for name in pack.intents if commerce(name))
    gone = set(chance.sample(names, hidden) if isinstance(hidden, int) else hidden)
    training = replace(
        pack.training,
        lines=tuple(line for line in pack.training.lines if line.intent not in gone),
        negatives=tuple(line for line in pack.training.negatives if line.intent not in gone),
        own=tuple(line for line in pack.training.own if line.intent not in gone),
    )
    pool = replace(pack, intents={k: v for k, v in pack.intents.items() if k not in gone}, training=training)
    asked = [Asked(line.text, line.intent) for line in pack.training.lines if line.intent in gone]
    asked += [Asked(line.text, None) for line in pack.training.tests if line.intent not in gone]
    return Stream(pool, _mixed(asked, idle, chance))


def _mixed(asked: Sequence[Asked], idle: Sequence[str], chance: random.Random) -> tuple[Asked, ...]:
    found = [*asked, *(Asked(text, None) for text in idle)]
    chance.shuffle(found)
    return tuple(found)


def decisions(stream: Stream) -> Iterator[tuple[Asked, Decision]]:
    """What a worker writes of the comments that it did not understand, over an hour."""
    understander = Understander(stream.pool, train(stream.pool.training))
    found = understander.understand([asked.text for asked in stream.comments])
    for at, (asked, understood) in enumerate(zip(stream.comments, found, strict=True)):
        reason = REASONS.get(understood.outcome)
        if reason is not None:
            when = NOW + at * (WINDOW.span_ms - WINDOW.step_ms) // len(stream.comments)
            near = reason != "unknown_intent"
            yield asked, Decision(
                id=f"{at:032x}", room="live", shop="bench", source="bench", comment=str(at), viewer=f"v{at}",
                text=understood.masked or asked.text, norm=understood.key, language=understood.language, reason=reason,
                sent=when, decided=when, deadline=when, pool=HASH, model=HASH,
                intent=understood.intent if near else None, runner_up=understood.runner_up if near else None,
                on_script=True,
            )  # fmt: skip


def judged(ranked: Sequence[Sequence[str | None]], hidden: frozenset[str], top: int) -> Marks:
    """`ranked`: the labels of the comments of each gap, the first gap first."""
    leading = [Counter(labels).most_common(1)[0] for labels in ranked[:top]]
    comments = sum(len(labels) for labels in ranked[:top])
    return Marks(
        top, len(hidden), len({label for label, _ in leading if label in hidden}),
        sum(count for _, count in leading) / max(1, comments), sum(label is None for label, _ in leading), comments,
    )  # fmt: skip


def of_board(pool: Pool, found: Sequence[tuple[Asked, Decision]]) -> tuple[list[list[str | None]], float]:
    """The labels of each gap's comments as the board ranks them, and the seconds that it took."""
    rarity = Rarity.of([line.text for line in pool.training.lines])
    gaps = Gaps("bench", WINDOW, 5_000)
    gaps.weigh(rarity)
    begin, end = time.perf_counter(), NOW + WINDOW.span_ms - WINDOW.step_ms
    for _, decision in found:
        gaps.add(decision, end)
    for _ in gaps.arrange(end):
        pass
    ranked = gaps.ranked(len(found), end)
    seconds = time.perf_counter() - begin
    by_norm: dict[str, list[str | None]] = {}
    for asked, decision in found:
        by_norm.setdefault(decision.norm, []).append(asked.label)
    return [[label for one in gap.clusters for label in by_norm[one.key.norm or ""]] for gap in ranked], seconds


def of_peer(found: Sequence[tuple[Asked, Decision]]) -> tuple[list[list[str | None]], float]:
    """HDBSCAN over tf-idf of words and characters; what it calls noise is in no cluster."""
    begin = time.perf_counter()
    features = FeatureUnion(
        [
            ("words", TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\S+", sublinear_tf=True)),
            ("characters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)),
        ]
    )
    rows = features.fit_transform([decision.norm for _, decision in found])
    likeness = np.asarray((rows @ rows.T).todense()) / 2
    labels = HDBSCAN(min_cluster_size=LEAST, metric="precomputed", copy=True).fit_predict(np.clip(1 - likeness, 0, 1))
    clusters: dict[int, list[str | None]] = {}
    for (asked, _), label in zip(found, labels.tolist(), strict=True):
        if label >= 0:
            clusters.setdefault(label, []).append(asked.label)
    return sorted(clusters.values(), key=len, reverse=True), time.perf_counter() - begin


def quality(stream: Stream, console: Console) -> dict[str, object]:
    found = list(decisions(stream))
    lines = Counter(asked.label for asked, _ in found if asked.label is not None)
    hidden = frozenset(label for label, count in lines.items() if count >= LEAST)
    console.print(
        f"{len(stream.comments):,} comments, {len(found):,} not understood, {sum(lines.values()):,} of them of {len(hidden)} hidden "
        f"intents, {sum(asked.label is None for asked, _ in found):,} no gap", highlight=False,
    )  # fmt: skip
    table = Table("", "first", "hidden intents found", "purity", "no gap", "comments", "seconds", title=GOALS)
    figures: dict[str, object] = {"comments": len(stream.comments), "not understood": len(found)}
    for name, (ranked, seconds) in (("board", of_board(stream.pool, found)), ("HDBSCAN over tf-idf", of_peer(found))):
        for top in (round(1.5 * len(hidden)), 30):
            marks = judged(ranked, hidden, top)
            table.add_row(
                name, str(top), f"{marks.found} of {marks.hidden} ({marks.found / max(1, marks.hidden):.0%})",
                f"{marks.purity:.2f}", str(marks.no_gap), f"{marks.comments:,}", f"{seconds:.1f}",
            )  # fmt: skip
            figures[f"{name}, first {top}"] = asdict(marks) | {"seconds": round(seconds, 2)}
    console.print(table)
    return figures


# ---- endurance -------------------------------------------------------------------------------------------------------


def endurance(count: int, console: Console) -> dict[str, object]:
    """Decisions of a busy shop, two thousand a second, of which nine in ten have words that nobody used before."""
    pack = load_pool(base_pack(), example_shop(), model_of=model_hash)
    chance = random.Random(0)
    texts = sorted({line.text for line in pack.training.lines if line.intent and line.intent != UNLISTED})
    reasons: tuple[Reason, ...] = ("unknown_intent", "low_confidence", "no_reply", "fact_missing", "chatter")
    gaps = Gaps("bench", WINDOW, 5_000)
    gaps.weigh(Rarity.of([line.text for line in pack.training.lines]))
    table = Table("decisions", "keys held", "dropped", "resident MB", "seconds", "longest pause ms")
    figures: list[dict[str, float]] = []
    begin, longest = time.perf_counter(), 0.0
    last_publication = NOW
    for at in range(1, count + 1):
        now = NOW + at // 2
        words = (
            f"{chance.choice(texts)} {chance.choice(texts)}" if chance.random() < 0.9 else chance.choice(texts[:500])
        )
        gaps.add(
            Decision(
                id=f"{at:032x}", room=f"r{at % 50}", shop="bench", source="s", comment=str(at),
                viewer=f"{chance.randrange(200_000):032x}", text=words, norm=words[:200], language="zh",
                reason=reasons[at % len(reasons)], sent=now, decided=now, deadline=now, pool=HASH, model=HASH,
                intent=f"topic.i{at % 40}", product=f"p{at % 9}", wanted="price", on_script=True,
            ),
            now,
        )  # fmt: skip
        if now - last_publication >= 60_000:
            last_publication = now
            mark = time.perf_counter()
            for _ in gaps.arrange(now):
                longest, mark = max(longest, time.perf_counter() - mark), time.perf_counter()
            gaps.ranked(200, now)
        if at % max(1, count // 10) == 0:
            row = {
                "decisions": at, "held": len(gaps), "dropped": gaps.dropped, "resident_mb": _resident_mb(),
                "seconds": time.perf_counter() - begin, "longest_ms": longest * 1_000,
            }  # fmt: skip
            figures.append(row)
            table.add_row(*(f"{value:,.0f}" for value in row.values()))
    console.print(table)
    return {"endurance": figures, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024}


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="labelled lines: `text`, `label`, `split`")
    parser.add_argument("--chatter", type=Path, action="append", default=[], help="idle lines: a file, or a folder")
    parser.add_argument("--hide", type=int, default=15, help="labels that are hidden, drawn at random")
    parser.add_argument("--hidden", help="labels that are hidden, with commas between them, instead of drawn ones")
    parser.add_argument("--none", help="the label of lines that belong to no intent")
    parser.add_argument("--draw", type=int, default=0)
    parser.add_argument("--endurance", action="store_true", help="memory over many decisions instead")
    parser.add_argument("--decisions", type=int, default=10_000_000)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args(arguments)
    console = Console(width=120)
    if options.endurance:
        figures = endurance(options.decisions, console)
    else:
        idle = [
            str(json.loads(line)["text"])
            for file in comment_files(options.chatter)
            for line in file.read_text("utf-8").splitlines()
        ]
        hidden = options.hidden.split(",") if options.hidden else options.hide
        stream = (
            of_file(options.data, idle, hidden, options.none, options.draw)
            if options.data
            else of_pack(idle, hidden, options.draw)
        )
        figures = quality(stream, console)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
