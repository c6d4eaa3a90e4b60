"""One tree of settings: defaults, then a TOML file, then the environment (`LIVECHAT_WORKER__BATCH_MS=50`), then options.

What decides over replies (airtime, cooldowns, thresholds) is not here: it lives in the pool, so that replays use what was in force.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from engine.errors import LivechatError, PortInUse, UsageError
from engine.retention import RetentionSettings

PREFIX: Final = "LIVECHAT_"
NESTED: Final = "__"

OTHER_VARIABLES: Final[Mapping[str, str]] = {
    "LIVECHAT_CONFIG": "The TOML file of settings, where `--config` names none.",
    "LIVECHAT_URL": "WebSocket of the server that commands connect to, where `--url` names none.",
    "LIVECHAT_TOKEN": "The token that commands show it, where `--token` names none.",
    "LIVECHAT_TOKEN_FILE": "File that holds that token; the entry point of the container image reads it.",
    "LIVECHAT_KILLS": "Of the project's tests: how many times `make kill` kills.",
    "LIVECHAT_REQUIRE_KAFKA": "Of the project's tests: where it is set, tests that need Kafka fail without it instead of being left out.",
    "LIVECHAT_REQUIRE_OPS": "Of the project's tests: the same for those that need helm, promtool and prometheus.",
}
"""Variables with the settings' prefix that are no settings. Any other unknown one stops the start."""

Role = Literal["worker", "gateway", "publisher", "insight"]
ROLES: tuple[Role, ...] = ("worker", "gateway", "publisher", "insight")
MAX_PORT: Final = 65_535  # of TCP, RFC 9293 section 3.1


def address(listen: str) -> tuple[str, int]:
    """Host and port of HOST:PORT. Raises `ValueError` that tells how it is written."""
    host, _, port = listen.rpartition(":")
    if not host or not (port.isascii() and port.isdecimal()) or int(port) > MAX_PORT:
        raise ValueError(
            f"`{listen}` is no place to listen: write HOST:PORT, such as 127.0.0.1:8700, with a port up to {MAX_PORT}"
        )
    return host.strip("[]"), int(port)


def not_listening(listen: str, setting: str, error: OSError) -> LivechatError:
    """What to raise where nobody can listen at `listen`, which `setting` names: `PortInUse`, else `UsageError`: waiting will not help."""
    if error.errno == errno.EADDRINUSE:
        return PortInUse(listen, setting)
    number = error.errno or 0  # of a host that is none, it is none of the system's
    reason = os.strerror(number) if number in errno.errorcode else str(error)
    return UsageError(f"cannot listen on {listen} ({reason.lower()}): set `{setting}` to a place of this machine")


def _listen(listen: str) -> str:
    address(listen)
    return listen


Listen = Annotated[str, AfterValidator(_listen)]


def brokers(place: str) -> tuple[str, ...]:
    """The brokers of HOST:PORT,HOST:PORT…. Raises `ValueError` that tells how they are written."""
    found = tuple(part.strip() for part in place.split(",") if part.strip())
    for server in found or ("",):
        host, _, port = server.rpartition(":")
        if "@" in server:
            raise ValueError(
                "an address holds no names and passwords: they belong into `bus.kafka.username` and `bus.kafka.password_file`"
            )
        if not host or not (port.isascii() and port.isdecimal()) or not 0 < int(port) <= MAX_PORT:
            raise ValueError(f"`{server}` is no broker: write kafka:HOST:PORT,HOST:PORT…")
    return found


def _bus_url(url: str) -> str:
    scheme, _, place = url.partition(":")
    if scheme == "kafka":
        brokers(place)
    elif scheme != "sqlite" or not place:
        raise ValueError("it names no log that can be opened: write sqlite:PATH or kafka:HOST:PORT,HOST:PORT…")
    return url


BusUrl = Annotated[str, AfterValidator(_bus_url)]


def _some(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("name at least one")
    return names


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class KafkaSettings(Section):
    session_timeout_s: float = Field(
        default=10.0,
        ge=1,
        le=60,
        description="A worker that is silent for so long loses its partitions; also the timeout of transactions, seconds.",
    )
    request_timeout_s: float = Field(
        default=3.0, gt=0, le=60, description="Longest wait for a broker's answer to one request, seconds."
    )
    deadline_s: float = Field(
        default=8.0,
        gt=0,
        le=60,
        description="Longest that reading, publishing or committing may take with all its retries, seconds.",
    )
    give_up_s: float = Field(
        default=120.0,
        ge=0,
        description="A worker that the brokers have not served for so long ends its process (exit code 3), to be started again; "
        "0: never, seconds.",
    )
    tls: bool = Field(default=False, description="Encrypt connections to the brokers and check their certificates.")
    ca: Path | None = Field(
        default=None, description="File with the authorities of the brokers' certificates; None: the system's."
    )
    certificate: Path | None = Field(default=None, description="File with the certificate that this client shows.")
    key: Path | None = Field(default=None, description="File with the key of `certificate`, not encrypted.")
    sasl: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        default=None, description="How to log in at the brokers; None: not at all."
    )
    username: str | None = Field(default=None, description="Name to log in with.")
    password_file: Path | None = Field(default=None, description="File that holds the password to log in with.")


class BusSettings(Section):
    url: BusUrl = Field(
        default="sqlite:var/livechat.db",
        description="`sqlite:PATH`: the embedded log; `kafka:HOST:PORT,HOST:PORT…`: a Kafka cluster.",
    )
    partitions: int = Field(
        default=8,
        ge=1,
        le=512,
        description="Partitions of the inputs; fixed for the life of the log once it has been written.",
    )
    prefix: str = Field(
        default="livechat.", description="Prefix of topic names on a shared broker; the embedded log needs none."
    )
    group: str = Field(default="livechat", description="Group of the workers that share the inputs.")
    kafka: KafkaSettings = KafkaSettings()
    retention: RetentionSettings = RetentionSettings()


class WorkerSettings(Section):
    batch_ms: int = Field(default=50, ge=0, le=1_000, description="Least time between two commits under load, ms.")
    batch_records: int = Field(
        default=2_000, ge=1, le=50_000, description="Most input records of one batch and partition."
    )
    batch_bytes: int = Field(default=1_000_000, ge=10_000, description="Most input bytes of one batch and partition.")
    tick_ms: int = Field(default=100, ge=100, le=5_000, description="Least time between two ticks of a partition, ms.")
    control_lag_ms: int = Field(
        default=200, ge=10, description="Comments pause while room events lag more than this, ms."
    )
    snapshot_every: int = Field(
        default=30_000, ge=100, description="Every room is snapshotted within this many entries of its partition."
    )
    fair_share: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Largest share of a full batch that one room may take while other rooms wait.",
    )
    max_rooms: int = Field(
        default=20_000,
        ge=1,
        description="Rooms that one process holds; beyond it records of new rooms go to dead letters.",
    )
    stall_s: float = Field(
        default=30.0, gt=0, description="The watchdog ends the process when the loop made no progress for so long."
    )
    drain_s: float = Field(default=6.0, gt=0, le=60, description="Longest graceful stop after SIGTERM.")


class Token(Section):
    """One access token of the gateway."""

    name: str = Field(description="Who it belongs to; shown in records as `by`.")
    token: SecretStr = Field(description="What the client shows; a long random text.")
    roles: Annotated[tuple[Literal["source", "player", "operator", "observer"], ...], AfterValidator(_some)] = Field(
        description="`source`, `player`, `operator`, `observer`: those that a client may take with it."
    )
    rooms: tuple[str, ...] = Field(default=("*",), description="Rooms it may use; `*` for any, `abc*` for a prefix.")
    shop: str | None = Field(default=None, description="Shop of rooms that this token opens.")


class GatewaySettings(Section):
    listen: Listen = Field(
        default="127.0.0.1:8700", description="HOST:PORT of the WebSocket server; port 0 picks a free one."
    )
    tokens: tuple[Token, ...] = Field(
        default=(), description="Access tokens; without any, none gets in unless `open` is set."
    )
    open: bool = Field(default=False, description="Let everyone in with every role. For one's own machine only.")
    origins: tuple[str, ...] = Field(
        default=(), description="Origins of browsers that may connect; clients without an Origin need no entry."
    )
    heartbeat_s: float = Field(default=15.0, gt=0, description="Interval at which either side shows that it lives.")
    identify_s: float = Field(default=5.0, gt=0, description="Deadline for Identify.")
    max_frame_bytes: int = Field(
        default=65_536, ge=1_024, description="Largest frame from a client; players may send 512 KiB, for their script."
    )
    outbox_bytes: int = Field(
        default=1_048_576, ge=65_536, description="Unsent bytes above which a slow client is cut off."
    )
    max_clients: int = Field(default=2_000, ge=1, description="Connections at a time.")
    comments_per_second: float = Field(
        default=2_000.0, gt=0, description="Comments that one source may send; beyond it, told to slow down."
    )
    ring_minutes: float = Field(
        default=5.0, gt=0, le=60, description="How much of each room's output a client may resume from."
    )


class HttpSettings(Section):
    listen: Listen = Field(
        default="127.0.0.1:8701", description="HOST:PORT of `/metrics`, `/healthz`, `/readyz`; port 0 picks a free one."
    )


class PublisherSettings(Section):
    base: Path | None = Field(default=None, description="Folder of the base pack; None: the one that ships.")
    shops: tuple[Path, ...] = Field(default=(), description="Shop folders to watch and publish.")
    debounce_ms: int = Field(
        default=200, ge=0, le=2_000, description="Quiet time after an edit before the folders are read, ms."
    )
    cache: Path = Field(
        default=Path("var/models"), description="Folder where trained models are cached by content hash."
    )
    default_shop: str | None = Field(
        default=None, description="Shop of rooms that nobody named one for; None: the first of `shops`."
    )


class InsightSettings(Section):
    window_minutes: float = Field(default=60.0, gt=0, description="How far back coverage and gaps look.")
    publish_s: float = Field(default=5.0, gt=0, description="How often the board is written to `gaps`.")
    max_gaps: int = Field(
        default=5_000,
        ge=10,
        description="Gaps of one key, and wordings, held per shop; the least are dropped, counted.",
    )


class PrivacySettings(Section):
    viewer_key: SecretStr | None = Field(
        default=None,
        description="Secret half of the keys that viewer ids are hashed with, the same for every worker and gateway; None: made once, kept "
        "beside the embedded log.",
    )
    viewer_key_file: Path | None = Field(
        default=None, description="File that holds that secret, instead of `viewer_key`."
    )
    viewer_key_days: int = Field(
        default=7, ge=1, le=366, description="The other half is random and changes after so many days at most."
    )
    viewer_key_hour: int = Field(
        default=20,
        ge=0,
        le=23,
        description="Hour of the day at which it changes, UTC: viewers count as new ones then, so take one at which few watch.",
    )
    viewer_key_kept_days: int = Field(
        default=7,
        ge=0,
        le=366,
        description="It is destroyed so many days after it changed; from then on nobody can link its hashes.",
    )

    @model_validator(mode="after")
    def _one_secret(self) -> PrivacySettings:
        if self.viewer_key is not None and self.viewer_key_file is not None:
            raise ValueError("set `viewer_key` or `viewer_key_file`, not both")
        return self


class TracesSettings(Section):
    endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://[^/@\s]+",
        description="Where spans go: the OTLP/HTTP address of a collector, such as `http://127.0.0.1:4318`; None: no traces. Needs the "
        "extra `otel`.",
    )
    share: float = Field(
        default=0.01, ge=0, le=1, description="Share of the comments that the gateway begins a trace for."
    )
    service: str = Field(default="livechat", min_length=1, description="Name under which traces show this process.")


class Settings(BaseSettings):
    """All settings. See `docs/configuration.md`, which is generated from these descriptions."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter=NESTED, extra="forbid", frozen=True)

    roles: Annotated[tuple[Role, ...], AfterValidator(_some)] = Field(
        default=ROLES, description="What this process does."
    )
    bus: BusSettings = BusSettings()
    worker: WorkerSettings = WorkerSettings()
    gateway: GatewaySettings = GatewaySettings()
    http: HttpSettings = HttpSettings()
    publisher: PublisherSettings = PublisherSettings()
    insight: InsightSettings = InsightSettings()
    privacy: PrivacySettings = PrivacySettings()
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is logged."
    )
    log_format: Literal["console", "json"] = Field(default="console", description="How log lines look.")
    log_repeats: int = Field(
        default=5,
        ge=0,
        description="Log lines of one kind that are told within 10 s; of the others only their number is. 0: all.",
    )
    traces: TracesSettings = TracesSettings()


def variables(section: type[BaseModel] = Settings, prefix: str = PREFIX) -> Iterator[str]:
    """The environment variable of every setting."""
    for name, info in section.model_fields.items():
        variable, kind = f"{prefix}{name}".upper(), info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from variables(kind, variable + NESTED)
        else:
            yield variable


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Names in it that look like settings and are in no section that there is; those within one are found at `load`."""
    sections = {name.upper() for name in Settings.model_fields}
    return sorted(
        name
        for name in environment
        if name.upper().startswith(PREFIX)
        and name.upper() not in OTHER_VARIABLES
        and name.upper().removeprefix(PREFIX).partition(NESTED)[0] not in sections
    )


class NotJson(str):
    """What a variable holds where JSON is written. No list or table takes it, so it is told with all else that is wrong."""

    reason = "it is nested too deeply"
    """What is wrong with it, without its content, which may be a secret."""


class _Environment(EnvSettingsSource):
    """The variables. Broken JSON goes on to the validation, where the library would stop at the first."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return super().decode_complex_value(field_name, field, value)
        except (json.JSONDecodeError, RecursionError) as error:
            broken = NotJson(value)
            if isinstance(error, json.JSONDecodeError):
                broken.reason = f"{error.msg[:1].lower()}{error.msg[1:]} at character {error.pos + 1}"
            return broken


def load(file: Path | None = None, **overrides: Any) -> Settings:
    """Settings in force. `file`: a TOML file; `overrides`: what options said, as nested dicts. Raises pydantic's ValidationError."""

    class _WithFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            del env_settings, dotenv_settings, file_secret_settings
            sources = (init_settings, _Environment(settings_cls))
            return (*sources, TomlConfigSettingsSource(settings_cls, file)) if file else sources

    return Settings.model_validate(_WithFile(**overrides).model_dump())
