"""The half of the keys that the settings hold."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from engine.errors import UsageError
from engine.settings import BusSettings, PrivacySettings, Settings
from engine.viewers.secret import check_of, secret_of, whole_key


def test_the_secret_is_made_once_and_kept_beside_the_log(tmp_path: Path) -> None:
    """A second process finds the first one's, which only its owner may read."""
    settings = Settings(bus=BusSettings(url=f"sqlite:{tmp_path}/var/log.db"))
    first = secret_of(settings)
    assert stat.S_IMODE((tmp_path / "var" / "log.db.viewer-key").stat().st_mode) == 0o600
    assert secret_of(settings) == first


def test_a_file_that_holds_none_is_refused(tmp_path: Path) -> None:
    """A damaged file is named with a remedy, not overwritten."""
    (tmp_path / "log.db.viewer-key").write_text("nonsense")
    with pytest.raises(UsageError, match="delete it"):
        secret_of(Settings(bus=BusSettings(url=f"sqlite:{tmp_path}/log.db")))


def test_kafka_needs_a_given_secret(tmp_path: Path) -> None:
    """Processes on several machines cannot share a file of one of them; as text and as a file it is the same."""
    bus = BusSettings(url="kafka:localhost:9092")
    with pytest.raises(UsageError, match=r"privacy\.viewer_key_file"):
        secret_of(Settings(bus=bus))
    (tmp_path / "key").write_text("given\n")
    given = Settings(bus=bus, privacy=PrivacySettings(viewer_key=SecretStr("given")))
    assert secret_of(given) == secret_of(Settings(privacy=PrivacySettings(viewer_key_file=tmp_path / "key")))


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe"])
def test_a_named_file_that_cannot_be_used_is_told(tmp_path: Path, content: bytes | None) -> None:
    """Missing, empty, or no text."""
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=r"`privacy.viewer_key_file`: .*key` (cannot be read|is empty)"):
        secret_of(Settings(privacy=PrivacySettings(viewer_key_file=path)))


def test_one_secret_is_named_once() -> None:
    """Text and file exclude each other."""
    with pytest.raises(ValidationError, match="not both"):
        PrivacySettings.model_validate({"viewer_key": "a", "viewer_key_file": "b"})


def test_both_halves_make_the_key() -> None:
    """Another secret or another half makes another key, and the check tells the secret."""
    one, two = b"1" * 32, b"2" * 32
    keys = {whole_key(secret, half) for secret in (one, two) for half in ("aa" * 32, "bb" * 32)}
    assert len(keys) == 4
    assert check_of(one, "k") != check_of(two, "k")
