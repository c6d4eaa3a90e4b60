"""Files of intents may hold several YAML documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import PoolError, Problem
from engine.pool.load import load
from engine.pool.nodes import documents_of, parse
from engine.pool.paths import base_pack, example_shop

TWO = b"# head\na: 1\n--- # next\n# more\nb:\n  c: 2\n---\n# nothing\n"


def test_each_document_keeps_its_lines() -> None:
    """What holds comments alone is none."""
    parts = documents_of(TWO)
    assert len(parts) == 2
    nodes = [parse("f", part) for part in parts]
    assert not any(isinstance(node, Problem) for node in nodes)
    first, second = nodes
    assert not isinstance(first, Problem)
    assert not isinstance(second, Problem)
    assert (first.raw(), second.raw()) == ({"a": "1"}, {"b": {"c": "2"}})
    assert (first.keys["a"], second.keys["b"]) == ((2, 1), (5, 1))


@pytest.mark.parametrize(
    "data", [b"", b"# none\n", b"---\na: 1\n", b"a: |\n  text\n  ---\n  more\n", b"a: '----'\n", b"----\n"]
)
def test_one_document_is_left_as_it_is(data: bytes) -> None:
    """A line begins one where `---` is its first word, and nowhere else."""
    assert documents_of(data) == [data]


def test_a_mistake_in_a_later_document_is_told_at_its_place(tmp_path: Path) -> None:
    """With those of the first; other files have one document."""
    shop = tmp_path / "shop"
    (shop / "intents").mkdir(parents=True)
    (shop / "shop.yaml").write_bytes((example_shop() / "shop.yaml").read_bytes() + b"---\nlimits: {}\n")
    edits = "intents:\n  product.stock: {prority: 1}\n---\nintents:\n  product.stock: {colour: red}\n"
    (shop / "intents" / "new.yaml").write_text(edits, "utf-8")
    with pytest.raises(PoolError) as caught:
        load(base_pack(), shop)
    told = [str(problem) for problem in caught.value.problems]
    assert any("new.yaml:2:19: unknown key `prority`" in line for line in told), told
    assert any("new.yaml:5:19: unknown key `colour`" in line for line in told), told
    assert any("a second document begins here" in line for line in told), told
