"""The engine's own models behind the publisher: trained, kept, found again, used."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import RecordError
from engine.pool.load import load_pool
from engine.pool.model import TrainingLine, TrainingSet
from engine.pool.paths import base_pack, example_shop
from engine.publisher.builder import Request, build, train
from engine.publisher.trainer import CachedTrainer
from tests.unit.cli.conftest import write_shop
from tests.unit.example_model import example_cache, example_trainer


def test_a_shop_is_built_with_its_own_model(tmp_path: Path) -> None:
    """Trained once, found again, adopted from bytes, and it understands plain questions."""
    base, shop = write_shop(tmp_path)
    trainer, request = CachedTrainer(tmp_path / "models"), Request(base, shop)
    first = build(trainer, request)
    assert not first.ready
    assert train(trainer, first.pool).model == first.wanted
    built = build(trainer, request)
    assert built.ready
    assert built.hash == first.hash
    pool = load_pool(base, shop, model_of=trainer.name)
    assert pool.hash == built.hash
    found = trainer.understand(pool, ["什么时候发货", "when do you ship", "哈哈哈"])
    assert [one.intent for one in found[:2]] == ["shipping.dispatch"] * 2
    other = CachedTrainer(tmp_path / "others")
    assert not other.has(built.model)
    other.adopt(built.model, trainer.content(built.model))
    assert other.has(built.model)
    with pytest.raises(RecordError):
        other.adopt("ab" * 16, trainer.content(built.model))


@pytest.mark.slow
def test_the_example_shop_is_built_with_its_own_model(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Not ready without its model, ready with it, and it understands plain questions."""
    request = Request(base_pack(), example_shop())
    first = build(CachedTrainer(tmp_path / "models"), request)
    assert not first.ready
    trainer = example_trainer(example_cache(tmp_path_factory))
    assert trainer.has(first.wanted)
    built = build(trainer, request)
    assert built.ready
    assert built.hash == first.hash
    pool = load_pool(base_pack(), example_shop(), model_of=trainer.name)
    assert pool.hash == built.hash
    found = trainer.understand(pool, ["什么时候发货", "when do you ship", "哈哈哈"])
    assert [one.intent for one in found[:2]] == ["shipping.dispatch"] * 2
    other = CachedTrainer(tmp_path / "others")
    other.adopt(built.model, trainer.content(built.model))
    assert other.has(built.model)


def test_a_damaged_model_counts_as_absent(tmp_path: Path) -> None:
    """It is trained again rather than trusted."""
    trainer = CachedTrainer(tmp_path)
    model = trainer.name(TrainingSet("ab" * 16, (TrainingLine("a", None),)))
    (tmp_path / f"{model}.model").write_bytes(b"LCMODEL2 but no more")
    assert not trainer.has(model)
