"""`livechat config`: the settings in force, as a TOML file to begin with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cli import options
from engine.cli.terminal import out

if TYPE_CHECKING:
    from pydantic import BaseModel


def config(config: options.Config = None) -> None:
    """Print the settings in force: defaults, then the file, then the environment. Secrets are hidden."""
    from rich.syntax import Syntax

    text = "\n".join(lines(options.settings_of(config)))
    console = out()
    if console.is_terminal:
        console.print(Syntax(text, "toml", background_color="default", word_wrap=True))
    else:
        console.file.write(text + "\n")


def lines(settings: BaseModel) -> Iterator[str]:
    """The settings as TOML. What has no value or is secret stands as a comment, so that the file can be loaded as it is."""
    yield "# Settings in force. Each may also come from the environment: LIVECHAT_WORKER__BATCH_MS=50 sets worker.batch_ms."
    yield from _table(settings, "")


def _table(section: BaseModel, name: str) -> Iterator[str]:
    from pydantic import BaseModel

    later: list[tuple[str, object]] = []
    for key, field in type(section).model_fields.items():
        value = getattr(section, key)
        if isinstance(value, BaseModel) or _tables(value):
            later.append((f"{name}{key}", value))
            continue
        if field.description:
            yield f"# {field.description}"
        yield _setting(key, value)
    for place, value in later:
        if isinstance(value, BaseModel):
            yield f"\n[{place}]"
            yield from _table(value, f"{place}.")
        else:
            assert isinstance(value, Sequence)
            for entry in value:
                yield f"\n[[{place}]]"
                yield from _table(entry, f"{place}.")


def _tables(value: object) -> bool:
    from pydantic import BaseModel

    return isinstance(value, tuple) and bool(value) and isinstance(value[0], BaseModel)


def _setting(key: str, value: object) -> str:
    from pydantic import SecretStr

    if value is None:
        return f"# {key} ="
    if isinstance(value, SecretStr):
        return f"# {key} = (hidden)"
    return f"{key} = {_literal(value)}"


def _literal(value: object) -> str:
    """A TOML literal; JSON's strings and numbers are TOML's as well."""
    if isinstance(value, Path):
        return json.dumps(str(value), ensure_ascii=False)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_literal, value)) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {_literal(item)}" for key, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)
