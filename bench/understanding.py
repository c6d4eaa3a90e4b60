"""Throughput of understanding, stage by stage, on one core; spaCy's own bag-of-words classifier in the same run.

    python -m bench.understanding [--data PATH] [--arrivals FILE.csv.gz] [--lines N] [--batch N] [--rounds N]
        [--peer-epochs N] [--json OUT]

Texts are distinct. They come from `--data` (JSON Lines with `text`, or a folder of such files; else the example live), cut to the lengths
of recorded comments where `--arrivals` gives them. Times are CPU time of this process, the least of several rounds in which every stage
has its turn, so that a busy machine changes the ratio little; the collector runs as seldom as in the server, for the peer, too. Training
is also told by the clock, since it uses two cores where there are two. The peer only has to classify: it gets normal forms, and no
language, product, rule or personal data is looked for. It has seen all words of the pack before, as it would have in training (else it
takes half as long again), and takes its batches in the size of two that suits it better.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import spacy
from rich.console import Console
from rich.table import Table
from spacy.language import Language
from spacy.training import Example
from thinc.util import fix_random_seed

from bench.arrivals import load
from bench.harness import as_served
from bench.real_text import comment_files, texts_of
from engine.pool.load import load_pool
from engine.pool.paths import base_pack, example_shop
from engine.understanding.calibration import looks_asked, rank
from engine.understanding.judge import Judge
from engine.understanding.model import model_hash
from engine.understanding.ngrams import grams
from engine.understanding.normalise import normal_form
from engine.understanding.pipeline import build
from engine.understanding.reading import Reader, read_plains
from engine.understanding.training.train import train
from engine.understanding.understander import Understander

SEED = 5
WARM_UP = 40_000  # texts; or two thirds of all, where there are fewer
PEER_BATCHES = (256, 1000)  # texts at once; the latter is spaCy's default
PEER_BATCH = 32  # lines of one update, as in bench/intents.py


def texts_for(data: Sequence[Path], arrivals: Path | None, count: int) -> list[str]:
    """Distinct texts of real lengths. Raises `FileNotFoundError` that names the path."""
    real = sorted({text for file in comment_files(data) for text in texts_of(file)})
    draw = random.Random(SEED)
    if arrivals is None:
        draw.shuffle(real)
        return real[:count]
    lengths = load(arrivals).characters.tolist()
    texts: dict[str, None] = {}
    for _ in range(20 * count):  # short pieces repeat; a source that is too small gives fewer texts
        text, length = draw.choice(real), max(1, draw.choice(lengths))
        start = draw.randrange(max(1, len(text) - length + 1))
        texts[text[start : start + length]] = None
        if len(texts) == count:
            break
    return list(texts)


Work = Callable[[Sequence[str]], object]


def seconds_each(work: Work, texts: Sequence[str], batch: int) -> float:
    """CPU seconds of a text, in batches, in a process that has run for a while: tables, automata, the peer's words fill with use."""
    warm = min(WARM_UP, 2 * len(texts) // 3)
    for at in range(0, warm, batch):
        work(texts[at : at + batch])
    gc.collect()
    gc.freeze()  # what was loaded before is not looked through again; collections of what the stage makes stay in its time
    start = time.process_time()
    for at in range(warm, len(texts), batch):
        work(texts[at : at + batch])
    return (time.process_time() - start) / (len(texts) - warm)


def bag_of_words(lines: Sequence[tuple[str, str]], epochs: int) -> Language:
    """spaCy's TextCatBOW with the pack's classes and words; without epochs one short update, where only its speed is asked for."""
    fix_random_seed(SEED)
    nlp = spacy.blank("zh")
    classifier = nlp.add_pipe(
        "textcat",
        config={
            "model": {
                "@architectures": "spacy.TextCatBOW.v3",
                "exclusive_classes": True,
                "ngram_size": 1,
                "no_output_layer": False,
            }
        },
    )
    labels = sorted({label for _, label in lines})
    for label in labels:
        classifier.add_label(label)  # type: ignore[attr-defined]  # spaCy types a component as a function
    examples = [
        Example.from_dict(nlp.make_doc(text), {"cats": {name: float(name == label) for name in labels}})
        for text, label in lines
    ]
    optimizer = nlp.initialize(lambda: examples[:200])
    draw = random.Random(SEED)
    if not epochs:
        examples = examples[:200]
    for _ in range(max(1, epochs)):
        draw.shuffle(examples)
        for at in range(0, len(examples), PEER_BATCH):
            nlp.update(examples[at : at + PEER_BATCH], sgd=optimizer)
    return nlp


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--data",
        "--comments",
        dest="data",
        type=Path,
        action="append",
        help="JSON Lines with `text`, or a folder of them",
    )
    parser.add_argument("--arrivals", type=Path, help="a recorded live (.csv.gz): lengths of its comments")
    parser.add_argument("--lines", type=int, default=20_000, help="distinct texts that are measured")
    parser.add_argument("--batch", type=int, default=1000, help="texts at once")
    parser.add_argument("--rounds", type=int, default=3, help="times that each stage is measured")
    parser.add_argument(
        "--peer-epochs",
        type=int,
        default=0,
        help="train the peer on the whole pack, so often over all lines, and tell how long it takes",
    )
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args(arguments)
    texts = texts_for(options.data or [example_shop() / "live.jsonl"], options.arrivals, options.lines + WARM_UP)
    pool = load_pool(base_pack(), example_shop(), model_of=model_hash)
    start, wall = time.process_time(), time.perf_counter()
    model = train(pool.training)
    training, training_wall = time.process_time() - start, time.perf_counter() - wall
    reader, judge, linear = Reader(pool), Judge(pool, model), model.linear
    readings = dict(zip(texts, reader.read(texts), strict=True))
    forms = {text: reading.form for text, reading in readings.items()}
    nlp = build(pool, model)
    start, wall = time.process_time(), time.perf_counter()
    peer = bag_of_words(
        [(normal_form(line.text), line.intent or "background") for line in pool.training.lines], options.peer_epochs
    )
    peer_training, peer_wall = time.process_time() - start, time.perf_counter() - wall

    def piped(batch: Sequence[str]) -> None:
        with nlp.memory_zone():
            for doc in nlp.pipe(batch, batch_size=options.batch):
                doc._.understanding  # noqa: B018 — what a user of the pipeline reads

    def classified(batch: Sequence[str]) -> None:
        with peer.memory_zone():
            for doc in peer.pipe([forms[text] for text in batch], batch_size=len(batch)):
                doc.cats  # noqa: B018 — as above

    def ranked(batch: Sequence[str]) -> None:
        known = [forms[text] for text in batch]
        rank(linear.scores(grams(known)), known, looks_asked(known))

    peers = {f"peer: TextCatBOW pipe, batches of {size}": size for size in PEER_BATCHES}

    def stages() -> list[tuple[str, Work, int]]:
        """What is measured, and how many texts it takes at once. Nothing of it remembers texts of another round."""
        ours: dict[str, Work] = {
            "form, language, personal data": read_plains,
            "the same; spellings, names, rules, courtesies": reader.read,
            "n-grams": lambda batch: grams([forms[text] for text in batch]),
            "n-grams, model, ranking": ranked,
            "n-grams, gate": lambda batch: linear.asks(grams([forms[text] for text in batch])),
            "n-grams to outcome": lambda batch: judge.judge([readings[text] for text in batch]),
            "all: text to understanding": Understander(pool, model).understand,
            "all, as a spaCy pipeline": piped,
        }
        return [
            *((name, work, options.batch) for name, work in ours.items()),
            *((name, classified, size) for name, size in peers.items()),
        ]

    as_served()
    seconds: dict[str, float] = defaultdict(lambda: float("inf"))
    for _ in range(options.rounds):
        for name, work, size in stages():
            seconds[name] = min(seconds[name], seconds_each(work, texts, size))
    table = Table(
        title=f"{len(texts):,} distinct texts of {sum(map(len, texts)) / len(texts):.1f} characters, batches of {options.batch}"
    )
    for column in ("stage", "µs a text", "texts/s of one core"):
        table.add_column(column, justify="left" if column == "stage" else "right")
    figures: dict[str, float] = {
        "texts": len(texts),
        "training_seconds": round(training, 3),
        "training_wall_seconds": round(training_wall, 3),
    }
    for name, each in seconds.items():
        figures[name] = round(1e6 * each, 2)
        table.add_row(name, f"{1e6 * each:.1f}", f"{1 / each:,.0f}")
    console = Console()
    console.print(table)
    quickest = min(figures[name] for name in peers)
    alike, ratio = quickest / figures["n-grams to outcome"], quickest / figures["all: text to understanding"]
    console.print(
        f"Classification of normal forms, which is what the peer does, is {alike:.1f} times as fast as the peer; all, from text to"
        f" understanding, {ratio:.1f} times."
    )
    told = f"{training:.1f} s of CPU, {training_wall:.1f} s by the clock"
    console.print(f"Training {model.report['lines']:,.0f} lines of {model.report['intents']:.0f} intents: {told}.")
    if options.peer_epochs:
        figures["peer_training_seconds"] = round(peer_training, 3)
        figures["peer_training_wall_seconds"] = round(peer_wall, 3)
        console.print(
            f"The peer, {options.peer_epochs} epochs: {peer_training:.1f} s of CPU, {peer_training / training:.0f} times as long;"
            f" {peer_wall:.1f} s by the clock, {peer_wall / training_wall:.0f} times."
        )
    if options.json is not None:
        options.json.write_text(json.dumps(figures, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
