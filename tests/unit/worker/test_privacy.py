"""Viewers are hashed with a secret that changes by period."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from engine.worker.privacy import CACHED_VIEWERS, ViewerHasher, viewer_hasher

from engine.errors import UsageError
from engine.events.topics import DAY_MS
from engine.settings import BusSettings, PrivacySettings, Settings


def test_a_viewer_is_the_same_within_a_period_and_another_after_it() -> None:
    """Within a period equal, across periods and secrets different."""
    hasher = ViewerHasher(b"one", 30)
    first = hasher("v", 0)
    assert len(first) == 16
    assert hasher("v", 30 * DAY_MS - 1) == first
    assert hasher("v", 30 * DAY_MS) != first
    assert ViewerHasher(b"two", 30)("v", 0) != first


def test_what_is_remembered_is_bounded_and_changes_nothing() -> None:
    """Forgetting viewers gives the same hashes again."""
    hasher = ViewerHasher(b"one", 30)
    first = hasher("v", 0)
    for number in range(CACHED_VIEWERS + 1):
        hasher(str(number), 0)
    assert hasher("v", 0) == first


def test_the_secret_is_made_once_and_kept_beside_the_log(tmp_path: Path) -> None:
    """A second process finds the first one's key, which only its owner may read."""
    settings = Settings(bus=BusSettings(url=f"sqlite:{tmp_path}/var/log.db"))
    first = viewer_hasher(settings)("v", 0)
    key = tmp_path / "var" / "log.db.viewer-key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert viewer_hasher(settings)("v", 0) == first


def test_a_key_file_that_holds_no_key_is_refused(tmp_path: Path) -> None:
    """A damaged key file is named with a remedy, not overwritten."""
    (tmp_path / "log.db.viewer-key").write_text("nonsense")
    with pytest.raises(UsageError, match="delete it"):
        viewer_hasher(Settings(bus=BusSettings(url=f"sqlite:{tmp_path}/log.db")))


def test_kafka_needs_a_given_secret() -> None:
    """Workers on several machines cannot share a file."""
    bus = BusSettings(url="kafka:localhost:9092")
    with pytest.raises(UsageError, match=r"privacy\.viewer_key"):
        viewer_hasher(Settings(bus=bus))
    given = PrivacySettings.model_validate({"viewer_key": "secret"})
    assert viewer_hasher(Settings(bus=bus, privacy=given))("v", 0) == viewer_hasher(Settings(privacy=given))("v", 0)
