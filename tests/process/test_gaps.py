"""From the board alone: an editor sees what viewers ask, takes the stub, writes it into the shop, and the next viewer gets an answer."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from engine.errors import Exit
from tests.patience import PATIENCE_S
from tests.process.commands import running, serving
from tests.process.test_cli import write_live

pytestmark = [pytest.mark.process, pytest.mark.slow]


def test_an_editor_closes_a_gap_from_the_board(tmp_path: Path) -> None:
    """Ask, look, close, ask again; the mark, its return, and what a mistake is answered."""
    with serving(tmp_path) as (server, url, _http):
        base, shop = tmp_path / "base", tmp_path / "shop"

        def gaps(*arguments: str | Path, code: Exit = Exit.OK) -> tuple[str, str]:
            with running("gaps", *arguments, "--url", url, cwd=tmp_path) as command:
                assert command.wait() == code, command.stderr
                return command.rest, command.stderr

        def ask(name: str) -> dict[str, int]:
            """Two viewers ask; what became of them."""
            folder = tmp_path / name
            folder.mkdir()
            live = write_live(folder, "还有货吗", "还有没有货")
            with running("send", live, "--url", url, "--json", "--again", cwd=folder) as source:
                assert source.wait() == 0, source.stderr
                found: dict[str, int] = json.loads(source.rest)["final"]
                return found

        def board(*arguments: str, until: int) -> list[dict[str, object]]:
            """The board once so many gaps are on it."""
            end = time.monotonic() + PATIENCE_S
            while True:
                found: list[dict[str, object]] = json.loads(gaps(*arguments, "--json")[0])
                if len(found) == until:
                    return found
                assert time.monotonic() < end, found

        assert "no gaps" in gaps()[1]
        with running("gaps", "--watch", "--json", "--url", url, cwd=tmp_path) as watch:
            assert ask("first") == {"no_reply": 2}
            seen = json.loads(watch.line("no_reply"))
            watch.process.send_signal(signal.SIGINT)
            assert watch.wait() == Exit.INTERRUPTED
            assert "Traceback" not in watch.stderr
        (gap,) = board(until=1)
        assert (gap["id"], gap["intent"], gap["viewers"]) == (seen["id"], "product.stock", 2)
        assert board("--shop", "other", until=0) == board("--reason", "not_sold", until=0) == []
        name = str(gap["id"])[:8]
        assert all(word in gaps()[0] for word in (name, "product.stock", "no_reply", "还有货吗"))
        assert "no gap has an id that begins with `ffff`" in gaps("stub", "ffff", code=Exit.FAILED)[1]

        stub, told = gaps("stub", name, "--files", shop, "--base", base)
        assert 'text: ""' in stub
        assert "Write a reply for `product.stock`" in told
        assert "a new file of" in told
        refused = gaps("stub", name, "--files", shop, "--base", base, "--write", code=Exit.USAGE)[1]
        assert '--text "…"' in refused
        written = gaps("stub", name, "--files", shop, "--base", base, "--write", "--text", "还有货，放心拍。")[0]
        assert "gaps.yaml" in written
        with running("pool", "check", "--shop", shop, "--base", base, cwd=tmp_path) as check:
            assert check.wait() == 0, check.stderr
        assert "closed" in gaps("mark", name, "closed")[0]
        end, turn = time.monotonic() + PATIENCE_S, 0
        while (found := ask(f"again-{turn}")) != {"shadowed": 2}:  # until the publisher has seen the file
            assert found == {"no_reply": 2}
            assert time.monotonic() < end
            turn += 1
        assert board(until=0) == []
        (closed,) = board("--marked", until=1)
        assert (closed["id"], closed["mark"]) == (gap["id"], "closed")
        server.process.send_signal(signal.SIGTERM)
        assert server.wait() == 0
        assert "Traceback" not in server.stderr
