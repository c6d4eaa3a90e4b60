"""A trained model: weights, calibration and thresholds in one file of bytes.

Layout: 8 bytes magic with the format's version, 4 bytes header length (little endian), header as JSON, then the zlib-compressed
arrays one after another as the header lists them. The header carries the SHA-256 of the uncompressed arrays.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import astuple, dataclass, field

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from engine.errors import RecordError
from engine.pool.model import TrainingSet
from engine.understanding.calibration import Calibration, Thresholds
from engine.understanding.linear import EXTRA, Linear, scales
from engine.understanding.ngrams import BITS, DIMENSION

MAGIC = b"LCMODEL6"
CODE_VERSION = 34  # rises with every change of normal forms, features or training that changes a model
MAX_BYTES = 16 * 1024 * 1024  # of a serialised model: `pools` records are copied to every worker
_COMPRESSION = 1  # zlib level; level 6 saves 6 % at three times the time, level 9 7 % at twenty times
_MAX_PLAIN = 256 * 1024 * 1024  # a damaged or hostile file must not unfold to more


class _Array(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    dtype: str
    shape: tuple[int, ...]


class _Calibration(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    right: tuple[float, ...]
    asks: tuple[float, ...]
    thresholds: Thresholds


class _Header(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    hash: str
    bits: int
    intents: tuple[str, ...]
    calibration: _Calibration
    report: dict[str, float]
    digest: str
    """Of all else here, and of the arrays."""
    arrays: tuple[_Array, ...]

    def written(self) -> bytes:
        return json.dumps(
            self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, separators=(",", ":")
        ).encode()

    def signed(self, plain: bytes) -> _Header:
        """With the digest that belongs to it and these arrays."""
        unsigned = self.model_copy(update={"digest": ""})
        return unsigned.model_copy(update={"digest": hashlib.sha256(unsigned.written() + plain).hexdigest()})


def model_hash(training: TrainingSet) -> str:
    """Names the model that training makes of these lines with this code; known before it is trained."""
    digest = hashlib.sha256(f"{CODE_VERSION}\n".encode())
    for part in (training.lines, training.negatives):
        for line in part:
            digest.update(f"{line.intent or ''}\t{line.text}\n".encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    for written, meant in training.spellings:
        digest.update(f"{written}\t{meant}\n".encode("utf-8", "surrogatepass"))
    digest.update(repr(astuple(training.trust)).encode())
    return digest.hexdigest()[:32]


def line_digest(form: str, intent: str | None) -> int:
    """64 bits that name a training line: whether a model has learnt it."""
    text = f"{intent or ''}\n{form}".encode("utf-8", "replace")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that `Understander` needs beside the pool. Class 0 is background; class `i + 1` is `intents[i]`."""

    hash: str
    intents: tuple[str, ...]
    linear: Linear
    calibration: Calibration
    trained: frozenset[int]
    """`line_digest` of every line it was trained with."""
    report: dict[str, float] = field(default_factory=dict)
    """Figures of the training, measured out of fold (shares, 0…1)."""

    def to_bytes(self) -> bytes:
        """Raises `RecordError` where the model is above `MAX_BYTES`."""
        arrays: dict[str, NDArray[np.generic]] = {
            "columns": self.linear.columns(),
            "idf": self.linear.idf[1:],
            "scales": (steps := scales(self.linear.weights)),
            "weights": np.rint(self.linear.weights[1:] / steps).astype(np.int8),
            "bias": self.linear.bias,
            "trained": np.array(sorted(self.trained), dtype=np.uint64),
        }
        plain = b"".join(np.ascontiguousarray(array).tobytes() for array in arrays.values())
        header = _Header(
            hash=self.hash,
            bits=BITS,
            intents=self.intents,
            calibration=_Calibration(
                right=self.calibration.right, asks=self.calibration.asks, thresholds=self.calibration.thresholds
            ),
            report=self.report,
            digest="",
            arrays=tuple(_Array(name=name, dtype=array.dtype.str, shape=array.shape) for name, array in arrays.items()),
        )
        head = header.signed(plain).written()
        data = MAGIC + len(head).to_bytes(4, "little") + head + zlib.compress(plain, _COMPRESSION)
        if len(data) > MAX_BYTES:
            raise RecordError("model", f"{len(data)} bytes, more than {MAX_BYTES}: split the pool or drop intents")
        return data

    @staticmethod
    def from_bytes(data: bytes) -> Model:
        """Raises `RecordError` for anything that `to_bytes` of this format did not write."""
        header, plain = _parse(data)
        arrays: dict[str, NDArray[np.generic]] = {}
        at = 0
        try:
            for entry in header.arrays:
                dtype = np.dtype(entry.dtype)
                count = int(np.prod(entry.shape, dtype=np.int64))
                arrays[entry.name] = np.frombuffer(plain, dtype, count, at).reshape(entry.shape)
                at += dtype.itemsize * count
            linear = _unfold(arrays, len(header.intents) + 1 + EXTRA)
            trained = frozenset(int(number) for number in arrays["trained"].astype(np.uint64))
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise RecordError("model", f"its arrays do not fit together: {error}") from error
        calibration = Calibration(header.calibration.right, header.calibration.asks, header.calibration.thresholds)
        return Model(header.hash, header.intents, linear, calibration, trained, header.report)


def _parse(data: bytes) -> tuple[_Header, bytes]:
    start = len(MAGIC) + 4
    if data[: len(MAGIC)] != MAGIC or len(data) < start:
        raise RecordError("model", "it does not begin as a model of this version")
    end = start + int.from_bytes(data[len(MAGIC) : start], "little")
    try:
        header = _Header.model_validate_json(data[start:end])
        unfolder = zlib.decompressobj()
        plain = unfolder.decompress(data[end:], _MAX_PLAIN)
    except (ValidationError, zlib.error) as error:
        raise RecordError("model", f"its content cannot be read: {error}") from error
    if not unfolder.eof or unfolder.unused_data:
        raise RecordError("model", "its arrays end too early or too late")
    if header.bits != BITS:
        raise RecordError("model", f"it has 2^{header.bits} columns, this version works with 2^{BITS}")
    if header.signed(plain) != header:
        raise RecordError("model", "it is damaged: the checksum differs")
    return header, plain


def _unfold(arrays: dict[str, NDArray[np.generic]], columns: int) -> Linear:
    known = arrays["columns"].astype(np.int64)
    index = np.zeros(DIMENSION, dtype=np.int32)
    index[known] = np.arange(1, len(known) + 1)
    idf = np.concatenate(([0.0], arrays["idf"])).astype(np.float32)
    weights = np.zeros((len(known) + 1, columns), dtype=np.float32)
    weights[1:] = arrays["weights"].astype(np.float32) * arrays["scales"].astype(np.float32)
    bias = arrays["bias"].astype(np.float32)
    if bias.shape != (columns,) or idf.shape != (len(known) + 1,):
        raise ValueError(f"{columns} columns of weights, {bias.shape} biases, {idf.shape} frequencies")
    return Linear(index, idf, weights, bias)
