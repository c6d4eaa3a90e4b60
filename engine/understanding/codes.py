"""The texts of a batch side by side, as code points of one buffer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint32]
Mask = NDArray[np.bool_]
Places = NDArray[np.intp]

BREAK, BLANK = 10, 32


def side_by_side(texts: Sequence[str]) -> tuple[Codes, Places, Places]:
    """Each text and the break that ends it; where each begins, and where its break stands. No text may hold a line break."""
    codes = np.frombuffer(("\n".join(texts) + "\n").encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    ends = np.flatnonzero(codes == BREAK)
    return codes, np.concatenate(([0], ends[:-1] + 1)), ends


def is_digit(codes: Codes | NDArray[np.uint64]) -> Mask:
    found: Mask = (codes >= ord("0")) & (codes <= ord("9"))
    return found


def is_letter(codes: Codes | NDArray[np.uint64]) -> Mask:
    """Of a to z."""
    found: Mask = (codes >= ord("a")) & (codes <= ord("z"))
    return found
