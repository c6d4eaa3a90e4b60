"""`livechat config`."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from engine.cli.config import lines
from engine.settings import Settings, load
from tests.unit.cli.conftest import Invoke

TOKENS = """\
[[gateway.tokens]]
name = "店"
token = "very secret"
roles = ["source"]

[privacy]
viewer_key = "also secret"
"""


def test_what_is_printed_loads_as_the_same_settings(tmp_path: Path) -> None:
    """The output is a file to begin with."""
    settings = load(bus={"url": 'sqlite:a "b".db'}, publisher={"shops": [Path("x/y")]}, roles=["worker"])
    file = tmp_path / "x.toml"
    file.write_text("\n".join(lines(settings)), encoding="utf-8")
    assert load(file) == settings


def test_every_setting_is_described() -> None:
    """Each value is preceded by a comment."""
    told = "\n".join(lines(Settings())).splitlines()
    for before, line in pairwise(told):
        if " = " in line and not line.startswith("#"):
            assert before.startswith("# "), line


def test_secrets_are_hidden(tmp_path: Path, invoke: Invoke) -> None:
    """Neither tokens nor keys are printed; they stand as comments."""
    file = tmp_path / "x.toml"
    file.write_text(TOKENS, encoding="utf-8")
    result = invoke("config", "--config", file)
    assert result.exit_code == 0
    assert "very secret" not in result.stdout
    assert "also secret" not in result.stdout
    assert 'name = "店"\n' in result.stdout
    assert "# token = (hidden)\n" in result.stdout
    assert "# viewer_key = (hidden)\n" in result.stdout
    assert "# Secrets are hidden: " in result.stdout


def test_what_hides_secrets_loads_and_can_be_completed(tmp_path: Path) -> None:
    """A token stands as comments, so that the file loads as it is; with the secret in its place, uncommented, it is the same again."""
    first, second = tmp_path / "x.toml", tmp_path / "y.toml"
    first.write_text(TOKENS, encoding="utf-8")
    settings = load(first)
    told = "\n".join(lines(settings))
    second.write_text(told, encoding="utf-8")
    bare = load(second)
    assert bare.gateway.tokens == ()
    assert bare.worker == settings.worker
    start = told.index("# [[gateway.tokens]]")
    end = told.index("\n\n", start)
    token = "\n".join(line.removeprefix("# ") for line in told[start:end].splitlines())
    whole = told[:start] + token.replace("(hidden)", '"very secret"') + told[end:]
    second.write_text(whole.replace("# viewer_key = (hidden)", 'viewer_key = "also secret"'), encoding="utf-8")
    assert load(second) == settings


def test_without_secrets_none_are_told() -> None:
    """The note stands only where it helps."""
    assert not any("are hidden" in line for line in lines(Settings()))
