"""The compiled solver: the solution that a well-known one finds, the same in every thread and process, wherever it is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numba.core.caching
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse
from sklearn.svm import LinearSVC

import engine
from engine.understanding.training import compiled, solver
from engine.understanding.training.solver import F32, Kinds, Machine, learn, settled

COST = 3.0


def problem(seed: int, lines: int = 60, features: int = 25, classes: int = 4) -> tuple[sparse.csr_array, Kinds]:
    """Unit lines of 1–9 features, with a class that some of these tell."""
    draw = np.random.default_rng(seed)
    kinds = np.concatenate((np.arange(classes), draw.integers(classes, size=lines - classes)))
    rows = [draw.choice(features, size=draw.integers(1, 10), replace=False) for _ in range(lines)]
    dense = np.zeros((lines, features), dtype=np.float32)
    for line, (row, kind) in enumerate(zip(rows, kinds.tolist(), strict=True)):
        dense[line, row] = draw.random(len(row)) + (row % classes == kind)
    dense /= np.linalg.norm(dense, axis=1, keepdims=True)
    return sparse.csr_array(dense), kinds


def one_vs_rest(kinds: Kinds) -> list[Machine]:
    """One for each class; its own lines cost a fifth more for every class before it."""
    every = np.arange(kinds.max() + 1)
    return [Machine(every[[at]], every, COST * 1.2**at, COST) for at in every.tolist()]


def margins_of(features: sparse.csr_array, weights: F32, bias: F32) -> NDArray[np.float64]:
    found: NDArray[np.float64] = features.astype(np.float64) @ weights + bias
    return found


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), classes=st.integers(3, 11))
def test_it_finds_what_liblinear_finds(seed: int, classes: int) -> None:
    """Solved to the end, the weights are those of `LinearSVC`."""
    features, kinds = problem(seed, classes=classes)
    weights, bias = learn(features, kinds, one_vs_rest(kinds), rounds=1500)
    peer = LinearSVC(
        C=COST, class_weight={at: 1.2**at for at in range(classes)}, tol=1e-8, max_iter=100_000, random_state=0
    ).fit(sparse.csr_matrix(features), kinds)
    assert np.abs(weights.T - peer.coef_).max() < 1e-3
    assert np.abs(bias - peer.intercept_).max() < 1e-3


def test_a_machine_hears_its_kinds_alone() -> None:
    """Lines of kinds on neither side change nothing; a kind on both sides is the machine's own."""
    features, kinds = problem(1)
    heard = kinds < 2
    alone = learn(features[heard], kinds[heard], [Machine(np.array([0]), np.array([1]), COST, COST)], 300)
    beside = learn(features, kinds, [Machine(np.array([0]), np.array([0, 1]), COST, COST)], 300)
    np.testing.assert_allclose(beside[0], alone[0], atol=1e-3)
    np.testing.assert_allclose(beside[1], alone[1], atol=1e-3)


@pytest.mark.parametrize("count", [3, 11, 64, 65, 130])
def test_more_machines_change_none_of_the_others(count: int) -> None:
    """All look at the same lines in the same order, and none at what another has learnt, in whatever pass."""
    features, kinds = problem(2, lines=300, classes=count)
    machines = one_vs_rest(kinds)
    weights, bias = learn(features, kinds, machines, 5, averaged=2)
    for at in range(0, count - 1, 7):
        two = learn(features, kinds, machines[at : at + 2], 5, averaged=2)
        np.testing.assert_array_equal(weights[:, at : at + 2], two[0])
        np.testing.assert_array_equal(bias[at : at + 2], two[1])


@pytest.mark.parametrize("of_columns", [1, 3, 8, 40, 80])
@pytest.mark.parametrize("classes", [2, 9, 70])
def test_machines_are_summed_into_columns(classes: int, of_columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many columns and machines, and however many features are summed at a time."""
    features, kinds = problem(4, lines=300, classes=classes)
    machines = one_vs_rest(kinds)
    columns = np.random.default_rng(4).random((len(machines), of_columns), dtype=np.float32)
    weights, bias = learn(features, kinds, machines, 3)
    monkeypatch.setattr(solver, "AT_ONCE", 7)
    summed, offsets = learn(features, kinds, machines, 3, columns=columns)
    assert summed.shape == (weights.shape[0], of_columns)
    np.testing.assert_allclose(summed, weights @ columns, atol=1e-5)
    np.testing.assert_allclose(offsets, bias @ columns, atol=1e-5)


def test_nothing_to_tell_apart_gives_nothing() -> None:
    """A machine without lines of its own, or against it, stays 0 beside one that learns."""
    features, kinds = problem(3)
    none = np.zeros(0, dtype=np.intp)
    machines = [
        Machine(none, np.array([1]), COST, COST),
        Machine(np.array([1]), none, COST, COST),
        Machine(np.array([2]), np.array([2]), COST, COST),
        Machine(np.array([0]), np.array([1]), COST, COST),
    ]
    weights, bias = learn(features, kinds, machines, 3)
    assert not weights[:, :3].any()
    assert not bias[:3].any()
    assert weights[:, 3].any()


def test_lines_without_features_move_the_bias_alone() -> None:
    """Nothing but how many there are of each kind is known: two thirds are the machine's own."""
    kinds = np.array([0, 0, 1])
    weights, bias = learn(sparse.csr_array(np.zeros((3, 4), dtype=np.float32)), kinds, one_vs_rest(kinds)[:1], 500)
    assert not weights.any()
    # where b² / 2 + COST · (2 · (1 − b)² + (1 + b)²) is least
    assert bias[0] == pytest.approx(2 * COST / (1 + 6 * COST), abs=1e-4)


def test_no_lines_and_no_machines() -> None:
    empty = sparse.csr_array(np.zeros((0, 4), dtype=np.float32))
    weights, bias = learn(empty, np.zeros(0, dtype=np.intp), [], 2)
    assert (weights.shape, bias.shape) == ((4, 0), (0,))
    features, kinds = problem(4)
    weights, bias = learn(features, kinds, one_vs_rest(kinds), rounds=0)
    assert not weights.any()
    assert not bias.any()


def test_the_mean_of_the_last_rounds() -> None:
    features, kinds = problem(5)
    machines = one_vs_rest(kinds)
    parts = [learn(features, kinds, machines, rounds) for rounds in (3, 4)]
    weights, bias = learn(features, kinds, machines, 4, averaged=2)
    np.testing.assert_allclose(weights, (parts[0][0] + parts[1][0]) / 2, atol=1e-6)
    np.testing.assert_allclose(bias, (parts[0][1] + parts[1][1]) / 2, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), start=st.floats(-3, 3))
def test_the_bias_settles_where_the_weights_put_it(seed: int, start: float) -> None:
    """Where all is learnt to the end, it is the one that was learnt, from wherever the search begins; a kind that a machine does not hear
    has no say."""
    features, kinds = problem(seed)
    machine = Machine(np.array([0, 1]), np.array([1, 2]), COST, 2 * COST)
    weights, bias = learn(features, kinds, [machine], rounds=1500)
    assert settled(features, kinds, machine, weights[:, 0], start) == pytest.approx(float(bias[0]), abs=1e-3)


def test_a_settled_bias_hangs_less_on_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the order of the lines does to the bias after a round, and what is left of that."""
    features, kinds = problem(3, lines=300)
    machine = one_vs_rest(kinds)[0]
    learnt, corrected = [], []
    for seed in range(8):
        monkeypatch.setattr(solver, "SEED", seed)
        weights, bias = learn(features, kinds, [machine], rounds=1)
        learnt.append(float(bias[0]))
        corrected.append(settled(features, kinds, machine, weights[:, 0], float(bias[0])))
    assert np.std(corrected) < np.std(learnt) / 2


def test_the_lines_are_left_as_they_are() -> None:
    features, kinds = problem(6)
    before = features.data.tobytes(), features.indices.tobytes(), features.indptr.tobytes()
    learn(features, kinds, one_vs_rest(kinds), 3)
    assert before == (features.data.tobytes(), features.indices.tobytes(), features.indptr.tobytes())


def test_the_same_bytes_in_every_thread() -> None:
    """Models that are learnt side by side are those that are learnt one after another."""
    problems = [problem(seed, lines=400, features=90, classes=9) for seed in range(6)]

    def bytes_of(at: int) -> tuple[bytes, bytes]:
        features, kinds = problems[at]
        weights, bias = learn(features, kinds, one_vs_rest(kinds), 40, averaged=3)
        return weights.tobytes(), bias.tobytes()

    alone = [bytes_of(at) for at in range(6)]
    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(bytes_of, range(6))) == alone


def test_without_a_place_to_keep_it_it_is_compiled_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system that nobody may write to, training takes longer, and gives the same."""
    features, kinds = problem(7)
    kept = learn(features, kinds, one_vs_rest(kinds), 10)
    monkeypatch.setattr(numba.core.caching.CacheImpl, "_locator_classes", [])
    monkeypatch.setattr(compiled, "_COMPILED", {})
    anew = learn(features, kinds, one_vs_rest(kinds), 10)
    np.testing.assert_array_equal(anew[0], kept[0])


@pytest.mark.process
def test_two_processes_may_compile_at_once(tmp_path: Path) -> None:
    """Each finds no compiled code, or what the other has just put there; a third one loads it, a fourth finds half of each file (a disk was
    full). All learn the same."""
    code = """
import hashlib, numpy as np
from scipy import sparse
from engine.understanding.training.solver import Machine, learn
features = sparse.random_array((300, 80), density=0.1, format="csr", dtype=np.float32, rng=np.random.default_rng(1))
kinds = np.arange(300) % 3
every = np.arange(3)
weights, bias = learn(features, kinds, [Machine(every[[at]], every, 2.0, 1.0) for at in range(3)], 9)
print(hashlib.sha256(weights.tobytes() + bias.tobytes()).hexdigest())
"""
    root, environment = Path(engine.__file__).parent.parent, os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", code]
    started = [subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.PIPE) for _ in range(2)]
    found = [process.communicate(timeout=120)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0]
    assert list(tmp_path.rglob("*.nbi"))
    found.append(subprocess.run(command, cwd=root, env=environment, stdout=subprocess.PIPE, check=True).stdout)
    for path in (*tmp_path.rglob("*.nbi"), *tmp_path.rglob("*.nbc")):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found.append(subprocess.run(command, cwd=root, env=environment, stdout=subprocess.PIPE, check=True).stdout)
    assert len(set(found)) == 1
    assert len(found[0].strip()) == 64


@pytest.mark.process
def test_a_stored_model_needs_no_compiler() -> None:
    """A worker understands, and a publisher reads its pool, without Numba: only training imports it."""
    code = "import sys, engine.worker.service, engine.publisher.service, engine.understanding.training.train; print('numba' in sys.modules)"
    root = Path(engine.__file__).parent.parent
    ran = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_lengths_do_not_hang_on_how_many_lines_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    features, _ = problem(8)
    starts, values = features.indptr.astype(np.uint32), features.data.astype(np.float32)
    whole = solver._lengths(starts, values)
    np.testing.assert_allclose(whole, 1.0 + np.square(features.toarray()).sum(axis=1), rtol=1e-6)
    monkeypatch.setattr(solver, "AT_ONCE", 7)
    np.testing.assert_array_equal(solver._lengths(starts, values), whole)
