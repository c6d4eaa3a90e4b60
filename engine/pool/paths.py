"""Where the files that ship with the engine are: beside the package in a checkout, inside it in an installed wheel."""

from __future__ import annotations

from pathlib import Path

from engine.errors import UsageError

_PACKAGE = Path(__file__).resolve().parent.parent


def base_pack() -> Path:
    """The folder of the base pack, `intents/`."""
    return _shipped("intents")


def example_shop() -> Path:
    """The shop to run and copy, `examples/tea-shop/`."""
    return _shipped("examples") / "tea-shop"


def schemas() -> Path:
    """The folder of the records' schemas."""
    return _shipped("schemas")


def _shipped(name: str) -> Path:
    for root in (_PACKAGE / "_data", _PACKAGE.parent):
        if (root / name).is_dir():
            return root / name
    raise UsageError(f"the folder `{name}` is missing from this installation; install the package again")
