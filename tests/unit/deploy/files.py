"""The deployment's files as the tests read them, and the real command line and settings to hold them against."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import typer
from pydantic import BaseModel
from ruamel.yaml import YAML
from typer.core import TyperGroup

import engine
from engine.cli.main import app
from engine.metrics import Metrics
from engine.settings import Settings

ROOT = Path(engine.__file__).parent.parent
DOCKER = ROOT / "docker"
OPS = ROOT / "ops"
PINNED = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)?:v?\d+\.\d+\.\d+[a-z0-9.-]*")
"""A public short name with a whole version: no registry's host, no moving tag."""

Tree = dict[str, object]


def read_yaml(path: Path) -> Tree:
    """A YAML file, merge keys and anchors resolved."""
    found: object = YAML(typ="safe", pure=True).load(path)
    return tree(found)


def tree(value: object) -> Tree:
    """`value`, which must be a mapping with names for keys."""
    assert isinstance(value, dict)
    assert all(isinstance(key, str) for key in value)
    return dict(value)


def texts(value: object) -> list[str]:
    """`value`, which must be a list of texts."""
    assert isinstance(value, list)
    assert all(isinstance(item, str) for item in value), value
    return list(value)


def parse(arguments: Sequence[str]) -> dict[str, object]:
    """What the real command line makes of the arguments; nothing runs. Raises click's `UsageError`."""
    command = typer.main.get_command(app)
    context = command.make_context("livechat", list(arguments))
    while isinstance(command, TyperGroup):
        _, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None
        command = found
        context = command.make_context(command.name, list(rest), parent=context)
    return dict(context.params)


def variables() -> set[str]:
    """Every environment variable that the command reads: settings, and options that have one."""
    found = {f"LIVECHAT_{'__'.join(path)}".upper() for path in _leaves(Settings, ())}
    pending = [typer.main.get_command(app)]
    while pending:
        command = pending.pop()
        if isinstance(command, TyperGroup):
            pending += command.commands.values()
        found |= {name for option in command.params if isinstance(name := option.envvar, str)}
    return found


def _leaves(section: type[BaseModel], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _leaves(kind, (*path, name))
        else:
            yield (*path, name)


def metrics() -> set[str]:
    """Names under which a scrape finds the engine's metrics."""
    found = set()
    for family in Metrics().registry.collect():
        found |= {family.name}
        if family.type == "counter":
            found |= {f"{family.name}_total"}
        elif family.type == "histogram":
            found |= {f"{family.name}_{end}" for end in ("bucket", "sum", "count")}
    return found


def labels() -> dict[str, set[str]]:
    """Metric as scraped → its own labels, `le` of histograms included."""
    found: dict[str, set[str]] = {}
    for own in vars(Metrics()).values():
        names = set(getattr(own, "_labelnames", ()))
        for family in own.describe() if hasattr(own, "describe") else ():
            for name in (family.name, f"{family.name}_total", f"{family.name}_sum", f"{family.name}_count"):
                found[name] = names
            found[f"{family.name}_bucket"] = names | {"le"}
    return found
