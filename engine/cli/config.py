"""`livechat config`: the settings in force, as a TOML file to begin with.

A secret is never printed. What cannot be loaded without it (an access token) stands as comments, to be completed by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.cli import options
from engine.cli.terminal import out, write

if TYPE_CHECKING:
    from pydantic import BaseModel

HIDDEN: Final = (
    "(hidden)"  # no TOML value: a line that is uncommented without its secret is an error that names the line
)


def config(config: options.Config = None) -> None:
    """Print the settings in force: defaults, then the file, then the environment. Secrets are hidden."""
    from rich.syntax import Syntax

    text = "\n".join(lines(options.settings_of(config)))
    console = out()
    if console.is_terminal:
        console.print(Syntax(text, "toml", background_color="default", word_wrap=True))
    else:
        write(text + "\n")


def lines(settings: BaseModel) -> Iterator[str]:
    """The settings as TOML. What has no value or needs a secret stands as a comment, so that the file can be loaded as it is."""
    yield "# Settings in force. Each may also come from the environment: LIVECHAT_WORKER__BATCH_MS=50 sets worker.batch_ms."
    told = list(_table(settings, ""))
    if any(HIDDEN in line for line in told):
        yield f"# Secrets are hidden: where `{HIDDEN}` stands, write the right text in quotes, and take the `# ` away from its lines."
    yield from told


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
                rows = [f"[[{place}]]", *_table(entry, f"{place}.")]
                yield ""
                yield from map(_commented, rows) if _needs_secret(entry) else rows


def _needs_secret(section: BaseModel) -> bool:
    """Whether it cannot be loaded while its secrets are hidden."""
    from pydantic import SecretStr

    fields = type(section).model_fields
    return any(field.is_required() and isinstance(getattr(section, key), SecretStr) for key, field in fields.items())


def _commented(row: str) -> str:
    """One `# ` before each line, so that taking one away gives the table; a hidden secret has its own already."""
    return row if HIDDEN in row else f"# {row}"


def _tables(value: object) -> bool:
    from pydantic import BaseModel

    return isinstance(value, tuple) and bool(value) and isinstance(value[0], BaseModel)


def _setting(key: str, value: object) -> str:
    from pydantic import SecretStr

    if value is None:
        return f"# {key} ="
    if isinstance(value, SecretStr):
        return f"# {key} = {HIDDEN}"
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
