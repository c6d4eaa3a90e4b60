"""Options that several verbs share, and what they mean."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from engine.errors import UsageError

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from engine.settings import Settings

DEFAULT_URL = "ws://127.0.0.1:8700/ws"  # where `livechat serve` listens by default
DEFAULT_ROOM = "main"  # what `send` and `player` share when no room is named
IN_OTHER_WORDS: Final[Mapping[str, str]] = {
    "extra_forbidden": "there is no such setting",
    "tuple_type": "input should be a list",
    "model_type": "input should be a table",
    "model_attributes_type": "input should be a table",
}
"""pydantic's names of what is wrong with a setting, where its own words speak of Python's types."""

PATIENCE_S = 3.0  # for a server to answer a command that a person waits for


def room_name(name: str | None) -> str | None:
    """A room's name as it was given. Raises `BadParameter` where no room can have it."""
    from pydantic import TypeAdapter, ValidationError

    from engine.events.fields import Id, room_objection

    if name is None:
        return None
    try:
        TypeAdapter[str](Id).validate_python(name)
    except ValidationError:
        raise typer.BadParameter("a room's name has 1 to 128 characters, no blank and no slash among them") from None
    objection = room_objection(name)
    if objection is not None:
        raise typer.BadParameter(objection)
    return name


Config = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE", envvar="LIVECHAT_CONFIG", help="A TOML file of settings.", show_envvar=False
    ),
]
BusUrl = Annotated[
    str | None,
    typer.Option("--bus", metavar="URL", help="The log: `sqlite:PATH` or `kafka:HOST:PORT,…`; else `bus.url`."),
]
Base = Annotated[
    Path | None,
    typer.Option(
        "--base", metavar="DIR", envvar="LIVECHAT_PUBLISHER__BASE", help="Base pack of intents; else the one that ships.",
        show_envvar=False,
    ),
]  # fmt: skip
Shop = Annotated[
    Path | None,
    typer.Option(
        "--shop", "-s", metavar="DIR", help="Shop folder; else this folder if it is one, else the example shop."
    ),
]
Url = Annotated[
    str, typer.Option("--url", metavar="WS", envvar="LIVECHAT_URL", help="Address of the server.", show_envvar=False)
]
Token = Annotated[
    str,
    typer.Option(
        "--token", envvar="LIVECHAT_TOKEN", help="Access token; better given as LIVECHAT_TOKEN, which other users cannot see.",
        show_envvar=False, show_default=False,
    ),
]  # fmt: skip
Room = Annotated[str, typer.Option("--room", "-r", callback=room_name, help="Name of the live room.")]
RoomName = Annotated[str, typer.Argument(metavar="ROOM", callback=room_name, help="Name of the live room.")]
Speed = Annotated[
    float, typer.Option("--speed", "-x", min=0.1, max=1_000, metavar="N", help="N times as quick as it was recorded.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Plain = Annotated[bool, typer.Option("--plain", help="Plain lines, as without a terminal.")]


def base_folder(base: Path | None) -> Path:
    """The base pack that is meant. Raises `UsageError` where it is no folder."""
    from engine.pool.paths import base_pack

    return _folder(base, "--base") if base is not None else base_pack()


def shop_folder(shop: Path | None) -> Path:
    """The shop folder that is meant. Raises `UsageError` where it is no folder."""
    from engine.pool.paths import example_shop

    if shop is not None:
        return _folder(shop, "--shop")
    return Path() if Path("shop.yaml").is_file() else example_shop()


def _folder(path: Path, option: str) -> Path:
    if not path.is_dir():
        raise UsageError(f"`{option} {path}` is no folder; name the folder that holds the YAML files")
    return path


@contextmanager
def checked() -> Iterator[None]:
    """What was typed goes into a message as it is: `UsageError` where the protocol or the server's live pool does not allow it."""
    from pydantic import ValidationError

    from engine.client.refusals import RequestRefused
    from engine.events.codec import describe

    try:
        yield
    except ValidationError as error:
        raise UsageError(f"{describe(error)}; correct it and run the command again") from None
    except RequestRefused as error:
        if error.refused.code == "bad_message":
            raise UsageError(error.refused.message) from None
        if error.refused.code == "unknown":
            raise UsageError(
                f"{error.refused.message}; check the name, or say `--new` where it is yet to come"
            ) from None
        raise


def model_cache() -> Path:
    """Where commands keep trained models between runs: in the user's cache folder."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "livechat-engine" / "models"


def settings_on(bus: str | None, config: Path | None) -> Settings:
    """The settings in force, with the log of `--bus` where that is given. Raises `UsageError`."""
    return settings_of(config, {} if bus is None else {"bus": {"url": bus}})


def settings_of(config: Path | None, overrides: Mapping[str, Any] | None = None) -> Settings:
    """The settings in force. Raises `UsageError` that names every wrong setting and how to write it."""
    from pydantic import ValidationError

    from engine.settings import load, unknown_variables

    if config is not None:
        _check_toml(config)
    strangers = unknown_variables(os.environ)
    try:
        settings = load(config, **(overrides or {}))
    except ValidationError as error:
        raise UsageError(_sentence(error, strangers, config)) from None
    if strangers:
        told = ", ".join(map(_stranger, strangers))
        raise UsageError(
            f"{told}; correct or unset what stands in the environment, `livechat config` shows all settings"
        )
    return settings


def _stranger(variable: str) -> str:
    """What is wrong with a variable that is no setting, and which one may be meant."""
    from engine.pool.documents import did_you_mean
    from engine.settings import PREFIX, variables

    known = [name.removeprefix(PREFIX) for name in variables()]  # what all have in common makes none of them nearer
    guess = did_you_mean(variable.upper().removeprefix(PREFIX), known, "no setting is near it")
    return f"`{variable}` is no setting: {guess.replace('mean `', f'mean `{PREFIX}')}"


@contextmanager
def reading(file: Path, *, missing: str, meant: str) -> Iterator[None]:
    """`UsageError` where a file that was named cannot be read. `missing`: what to do where there is none; `meant`: what to name."""
    try:
        yield
    except FileNotFoundError:
        raise UsageError(f"`{file}` is missing; {missing}") from None
    except IsADirectoryError:
        raise UsageError(f"`{file}` is a folder; name {meant}") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"`{file}` cannot be read ({reason}); check its permissions, or name another file") from None


def _check_toml(config: Path) -> None:
    missing, meant = "`livechat config` prints a file to begin with", "the TOML file that holds the settings"
    try:
        with reading(config, missing=missing, meant=meant), config.open("rb") as file:
            tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"`{config}` is not TOML: {error}; compare it with what `livechat config` prints") from None


def _sentence(error: ValidationError, strangers: Sequence[str], config: Path | None) -> str:
    """Every mistake at once: one in a sentence, several in a line each."""
    mistakes = [_mistake(found) for found in error.errors(include_url=False)]
    where = f"in `{config}`, " if config is not None else ""
    ending = "or among the options; `livechat config` shows all settings"
    if len(mistakes) == 1 and not strangers:
        told, variable = mistakes[0]
        return f"setting {told}; correct it {where}in {variable} {ending}"
    rows = "".join(
        f"\n  {row}" for row in (*(f"{told} ({variable})" for told, variable in mistakes), *map(_stranger, strangers))
    )
    return f"{len(mistakes) + len(strangers)} settings are wrong; correct them {where}in the environment {ending}{rows}"


def _mistake(found: ErrorDetails) -> tuple[str, str]:
    """What is wrong with a setting, and the environment variable that sets it. Its value may be a secret, and is not shown."""
    from engine.settings import NotJson

    place, value = found["loc"], found["input"]
    if isinstance(value, NotJson):
        message = f"lists and tables are written as JSON, and this is none: {value.reason}"
    else:
        message = IN_OTHER_WORDS.get(found["type"]) or found["msg"].removeprefix("Value error, ")
    steps = takewhile(lambda step: isinstance(step, str), place)  # an item of a list has no variable of its own
    variable = "LIVECHAT_" + "__".join(map(str, steps)).upper()
    return f"`{'.'.join(map(str, place))}`: {message[:1].lower()}{message[1:]}", variable


def no_model(shop: Path, error: ValueError) -> UsageError:
    """What a shop is told of whose lines no model can be made."""
    return UsageError(f"`{shop}`: {error}; write `examples` and `background/` lines, and see `livechat pool check`")
