"""The demo: the real thing, shortened. Whatever ends it, nothing is left running."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.errors import Exit
from tests.process.commands import Command, ended, left_behind, running
from tests.unit.example_model import example_cache

pytestmark = [
    pytest.mark.process,
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are counted in /proc"),
]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the model of the example is kept; that the demo trains it where it is missing, the wheel's test shows."""
    return example_cache(tmp_path_factory)


def test_demo_shows_the_live_and_leaves_nothing(tmp_path: Path, cache: Path) -> None:
    """Comments get verdicts, the summary and the edit come at the end, every process has ended."""
    with running(
        "demo", "--seconds", "10", "--plain", cwd=tmp_path, env={"XDG_CACHE_HOME": str(cache), "DEMO": str(tmp_path)}
    ) as demo:
        assert "4 times as quick as life" in demo.line()
        assert demo.wait() == 0, demo.stderr
        told = demo.rest
    for words in ("says", "comment ", "GAP", "comments  ", "decisions ", "coverage ", "Biggest gap", "intents:"):
        assert words in told, told
    assert left_behind(f"DEMO={tmp_path}") == []


def test_ctrl_c_leaves_nothing(tmp_path: Path, cache: Path) -> None:
    """In the middle of the show: a summary, exit code 130, no process; the kept folder stays, and its log is what the journal gives."""
    kept = tmp_path / "kept"
    environment = {"XDG_CACHE_HOME": str(cache), "DEMO": str(tmp_path)}
    with running("demo", "--seconds", "60", "--plain", "--keep", kept, cwd=tmp_path, env=environment) as demo:
        demo.line("comment ")
        assert len(left_behind(f"DEMO={tmp_path}")) >= 4  # the demo itself, server, player, source
        demo.process.send_signal(signal.SIGINT)
        assert demo.wait() == Exit.INTERRUPTED
        assert "decisions " in demo.rest
    assert left_behind(f"DEMO={tmp_path}") == []
    assert (kept / "log.db").exists()
    with running(
        "replay", "demo", "--config", kept / "livechat.toml", "--json", cwd=tmp_path, env=environment
    ) as replay:
        assert replay.wait() == 0, replay.stderr
        told = json.loads(replay.rest)
    assert told["same"]
    assert told["topics"]["decisions"]["same"] > 0
    assert (kept / "livechat.toml").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("words", ["", "comment "])
def test_kill_9_leaves_nothing(words: str, tmp_path: Path, cache: Path) -> None:
    """While it starts or in the middle: its processes notice, end, and take the temporary folder with them."""
    folders = tmp_path / "tmp"
    folders.mkdir()
    environment = {"XDG_CACHE_HOME": str(cache), "DEMO": str(tmp_path), "TMPDIR": str(folders)}
    with running("demo", "--seconds", "60", "--plain", cwd=tmp_path, env=environment) as demo:
        if words:
            demo.line(words)
        while not any(
            "demo.actor serve" in line for line in left_behind(f"DEMO={tmp_path}")
        ):  # one that forks has its parent's words
            assert demo.process.poll() is None, demo.stderr
        demo.process.kill()
        demo.wait()
    ended(f"DEMO={tmp_path}")
    assert list(folders.iterdir()) == []


@contextmanager
def starting(folder: Path, cache: Path) -> Iterator[Command]:
    """A demo whose server has begun, and which shows nothing yet."""
    environment = {"XDG_CACHE_HOME": str(cache), "DEMO": str(folder)}
    kept = folder / "kept"
    with running("demo", "--plain", "--keep", kept, cwd=folder, env=environment) as demo:
        while not (kept / "server.log").exists():
            assert demo.process.poll() is None
        yield demo


def test_sigterm_while_it_starts_is_told(tmp_path: Path, cache: Path) -> None:
    """It is no success: exit code 143, a line, and nothing left."""
    with starting(tmp_path, cache) as demo:
        demo.process.send_signal(signal.SIGTERM)
        assert demo.wait() == Exit.TERMINATED
        assert "ended by a signal before the show began" in demo.stderr
    assert left_behind(f"DEMO={tmp_path}") == []


def test_ctrl_c_while_it_starts_leaves_nothing(tmp_path: Path, cache: Path) -> None:
    """Before anything is shown; a second Ctrl-C, at once, changes nothing."""
    with starting(tmp_path, cache) as demo:
        demo.process.send_signal(signal.SIGINT)
        demo.process.send_signal(signal.SIGINT)
        assert demo.wait() == Exit.INTERRUPTED
    assert left_behind(f"DEMO={tmp_path}") == []
