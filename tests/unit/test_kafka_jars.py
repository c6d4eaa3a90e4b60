"""Where no Kafka is to be had: the reason is told, and it is a failure only where Kafka is required."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kafka import jars, shared


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs, the only one there is; the cache is empty."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


def program(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def reason() -> str:
    with pytest.raises(jars.NoKafka) as caught:
        jars.class_path.__wrapped__()
    return str(caught.value)


def test_what_is_missing_is_named(programs: Path) -> None:
    """No Java, one that is too old, no Maven, a Maven that fails: each with its reason."""
    assert "no `java`" in reason()
    program(programs, "java", """echo 'openjdk version "11.0.2" 2019-01-15' >&2""")
    assert "needs Java 17" in reason()
    program(programs, "java", """echo 'openjdk version "17.0.15" 2025-04-15' >&2""")
    assert "no `mvn`" in reason()
    program(programs, "mvn", "echo '[ERROR] there is no network'; exit 1")
    assert "there is no network" in reason()


def test_jars_are_fetched_once(programs: Path) -> None:
    """What Maven brought is kept, and Maven is not asked again."""
    program(programs, "java", """echo 'openjdk version "21" 2023-09-19' >&2""")
    program(programs, "mvn", 'for word; do case $word in -DoutputDirectory=*) /bin/mkdir -p "${word#*=}";; esac; done')
    path = jars.class_path.__wrapped__()
    assert Path(path).parent.is_dir()
    program(programs, "mvn", "exit 1")
    assert jars.class_path.__wrapped__() == path


def test_without_kafka_a_test_is_skipped_or_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """`LIVECHAT_REQUIRE_KAFKA=1` decides."""
    monkeypatch.delenv(shared.REQUIRED, raising=False)
    with pytest.raises(pytest.skip.Exception, match="no `java`"):
        shared.no_kafka("there is no `java`")
    monkeypatch.setenv(shared.REQUIRED, "1")
    with pytest.raises(pytest.fail.Exception, match="no `java`"):
        shared.no_kafka("there is no `java`")


def test_a_named_broker_is_not_troubled(monkeypatch: pytest.MonkeyPatch) -> None:
    """`KAFKA_BOOTSTRAP` is used as it is; tests that would stop it are left out."""
    monkeypatch.setenv(shared.NAMED, "broker:9092")
    assert shared.bootstrap() == "broker:9092"
    assert "broker:9092" in shared.describe()
    with pytest.raises(pytest.skip.Exception, match="not ours"):
        shared.own_broker_possible()
