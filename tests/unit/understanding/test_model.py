"""Models as bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import RecordError
from engine.pool.model import Pool
from engine.understanding.model import MAX_BYTES, Model
from engine.understanding.understander import Understander

LINES = ["多少钱", "什么时候发", "any left", "今天好热", "hello", "小熊还有没有", "ありがとう"]


def test_bytes_give_the_same_model(pool: Pool, model: Model) -> None:
    """A model read from bytes understands exactly like the one that was written."""
    data = model.to_bytes()
    again = Model.from_bytes(data)
    assert len(data) <= MAX_BYTES
    assert again.to_bytes() == data
    assert (again.hash, again.intents, again.trained, again.calibration) == (
        model.hash, model.intents, model.trained, model.calibration,
    )  # fmt: skip
    assert np.array_equal(again.linear.weights, model.linear.weights)
    assert np.array_equal(again.linear.idf, model.linear.idf)
    assert Understander(pool, again).understand(LINES) == Understander(pool, model).understand(LINES)


@pytest.mark.parametrize("cut", [0, 4, 11, 40, -1, -1000])
def test_a_cut_model_is_refused(model: Model, cut: int) -> None:
    """A model that ends early is no model."""
    with pytest.raises(RecordError):
        Model.from_bytes(model.to_bytes()[:cut])


@given(place=st.integers(0, 3_000) | st.integers(0, 1_000_000), bit=st.integers(0, 7))
def test_a_damaged_model_is_refused_or_unharmed(model: Model, place: int, bit: int) -> None:
    """One flipped bit is found out wherever it is, in the header, too; nothing but `RecordError` ever comes out."""
    written = model.to_bytes()
    data = bytearray(written)
    data[place % len(data)] ^= 1 << bit
    try:
        again = Model.from_bytes(bytes(data))
    except RecordError:
        return
    assert again.to_bytes() == written


@given(st.binary(max_size=200))
def test_noise_is_no_model(noise: bytes) -> None:
    """Any other bytes are refused."""
    with pytest.raises(RecordError):
        Model.from_bytes(b"LCMODEL2" + noise)
