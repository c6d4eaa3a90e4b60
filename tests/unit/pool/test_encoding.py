"""Pools as bytes: what is decoded is what was encoded, under a hash of its content."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import RecordError
from engine.pool import encoding
from engine.pool.encoding import decode_pool, encode_pool, pool_hash
from engine.pool.load import load_pool
from engine.pool.model import (
    Fact,
    Guard,
    Intent,
    Limits,
    Pool,
    Product,
    Reply,
    ScriptPlan,
    Segment,
    Sentence,
    TrainingLine,
    TrainingSet,
)
from tests.unit.pool.shops import write

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
IDS = st.from_regex(r"[a-z][a-z0-9_.-]{0,8}", fullmatch=True)
LOCAL = st.dictionaries(st.sampled_from(["zh", "en"]), TEXT, max_size=2)
NUMBERS = st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False)
MS = st.integers(0, 4_102_444_800_000)
LANGS = st.sampled_from(["zh", "en"])
FACTS = st.builds(
    Fact,
    IDS,
    NUMBERS | LOCAL,
    st.none() | st.just("CNY"),
    st.none() | MS,
    st.none() | MS,
    st.none() | st.floats(0, 1e9),
)
LINES = st.lists(st.builds(TrainingLine, TEXT, st.none() | IDS), max_size=3).map(tuple)
REPLIES = st.builds(
    Reply, IDS, IDS, TEXT, LANGS, st.booleans(), st.just(("price",)), st.just(("tgy",)), st.booleans(),
    seconds=st.none() | st.floats(0.3, 120), memory_ms=MS,
)  # fmt: skip
SENTENCES = st.builds(Sentence, IDS, TEXT, st.floats(0.3, 120), st.just(("a.b",)), st.booleans())
POOLS = st.builds(
    Pool,
    hash=st.just(""),
    shop=IDS,
    name=LOCAL,
    languages=st.just(("zh", "en")),
    default_language=LANGS,
    intents=st.dictionaries(
        IDS, st.builds(Intent, IDS, LOCAL, replies=st.lists(REPLIES, max_size=2).map(tuple)), max_size=3
    ),
    products=st.dictionaries(IDS, st.builds(Product, IDS, LOCAL, facts=st.dictionaries(IDS, FACTS, max_size=2))),
    facts=st.dictionaries(IDS, FACTS, max_size=3),
    not_sold=st.lists(TEXT, max_size=2).map(tuple),
    guard=st.builds(Guard, st.lists(TEXT, max_size=2).map(tuple), LOCAL),
    limits=st.builds(Limits, airtime_share=st.floats(0.01, 0.9)),
    scripts=st.dictionaries(
        IDS,
        st.builds(
            ScriptPlan, IDS, LANGS, st.booleans(),
            st.lists(st.builds(Segment, IDS, st.none() | IDS, st.tuples(SENTENCES)), max_size=2).map(tuple),
        ),
        max_size=2,
    ),
    training=st.builds(TrainingSet, st.just("ab" * 16), LINES, LINES, LINES, LINES),
    model=st.just("cd" * 16),
)  # fmt: skip


SHOP = Pool("", "s", {}, ("zh",), "zh", {}, {}, {}, (), Guard(), Limits(), {}, TrainingSet("ab" * 16, ()), "cd" * 16)


@settings(deadline=None, max_examples=60)
@given(POOLS)
def test_a_decoded_pool_is_the_encoded_one(pool: Pool) -> None:
    """Every field survives, and encoding again gives the same bytes."""
    pool = replace(pool, hash=pool_hash(pool))
    data = encode_pool(pool)
    again = decode_pool(data)
    assert again == pool
    assert encode_pool(again) == data


HOSTILE = ("a", '"},{"intent":', '],"negatives":[', '"training":{"hash":', "\\", '\\"', ',"lines":[', "},", "茶\n", "")


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(HOSTILE), st.sampled_from(HOSTILE)), max_size=12), st.integers(0, 200))
def test_lines_are_read_piece_by_piece(texts: list[tuple[str, str]], piece: int) -> None:
    """However short the pieces, and whatever the texts hold of what pieces are cut at."""
    lines = tuple(TrainingLine(text + more, more or None) for text, more in texts)
    pool = replace(SHOP, training=TrainingSet("ab" * 16, lines, lines[:1], lines[1:2], lines[:3]))
    pool = replace(pool, hash=pool_hash(pool))
    with patch.object(encoding, "PIECE", piece):
        assert decode_pool(encode_pool(pool)) == pool


def test_what_looks_like_the_lines_elsewhere_is_not_read_as_them() -> None:
    """A key of a later version, or one that stands twice: what counts is what the whole says."""
    data = encode_pool(replace(SHOP, training=TrainingSet("ab" * 16, (TrainingLine("a", None),))))
    other = b'{"hash":"x","lines":[{"intent":null,"text":"b"}],"negatives":[]}'
    future = b'{"future":{"training":' + other + b"}," + data[1:]
    twice = data[:-1] + b',"training":' + other + b"}"
    again = data.replace(b',"negatives":[', b',"negatives":[],"lines":[{"intent":null,"text":"b"}],"own":[', 1)
    for text, expected in ((future, "a"), (twice, "b"), (again, "b")):
        assert [line.text for line in encoding._read(text).training.lines] == [expected]


def test_a_broken_line_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its place among all, in whatever piece it stands."""
    monkeypatch.setattr(encoding, "PIECE", 20)
    lines = tuple(TrainingLine(f"how much {at}", "product.price") for at in range(9))
    data = encode_pool(replace(SHOP, training=TrainingSet("ab" * 16, lines)))
    with pytest.raises(RecordError, match=r"1 wrong fields, the first at `training\.lines\.7\.text`"):
        decode_pool(data.replace(b'"how much 7"', b"7"))


def test_the_order_of_maps_does_not_change_the_hash(tmp_path: Path) -> None:
    """Two pools that are equal have one hash, however their maps were filled."""
    pool = load_pool(*write(tmp_path), model_of=lambda training: training.hash)
    turned = replace(
        pool, products=dict(list(pool.products.items())[::-1]), intents=dict(list(pool.intents.items())[::-1])
    )
    assert pool_hash(turned) == pool.hash
    assert encode_pool(turned) == encode_pool(pool)


def test_the_hash_covers_everything_but_itself(tmp_path: Path) -> None:
    """Any change of content, the model's name included, gives another hash."""
    pool = load_pool(*write(tmp_path), model_of=lambda training: training.hash)
    assert pool_hash(replace(pool, hash="")) == pool.hash
    assert pool_hash(replace(pool, model="00")) != pool.hash
    assert pool_hash(replace(pool, not_sold=("x",))) != pool.hash


def test_bytes_that_are_no_pool_are_refused(tmp_path: Path) -> None:
    """Broken JSON, a missing field and content that does not fit its hash are RecordErrors."""
    data = encode_pool(load_pool(*write(tmp_path), model_of=lambda training: training.hash))
    content = json.loads(data)
    for broken in (b"{", b"[]", data[:-5], json.dumps(content | {"limits": 5}).encode()):
        with pytest.raises(RecordError, match="not a valid pool"):
            decode_pool(broken)
    with pytest.raises(RecordError, match="has the hash"):
        decode_pool(json.dumps(content | {"shop": "other"}).encode())


def test_bytes_in_another_order_are_the_same_pool(tmp_path: Path) -> None:
    """Its hash is of what it says, whoever wrote it down."""
    pool = load_pool(*write(tmp_path), model_of=lambda training: training.hash)
    turned = dict(reversed(json.loads(encode_pool(pool)).items()))
    assert decode_pool(json.dumps(turned, indent=1).encode()) == pool
