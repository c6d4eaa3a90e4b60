"""Lines of text files, which belong to no intent: `background/` and `unlisted/`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.errors import Problem
from engine.pool.banned import squeezed
from engine.pool.merge import MergedIntent


@dataclass(frozen=True, slots=True)
class Placed:
    """A line of a text file of the pack, and where it stands. `intent`: None for background, else `UNLISTED`."""

    text: str
    intent: str | None
    file: str
    line: int

    @property
    def folder(self) -> str:
        """The folder that its file stands in."""
        return "background" if self.intent is None else "unlisted"

    def problem(self, message: str, remedy: str) -> Problem:
        return Problem(self.file, self.line, 1, message, remedy)


def without_own(lines: Sequence[Placed], intents: Mapping[str, MergedIntent]) -> list[Placed]:
    """The pack's lines of no intent, without questions that the shop itself has as examples or tests: it has an intent for them."""
    own = {
        squeezed(line)
        for merged in intents.values()
        for name in ("examples", "tests")
        for line in merged.own.get(name, ())
    }
    return [line for line in lines if line.intent is None or squeezed(line.text) not in own]


def taken_over(
    own: Sequence[Placed], pack: Sequence[Placed], intents: Mapping[str, MergedIntent]
) -> tuple[list[Placed], list[Problem]]:
    """The shop's own lines of no intent go before the pack's, which an editor cannot change: the pack's examples and tests of the same
    text are taken out of `intents`. The pack's lines of no intent that are left, and a note of each line that was taken out."""
    placed = {squeezed(line.text): line for line in own}
    notes: list[Problem] = []

    def note(line: Placed, where: str) -> None:
        message = f"`{line.text}` is {line.folder} here, and {where} in the base pack: yours counts"
        notes.append(line.problem(message, "nothing, if it is meant; else delete it"))

    for key, merged in intents.items():
        for name in ("examples", "tests"):
            for text in [line for line in merged.lines[name] if line not in merged.own.get(name, ())]:
                if squeezed(text) in placed:
                    del merged.lines[name][text]
                    note(placed[squeezed(text)], f"stands under `{name}` of `{key}`")
    kept = []
    for line in pack:
        mine = placed.get(squeezed(line.text))
        if mine is None or mine.intent == line.intent:
            kept.append(line)
        else:
            note(mine, line.folder)
    return kept, notes


def misplaced(lines: Sequence[Placed], intents: Mapping[str, MergedIntent]) -> Iterable[Problem]:
    """Lines of `background/` and `unlisted/` that are examples or tests of an intent, or stand in both folders."""
    owners = {
        squeezed(line): (key, name)
        for key, merged in intents.items()
        for name in ("examples", "tests")
        for line in merged.lines[name]
    }
    kinds: dict[str, str | None] = {}
    for line in lines:
        form = squeezed(line.text)
        found = owners.get(form)
        if found:
            message = f"`{line.text}` is {line.folder} here, and stands under `{found[1]}` of `{found[0]}`"
            yield line.problem(message, "keep it in one of the two places")
        elif kinds.setdefault(form, line.intent) != line.intent:
            message = f"`{line.text}` is {line.folder} here, and stands in the other folder, too"
            yield line.problem(message, "keep it in `background/` where nothing is asked, else in `unlisted/`")
