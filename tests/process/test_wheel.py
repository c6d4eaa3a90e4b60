"""The wheel works alone: pack, example and schemas travel inside it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import engine

ROOT = Path(engine.__file__).parent.parent
RUN_S = 300
"""Longest that any one step may take; installing from an empty package cache is the slowest."""

pytestmark = [pytest.mark.process, pytest.mark.slow]


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a command to its end; what it printed, both ways. A failure shows all of it."""
    ran = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=RUN_S,
        check=False,
    )
    assert ran.returncode == 0, f"{command} ended with {ran.returncode}:\n{ran.stdout}"
    return ran.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, built without the network."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the programs of an empty environment into which the wheel and its pinned dependencies were installed."""
    venv = tmp_path_factory.mktemp("env") / "venv"
    run(ROOT / ".ci" / "setup", "pinned", cwd=ROOT, env={**os.environ, "VENV": str(venv)})
    run(
        venv / "bin" / "uv",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--offline",
        wheel,
        cwd=venv.parent,
        env={**os.environ, "VIRTUAL_ENV": str(venv)},
    )
    return venv / "bin"


@pytest.fixture
def away(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """An empty folder elsewhere and an environment that leads to nothing of the checkout."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("LIVECHAT_", "PYTHON", "VIRTUAL_ENV"))
    }
    return tmp_path, {**kept, "HOME": str(tmp_path)}


def test_what_travels_inside(wheel: Path) -> None:
    """Pack, example, schemas, licence and type marker are in the wheel; tests and benchmarks are not."""
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "engine/py.typed",
        "engine/_data/intents/shipping.yaml",
        "engine/_data/intents/background/",
        "engine/_data/examples/tea-shop/shop.yaml",
        "engine/_data/examples/tea-shop/live.jsonl",
        "engine/_data/schemas/asyncapi.json",
    ):
        assert any(name.startswith(needed) for name in names), needed
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith(("tests/", "bench/")) for name in names)


def test_help_from_another_folder(installed: Path, away: tuple[Path, dict[str, str]]) -> None:
    """The command is there and tells its verbs."""
    folder, env = away
    told = run(installed / "livechat", "--help", cwd=folder, env=env)
    for verb in ("serve", "demo", "player", "send", "say", "understand", "pool", "room", "fact", "config"):
        assert verb in told


def test_demo_from_another_folder(installed: Path, away: tuple[Path, dict[str, str]]) -> None:
    """The demo runs to its summary with nothing but what the wheel holds."""
    folder, env = away
    told = run(installed / "livechat", "demo", "--seconds", "5", "--speed", "4", "--plain", cwd=folder, env=env)
    assert "Traceback" not in told
    assert told.strip()
