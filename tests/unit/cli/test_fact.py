"""`livechat fact`: values and times as typed."""

from __future__ import annotations

import pytest

from engine.cli import options
from engine.cli.fact import moment, value_of
from engine.errors import Exit, UsageError
from tests.unit.cli.conftest import Invoke

NOBODY = "ws://127.0.0.1:9/ws"
NOW = 1_767_225_600_000  # 2026-01-01T00:00:00Z


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("129", 129),
        ("-3", -3),
        ("−3", -3),
        ("−9.5", -9.5),
        ("−5折", "−5折"),
        ("9.90", 9.9),
        ("1e5", "1e5"),
        ("nan", "nan"),
        ("48小时", "48小时"),
        ("", ""),
        ("１２", 12),
    ],
)
def test_values(text: str, value: int | float | str) -> None:
    """A plain number is one; anything else is text."""
    found = value_of(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("typed", ["-3", "-12.5"])
@pytest.mark.parametrize("dashes", [(), ("--",)])
def test_a_number_below_zero_is_no_option(
    typed: str, dashes: tuple[str, ...], invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is typed as it is written; the command goes on to its server, which is not there."""
    monkeypatch.setattr(options, "PATIENCE_S", 0.0)  # how long it is looked for is the connection's affair
    result = invoke("fact", "set", "--url", NOBODY, "tea", "tgy", "price", *dashes, typed)
    assert result.exit_code == Exit.UNAVAILABLE
    assert "nobody answers" in result.stderr


@pytest.mark.parametrize("typed", ["--untl", "-x", "-3h"])
def test_an_option_that_does_not_exist_is_still_told(typed: str, invoke: Invoke) -> None:
    """It does not become the value."""
    result = invoke("fact", "set", "--url", NOBODY, "tea", "tgy", "price", typed, "30m")
    assert result.exit_code == Exit.USAGE
    assert "No such option" in result.stderr


def test_moments() -> None:
    """Spans count from now; times carry their zone."""
    assert moment("30m", NOW) == NOW + 1_800_000
    assert moment("2d", NOW) == NOW + 172_800_000
    assert moment("2026-01-01T09:00:00+08:00", NOW) == NOW + 3_600_000
    for text, told in (
        ("soon", "is no time"),
        ("2026-02-01T09:00:00", "no time zone"),
        ("2025-01-01T00:00:00Z", "over"),
    ):
        with pytest.raises(UsageError, match=told):
            moment(text, NOW)
