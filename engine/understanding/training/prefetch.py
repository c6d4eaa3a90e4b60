"""Asking for memory before it is needed, in loops that Numba compiles. Only what compiles imports this module, since it imports Numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray


def _soon(_context, array, place):  # type: ignore[no-untyped-def]  # noqa: ARG001 (the compiler asks for their types)
    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), cgutils.voidptr_t)
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, number, number, number])
        prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")  # type: ignore[no-untyped-call]
        to_write, in_all_caches, data_not_code = (ir.Constant(number, value) for value in (1, 3, 1))
        builder.call(prefetch, [address, to_write, in_all_caches, data_not_code])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


# Asks for the memory of a place in an array (counted flat) that is soon read and written: nothing changes but when it is there.
soon = cast("Callable[[NDArray[Any], int], None]", intrinsic(_soon))
