"""What a live writes into its logs at level `debug`: everything that happens, by its ids, and nothing of viewers or secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from tests.process.commands import ready, running
from tests.unit.cli.conftest import write_shop

pytestmark = [pytest.mark.process, pytest.mark.slow]

MARK = "QZX"
"""Stands in every text, viewer, token and key of the live, and nowhere else."""
TOKENS = {role: f"{MARK}-token-{role}" for role in ("source", "player", "operator")}
VIEWER_KEY = f"{MARK}-viewer-key"


def config(folder: Path, base: Path, shop: Path) -> Path:
    """Settings with tokens and a key, logs as JSON at level `debug`."""
    tokens = "".join(
        f'\n[[gateway.tokens]]\nname = "the {role}"\ntoken = "{token}"\nroles = ["{role}"]\n'
        for role, token in TOKENS.items()
    )
    file = folder / "livechat.toml"
    file.write_text(
        'log_level = "debug"\nlog_format = "json"\nlog_repeats = 0\n'
        f'[bus]\nurl = "sqlite:{folder / "log.db"}"\npartitions = 2\n'
        f'[privacy]\nviewer_key = "{VIEWER_KEY}"\n'
        f'[publisher]\nbase = "{base}"\nshops = ["{shop}"]\ncache = "{folder / "models"}"\n'
        f'[gateway]\nlisten = "127.0.0.1:0"\n[http]\nlisten = "127.0.0.1:0"\n{tokens}',
        encoding="utf-8",
    )
    return file


def live(folder: Path) -> Path:
    """Questions, chatter, what nobody understands, personal data and lines that are no comments."""
    texts = ["什么时候发货", "在吗", "铁观音多少钱", "哈哈哈", "我电话13800138000", "when do you ship", "", "x" * 5_000]
    file = folder / "live.jsonl"
    with file.open("w", encoding="utf-8") as out:
        for number in range(120):
            text = f"{texts[number % len(texts)]} {MARK}{number}" if texts[number % len(texts)] else ""
            line = {"at": number * 0.05, "id": f"c{number}", "viewer": f"{MARK}-viewer-{number}", "text": text[:1_900]}
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
    return file


def test_no_line_holds_a_text_a_viewer_or_a_secret(tmp_path: Path) -> None:
    """Of the server, the player and the source; each line is JSON, and decisions are told with room, comment and decision."""
    base, shop = write_shop(tmp_path)
    with running("serve", "--config", config(tmp_path, base, shop), cwd=tmp_path) as server:
        places = dict(part.split("=", 1) for part in server.line("listening").split()[1:])
        ready(places["http"], server)
        url = ("--url", places["ws"])
        with running(
            "room", "mode", "live", "auto", "--new", *url, cwd=tmp_path, env={"LIVECHAT_TOKEN": TOKENS["operator"]}
        ) as mode:
            assert mode.wait() == 0, mode.stderr
        with running(
            "player", "--room", "live", "--shop", shop, "--base", base, "--plain", *url, cwd=tmp_path,
            env={"LIVECHAT_TOKEN": TOKENS["player"]},
        ) as player:  # fmt: skip
            player.line()
            with running(
                "send", live(tmp_path), "--room", "live", *url, cwd=tmp_path, env={"LIVECHAT_TOKEN": TOKENS["source"]}
            ) as source:
                source.process.wait(PATIENCE_S)
                source_told = source.stderr
            with running(
                "room", "mode", "live", "auto", *url, cwd=tmp_path, env={"LIVECHAT_TOKEN": f"{MARK}-wrong"}
            ) as wrong:
                assert wrong.wait() == 2
            player.process.terminate()
            player.wait()
        server.process.terminate()
        assert server.wait() == 0
    for told in (server.stderr, player.stderr, source_told):
        assert MARK not in told
        assert "13800138000" not in told
    lines = [json.loads(line) for line in server.stderr.splitlines()]
    decided = [line for line in lines if line["message"] == "decided"]
    assert len({line["comment"] for line in decided}) == len(decided) >= 100
    assert all({"room", "shop", "source", "decision", "reason", "partition"} <= line.keys() for line in decided)
    assert {line.get("role") for line in lines if line["message"] == "a client is admitted"} == {
        "source",
        "player",
        "operator",
    }
    assert any(line["message"] == "a request is on the log" and line["kind"] == "ModeSet" for line in lines)


def test_a_server_that_writes_json_tells_its_end_as_json(tmp_path: Path) -> None:
    """Whoever reads its lines need not know how commands tell errors; the exit code is the same."""
    missing = tmp_path / "nowhere"
    with running("serve", "--shop", missing, "--open", cwd=tmp_path, env={"LIVECHAT_LOG_FORMAT": "json"}) as server:
        assert server.wait() == 2
    (line,) = [json.loads(line) for line in server.stderr.splitlines()]
    assert (line["level"], line["message"]) == ("critical", "the process ends")
    assert str(missing) in line["error"]
