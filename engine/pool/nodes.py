"""YAML text → a tree of nodes that know their place. Strict: what an editor did not clearly write is refused, never guessed.

Built from the parser's events, not from its composer: no anchors, aliases, tags, directives, duplicate keys or second documents,
bounded size and depth, and no guessing of types. A scalar stays the text that stands in the file (`12:30`, `no`, `010`), and
remembers whether it was quoted; `files.py` makes numbers and flags of plain ones where a field wants them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from engine.errors import Problem

MAX_BYTES: Final = 1024 * 1024  # a file of 20,000 examples is below it
MAX_DEPTH: Final = 20  # the deepest pool file has 8 levels
MAX_NODES: Final = 100_000  # 1 MiB of `[[[],[],…` would otherwise cost gigabytes

_OPENED: Final = re.compile(r"(?::|^\s*-) +[{\[]")
_NEXT: Final = re.compile(rb"^---(?=\s|$)", re.MULTILINE)
_WRITTEN: Final = re.compile(rb"^(?!---)[^\S\n]*[^\s#]|^---[^\S\n]+[^\s#]", re.MULTILINE)
"""Something that is no comment."""
_WRITE_OUT: Final = 'write the value out where it is needed, or put the text in double quotes: "…"'

Step = str | int


class Plain(str):
    """A scalar that was written without quotes."""

    __slots__ = ()


class Quoted(str):
    """A scalar that was written in quotes, or as a block."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a file and where it begins; lines and columns count from 1."""

    line: int
    column: int
    value: Plain | Quoted | list[Node] | dict[str, Node]
    keys: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Of a mapping: where each key stands."""

    def raw(self) -> Any:
        """The value without places, as validators take it: lists, dicts, `Plain` and `Quoted`."""
        if isinstance(self.value, list):
            return [node.raw() for node in self.value]
        if isinstance(self.value, dict):
            return {key: node.raw() for key, node in self.value.items()}
        return self.value

    def step(self, step: Step) -> Node | None:
        """The child under a key or index."""
        if isinstance(self.value, dict) and isinstance(step, str):
            return self.value.get(step)
        if isinstance(self.value, list) and isinstance(step, int) and 0 <= step < len(self.value):
            return self.value[step]
        return None

    def find(self, steps: Sequence[Step]) -> Node:
        """The node under these steps, or the last that exists on the way to it."""
        node = self
        for step in steps:
            child = node.step(step)
            if child is None:
                break
            node = child
        return node

    def reach(self, steps: Sequence[Step]) -> tuple[Step, ...]:
        """The part of these steps that exists."""
        node = self
        for count, step in enumerate(steps):
            child = node.step(step)
            if child is None:
                return tuple(steps[:count])
            node = child
        return tuple(steps)

    def without(self, places: Collection[tuple[Step, ...]], at: tuple[Step, ...] = ()) -> Node:
        """The tree without the nodes at these places; what stays keeps its line and column."""
        value = self.value
        if isinstance(value, dict):
            kept = {key: node.without(places, (*at, key)) for key, node in value.items() if (*at, key) not in places}
            return Node(self.line, self.column, kept, self.keys)
        if isinstance(value, list):
            items = [node.without(places, (*at, n)) for n, node in enumerate(value) if (*at, n) not in places]
            return Node(self.line, self.column, items)
        return self

    def names(self) -> Iterator[str]:
        """Whatever may be meant as a name in the tree: every key, and every scalar (`- id: tea`, where `tea:` is right)."""
        if isinstance(self.value, dict):
            yield from self.value
        if isinstance(self.value, Plain | Quoted):
            yield self.value
        else:
            for node in self.value.values() if isinstance(self.value, dict) else self.value:
                yield from node.names()


class Refused(Exception):
    """The text is no strict YAML. `problem` says why; only `parse` sees it."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem)


def documents_of(data: bytes) -> list[bytes]:
    """The YAML documents of a file, each after as many empty lines as stood before it, so that its places are right.

    A line that begins with `---` begins one wherever it stands: no text of YAML can hold it.
    """
    starts = [0, *(found.start() for found in _NEXT.finditer(data)), len(data)]
    parts = [(begin, data[begin:end]) for begin, end in pairwise(starts)]
    written = [(begin, part) for begin, part in parts if _WRITTEN.search(part)]
    if len(written) < 2:
        return [data]
    return [b"\n" * data.count(b"\n", 0, begin) + part for begin, part in written]


def parse(file: str, data: bytes) -> Node | Problem:
    """The tree of one file's bytes, or the first problem that hides the rest."""
    if len(data) > MAX_BYTES:
        return Problem(file, 0, 0, f"the file has {len(data):,} bytes, more than {MAX_BYTES:,}", "split it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        return Problem(file, line, column, "these bytes are no UTF-8 text", "save the file with the encoding UTF-8")
    try:
        return _Builder(file).build(text)
    except Refused as error:
        return error.problem
    except ReaderError as error:
        before_text = text[: error.position]
        line, column = before_text.count("\n") + 1, len(before_text) - before_text.rfind("\n")
        return Problem(file, line, column, "a character that YAML does not allow", "delete the control character")
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        wrong = (error.problem or error.context or "no valid YAML").replace("\n", " ")
        return Problem(file, line, column, f"no valid YAML: {wrong}", _syntax_remedy(wrong, text, line))
    except YAMLError as error:
        return Problem(file, 0, 0, f"no valid YAML: {error}", "look for an unclosed quote or bracket")


def _syntax_remedy(wrong: str, text: str, line: int) -> str:
    """What most likely makes the parser stop there."""
    lines = text.splitlines()
    written = lines[line - 1] if 0 < line <= len(lines) else ""
    if "\t" in written[: len(written) - len(written.lstrip())] or "'\\t'" in wrong:
        return "indent with blanks, not with tabs"
    if "cannot start any token" in wrong or "alias" in wrong or "anchor" in wrong:
        return 'put the text in double quotes: "…"'
    if "mapping values" in wrong:
        return 'put a text that holds `: ` in double quotes: "…"'
    if "block end" in wrong and _OPENED.search(written):
        return 'put a text that begins with { or [ in double quotes: "{product} …"'
    if "flow" in wrong or "',' or" in wrong:
        return "close the bracket, put commas between the items, and quote texts that begin with a bracket"
    if "quoted" in wrong or "end of stream" in wrong:
        return "close the quotes"
    if "block" in wrong:
        return "let the items of one level begin at the same column"
    return "look at the line before, too: quotes, brackets and indents must match"


class _Builder:
    """Events → nodes, without recursion, so that depth is bounded by rule and not by the stack."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.open: list[tuple[Node, tuple[str, int, int] | None]] = []
        self.root: Node | None = None
        self.documents = 0
        self.count = 0

    def build(self, text: str) -> Node:
        for event in _events(text):
            if isinstance(event, DocumentStartEvent):
                self._document(event)
            elif isinstance(event, AliasEvent):
                self._refuse(event, f"an alias (`*{event.anchor}`) is not allowed here", _WRITE_OUT)
            elif isinstance(event, ScalarEvent):
                self._scalar(event)
            elif isinstance(event, (SequenceStartEvent, MappingStartEvent)):
                self._start(event)
            elif isinstance(event, (SequenceEndEvent, MappingEndEvent)):
                self._end()
        if self.root is None:
            raise Refused(Problem(self.file, 1, 1, "the file is empty", "write its first key, or delete the file"))
        return self.root

    def _document(self, event: DocumentStartEvent) -> None:
        self.documents += 1
        if self.documents > 1:
            self._refuse(event, "a second document begins here", "delete the line `---`, or make it a file of its own")
        if event.version or event.tags:
            self._refuse(event, "directives are not allowed", "delete the lines that begin with `%`")

    def _scalar(self, event: ScalarEvent) -> None:
        self._check(event)
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        parent = self.open[-1] if self.open else None
        if parent and isinstance(parent[0].value, dict) and parent[1] is None:
            node = parent[0]
            if event.value in parent[0].value:
                first = node.keys[event.value][0]
                self._refuse(event, f"the key `{event.value}` stands here twice, first in line {first}", "delete one")
            self.open[-1] = (node, (str(event.value), line, column))
            return
        if not event.style and not event.value and parent and parent[1]:
            _, line, column = parent[1]  # nothing is written: the parser points at whatever comes next
        self._place(Node(line, column, Quoted(event.value) if event.style else Plain(event.value)))

    def _start(self, event: SequenceStartEvent | MappingStartEvent) -> None:
        self._check(event)
        parent = self.open[-1] if self.open else None
        if parent and isinstance(parent[0].value, dict) and parent[1] is None:
            self._refuse(
                event, "a key must be a word, not a list or a mapping", 'quote a text that begins with [ or {: "…"'
            )
        if len(self.open) >= MAX_DEPTH:
            self._refuse(event, f"nested deeper than {MAX_DEPTH} levels", "flatten it")
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        value: list[Node] | dict[str, Node] = [] if isinstance(event, SequenceStartEvent) else {}
        self.open.append((Node(line, column, value, {}), None))

    def _end(self) -> None:
        node, _ = self.open.pop()
        self._place(node)

    def _place(self, node: Node) -> None:
        if not self.open:
            self.root = node
            return
        parent, key = self.open[-1]
        if isinstance(parent.value, list):
            parent.value.append(node)
        elif isinstance(parent.value, dict) and key is not None:
            name, line, column = key
            parent.value[name] = node
            if isinstance(parent.keys, dict):
                parent.keys[name] = (line, column)
            self.open[-1] = (parent, None)

    def _check(self, event: ScalarEvent | SequenceStartEvent | MappingStartEvent) -> None:
        self.count += 1
        if self.count > MAX_NODES:
            self._refuse(event, f"more than {MAX_NODES:,} values in one file", "split it")
        if event.anchor is not None:
            self._refuse(event, f"an anchor (`&{event.anchor}`) is not allowed", _WRITE_OUT)
        if event.tag is not None:
            self._refuse(event, "a tag (`!…`) is not allowed", 'delete it, or put the text in double quotes: "!…"')

    def _refuse(self, event: Any, message: str, remedy: str) -> None:
        mark = event.start_mark
        raise Refused(Problem(self.file, mark.line + 1, mark.column + 1, message, remedy))


def _events(text: str) -> Iterator[Any]:
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 2)
    yield from yaml.parse(text)
