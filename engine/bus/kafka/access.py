"""How clients reach the brokers: addresses, time-outs, encryption, and who logs in."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

from engine.errors import UsageError
from engine.settings import KafkaSettings, brokers

RETRY_MS: Final = 10
"""Pause before aiokafka tries a request again: its default of 100 tripled the p99 of commits, since Kafka answers back-to-back
transactions of one producer with an error that has to be retried."""

METADATA_AGE_MS: Final = 10_000
"""How often a client asks where partitions lead; the default of five minutes would hide a moved leader from an idle client."""


class Access:
    """What every client of the cluster is made with. Shows no secret when it is printed."""

    def __init__(self, servers: str, settings: KafkaSettings) -> None:
        """`servers`: `HOST:PORT,HOST:PORT…`. Raises `UsageError` for files that cannot be read and settings that do not fit together."""
        self.servers = brokers(servers)
        self.settings = settings
        self._context = _context(settings)
        self._password = _password(settings)

    def __repr__(self) -> str:
        return f"Access({','.join(self.servers)})"

    def options(self) -> dict[str, object]:
        """Keywords for every client of aiokafka."""
        protocol = ("SASL_" if self.settings.sasl else "") + ("SSL" if self.settings.tls else "PLAINTEXT")
        options: dict[str, object] = {
            "bootstrap_servers": list(self.servers),
            "request_timeout_ms": int(self.settings.request_timeout_s * 1_000),
            "retry_backoff_ms": RETRY_MS,
            "metadata_max_age_ms": METADATA_AGE_MS,
            "security_protocol": protocol,
            "ssl_context": self._context,
        }
        if self.settings.sasl:
            options |= {
                "sasl_mechanism": self.settings.sasl,
                "sasl_plain_username": self.settings.username,
                "sasl_plain_password": self._password,
            }
        return options


def _context(settings: KafkaSettings) -> ssl.SSLContext | None:
    files = {"bus.kafka.ca": settings.ca, "bus.kafka.certificate": settings.certificate, "bus.kafka.key": settings.key}
    if not settings.tls:
        for name, file in files.items():
            if file is not None:
                raise UsageError(f"`{name}` is set, but connections are not encrypted: set `bus.kafka.tls` too")
        return None
    if (settings.certificate is None) != (settings.key is None):
        raise UsageError("`bus.kafka.certificate` and `bus.kafka.key` belong together: set both")
    for name, file in files.items():
        if file is not None:
            _read(name, file)
    try:
        context = ssl.create_default_context(cafile=settings.ca)
        if settings.certificate is not None:
            context.load_cert_chain(settings.certificate, settings.key, password=_no_passphrase)
    except ssl.SSLError as error:
        raise UsageError(
            f"the files of `bus.kafka.ca`, `certificate` and `key` cannot be used ({error.reason}): they must be PEM, without a passphrase"
        ) from error
    return context


def _no_passphrase() -> str:
    """Asked where the key is encrypted; else OpenSSL would ask the terminal, and wait for it."""
    raise UsageError(
        "the key of `bus.kafka.key` is encrypted: store it without a passphrase, readable by the engine alone"
    )


def _password(settings: KafkaSettings) -> str | None:
    if settings.sasl is None:
        if settings.username is not None or settings.password_file is not None:
            raise UsageError(
                "a name or password for the brokers is set, but no way to log in: set `bus.kafka.sasl` too"
            )
        return None
    if not settings.username or settings.password_file is None:
        raise UsageError(
            "`bus.kafka.sasl` needs a name and a password: set `bus.kafka.username` and `bus.kafka.password_file`"
        )
    try:
        password = _read("bus.kafka.password_file", settings.password_file).decode().strip()
    except UnicodeDecodeError as error:
        raise UsageError(f"`{settings.password_file}` of `bus.kafka.password_file` is no text in UTF-8") from error
    if not password:
        raise UsageError(
            f"`{settings.password_file}` of `bus.kafka.password_file` is empty: write the password into it"
        )
    return password


def _read(name: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"`{name}` names `{file}`, which cannot be read ({error.strerror})") from error
