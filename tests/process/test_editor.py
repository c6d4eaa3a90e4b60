"""A script editor at the demo, with the board and a text editor alone: its three first gaps, closed."""

from __future__ import annotations

import json
import shlex
import signal
import time
import tomllib
from pathlib import Path

import pytest

from engine.errors import Exit
from engine.events.outputs import GAP_REASONS
from tests.patience import PATIENCE_S
from tests.process.commands import running
from tests.unit.example_model import example_cache

pytestmark = [pytest.mark.process, pytest.mark.slow]

FIRST = 3
SAID = "这个问题店里已经记下了，稍后由小助手答复您。"
OF_PRODUCT = "{product}的这个问题店里已经记下了，稍后由小助手答复您。"


def test_the_first_three_gaps_of_the_demo_are_closed_from_the_board(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Look, take the three stubs into one file, fill in what to say, check, save, mark: whoever asks next has a reply."""
    kept, cache = tmp_path / "kept", {"XDG_CACHE_HOME": str(example_cache(tmp_path_factory))}
    with running("demo", "--seconds", "900", "--plain", "--keep", kept, cwd=tmp_path, env=cache) as demo:
        demo.line("GAP")
        environment = cache | variables(kept / "operator.env")
        file, shop = kept / "shop" / "intents" / "from-the-board.yaml", kept / "shop"

        def livechat(*arguments: str | Path, code: Exit = Exit.OK, cwd: Path = shop, **more: str) -> tuple[str, str]:
            with running(*arguments, cwd=cwd, env=environment | more) as command:
                assert command.wait() == code, command.stderr
                return command.rest, command.stderr

        def board(*arguments: str) -> list[dict[str, object]]:
            found: list[dict[str, object]] = json.loads(livechat("gaps", "--json", *arguments)[0])
            return found

        end = time.monotonic() + PATIENCE_S
        while len(gaps := [gap for gap in board() if int(str(gap["viewers"])) > 1]) < FIRST:
            assert time.monotonic() < end, gaps
        first = board()[:FIRST]
        for gap in first:  # `livechat gaps stub ID >> FILE`
            stub, told = livechat("gaps", "stub", str(gap["id"])[:8])
            assert "\n---\n" in stub
            assert told.startswith(("Write ", "If ")), told  # a reply, or the line among its intent's examples
            with file.open("a", encoding="utf-8") as out:
                out.write(stub)
        unwritten = file.read_text("utf-8").count('text: ""')
        assert unwritten > 0
        empty = livechat("pool", "check", code=Exit.USAGE)[0]
        assert empty.count("nothing is written here") == unwritten
        file.write_text(filled_in(file.read_text("utf-8")), "utf-8")
        assert "may be published" in livechat("pool", "check")[0]
        for gap in first:
            assert "closed" in livechat("gaps", "mark", str(gap["id"])[:8], "closed")[0]

        # In a room that is in shadow, where a usable reply shows at once, whatever else is on air.
        token = token_of("source", kept / "livechat.toml")
        for gap in first:
            lines = [str(line) for line in gap["lines"]]  # type: ignore[attr-defined]  # of a record as JSON
            end, turn = time.monotonic() + PATIENCE_S, 0
            while True:  # until the publisher has seen the file
                folder = tmp_path / f"{gap['id']}-{turn}"
                folder.mkdir()
                asked = [
                    {"at": 0, "id": f"{folder.name}-{n}", "viewer": f"{folder.name}-{n}", "text": line}
                    for n, line in enumerate(lines)
                ]
                (folder / "live.jsonl").write_text("\n".join(json.dumps(one) for one in asked) + "\n", "utf-8")
                sent = ("send", folder / "live.jsonl", "--room", "next", "--json")
                found = json.loads(livechat(*sent, cwd=folder, LIVECHAT_TOKEN=token)[0])["final"]
                if found.get("shadowed"):
                    break
                assert set(found) <= set(GAP_REASONS), found
                assert time.monotonic() < end, (gap, found)
                turn += 1
        closed = {gap["id"]: gap["mark"] for gap in board("--marked")}
        assert {gap["id"]: closed.get(gap["id"]) for gap in first} == dict.fromkeys(
            (gap["id"] for gap in first), "closed"
        )
        demo.process.send_signal(signal.SIGINT)
        assert demo.wait() == Exit.INTERRUPTED


def variables(file: Path) -> dict[str, str]:
    """What a shell has after `. FILE`."""
    words = (word for line in file.read_text("utf-8").splitlines() for word in shlex.split(line) if word != "export")
    return dict(word.split("=", 1) for word in words)


def token_of(role: str, config: Path) -> str:
    """The token of a role, as the demo wrote it."""
    tokens = tomllib.loads(config.read_text("utf-8"))["gateway"]["tokens"]
    return str(next(token["token"] for token in tokens if role in token["roles"]))


def filled_in(stubs: str) -> str:
    """What an editor does: writes a text into each empty one, with the product's name where the reply is of one."""
    parts = stubs.split("\n---\n")
    return "\n---\n".join(
        part.replace('text: ""', f'text: "{OF_PRODUCT if "needs_product: true" in part else SAID}"') for part in parts
    )
