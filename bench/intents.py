"""The intent component on any labelled set of short texts, beside the usual classifiers in the same run.

    python -m bench.intents --data FILE.jsonl [--folds N] [--draws N] [--a-class N] [--epochs N] [--without spacy] [--json OUT]

Lines of FILE hold `text`, `label` and `split` (`train`, `val` or `valid`, `test`; others are left alone); the label `oos` stands for what
no class covers. Told are: accuracy of the best class on in-scope test lines; where there are `oos` lines, how many of them are refused
at the threshold that accepts 95 % of the in-scope validation lines, and the area under the ROC curve; the accuracy on all in-scope lines
of the file, each judged by a classifier that learnt the other folds (a test split of a thousand lines cannot tell apart what differs by a
point); the accuracy with only a few training lines a class, over fixed random draws; and how long training took. Intervals (95 %) are of
the paired difference to ours, from 10,000 bootstrap samples of the judged lines. Nothing is picked on test lines.

Peers: scikit-learn (tf-idf of word 1–2-grams and character 2–5-grams, LinearSVC) and spaCy's TextCatBOW, each with its best score as
confidence. They have background only as one class more, as ours does.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import spacy
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sklearn.metrics import roc_auc_score
from spacy.training import Example
from thinc.util import fix_random_seed

from bench.real_text import usual_classifier
from engine.pool.model import TrainingLine, Trust
from engine.understanding.calibration import looks_asked, rank
from engine.understanding.ngrams import grams
from engine.understanding.normalise import normal_form
from engine.understanding.training.corpus import Corpus
from engine.understanding.training.fitting import fit
from engine.understanding.training.held_out import hold_out
from engine.understanding.training.train import weigh

OUT_OF_SCOPE: Final = "oos"
VALIDATION: Final = ("val", "valid")
ACCEPTED: Final = 0.95  # of the in-scope validation lines, by which the threshold is picked
SAMPLES: Final = 10_000  # of the bootstrap
SEED: Final = 11
EPOCHS: Final = 4  # of spaCy's classifier
BATCH: Final = 32  # examples of one of its updates

Lines = Sequence[tuple[str, str]]
"""(text, label)."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Of each text the best class that is no `oos`, and how sure that is: a score that only has to order."""

    labels: list[str]
    confidence: NDArray[np.float64]


class Classifier(Protocol):
    """What takes part."""

    def train(self, lines: Lines) -> None: ...
    def answer(self, texts: Sequence[str]) -> Answers: ...


class Ours:
    """The engine's features and model, with the confidence that it calibrates on folds (where there is background)."""

    def train(self, lines: Lines) -> None:
        known = [TrainingLine(text, None if label == OUT_OF_SCOPE else label) for text, label in lines]
        corpus = Corpus.of_lines(known)
        self._intents = corpus.intents
        self._linear = fit(corpus, np.ones(len(corpus), dtype=np.bool_))
        some = any(line.intent is None for line in known)
        self._calibration = weigh(hold_out(corpus), Trust()).calibration(corpus)[0] if some else None

    def answer(self, texts: Sequence[str]) -> Answers:
        forms = [normal_form(text) or "?" for text in texts]
        scores = self._linear.scores(grams(forms))
        ranked = rank(scores, forms, looks_asked(forms))
        labels = [self._intents[best - 1] for best in ranked.best.tolist()]
        if self._calibration is None:
            return Answers(labels, scores.margins[:, 1:].max(axis=1).astype(np.float64))
        return Answers(labels, self._calibration.confidence(ranked))


class ScikitLearn:
    """Tf-idf and a linear SVM."""

    def train(self, lines: Lines) -> None:
        self._machine = usual_classifier()
        self._machine.fit([text for text, _ in lines], [label for _, label in lines])

    def answer(self, texts: Sequence[str]) -> Answers:
        scores = self._machine.decision_function(list(texts))
        return _best([str(name) for name in self._machine.classes_], np.asarray(scores, dtype=np.float64))


class BagOfWords:
    """spaCy's TextCatBOW."""

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs

    def train(self, lines: Lines) -> None:
        fix_random_seed(SEED)
        nlp = spacy.blank("en")
        model = {
            "@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": True, "ngram_size": 2, "no_output_layer": False,
        }  # fmt: skip
        classifier = nlp.add_pipe("textcat", config={"model": model})
        self._labels = sorted({label for _, label in lines})
        for label in self._labels:
            classifier.add_label(label)  # type: ignore[attr-defined]  # spaCy types a component as a function
        examples = [
            Example.from_dict(nlp.make_doc(text), {"cats": {name: float(name == label) for name in self._labels}})
            for text, label in lines
        ]
        optimizer = nlp.initialize(lambda: examples)
        draw = random.Random(SEED)
        for _ in range(self._epochs):
            draw.shuffle(examples)
            for at in range(0, len(examples), BATCH):
                nlp.update(examples[at : at + BATCH], sgd=optimizer)
        self._nlp = nlp

    def answer(self, texts: Sequence[str]) -> Answers:
        rows = [[doc.cats[label] for label in self._labels] for doc in self._nlp.pipe(texts)]
        return _best(self._labels, np.array(rows, dtype=np.float64))


def _best(names: Sequence[str], scores: NDArray[np.float64]) -> Answers:
    known = [at for at, name in enumerate(names) if name != OUT_OF_SCOPE]
    scores = scores[:, known]
    best = scores.argmax(axis=1)
    return Answers([names[known[at]] for at in best.tolist()], scores.max(axis=1))


@dataclass(slots=True)
class Outcome:
    """What one classifier reached. `right`, `few`: for each in-scope test line (of each draw), whether its best class was right;
    `folds`: the same for each in-scope line of the file."""

    train_s: float
    right: NDArray[np.bool_]
    folds: NDArray[np.bool_]
    few: NDArray[np.bool_]
    refused: NDArray[np.bool_] | None = None
    """Of each `oos` test line."""
    area: float | None = None
    figures: dict[str, float] = field(default_factory=dict)


def read(path: Path) -> dict[str, Lines]:
    """Split → lines. Raises `ValueError` that names the line."""
    found: dict[str, list[tuple[str, str]]] = {"train": [], "val": [], "test": []}
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                text, label, split = str(row["text"]), str(row["label"]), str(row["split"])
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path}:{number}: not a line with text, label and split ({error})") from error
            name = "val" if split in VALIDATION else split
            if name in found:
                found[name].append((text, label))
    if not found["train"] or not found["test"]:
        raise ValueError(f"{path}: it has no lines of the splits `train` and `test`")
    return dict(found)


def in_scope(lines: Lines) -> Lines:
    return [line for line in lines if line[1] != OUT_OF_SCOPE]


def right(answers: Answers, lines: Lines) -> NDArray[np.bool_]:
    return np.array([label == line[1] for label, line in zip(answers.labels, lines, strict=True)], dtype=np.bool_)


def drawn(lines: Lines, a_class: int, seed: int) -> Lines:
    """So many training lines of each class, drawn once for all classifiers."""
    by_label: dict[str, list[tuple[str, str]]] = {}
    for line in lines:
        by_label.setdefault(line[1], []).append(line)
    draw = random.Random(seed)
    return [
        line for label in sorted(by_label) for line in draw.sample(by_label[label], min(a_class, len(by_label[label])))
    ]


def over_folds(make: Callable[[], Classifier], lines: Lines, folds: int) -> NDArray[np.bool_]:
    """For each line, whether a classifier that learnt all lines but its fold is right; lines are dealt at random, once for all."""
    found = np.zeros(len(lines) if folds else 0, dtype=np.bool_)
    dealt = np.random.default_rng(SEED).permutation(len(lines))
    for fold in range(folds):
        asked = dealt[fold::folds]
        learnt = np.setdiff1d(dealt, asked)
        classifier = make()
        classifier.train([lines[at] for at in learnt.tolist()])
        judged = [lines[at] for at in asked.tolist()]
        found[asked] = right(classifier.answer([text for text, _ in judged]), judged)
    return found


def measure(make: Callable[[], Classifier], data: Mapping[str, Lines], folds: int, draws: int, a_class: int) -> Outcome:
    known, unknown = in_scope(data["test"]), [line for line in data["test"] if line[1] == OUT_OF_SCOPE]
    classifier = make()
    begun = time.process_time()
    classifier.train(data["train"])
    spent = time.process_time() - begun
    answers = classifier.answer([text for text, _ in known])
    few = []
    for seed in range(draws):
        small = make()
        small.train(drawn(in_scope(data["train"]), a_class, seed))
        few.append(right(small.answer([text for text, _ in known]), known))
    outcome = Outcome(
        spent,
        right(answers, known),
        over_folds(make, in_scope([line for lines in data.values() for line in lines]), folds),
        np.concatenate(few) if few else np.zeros(0, dtype=np.bool_),
    )
    if unknown and data["val"]:
        validation = classifier.answer([text for text, _ in in_scope(data["val"])]).confidence
        threshold = float(np.quantile(validation, 1.0 - ACCEPTED))
        strange = classifier.answer([text for text, _ in unknown]).confidence
        outcome.refused = strange < threshold
        truth = np.concatenate((np.ones(len(known)), np.zeros(len(unknown))))
        outcome.area = float(roc_auc_score(truth, np.concatenate((answers.confidence, strange))))
    return outcome


def interval(ours: NDArray[np.bool_], theirs: NDArray[np.bool_], lines: int) -> tuple[float, float]:
    """95 % of the bootstrapped paired difference, in points; draws of one test line stay together."""
    difference = (ours.astype(np.float64) - theirs.astype(np.float64)).reshape(-1, lines).mean(axis=0)
    draw = np.random.default_rng(SEED)
    means = [100 * difference[draw.integers(0, lines, lines, dtype=np.int32)].mean() for _ in range(SAMPLES)]
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="labelled lines (.jsonl)")
    parser.add_argument("--folds", type=int, default=10, help="folds of all lines; 0 leaves them out")
    parser.add_argument("--draws", type=int, default=10, help="draws of few training lines")
    parser.add_argument("--a-class", type=int, default=10, help="training lines of each class in a draw")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="of spaCy's classifier")
    parser.add_argument(
        "--without", action="append", choices=("spacy", "scikit-learn"), default=[], help="leave a peer out"
    )
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args(arguments)
    try:
        data = read(options.data)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    makers: dict[str, Callable[[], Classifier]] = {
        "ours": Ours,
        "scikit-learn": ScikitLearn,
        "spacy": lambda: BagOfWords(options.epochs),
    }
    outcomes = {
        name: measure(make, data, options.folds, options.draws, options.a_class)
        for name, make in makers.items()
        if name not in options.without
    }
    known = len(in_scope(data["test"]))
    table = Table(title=f"{options.data.name}: {len(data['train']):,} training lines, {known:,} in-scope test lines")
    better, kinds = (
        "ours is better by",
        {"full": "test", "folds": "all lines, by folds", "few": f"{options.a_class} a class"},
    )
    for column in (
        "",
        *(heading for kind in kinds.values() for heading in (kind, better)),
        "oos refused",
        "AUROC",
        "training, s",
    ):
        table.add_column(column, justify="right" if column else "left")
    ours = outcomes["ours"]
    for name, found in outcomes.items():
        figures = found.figures
        figures["train_cpu_s"], row = found.train_s, [name]
        judged = {"full": (ours.right, found.right), "folds": (ours.folds, found.folds), "few": (ours.few, found.few)}
        for kind, (mine, theirs) in judged.items():
            if not len(theirs):
                row += ["", ""]
                continue
            figures[f"{kind}_accuracy"] = float(theirs.mean())
            row += [f"{theirs.mean():.2%}", ""]
            if found is not ours:
                low, high = interval(mine, theirs, len(theirs) if kind == "folds" else known)
                figures[f"{kind}_behind_low"], figures[f"{kind}_behind_high"] = low, high
                row[-1] = f"{low:+.2f} to {high:+.2f} points"
        if found.refused is not None and found.area is not None:
            figures["oos_refused"], figures["auroc"] = float(found.refused.mean()), found.area
            row += [f"{found.refused.mean():.1%}", f"{found.area:.4f}"]
        else:
            row += ["", ""]
        table.add_row(*row, f"{found.train_s:.1f}")
    Console(width=160).print(table)
    if options.json is not None:
        text = json.dumps({name: found.figures for name, found in outcomes.items()}, indent=2)
        options.json.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
