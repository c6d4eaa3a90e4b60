"""`livechat demo`: its folder and its piece of the recording."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cli.demo.stage import Stage
from engine.cli.demo.verb import _folder, cut
from engine.errors import Exit, UsageError
from engine.settings import load
from tests.unit.cli.conftest import Invoke


def test_piece_of_the_recording(tmp_path: Path) -> None:
    """From the start that is meant, as long as the demo lasts; the lines stay as they are."""
    lines = [json.dumps({"at": at, "id": f"c{at}", "text": f"t{at}"}) for at in range(6)]
    (tmp_path / "live.jsonl").write_text("\n".join(lines) + "\n")
    assert cut(tmp_path / "live.jsonl", tmp_path / "out.jsonl", 2, 3) == {"c2": "t2", "c3": "t3", "c4": "t4"}
    assert (tmp_path / "out.jsonl").read_text().splitlines() == lines[2:5]


def test_temporary_folder_goes_and_a_kept_one_stays(tmp_path: Path) -> None:
    """A kept one is new or empty: nothing is overwritten."""
    with _folder(None) as folder:
        assert folder.is_dir()
    assert not folder.exists()
    with _folder(tmp_path / "new") as folder:
        (folder / "log.db").touch()
    assert folder.is_dir()
    with pytest.raises(UsageError, match="is not empty"), _folder(tmp_path / "new"):
        pass


def test_stage_settings_are_settings(tmp_path: Path) -> None:
    """With a token for each process, and one for the demo itself."""
    stage = Stage(tmp_path, tmp_path / "intents", tmp_path / "shop", tmp_path / "models", 8123)
    file = tmp_path / "x.toml"
    file.write_text(stage._settings(), encoding="utf-8")
    settings = load(file)
    assert settings.gateway.listen == "127.0.0.1:8123"
    assert [(token.roles, token.token.get_secret_value()) for token in settings.gateway.tokens] == [
        ((role,), secret) for role, secret in stage.tokens.items()
    ]
    assert len(set(stage.tokens.values())) == 3


def test_wrong_length_is_usage(invoke: Invoke) -> None:
    """Less than five seconds show nothing."""
    assert invoke("demo", "--seconds", "1").exit_code == Exit.USAGE
