"""The commands against each other: server, player, source, operator as processes, on real sockets and a log on disk."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.errors import Exit
from tests.patience import PATIENCE_S
from tests.process.commands import running, serving, status
from tests.unit.cli.conftest import REPLIES, write_shop

pytestmark = [pytest.mark.process, pytest.mark.slow]


STOCK = """\
  product.stock:
    keywords: ["re: ^还有货吗$"]
    replies:
      - {id: stock, text: 还有货。}
"""


def write_live(folder: Path, *texts: str) -> Path:
    """All at one moment, so that they are judged together, however slow the machine is."""
    file = folder / "live.jsonl"
    lines = [{"at": 0.1, "id": f"c{number}", "viewer": f"v{number}", "text": text} for number, text in enumerate(texts)]
    file.write_text("\n".join(json.dumps(line) for line in lines) + "\n")
    return file


def test_a_question_is_answered_on_air(tmp_path: Path) -> None:
    """Serve, open the room's mode, play, send: the reply is heard; then each ends as it should."""
    with serving(tmp_path) as (server, url, http):
        base, shop = tmp_path / "base", tmp_path / "shop"
        for unseen in (("mode", "main", "auto"), ("kill", "main")):
            with running("room", *unseen, "--url", url, cwd=tmp_path) as mode:
                assert mode.wait() == Exit.USAGE
                assert "room `main` was never seen here; check the name, or say `--new`" in mode.stderr
        with running("room", "mode", "main", "auto", "--new", "--url", url, cwd=tmp_path) as mode:
            assert mode.wait() == 0
            assert mode.rest == "room main: auto\n"
        with running("player", "--url", url, "--shop", shop, "--base", base, cwd=tmp_path) as player:
            player.line("安溪铁观音今天129元。")
            live = write_live(tmp_path, "什么时候发货", "几天能发货", "哈哈哈", "今天好热")
            with running("send", live, "--url", url, "--json", cwd=tmp_path) as source:
                assert source.wait() == 0, source.stderr
                tally = json.loads(source.rest)
                assert (tally["received"], tally["without_verdict"]) == (4, 0)
                assert tally["final"] == {"chatter": 2}
                assert sum(tally["waiting"].values()) == 2
            # For both, but where the boundary is so near that the first question alone is answered at once.
            assert "▶ 我是数字人  for all viewers (disclosure-zh)" in player.line("▶")
            assert re.search(r"▶ 拍下48小时之内发。  for (1 viewer|2 viewers) \(dispatch\)", player.line("▶"))
            with running("fact", "set", "tea", "tgy", "price", "-139", "--url", url, cwd=tmp_path) as fact:
                assert fact.wait() == Exit.USAGE
                assert "`price` would be -139, below its floor 99" in fact.stderr
            with running("fact", "set", "tea", "tgy", "price", "139", "--url", url, cwd=tmp_path) as fact:
                assert fact.wait() == 0
            player.line("安溪铁观音今天139元。")
            with running("room", "kill", "--all", "--hold-script", "--url", url, cwd=tmp_path) as kill:
                assert kill.wait() == 0
                assert kill.rest == "everything: killed; lift it with --off\n"
            player.line("✂ cut")
            player.process.send_signal(signal.SIGINT)
            assert player.wait() == Exit.INTERRUPTED
            assert "Traceback" not in player.stderr
        assert (status(f"{http}/healthz"), status(f"{http}/metrics")) == (200, 200)
        server.process.send_signal(signal.SIGTERM)
        assert server.wait() == 0
        assert "Traceback" not in server.stderr
        assert "ERROR" not in server.stderr
    (log,) = tmp_path.glob("var/*.db")
    viewers = [json.loads(line)["viewer"] for line in live.read_text("utf-8").splitlines()]
    assert viewers
    assert not [viewer for viewer in viewers if f'"viewer":"{viewer}"'.encode() in log.read_bytes()]
    with running("audit", "aired", "--json", "--bus", f"sqlite:{log}", cwd=tmp_path) as audit:
        assert audit.wait() == 0, audit.stderr
        *said, end = map(json.loads, audit.rest.splitlines())
        assert "dispatch" in [one["record"]["reply"] for one in said]
        assert end["end"]["records"] == len(said)


def test_a_person_is_asked_before_anything_is_said(tmp_path: Path) -> None:
    """A shop under approval: what is proposed is watched, approved and heard; a room is taken and handed back."""
    patient = re.sub(
        r"( {4})replies:", r"\1answer_within: 5m\n\1replies:", REPLIES + STOCK
    )  # commands take seconds to start
    with serving(tmp_path, replies=patient) as (_, url, _http):
        base, shop = tmp_path / "base", tmp_path / "shop"

        def operator(*arguments: str, code: Exit = Exit.OK) -> str:
            with running("room", *arguments, "--url", url, cwd=tmp_path) as command:
                assert command.wait() == code, command.stderr
                return command.rest + command.stderr

        told = operator("mode", "approve", "--shop", "toys", code=Exit.USAGE)
        assert "no pool of shop `toys` is live; live: `tea`; check the name" in told
        assert operator("mode", "approve", "--shop", "tea") == "shop tea: approve in all of its rooms\n"
        assert operator("proposals") == "nothing waits for approval\n"
        with (
            running("room", "proposals", "main", "--watch", "--url", url, cwd=tmp_path) as watch,
            running("player", "--url", url, "--shop", shop, "--base", base, cwd=tmp_path) as player,
        ):
            player.line("安溪铁观音今天129元。")
            live = write_live(tmp_path, "什么时候发货", "几天能发货")
            with running("send", live, "--url", url, "--json", cwd=tmp_path) as source:
                assert source.wait() == 0, source.stderr
                assert json.loads(source.rest)["waiting"] == {"approval": 2}
            line = watch.line("? ")
            assert re.search(r"main  1 viewer  \d+ s left  “拍下48小时之内发。”  \(dispatch; asked: ", line)
            name = line.split()[1]
            assert name in watch.line("2 viewers")
            assert operator("proposals", "main").startswith(f"? {name}  main  2 viewers")
            assert "no open proposal has an id that begins with `ffff`" in operator("approve", "ffff", code=Exit.FAILED)
            assert operator("approve", name[:6]) == "room main: approved “拍下48小时之内发。”\n"
            assert "approved by open" in watch.line("✓ ")
            assert "▶ 我是数字人  for all viewers (disclosure-zh)" in player.line("▶")
            assert re.search(r"▶ 拍下48小时之内发。  for 2 viewers \(dispatch\)", player.line("▶"))
            assert f"▶ {name}  main  goes on air: “拍下48小时之内发。”" in watch.line("▶")
            again = tmp_path / "again"
            again.mkdir()
            with running("send", write_live(again, "还有货吗"), "--url", url, "--again", cwd=tmp_path) as source:
                assert source.wait() == 0, source.stderr
            price = watch.line("? ").split()[1]
            assert operator("refuse", price) == "room main: refused “还有货。”\n"
            assert f"✗ {price}  main  refused: A person refused it" in watch.line("✗")
            assert operator("take", "main", "--now").startswith("room main: yours now")
            player.line("✂ cut")
            assert operator("hand-back", "main") == "room main: the engine's\n"
            player.line("  ")
            watch.process.send_signal(signal.SIGINT)
            assert watch.wait() == Exit.INTERRUPTED
            assert "Traceback" not in watch.stderr + player.stderr


def test_sigterm_ends_a_busy_server_within_ten_seconds(tmp_path: Path) -> None:
    """With a player connected; /readyz is not ready while it drains; the room goes on after a restart."""
    with serving(tmp_path) as (server, url, http):
        with running(
            "player", "--url", url, "--shop", tmp_path / "shop", "--base", tmp_path / "base", cwd=tmp_path
        ) as player:
            player.line("今天129元")
            begun = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            assert server.wait() == 0, server.stderr
            assert time.monotonic() - begun < 10
        assert status(f"{http}/readyz") == 0
    with serving(tmp_path) as (server, _, _):
        assert "rooms=1" in server.stderr


def test_broken_pool_at_start_ends_with_all_mistakes(tmp_path: Path) -> None:
    """Exit code 2, every problem once more at the end, no traceback."""
    base, shop = write_shop(tmp_path)
    (shop / "guard.yaml").write_text("banned: 3\n")
    (shop / "catalogue.yaml").write_text("products: []\n")
    env = {"LIVECHAT_PUBLISHER__BASE": str(base)}
    options = ("--shop", shop, "--ws", "127.0.0.1:0", "--http", "127.0.0.1:0")
    with running("serve", *options, cwd=tmp_path, env=env) as server:
        assert server.wait() == Exit.USAGE
        end = server.stderr.partition("livechat: ")[2]
        assert end.startswith("6 problems in the pool files")
        assert "catalogue.yaml:1:11 " in end
        assert "guard.yaml:1:9 " in end
        assert end.count("no fact {price}") == 2  # the catalogue is empty, not only wrong
        assert "no fact {dispatch_hours}" in end
        assert "no product `tgy`" in end
        assert "Traceback" not in server.stderr


def test_second_server_on_the_same_log_is_refused(tmp_path: Path) -> None:
    """Exit code 3 and one sentence; the first goes on."""
    with serving(tmp_path) as (_, _, http):
        options = ("--shop", tmp_path / "shop", "--ws", "127.0.0.1:0", "--http", "127.0.0.1:0")
        with running("serve", *options, cwd=tmp_path) as second:
            assert second.wait() == Exit.UNAVAILABLE
            assert "livechat: " in second.stderr
        assert status(f"{http}/readyz") == 200


def test_a_port_that_is_taken_is_away_not_wrong(tmp_path: Path) -> None:
    """Exit code 3, of either server, and one sentence that names the setting."""
    write_shop(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken, free = f"127.0.0.1:{other.getsockname()[1]}", "127.0.0.1:0"
        for ws, http, setting in ((taken, free, "gateway.listen"), (free, taken, "http.listen")):
            options = ("--roles", "gateway", "--open", "--ws", ws, "--http", http, "--bus", f"sqlite:{setting}.db")
            with running("serve", *options, cwd=tmp_path) as server:
                assert server.wait() == Exit.UNAVAILABLE
                end = server.stderr.partition("livechat: ")[2]
                assert end == f"another process listens on {taken}: end it, or set `{setting}` to another port\n"


def test_understand_answers_when_the_producer_pauses(tmp_path: Path) -> None:
    """A line is answered without the end of the input; at its end the command ends."""
    base, shop = write_shop(tmp_path)
    with running("understand", "--shop", shop, "--base", base, cwd=tmp_path) as command:
        assert command.process.stdin is not None
        for text, intent in (("什么时候发货", "shipping.dispatch"), ("how much is it", "product.price")):
            command.process.stdin.write(f"{text}\n".encode())
            command.process.stdin.flush()
            assert json.loads(command.line())["intent"] == intent
        command.process.stdin.close()
        assert command.wait() == 0


def test_nobody_there_is_one_sentence(tmp_path: Path) -> None:
    """Exit code 3, within the patience of a person."""
    with running("room", "mode", "main", "auto", "--url", "ws://127.0.0.1:9/ws", cwd=tmp_path) as command:
        assert command.process.wait(PATIENCE_S) == Exit.UNAVAILABLE
        assert command.wait() == Exit.UNAVAILABLE
        assert command.stderr.startswith("livechat: nobody answers at ws://127.0.0.1:9/ws")
        assert command.stderr.count("\n") == 1


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(("arguments", "code"), [
    ("config", Exit.OK),
    ("--help", Exit.OK),
    ("topics --help", Exit.OK),
    ("--version", Exit.OK),
    ("say 什么时候发货 --shop shop --base base", Exit.OK),
    ("understand --shop shop --base base", Exit.OK),
    ("pool check wrong --base base", Exit.USAGE),
    ("pool check wrong --base base --json", Exit.USAGE),
])  # fmt: skip
def test_reader_that_goes_away_ends_the_command_quietly(
    tmp_path: Path, unbuffered: str, arguments: str, code: Exit
) -> None:
    """As in `livechat config | head -1`: no traceback, no failure; where the exit code is the answer, it is given all the same."""
    write_shop(tmp_path)
    (tmp_path / "wrong").mkdir()
    (tmp_path / "lines").write_text("什么时候发货\n" * 1_000, encoding="utf-8")
    # One folder for all: the first of them trains the shop's model.
    env = os.environ | {"PYTHONUNBUFFERED": unbuffered, "XDG_CACHE_HOME": str(tmp_path.parent)}
    pipe = subprocess.PIPE
    with (tmp_path / "lines").open("rb") as lines, subprocess.Popen(
        [sys.executable, "-m", "engine.cli", *arguments.split()],
        cwd=tmp_path, env=env, stdin=lines, stdout=pipe, stderr=pipe,
    ) as command:  # fmt: skip
        assert command.stdout is not None
        assert command.stderr is not None
        command.stdout.close()
        assert command.stderr.read() == b""
        assert command.wait(PATIENCE_S) == code


def test_output_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A full disk: one sentence, and not the exit code of success."""
    arguments = [sys.executable, "-m", "engine.cli", "config"]
    env = os.environ | {"PYTHONUNBUFFERED": ""}
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(arguments, cwd=tmp_path, env=env, stdout=full, stderr=subprocess.PIPE, check=False)
    assert ended.returncode == Exit.FAILED
    assert ended.stderr.startswith(b"livechat: the output cannot be written (no space left")
    assert ended.stderr.count(b"\n") == 1
