"""Folders → pool. Reads every file, tells every mistake at once."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from operator import or_
from pathlib import Path
from typing import Final, TypeVar

from engine.errors import PoolError, Problem
from engine.pool.checks import Checks, Losses, PlacedScript
from engine.pool.compile import compile_pool, named, script_plan, training_set
from engine.pool.documents import Document, Lost, Spot, did_you_mean, read
from engine.pool.files import CatalogueFile, FileModel, GuardFile, IntentsFile, ScriptFile, ShopFile, TermListFile
from engine.pool.guarding import Guarding
from engine.pool.loose import Placed, misplaced, taken_over, without_own
from engine.pool.merge import MergedIntent, merge
from engine.pool.model import UNLISTED, Pool, TrainingLine, TrainingSet
from engine.pool.nodes import MAX_BYTES, Node, Plain, documents_of
from engine.pool.scalars import MAX_LINE
from engine.pool.wording import courtesies, spellings, withdrawals

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
MAX_FILES: Final = 200  # of one folder; ten times what a shop has
NO_SHOP: Final = ShopFile.model_validate(
    {
        "shop": {
            "id": Plain("unread"),
            "name": Plain("unread"),
            "languages": [Plain("zh"), Plain("en")],
            "default_language": Plain("zh"),
        }
    }
)
"""In the place of a shop.yaml that cannot be read; its values are said of nothing."""
KINDS: Final[Sequence[tuple[Callable[[int], bool], str]]] = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)
SHOP_FILES: Final = ("shop.yaml", "catalogue.yaml", "guard.yaml")
LINE_FOLDERS: Final = ("background", "unlisted", "spellings", "courtesies", "withdrawals")

M = TypeVar("M", bound=FileModel)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A shop's files as read: the pool without model and hash, and what it was made of."""

    pool: Pool
    intents: Mapping[str, MergedIntent]
    catalogue: Spot
    guard: Spot
    scripts: Mapping[str, Spot]
    others: tuple[Placed, ...] = ()
    """The shop's own lines of `background/` and `unlisted/`."""
    pack_others: tuple[Placed, ...] = ()
    """The lines of the base pack in such folders, less those that the shop took out."""
    notes: tuple[Problem, ...] = ()
    """What counts otherwise than the base pack says, since the shop says so."""

    def own_places(self) -> Mapping[TrainingLine, Callable[[str, str], Problem]]:
        """The shop's own lines that a model learns from; each makes a problem of message and remedy, with its place."""
        spots = {
            TrainingLine(line, key): merged.lines["examples"][line].problem
            for key, merged in self.intents.items()
            for line in merged.own.get("examples", ())
        }
        return spots | {TrainingLine(line.text, line.intent): line.problem for line in self.others}

    def test_places(self, *, own: bool = False) -> Mapping[TrainingLine, Spot]:
        """The `tests:` lines and where they stand. `own`: only those that the shop itself wrote."""
        return {
            TrainingLine(line, key): merged.lines["tests"][line]
            for key, merged in self.intents.items()
            for line in (merged.own.get("tests", ()) if own else merged.lines["tests"])
        }


def load_pool(base: Path, shop: Path, *, model_of: Callable[[TrainingSet], str]) -> Pool:
    """The pool of a shop's folder over the base pack. Raises `PoolError` with every problem of the run.

    `model_of` names the model that belongs to a training set.
    """
    pool = load(base, shop).pool
    return named(pool, model_of(pool.training))


def load(base: Path, shop: Path) -> Loaded:
    """The shop's folder over the base pack, checked, with places. Raises `PoolError` with every problem of the run.

    What cannot be read is left out, and the rest is checked all the same.
    """
    folder = _Folders()
    base_intents = folder.all_of(base, IntentsFile)
    shop_intents = folder.all_of(shop / "intents", IntentsFile) if os.path.lexists(shop / "intents") else []
    shop_file = folder.one(shop / "shop.yaml", ShopFile) or _empty(NO_SHOP)
    catalogue = folder.one(shop / "catalogue.yaml", CatalogueFile, optional=True) or _empty(CatalogueFile())
    guard = Guarding(
        folder.one(shop / "guard.yaml", GuardFile, optional=True) or _empty(GuardFile()),
        [
            document
            for path in (base / "guard", shop / "intents" / "guard")
            if os.path.lexists(path)
            for document in folder.all_of(path, TermListFile)
        ],
        lost=bool(folder.lost(base / "guard") or folder.lost(shop / "intents" / "guard")),
    )
    scripts = folder.all_of(shop / "scripts", ScriptFile) if os.path.lexists(shop / "scripts") else []
    others = [*folder.lines(base / "background", None), *folder.lines(base / "unlisted", UNLISTED)]
    own_folder = shop / "intents"
    own_others = [*folder.lines(own_folder / "background", None), *folder.lines(own_folder / "unlisted", UNLISTED)]
    spelt, faults = spellings(folder.lines(base / "spellings", None))
    own_spelt, own_faults = spellings(folder.lines(own_folder / "spellings", None))

    def of_both(name: str) -> list[Placed]:
        return [line for root in (base, own_folder) for line in folder.lines(root / name, None)]

    beside, wrong = courtesies(of_both("courtesies"))
    taken_back, amiss = withdrawals(of_both("withdrawals"))
    folder.problems += [*faults, *own_faults, *wrong, *amiss]
    folder.strangers(shop)
    pack, own = folder.lost(base), folder.lost(shop / "intents")
    lost = Losses(
        shop=folder.lost(shop / "shop.yaml"),
        catalogue=folder.lost(shop / "catalogue.yaml"),
        intents=Lost(pack.names | own.names, pack.whole),  # an intent stands in one file of the shop
        answers=pack | own,
    )

    intents, problems = merge(base_intents, shop_intents)
    problems += folder.problems
    if not base_intents and not pack:
        remedy = "name the folder of a base pack; without `--base` and `publisher.base` it is the one that ships"
        problems.append(Problem(base.as_posix(), 0, 0, "no file of intents (`*.yaml`) is in this folder", remedy))
    problems += _titles(base_intents, lost.intents)
    plans: dict[str, Document[ScriptFile]] = {}
    for document in scripts:
        other = plans.setdefault(document.model.script.id, document)
        if other is not document:
            message = f"the script id `{document.model.script.id}` is taken by {other.file}"
            problems.append(document.at("script", "id").problem(message, "give it another id"))
    others, notes = taken_over(own_others, without_own(others, intents), intents)
    placed = [PlacedScript(script_plan(script.model), script.at(), not script.lost) for script in scripts]
    training = training_set(
        intents,
        [TrainingLine(line.text, line.intent) for line in others],
        [TrainingLine(line.text, line.intent) for line in own_others],
        spelt | own_spelt,
        shop_file.model.understanding,
    )
    pool = compile_pool(
        shop_file.model, catalogue.model, guard.lists(), (script.plan for script in placed), intents, training
    )
    pool = replace(pool, courtesies=beside, withdrawals=taken_back)
    problems += guard.problems(pool)
    problems += Checks(pool, intents, shop_file.at(), catalogue.at(), placed, lost).run()
    problems += misplaced((*others, *own_others), intents)
    if problems:
        raise PoolError(problems)
    return Loaded(
        pool,
        intents,
        catalogue.at(),
        guard.at,
        {key: document.at() for key, document in plans.items()},
        tuple(own_others),
        tuple(others),
        tuple(notes),
    )


def shop_id(shop: Path) -> str | None:
    """The id that the folder's shop.yaml names; None where that file alone is broken."""
    document = _Folders().one(shop / "shop.yaml", ShopFile)
    return document.model.shop.id if document is not None else None


def taken(shop: Path, other: Path) -> Problem:
    """What is wrong with a folder whose id is that of another folder."""
    document = _Folders().one(shop / "shop.yaml", ShopFile)
    message, remedy = f"the shop id is that of {other} too", "change one id, or serve one of the folders only"
    if document is None:
        return Problem((shop / "shop.yaml").as_posix(), 0, 0, message, remedy)
    return document.at("shop", "id").problem(message, remedy)


def _empty(model: M, file: str = "") -> Document[M]:
    """Stands for a file that is not there, or of which nothing can be used."""
    return Document(file, Node(1, 1, Plain("")), model)


def _titles(documents: Iterable[Document[IntentsFile]], lost: Lost) -> Iterable[Problem]:
    for document in documents:
        for key, entry in document.model.intents.items():
            if entry.title is None and key not in lost:
                message = f"the intent `{key}` of the base pack has no title"
                yield document.at("intents", key).problem(message, "add `title: {zh: …, en: …}`")


class _Folders:
    """Reads files and collects what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._lost: dict[Path, Lost] = {}

    def one(self, path: Path, kind: type[M], *, optional: bool = False) -> Document[M] | None:
        """The document at `path`; an optional file that is absent counts as an empty one."""
        if optional and not os.path.lexists(path):
            return _empty(kind(), path.as_posix())
        data = self._bytes(path)
        return None if data is None else self._read(path, data, kind)

    def _read(self, path: Path, data: bytes, kind: type[M]) -> Document[M] | None:
        document, problems = _parsed(path.as_posix(), data, kind)
        self.problems += problems
        if problems:
            lost = Lost(document.lost) if document else Lost(whole=True)
            self._lost[path] = self._lost.get(path, Lost()) | lost
        return document

    def lost(self, root: Path) -> Lost:
        """What could not be read of a file, or of the pool files in a folder."""
        parts = (lost for path, lost in self._lost.items() if path.is_relative_to(root) and path.suffix != ".txt")
        return reduce(or_, parts, Lost())

    def all_of(self, folder: Path, kind: type[M]) -> list[Document[M]]:
        """The documents of every `*.yaml` in the folder, by name; a file of intents may hold several."""
        found: list[Document[M]] = []
        for path in self._files(folder, ".yaml"):
            data = self._bytes(path)
            if data is None:
                continue
            parts = documents_of(data) if kind is IntentsFile else [data]
            found += (document for part in parts if (document := self._read(path, part, kind)) is not None)
        return found

    def lines(self, folder: Path, intent: str | None) -> list[Placed]:
        """The lines of every `*.txt` in the folder, without comments and blank lines."""
        if not os.path.lexists(folder):
            return []
        return [line for path in self._files(folder, ".txt") for line in self._lines_of(path, intent)]

    def strangers(self, shop: Path) -> None:
        """Files at places where nothing reads them: nearly always a slip."""
        if not shop.is_dir():
            return
        try:
            paths = sorted(shop.iterdir())
        except OSError:
            return  # that shop.yaml cannot be read is told already
        for path in paths:
            if path.name.startswith("."):
                continue  # an editor's, or what a mounted volume keeps behind its links
            if path.suffix in (".yaml", ".yml") and path.name not in SHOP_FILES:
                self._problem(path, f"nothing reads `{path.name}` here", did_you_mean(path.name, SHOP_FILES))
                if not (shop / "catalogue.yaml").exists():
                    self._lost[shop / "catalogue.yaml"] = Lost(whole=True)  # this may be meant for it
            if path.is_dir() and path.name not in ("intents", "scripts") and any(path.glob("*.y*ml")):
                self._problem(
                    path, f"nothing reads the folder `{path.name}`", did_you_mean(path.name, ("intents", "scripts"))
                )
                self._lost[shop / "intents"] = Lost(whole=True)
            elif path.is_dir() and path.name in LINE_FOLDERS:
                self._problem(path, f"nothing reads `{path.name}/` here", f"move it to intents/{path.name}/")

    def _files(self, folder: Path, suffix: str) -> list[Path]:
        try:
            paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        except OSError as error:
            self._problem(folder, f"the folder cannot be read: {error.strerror}", "check the path and its permissions")
            return []
        for path in paths:
            if suffix == ".yaml" and path.suffix == ".yml":
                self._problem(path, "nothing reads `.yml` files", f"rename it to {path.stem}.yaml")
        found = [path for path in paths if path.suffix == suffix]
        if len(found) > MAX_FILES:
            self._problem(folder, f"the folder holds {len(found)} files", f"keep at most {MAX_FILES}")
            return []
        return found

    def _bytes(self, path: Path) -> bytes | None:
        """At most a byte more than a file may have; None where nothing of it can be used."""
        try:
            return self._regular(path)
        except FileNotFoundError:
            if path.is_symlink():
                remedy = "let the link name a file that exists, or delete it"
                self._problem(path, f"the link leads to `{path.readlink()}`, which does not exist", remedy)
            else:
                self._problem(path, "the file is missing", f"create {path.name}; examples/tea-shop shows one")
        except OSError as error:
            self._problem(path, f"the file cannot be read: {error.strerror}", "check the path and its permissions")
        return None

    def _regular(self, path: Path) -> bytes | None:
        """The content of a regular file that is not too large. Raises `OSError`.

        Looked at before it is opened, since to open a device may do something; and opened without waiting, since a pipe may take its
        place in between, and nobody may ever write to it.
        """
        if self._usable(path, path.stat()):
            with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123 - a descriptor, no path
                if self._usable(path, os.fstat(file.fileno())):
                    return file.read(MAX_BYTES + 1)
        return None

    def _usable(self, path: Path, found: os.stat_result) -> bool:
        if not stat.S_ISREG(found.st_mode):
            what = next((name for is_one, name in KINDS if is_one(found.st_mode)), "something else")
            self._problem(path, f"this is not a regular file but {what}", "put a file in its place, or delete it")
            return False
        if found.st_size > MAX_BYTES:
            self._problem(path, f"the file has {found.st_size:,} bytes, more than {MAX_BYTES:,}", "split it")
            return False
        return True

    def _lines_of(self, path: Path, intent: str | None) -> Sequence[Placed]:
        data = self._bytes(path)
        if data is None:
            return ()
        lines, problems = _lines(path.as_posix(), data, intent)
        self.problems += problems
        return lines

    def _problem(self, path: Path, message: str, remedy: str) -> None:
        self.problems.append(Problem(path.as_posix(), 0, 0, message, remedy))
        self._lost[path] = Lost(whole=True)


def _parsed(file: str, data: bytes, kind: type[M]) -> tuple[Document[M] | None, tuple[Problem, ...]]:
    found, problems = _cached(file, data, kind)
    if found is None:
        return None, problems
    return Document(found.file, found.root, kind.model_validate(found.model), found.lost), problems


@lru_cache(maxsize=256)  # the base pack and some shops: an edit of one file parses one file
def _cached(file: str, data: bytes, kind: type[FileModel]) -> tuple[Document[FileModel] | None, tuple[Problem, ...]]:
    return read(file, data, kind)


@lru_cache(maxsize=256)  # as above
def _lines(file: str, data: bytes, intent: str | None) -> tuple[Sequence[Placed], Sequence[Problem]]:
    """The lines of a text file, without comments and blank ones."""
    lines, problems = [], []
    for number, raw in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        try:
            text = raw.decode("utf-8").strip()
        except UnicodeDecodeError as error:
            message = "these bytes are no UTF-8 text"
            remedy = "save the file with the encoding UTF-8"
            problems.append(Problem(file, number, error.start + 1, message, remedy))
            continue
        if not text or text.startswith("#"):
            continue
        if len(text) > MAX_LINE or _CONTROL.search(text):
            message = f"the line is longer than {MAX_LINE} characters, or holds control characters"
            problems.append(Problem(file, number, 1, message, "shorten or clean it"))
            continue
        lines.append(Placed(text, intent, file, number))
    return lines, problems
