"""The project as a whole: what may be imported, how large a module may be, what the committed files may name."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import engine

ROOT = Path(engine.__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
MODULES = sorted(
    module.name for module in pkgutil.walk_packages(engine.__path__, "engine.") if "__main__" not in module.name
)
SOURCES = sorted((ROOT / "engine").rglob("*.py"))
LINE_LIMIT = 400
HEAVY = ("numpy", "scipy", "numba", "spacy", "aiohttp", "websockets")


@pytest.mark.parametrize("name", MODULES)
def test_every_module_can_be_imported(name: str) -> None:
    """No module of the engine needs anything but its declared dependencies, and importing one starts nothing."""
    assert importlib.import_module(name).__doc__, f"{name} has no docstring"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_modules_stay_small(path: Path) -> None:
    """A module that grows beyond the limit holds a second noun."""
    assert len(path.read_text("utf-8").splitlines()) <= LINE_LIMIT


@pytest.mark.parametrize(
    "path", sorted((ROOT / "engine" / "room").glob("*.py")), ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_the_room_core_iterates_over_no_sets(path: Path) -> None:
    """A loop over a set literal or `set(...)` has another order in each process, so the core has none."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.For | ast.comprehension):
            match node.iter:
                case ast.Set() | ast.SetComp() | ast.Call(func=ast.Name(id="set" | "frozenset")):
                    pytest.fail(f"line {node.iter.lineno} iterates over {ast.unparse(node.iter)}")


@pytest.mark.process
def test_help_is_quick() -> None:
    """The command line loads none of the heavy libraries before a command needs them."""
    code = f"import sys, engine.cli.main; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []


def test_one_version() -> None:
    """The package, its metadata and the change log tell the same version."""
    assert PROJECT["project"]["version"] == engine.__version__
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == engine.__version__


def test_every_dependency_has_its_reason() -> None:
    """Each run-time dependency stands in the decision on dependencies, and none stands there that is not used."""
    page = (ROOT / "docs" / "adr" / "0002-dependencies.md").read_text("utf-8")
    told = set(re.findall(r"^\| `([a-z0-9.-]+)` \|", page, re.MULTILINE))
    project = PROJECT["project"]
    used = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    assert told == {re.split(r"[<>=\[]", line)[0] for line in used}


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements*.lock")), ids=lambda path: path.name)
def test_locks_are_hashed_and_name_no_host(path: Path) -> None:
    """Every pin carries hashes; where packages come from is the user's own configuration."""
    text = path.read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"^--", text, re.MULTILINE)
    pins = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert pins
    assert all("--hash=sha256:" in pin for pin in pins)


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))],
    ids=lambda page: page.name,
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file that exists."""
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target
