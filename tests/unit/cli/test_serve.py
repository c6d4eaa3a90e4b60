"""`livechat serve`: its options."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cli.assembly import Listening
from engine.cli.serve import overrides, tell
from engine.settings import load


def test_options_become_settings() -> None:
    """Only what was said is overridden."""
    said = overrides(
        "worker, gateway", "sqlite:x.db", [Path("a"), Path("b")], "0.0.0.0:1", "0.0.0.0:2", let_all_in=True
    )
    settings = load(**said)
    assert settings.roles == ("worker", "gateway")
    assert settings.bus.url == "sqlite:x.db"
    assert settings.publisher.shops == (Path("a"), Path("b"))
    assert (settings.gateway.listen, settings.gateway.open, settings.http.listen) == ("0.0.0.0:1", True, "0.0.0.0:2")
    assert overrides(None, None, None, None, None, let_all_in=False) == {}


def test_one_line_tells_where_it_listens(capsys: pytest.CaptureFixture[str]) -> None:
    """For people and programs."""
    tell(Listening(("127.0.0.1", 1), ("::1", 2)))
    tell(Listening(None, ("127.0.0.1", 2)))
    assert (
        capsys.readouterr().out
        == "listening ws=ws://127.0.0.1:1/ws http=http://[::1]:2\nlistening http=http://127.0.0.1:2\n"
    )
