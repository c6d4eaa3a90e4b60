"""Places where a file is expected and something else stands: told at once, never waited for."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import PoolError
from engine.pool.load import load, shop_id
from engine.pool.nodes import MAX_BYTES
from tests.unit.pool.shops import write


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the path of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def _sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 40)


def _long(path: Path) -> None:
    path.write_text("x" * 1_100_000)


ODD: dict[str, tuple[Callable[[Path], None], str]] = {
    "pipe": (os.mkfifo, "this is not a regular file but a pipe"),
    "socket": (_socket, "this is not a regular file but a socket"),
    "folder": (lambda path: path.mkdir(), "this is not a regular file but a folder"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "this is not a regular file but a device"),
    "dangling": (
        lambda path: path.symlink_to("nowhere.yaml"),
        "the link leads to `nowhere.yaml`, which does not exist",
    ),
    "loop": (lambda path: path.symlink_to(path.name), "the file cannot be read: Too many levels of symbolic links"),
    "sparse": (_sparse, f"the file has {1 << 40:,} bytes, more than {MAX_BYTES:,}"),
    "long": (_long, f"the file has 1,100,000 bytes, more than {MAX_BYTES:,}"),
}
PLACES = ("shop.yaml", "catalogue.yaml", "intents/all.yaml", "intents/background/own.txt", "scripts/evening.yaml")


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_readable_file_is_the_only_problem(tmp_path: Path, kind: str, place: str) -> None:
    """It is named with what it is; nothing that may follow from it is told."""
    make, told = ODD[kind]
    base, shop = write(tmp_path)
    path = shop / place
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    make(path)
    with pytest.raises(PoolError) as caught:
        load(base, shop)
    assert [(problem.file, problem.message) for problem in caught.value.problems] == [(path.as_posix(), told)]
    assert caught.value.problems[0].remedy
    assert shop_id(shop) == (None if place == "shop.yaml" else "tea")


@pytest.mark.parametrize("name", ["intents", "scripts", "intents/background"])
def test_a_folder_that_is_none_is_told(tmp_path: Path, name: str) -> None:
    """Also a link that leads nowhere, which would else count as a folder that nobody made."""
    base, shop = write(tmp_path)
    if name != "intents/background":
        for file in (shop / name).iterdir():
            file.unlink()
        (shop / name).rmdir()
    (shop / name).symlink_to("gone")
    with pytest.raises(PoolError) as caught:
        load(base, shop)
    assert (shop / name).as_posix() in {problem.file for problem in caught.value.problems}


def test_a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at it and its opening."""
    base, shop = write(tmp_path)
    regular, path = (shop / "shop.yaml").stat(), shop / "catalogue.yaml"
    path.unlink()
    os.mkfifo(path)
    seen = Path.stat
    monkeypatch.setattr(Path, "stat", lambda self, **more: regular if self == path else seen(self, **more))
    with pytest.raises(PoolError, match="not a regular file but a pipe"):
        load(base, shop)


def test_a_folder_of_lines_beside_the_intents_is_told(tmp_path: Path) -> None:
    """It would be taken for read, and its lines never act."""
    base, shop = write(tmp_path)
    (shop / "background").mkdir()
    with pytest.raises(PoolError) as caught:
        load(base, shop)
    (problem,) = caught.value.problems
    assert (problem.file, problem.remedy) == ((shop / "background").as_posix(), "move it to intents/background/")


def test_a_volume_that_keeps_its_files_behind_links_is_read(tmp_path: Path) -> None:
    """As Kubernetes mounts a ConfigMap: every name is a link into a hidden folder that is exchanged whole."""
    base, shop = write(tmp_path)
    before = load(base, shop).pool
    kept = shop / "..2027_01_01"
    kept.mkdir()
    for path in [path for path in shop.iterdir() if path != kept]:
        path.rename(kept / path.name)
        path.symlink_to(f"..data/{path.name}")
    (shop / "..data").symlink_to(kept.name)
    assert load(base, shop).pool == before
