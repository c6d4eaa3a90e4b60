"""Builds, in this process and in processes of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import PoolError
from engine.pool.encoding import decode_pool
from engine.publisher.builder import BuildFailed, ProcessBuilder, Request, build, train
from tests.unit.pool.shops import REPLIES, write
from tests.unit.publisher.trainers import DyingTrainer, LineTrainer


def test_a_pool_without_any_model_is_not_ready(tmp_path: Path) -> None:
    """It names the model that it waits for, and becomes ready once that is trained."""
    trainer, request = LineTrainer(), Request(*write(tmp_path))
    built = build(trainer, request)
    assert not built.ready
    assert train(trainer, built.pool).model == built.wanted
    again = build(trainer, request)
    assert again.ready
    assert (again.model, again.tests, len(again.failed)) == (built.wanted, 2, 2)
    assert decode_pool(again.pool).hash == again.hash


def test_changed_examples_are_built_with_the_live_model(tmp_path: Path) -> None:
    """`wanted` says that another model has to be trained."""
    trainer, (base, shop) = LineTrainer(), write(tmp_path)
    live = build(trainer, Request(base, shop)).pool
    trained = train(trainer, live).model
    write(tmp_path, shop_intents_all_yaml=REPLIES.replace("铁观音咋卖", "铁观音咋卖, 咋个价"))
    built = build(trainer, Request(base, shop, live))
    assert built.ready
    assert (built.model, built.wanted == trained) == (trained, False)
    assert decode_pool(built.pool).model == trained


@pytest.mark.process
async def test_problems_cross_the_border_of_the_process(tmp_path: Path) -> None:
    """A PoolError of the child is the same error here, with all its problems."""
    builder = ProcessBuilder(LineTrainer())
    base, shop = write(tmp_path, shop_guard_yaml="banned: 5\n", shop_shop_yaml="shop: {}\n")
    try:
        with pytest.raises(PoolError) as caught:
            await builder.build(Request(base, shop))
        assert len(caught.value.problems) == 5
    finally:
        await builder.close()


@pytest.mark.process
@pytest.mark.parametrize("dies", [True, False])
async def test_a_process_that_dies_is_a_failed_build(tmp_path: Path, dies: bool) -> None:
    """And so is any error that no file explains; the next build gets a new process."""
    builder = ProcessBuilder(DyingTrainer(dies))
    try:
        for _ in range(2):
            with pytest.raises(BuildFailed):
                await builder.build(Request(*write(tmp_path)))
    finally:
        await builder.close()
