"""What loops in machine code rest on."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from numbers import Number

import pytest

from engine.understanding.training import counting, frequencies, meetings, scoring, sweeps, vectors

ONLY_WHEN: frozenset[str] = frozenset({"CACHE_LINE"})
"""Constants of other modules that say when memory is asked for, and change no result."""


@pytest.mark.parametrize(
    "loop",
    [
        counting._count, frequencies._tell, vectors._weigh, meetings.meet, scoring.score, sweeps.two, sweeps.many, sweeps.move,
        sweeps._step,
    ],
)  # fmt: skip
def test_constants_of_a_loop_stand_in_its_own_file(loop: Callable[..., object]) -> None:
    """Numba keeps what it compiled as long as that file is the same, and the constants with it."""
    plain = getattr(loop, "py_func", loop)
    module = inspect.getmodule(plain)
    assert module is not None
    own = {
        target.id
        for statement in ast.parse(inspect.getsource(module)).body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for target in ast.walk(statement)
        if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store)
    }
    used = {name for name in plain.__code__.co_names if isinstance(plain.__globals__.get(name), Number)}
    assert used <= own | ONLY_WHEN
