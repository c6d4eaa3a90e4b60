"""The example shop's model, trained once in a run: it takes ten seconds, and several tests need it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from engine.pool.load import load_pool
from engine.pool.paths import base_pack, example_shop
from engine.publisher.trainer import CachedTrainer


def example_cache(factory: pytest.TempPathFactory) -> Path:
    """A user's cache folder (`XDG_CACHE_HOME`) of this run that holds the model. Whichever process asks first trains it."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # of all processes of the run
    trainer = example_trainer(root)
    with (root / "example-model.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        pool = load_pool(base_pack(), example_shop(), model_of=trainer.name)
        if not trainer.has(pool.model):
            trainer.train(pool.training)
    return root


def example_trainer(cache: Path) -> CachedTrainer:
    """The models in a user's cache folder, where the commands look for them."""
    return CachedTrainer(cache / "livechat-engine" / "models")
