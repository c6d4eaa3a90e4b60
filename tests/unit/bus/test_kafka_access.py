"""Settings → what clients are made with."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from engine.bus.kafka.access import Access
from engine.errors import UsageError
from engine.settings import KafkaSettings


def test_plain_access() -> None:
    """Addresses and time-outs, in aiokafka's units; no login, no encryption."""
    options = Access("a:1, [::1]:2", KafkaSettings(request_timeout_s=1.5)).options()
    assert options["bootstrap_servers"] == ["a:1", "[::1]:2"]
    assert (options["request_timeout_ms"], options["security_protocol"]) == (1_500, "PLAINTEXT")
    assert not [name for name in options if "sasl" in name]


def test_a_password_comes_from_its_file_and_is_never_shown(tmp_path: Path) -> None:
    """Whoever prints the access sees the addresses alone; white space around the password does not count."""
    (tmp_path / "password").write_text(" s3cret 密\n")
    settings = KafkaSettings(sasl="SCRAM-SHA-512", username="engine", password_file=tmp_path / "password")
    access = Access("a:1", settings)
    assert access.options()["sasl_plain_password"] == "s3cret 密"
    assert access.options()["security_protocol"] == "SASL_PLAINTEXT"
    assert "s3cret" not in f"{access!r} {access} {settings!r}"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"sasl": "PLAIN"}, r"needs a name and a password"),
        ({"username": "engine"}, r"set `bus.kafka.sasl` too"),
        (
            {"sasl": "PLAIN", "username": "u", "password_file": "/none"},
            r"password_file` names `/none`, which cannot be read",
        ),
        ({"ca": "/none"}, r"set `bus.kafka.tls` too"),
        ({"tls": True, "ca": "/none"}, r"bus.kafka.ca` names `/none`, which cannot be read"),
        ({"tls": True, "key": "/none"}, r"belong together"),
    ],
)
def test_settings_that_do_not_fit_together(settings: dict[str, object], said: str) -> None:
    """Each says which setting is missing or wrong."""
    with pytest.raises(UsageError, match=said):
        Access("a:1", KafkaSettings.model_validate(settings))


def test_a_file_that_is_no_certificate(tmp_path: Path) -> None:
    """The sentence names the settings and the form."""
    (tmp_path / "ca.pem").write_text("nonsense")
    with pytest.raises(UsageError, match=r"bus.kafka.ca.*PEM"):
        Access("a:1", KafkaSettings(tls=True, ca=tmp_path / "ca.pem"))


def test_an_encrypted_key_is_refused_and_nobody_is_asked(tmp_path: Path) -> None:
    """A server has no one to type a passphrase; OpenSSL would wait for it."""
    make = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-days", "1", "-subj", "/CN=x", "-passout", "pass:hush")
    subprocess.run((*make, "-keyout", tmp_path / "key", "-out", tmp_path / "crt"), check=True, capture_output=True)
    with pytest.raises(UsageError, match="without a passphrase"):
        Access("a:1", KafkaSettings(tls=True, certificate=tmp_path / "crt", key=tmp_path / "key"))


@pytest.mark.parametrize(("content", "said"), [(b"\n", "is empty"), (b"\xff\xfe", "no text in UTF-8")])
def test_a_password_that_is_none_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    """Before a broker is asked."""
    (tmp_path / "password").write_bytes(content)
    with pytest.raises(UsageError, match=said):
        Access("a:1", KafkaSettings(sasl="PLAIN", username="u", password_file=tmp_path / "password"))
