"""Lines → model. Deterministic: the same lines give the same bytes on the same machine.

A one-vs-rest linear SVM over hashed n-grams, balanced over the classes; background ("nothing asked") is a class of its own. A `not:`
line speaks against its intent and says nothing of the others: a near variant of it is then not taken for that intent either.
Calibration and thresholds come from five folds. Near-duplicates stay in one fold, or the folds would flatter the model. Each
fold's model also goes without a fifth of the intents: their lines stand for the questions that nobody listed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.pool.model import TrainingSet
from engine.understanding.calibration import (
    BACKGROUND,
    F64,
    Calibration,
    Ranked,
    Thresholds,
    fit_logistic,
    logistic,
    looks_asked,
    lowest_threshold,
    rank,
)
from engine.understanding.linear import F32, Linear
from engine.understanding.model import Model, line_digest
from engine.understanding.ngrams import DIMENSION, Grams, grams
from engine.understanding.normalise import normal_form

CODE_VERSION = 4  # rises with every change of normal forms, features or training that changes a model

FOLDS = 5
COST = 3.0  # of a margin violation, the SVM's C; out of fold 1 accepted 3 points less at the same share of idle lines
DUPLICATE = 0.7  # cosine from which two lines are near-duplicates

# What a live room's lines ask (measured: 5–9 % look like questions; how many of those are unlisted is assumed).
LIVE_BACKGROUND, LIVE_LISTED, LIVE_UNLISTED = 0.93, 0.055, 0.015
# The pack's background is written to lie near the questions: of 7,000 real idle lines an eleventh as many were taken for a question,
# at the threshold that this gives. Set with those lines in view, so they are no independent check of it; and most of them are longer
# than live lines, which makes them easier.
HARDNESS = 11.0
IDLE_ERROR = (
    0.002  # share of a live room's idle lines that may be accepted: about one accepted line in seventeen is then idle
)
SOLO_RISK = 0.03  # share of wrong lines among those that may be answered for one viewer alone; more viewers vouch for each other
NOISE = 0.02  # share of idle lines that may end as an open question, on the board of gaps
NOISE_HARDNESS = (
    3.7  # as `HARDNESS`, at this threshold: 7 % of the pack's background are above it, and 2 % of the real lines
)
BAND = 0.05  # least margin over the runner-up; below it both were right equally often (36 % each, of only 28 lines out of fold)
PLAUSIBLE = 0.5  # of the acceptance threshold: from there on, an unaccepted question counts as near a known intent

_NO_CLASS = -1

_Labels = NDArray[np.intp]


def model_hash(training: TrainingSet) -> str:
    """Names the model that `train` makes of these lines with this code; known before it is trained."""
    digest = hashlib.sha256(f"{CODE_VERSION}\n".encode())
    for part in (training.lines, training.negatives):
        for line in part:
            digest.update(f"{line.intent or ''}\t{line.text}\n".encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class _Lines:
    forms: list[str]
    labels: _Labels
    """The class of each line; `_NO_CLASS` for `not:` lines."""
    against: _Labels
    """The class that a `not:` line speaks against; `_NO_CLASS` for all others."""
    batch: Grams
    asked: F64

    def __len__(self) -> int:
        return len(self.forms)


def train(training: TrainingSet) -> Model:
    """A model of the training set. Raises `ValueError` where there are fewer than two intents with lines, or no background."""
    known: dict[tuple[str, str | None], None] = {}
    for line in training.lines:
        form = normal_form(line.text)
        if form:
            known.setdefault((form, line.intent))
    intents = tuple(sorted({intent for _, intent in known if intent is not None}))
    if len(intents) < 2 or all(intent is not None for _, intent in known):
        raise ValueError("a model needs lines of two intents and of the background at least")
    index: dict[str | None, int] = {None: BACKGROUND} | {intent: at + 1 for at, intent in enumerate(intents)}
    negatives = _negatives(training, {form for form, _ in known}, index)
    forms = [*(form for form, _ in known), *(form for form, _ in negatives)]
    without = [_NO_CLASS] * len(negatives)
    labels = np.array([*(index[intent] for _, intent in known), *without], dtype=np.intp)
    against = np.array([*([_NO_CLASS] * len(known)), *(at for _, at in negatives)], dtype=np.intp)
    lines = _Lines(forms, labels, against, grams(forms), looks_asked(forms))
    idf, seen = _weights_of_columns(lines)
    linear = _fit(lines, np.ones(len(lines), dtype=np.bool_), len(intents) + 1, idf, seen)
    calibration, report = _calibrate(lines, len(intents) + 1, idf)
    trained = frozenset(line_digest(form, intent) for form, intent in known)
    return Model(model_hash(training), intents, linear, calibration, trained, report)


def _negatives(training: TrainingSet, known: set[str], index: dict[str | None, int]) -> list[tuple[str, int]]:
    """(form, class it speaks against) of the `not:` lines that are no line of another class already."""
    found: dict[tuple[str, int], None] = {}
    for line in training.negatives:
        form, at = normal_form(line.text), index.get(line.intent, BACKGROUND)
        if form and form not in known and at != BACKGROUND:
            found[form, at] = None
    return list(found)


def _counts(batch: Grams) -> sparse.csr_array:
    values = np.ones(len(batch.columns), dtype=np.float32)
    matrix = sparse.csr_array((values, batch.columns, batch.starts), shape=(len(batch.starts) - 1, DIMENSION))
    matrix = matrix.copy()
    matrix.sum_duplicates()
    return matrix


def _weights_of_columns(lines: _Lines) -> tuple[F32, F32]:
    """Root of the inverse document frequency (its square made rare 5-grams outweigh the words), and which columns occur."""
    frequency = np.bincount(_counts(lines.batch).indices, minlength=DIMENSION)
    idf = np.sqrt(np.log((1.0 + len(lines)) / (1.0 + frequency)) + 1.0)
    return idf.astype(np.float32), (frequency > 0).astype(np.float32)


def _fit(lines: _Lines, chosen: NDArray[np.bool_], classes: int, idf: F32, seen: F32) -> Linear:
    """One-vs-rest SVM on the chosen lines; classes without a chosen line get a margin far below all others."""
    from sklearn.svm import LinearSVC  # seconds to import, and a start with a stored model never trains

    empty = Linear(idf, seen, np.zeros((DIMENSION, 1), np.float32), np.zeros(1, np.float32))
    vectors = empty.vectors(lines.batch)[np.flatnonzero(chosen)]
    vectors.sum_duplicates()
    used = np.unique(vectors.indices)  # liblinear's time hangs on the number of columns too
    features = sparse.csr_matrix(vectors[:, used].astype(np.float64))
    labels, against = lines.labels[chosen], lines.against[chosen]
    present = np.unique(labels[labels != _NO_CLASS])
    balance = (labels != _NO_CLASS).sum() / len(present)
    weights = np.zeros((DIMENSION, classes), dtype=np.float32)
    bias = np.full(classes, -4.0, dtype=np.float32)
    for at in present.tolist():
        own = labels == at
        heard = np.flatnonzero((labels != _NO_CLASS) | (against == at))
        machine = LinearSVC(C=COST, class_weight={True: balance / own.sum()}, dual=True, random_state=0, max_iter=4000)
        machine.fit(features[heard], own[heard])
        # Half precision, as in the serialised model: a model read from bytes decides exactly like the one just trained.
        weights[used, at] = machine.coef_[0].astype(np.float16)
        bias[at] = machine.intercept_[0]
    return Linear(idf, seen, weights, bias)


def _folds(lines: _Lines) -> _Labels:
    """A fold per line; lines of one near-duplicate cluster share it. Clusters are dealt by size, then by order."""
    from scipy.sparse.csgraph import connected_components  # only training needs it, and every start would pay

    counts = _counts(lines.batch)
    counts.data[:] = 1.0
    lengths = np.sqrt(np.diff(counts.indptr).astype(np.float32))
    counts.data /= np.repeat(lengths, np.diff(counts.indptr))
    similar = (counts @ counts.T).tocoo()
    near = similar.data >= DUPLICATE
    graph = sparse.coo_array((np.ones(int(near.sum())), (similar.row[near], similar.col[near])), shape=similar.shape)
    _, cluster = connected_components(graph, directed=False)
    sizes = np.bincount(cluster)
    fold = np.zeros(len(sizes), dtype=np.intp)
    filled: NDArray[np.int64] = np.zeros((FOLDS, int(lines.labels.max()) + 1), dtype=np.int64)
    first = np.zeros(len(sizes), dtype=np.intp)
    first[cluster[::-1]] = np.arange(len(cluster))[::-1]
    for group in np.lexsort((first, -sizes)):
        label = max(BACKGROUND, lines.labels[first[group]])
        fold[group] = int(np.argmin(filled[:, label]))
        filled[fold[group], label] += sizes[group]
    return fold[cluster]


def _calibrate(lines: _Lines, classes: int, idf: F32) -> tuple[Calibration, dict[str, float]]:
    folds = _folds(lines)
    ranked: list[Ranked] = []
    truths: list[_Labels] = []
    listed: list[NDArray[np.bool_]] = []
    for fold in range(FOLDS):
        hidden = (lines.labels > BACKGROUND) & (lines.labels % FOLDS == fold)
        chosen = (folds != fold) & ~hidden
        linear = _fit(lines, chosen, classes, idf, _seen(lines, chosen))
        held = ((folds == fold) | hidden) & (lines.labels != _NO_CLASS)
        rows = np.flatnonzero(held)
        forms = [lines.forms[row] for row in rows]
        ranked.append(rank(linear.scores(grams(forms)), forms, lines.asked[rows]))
        truths.append(lines.labels[rows])
        listed.append(~hidden[rows])
    truth = np.concatenate(truths)
    is_listed = np.concatenate(listed)
    signals = np.concatenate([part.signals for part in ranked])
    best = np.concatenate([part.best for part in ranked])
    second = np.concatenate([part.second for part in ranked])
    share = np.concatenate([part.share for part in ranked])
    background = truth == BACKGROUND
    right = (best == truth) & is_listed
    hard = _live_mass(background, is_listed & ~background)
    mass = np.where(background, hard / HARDNESS, hard)
    right_weights = fit_logistic(signals, right.astype(np.float64), hard * len(truth))
    asks_weights = fit_logistic(signals, (~background).astype(np.float64), hard * len(truth))
    # The hard lines order best; how sure the order makes us is then told at the live mix, by two numbers.
    right_weights = _rescale(signals, right_weights, right, mass)
    asks_weights = _rescale(signals, asks_weights, ~background, mass)
    confidence = logistic(signals, right_weights)
    asking = logistic(signals, asks_weights)
    clear = np.where(confidence * (1.0 - share) >= BAND, confidence, 0.0)
    accept = _quantile(clear[background], IDLE_ERROR * HARDNESS)
    solo = max(accept, lowest_threshold(clear, right, mass, SOLO_RISK))
    asks = _quantile(asking[background], NOISE * NOISE_HARDNESS)
    thresholds = Thresholds(round(accept, 4), round(solo, 4), BAND, round(PLAUSIBLE * accept, 4), round(asks, 4))
    accepted = clear >= thresholds.accept
    alone = clear >= thresholds.solo
    visible = asking >= thresholds.asks
    questions, unlisted = is_listed & ~background, ~is_listed
    report = {
        "lines": float((lines.labels != _NO_CLASS).sum()),
        "intents": float(classes - 1),
        "accuracy": _share(right, questions),
        "top_two": _share(right | ((second == truth) & is_listed), questions),
        "coverage": _share(accepted & right, questions),
        "coverage_solo": _share(alone & right, questions),
        "wrong_of_listed": _share(accepted & ~right, questions),
        "accepted_of_background": _share(accepted, background),
        "accepted_of_unlisted": _share(accepted, unlisted),
        "visible_of_unlisted": _share(visible & ~accepted, unlisted),
        "risk": _risk(accepted, right, mass),
        "risk_solo": _risk(alone, right, mass),
    }
    rounded = {name: round(value, 4) for name, value in report.items()}
    return Calibration(tuple(right_weights.tolist()), tuple(asks_weights.tolist()), thresholds), rounded


def _rescale(signals: F64, weights: F64, truth: NDArray[np.bool_], mass: F64) -> F64:
    """Platt scaling: slope and offset of the score, fitted at the live mix; the order of the lines stays."""
    score = signals @ weights
    offset, slope = fit_logistic(
        np.column_stack((np.ones(len(score)), score)), truth.astype(np.float64), mass * len(score)
    )
    scaled: F64 = weights * slope
    scaled[0] += offset
    return scaled


def _quantile(values: F64, above: float) -> float:
    """The lowest threshold that at most the share `above` of the values reach."""
    ordered = np.sort(values)[::-1]
    return float(np.nextafter(ordered[min(len(ordered) - 1, int(above * len(ordered)))], 1.0)) + 0.0001


def _risk(accepted: NDArray[np.bool_], right: NDArray[np.bool_], mass: F64) -> float:
    """Share of wrong ones among the accepted lines of a live room."""
    return float(mass[accepted & ~right].sum() / max(1e-12, float(mass[accepted].sum())))


def _seen(lines: _Lines, chosen: NDArray[np.bool_]) -> F32:
    """Columns of the chosen lines only: to a fold's model the held-out lines must look as unfamiliar as new lines do."""
    rows = np.repeat(chosen, np.diff(lines.batch.starts))
    seen = np.zeros(DIMENSION, dtype=np.float32)
    seen[lines.batch.columns[rows]] = 1.0
    return seen


def _live_mass(background: NDArray[np.bool_], listed: NDArray[np.bool_]) -> F64:
    """Weight of each line so that the three kinds weigh what they do in a live room; the sum is 1."""
    unlisted = ~background & ~listed
    mass: F64 = np.zeros(len(background))
    for kind, weight in ((background, LIVE_BACKGROUND), (listed, LIVE_LISTED), (unlisted, LIVE_UNLISTED)):
        mass[kind] = weight / max(1, int(kind.sum()))
    mass /= mass.sum()
    return mass


def _share(what: NDArray[np.bool_], of: NDArray[np.bool_]) -> float:
    return float(what[of].mean()) if of.any() else 0.0
