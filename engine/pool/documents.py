"""A pool file that was read: its tree, its model, and the way from a place in the model to line and column.

A file with mistakes is read without the wrong parts, so that the rest is checked in the same run.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from engine.errors import Problem
from engine.pool.files import FileModel
from engine.pool.nodes import Node, Step, parse

M = TypeVar("M", bound=FileModel)


@dataclass(frozen=True, slots=True)
class Document(Generic[M]):
    """One file, as far as it is valid."""

    file: str
    root: Node
    model: M
    lost: frozenset[str] = frozenset()
    """Every key in what had to be left out, and on the way to it."""

    def at(self, *steps: Step) -> Spot:
        """The place of the value under these steps."""
        return Spot(self.file, self.root, steps)


@dataclass(frozen=True, slots=True)
class Spot:
    """A value in a document."""

    file: str
    root: Node
    steps: tuple[Step, ...]

    def wrote(self, step: Step) -> bool:
        """Whether the value has this key or index."""
        return self.root.find(self.steps).step(step) is not None

    def under(self, *steps: Step) -> Spot:
        """The value under these steps."""
        return Spot(self.file, self.root, (*self.steps, *steps))

    def problem(self, message: str, remedy: str, *steps: Step) -> Problem:
        node = self.root.find((*self.steps, *steps))
        return Problem(self.file, node.line, node.column, message, remedy)


@dataclass(frozen=True, slots=True)
class Lost:
    """What some files hold that could not be read: nothing is told that may follow from that alone."""

    names: frozenset[str] = frozenset()
    whole: bool = False
    """A whole file is lost, so any name may have stood there."""

    def __contains__(self, name: str) -> bool:
        return self.whole or name in self.names

    def __bool__(self) -> bool:
        return self.whole or bool(self.names)

    def __or__(self, other: Lost) -> Lost:
        return Lost(self.names | other.names, self.whole or other.whole)


def read(file: str, data: bytes, kind: type[M]) -> tuple[Document[M] | None, tuple[Problem, ...]]:
    """The file as a document of `kind`, and everything that is wrong with it. None where nothing of it can be used."""
    root = parse(file, data)
    if isinstance(root, Problem):
        return None, (root,)
    problems: tuple[Problem, ...] = ()
    lost: set[str] = set()
    while True:
        try:
            return Document(file, root, kind.model_validate(root.raw()), frozenset(lost)), problems
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False)
        # What is missing after a part was left out is no mistake of the editor: only the first round tells.
        problems = problems or tuple(
            _mapped(file, root, kind, detail) for detail in details if not _follows(detail, details)
        )
        places = {root.reach([step for step in detail["loc"] if step != "[key]"]) for detail in details}
        if () in places:
            return None, problems
        for place in places:
            lost.update(step for step in place if isinstance(step, str))
            lost.update(root.find(place).names())
        root = root.without(places)


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """The closest known word as a question, else the known words, else `otherwise`."""
    options = list(known)
    folded = {option.casefold(): option for option in options}
    close = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{folded[close[0]]}`?"
    if options and len(options) <= 16:
        return f"use one of {', '.join(f'`{option}`' for option in options)}"
    return otherwise or "write one that exists"


def _follows(detail: ErrorDetails, details: Sequence[ErrorDetails]) -> bool:
    """Whether a list is empty only since its entries are wrong, each of which is told."""
    place = detail["loc"]
    return detail["type"] == "too_short" and any(
        len(other["loc"]) > len(place) and other["loc"][: len(place)] == place for other in details
    )


def _mapped(file: str, root: Node, kind: type[BaseModel], detail: ErrorDetails) -> Problem:
    """A pydantic error as a problem with place and remedy."""
    steps = [step for step in detail["loc"] if step != "[key]"]
    about_key = len(steps) != len(detail["loc"]) or detail["type"] == "extra_forbidden"
    line, column = _key_place(root, steps) if about_key else _value_place(root, steps)
    message, remedy = _said(root, kind, steps, detail)
    return Problem(file, line, column, message, remedy)


def _said(root: Node, kind: type[BaseModel], steps: list[Step], detail: ErrorDetails) -> tuple[str, str]:
    context: dict[str, Any] = detail.get("ctx", {})
    last = "the file" if not steps else steps[-1] if isinstance(steps[-1], str) else f"entry {steps[-1] + 1}"
    node = root.find(steps)
    match detail["type"]:
        case "pool_file":
            return str(context["message"]), str(context["remedy"])
        case "extra_forbidden":
            return f"unknown key `{last}`", did_you_mean(last, _known_keys(kind, steps[:-1]))
        case "missing":
            return f"`{last}` is missing", f"add `{last}: …`"
        case "too_short":
            return f"`{last}` is empty", "write at least one entry, or delete the line"
        case "too_long":
            most = context["max_length"]
            return f"`{last}` has more than {most:,} entries", f"keep at most {most:,}"
    if isinstance(node.value, str) and not node.value:
        return f"nothing is written under `{last}`", "write a value, or delete the line"
    if detail["type"] in ("tuple_type", "list_type"):
        return f"`{last}` is not a list", "write `[a, b]`, or one entry a line, each beginning with `- `"
    known = _known_keys(kind, steps)
    keys = f", with the keys {', '.join(known[:6])}{' …' if len(known) > 6 else ''}" if known else ""
    return f"`{last}` is not a mapping", f"write `key: value` lines under it{keys}"


def _value_place(root: Node, steps: Sequence[Step]) -> tuple[int, int]:
    node = root.find(steps)
    return node.line, node.column


def _key_place(root: Node, steps: Sequence[Step]) -> tuple[int, int]:
    parent = root.find(steps[:-1])
    return parent.keys.get(str(steps[-1]), (parent.line, parent.column)) if steps else (root.line, root.column)


def _known_keys(kind: type[BaseModel], steps: Sequence[Step]) -> list[str]:
    """The keys that the model at the end of these steps knows; none where it is no model."""
    current: Any = kind
    for step in steps:
        model = _model_of(current)
        if model is not None:
            fields = {info.alias or name: info.annotation for name, info in model.model_fields.items()}
            current = fields.get(str(step))
        else:
            current = next((argument for argument in reversed(_arguments(current)) if argument is not Ellipsis), None)
    model = _model_of(current)
    return [info.alias or name for name, info in model.model_fields.items()] if model else []


def _arguments(annotation: Any) -> tuple[Any, ...]:
    """The arguments of a container, through `X | None` and `Annotated`."""
    origin = get_origin(annotation)
    if origin is None:
        return ()
    if origin in (tuple, list, dict):
        return get_args(annotation)
    return next((found for part in get_args(annotation) if (found := _arguments(part))), ())


def _model_of(annotation: Any) -> type[BaseModel] | None:
    """The model that an annotation names, itself or within `X | None` and `Annotated`; not inside containers."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and get_origin(annotation) is None:
        return annotation
    if get_origin(annotation) in (tuple, list, dict, None):
        return None
    return next((found for part in get_args(annotation) if (found := _model_of(part))), None)
