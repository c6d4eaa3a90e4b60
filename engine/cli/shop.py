"""A shop, opened on the command line: its files compiled, its model loaded or trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.cli import options
from engine.cli.terminal import err
from engine.pool.load import load_pool
from engine.pool.model import Pool
from engine.understanding.cache import load_or_train
from engine.understanding.model import Model, model_hash
from engine.understanding.understander import Understander


@dataclass(frozen=True, slots=True)
class OpenShop:
    """What is needed to look at texts as the shop would."""

    pool: Pool
    model: Model
    understander: Understander


def open_shop(base: Path | None, shop: Path | None) -> OpenShop:
    """The shop of these folders. The model comes from the user's cache, or is trained (some seconds) and kept there.

    Raises `PoolError` with every mistake in the files, `UsageError`.
    """
    folder, pack = options.shop_folder(shop), options.base_folder(base)
    with err().status("reading the shop") as status:
        pool = load_pool(pack, folder, model_of=model_hash)
        status.update("loading the model (trained once, about ten seconds, then kept)")
        try:
            model = load_or_train(pool.training, options.model_cache())
        except ValueError as error:
            raise options.no_model(folder, error) from None
        return OpenShop(pool, model, Understander(pool, model))
