"""The files that ship are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import UsageError
from engine.pool import paths


def test_the_shipped_folders_exist() -> None:
    """Base pack, example shop and schemas stand beside the package in a checkout."""
    assert (paths.base_pack() / "product.yaml").is_file()
    assert (paths.example_shop() / "shop.yaml").is_file()
    assert paths.schemas().is_dir()


def test_an_installed_package_carries_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside a wheel the folders stand under `engine/_data`; without them the remedy is named."""
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "engine")
    with pytest.raises(UsageError, match="install the package again"):
        paths.base_pack()
    (tmp_path / "engine" / "_data" / "intents").mkdir(parents=True)
    assert paths.base_pack() == tmp_path / "engine" / "_data" / "intents"
