"""`why` and `replay` beside a running engine and after it, on its real log."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.errors import Exit
from tests.process.commands import running, serving
from tests.process.test_cli import write_live

pytestmark = [pytest.mark.process, pytest.mark.slow]

STOCK = """\
intents:
  product.stock:
    replies:
      - {id: stock, text: 今天都有货。}
"""


def told(cwd: Path, *arguments: str | Path, code: Exit = Exit.OK) -> str:
    """What a command prints; its stderr where it fails as it should."""
    with running(*arguments, cwd=cwd) as command:
        assert command.wait() == code, command.stderr
        assert "Traceback" not in command.stderr
        return command.rest if code in (Exit.OK, Exit.FAILED) and command.lines.qsize() else command.stderr


@contextmanager
def aired(cwd: Path) -> Iterator[None]:
    """A server on which a question was answered on air, and the script went on for a while."""
    with serving(cwd) as (server, url, _):
        with running("room", "mode", "main", "auto", "--new", "--url", url, cwd=cwd) as mode:
            assert mode.wait() == 0
        with running("player", "--url", url, "--shop", cwd / "shop", "--base", cwd / "base", cwd=cwd) as player:
            player.line("安溪铁观音今天129元。")
            live = write_live(cwd, "什么时候发货", "哈哈哈", "还有货吗", "几天能发货")
            with running("send", live, "--url", url, "--json", cwd=cwd) as source:
                assert source.wait() == 0, source.stderr
            player.line("▶ 拍下48小时之内发。")
            for _ in range(4):  # long enough for another reply, which the what-if has
                player.line("喝茶。")
            yield
        server.process.send_signal(signal.SIGTERM)
        assert server.wait() == 0


def test_a_live_is_explained_and_computed_again(tmp_path: Path) -> None:
    """While the engine runs and after it; a falsified record is found; another version of the files is tried."""
    with aired(tmp_path):
        text = told(tmp_path, "why", "c0")
        assert "It was understood as “About shipping.dispatch” (`shipping.dispatch`)" in text
        assert "answered by the reply `dispatch`" in text
        assert "the same, byte for byte" in told(tmp_path, "replay", "main")
    text = told(tmp_path, "why", "c2", "--language", "zh", "--room", "main")
    assert "没有回答，因为没有为它写回复" in text
    assert "为 `product.stock`" in text
    placed = told(tmp_path, "why", "c0", "--shop", tmp_path / "shop", "--base", tmp_path / "base", "--json")
    assert json.loads(placed)["decision"]["reason"] == "answered"
    assert "near it are" in told(tmp_path, "why", "c22", code=Exit.FAILED)
    assert "did you mean `main`?" in told(tmp_path, "replay", "mian", code=Exit.FAILED)

    whole = json.loads(told(tmp_path, "replay", "main", "--json"))
    assert whole["same"]
    assert whole["topics"]["decisions"]["same"] == 4
    assert whole["topics"]["insertions"]["same"] >= 1
    assert whole["topics"]["aired"]["same"] >= 1

    (tmp_path / "shop" / "intents" / "stock.yaml").write_text(STOCK, encoding="utf-8")
    estimate = told(tmp_path, "replay", "main", "--pool", tmp_path / "shop", "--base", tmp_path / "base", "--json")
    intent = next(each for each in json.loads(estimate)["intents"] if each["intent"] == "product.stock")
    assert [change["after"]["reply"] for change in intent["newly_answered"]] == ["stock"], estimate
    page = told(tmp_path, "replay", "main", "--pool", tmp_path / "shop", "--base", tmp_path / "base")
    assert page.startswith("An estimate")

    falsify(tmp_path)
    differs = json.loads(told(tmp_path, "replay", "main", "--json", code=Exit.FAILED))
    assert differs["differences"] == 1
    assert differs["first_difference"]["fields"] == {"reason": {"computed": "chatter", "stored": "shadowed"}}
    assert "a record of `decisions`" in told(tmp_path, "replay", "main", code=Exit.FAILED)


def falsify(cwd: Path) -> None:
    """Change one decision on the log."""
    (log,) = cwd.rglob("*.db")
    with sqlite3.connect(log) as connection:
        done = connection.execute(
            'UPDATE stream SET value = CAST(replace(CAST(value AS TEXT), \'"reason":"chatter"\', \'"reason":"shadowed"\') AS BLOB)'
            ' WHERE CAST(value AS TEXT) LIKE \'%"reason":"chatter"%\' AND CAST(value AS TEXT) LIKE \'%"type":"decision"%\''
        )
        assert done.rowcount == 1
