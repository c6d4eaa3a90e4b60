"""Loops of ours in machine code, by Numba. It is imported with the first of them: a start with a stored model never needs it.

What was compiled is kept as long as the file of its loop is the same. So a loop takes what other modules define as arguments, constants,
too, or else it would go on with the old ones; a test sees to it. Whoever changes the options below has to touch the loops' files.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pickle import UnpicklingError
from threading import Lock
from typing import TypeVar, cast

_Loop = TypeVar("_Loop", bound=Callable[..., object])

_COMPILING = Lock()
_COMPILED: dict[Callable[..., object], object] = {}


def compiled(loop: _Loop, signature: object) -> _Loop:
    """The loop compiled for arguments of these types, or what was compiled before and kept beside its module or in the user's cache
    (`NUMBA_CACHE_DIR` names another place). It lets other threads run meanwhile."""
    import numba

    # No second wrapper, for callers in C: a quarter of the time that compiling takes.
    to_machine_code = partial(numba.njit, signature, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
    with _COMPILING:  # who comes second waits for the first, and has what it made
        if loop not in _COMPILED:
            try:
                _COMPILED[loop] = to_machine_code(cache=True)(loop)
            # Nowhere to keep it, or not all of it is there: compiled anew.
            except (OSError, RuntimeError, EOFError, UnpicklingError):
                _COMPILED[loop] = to_machine_code()(loop)
        return cast("_Loop", _COMPILED[loop])
