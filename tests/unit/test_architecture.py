"""The page on the architecture lists what there is."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")


def test_every_decision_is_listed_with_its_title() -> None:
    """In order, by number and title as the page of the decision has them."""
    pages = sorted((ROOT / "docs" / "adr").glob("*.md"))
    titles = [re.sub(r"\W+", " ", page.read_text("utf-8").partition("\n")[0]).strip() for page in pages]
    listed = re.findall(r"^- \[(.+)\]\((adr/[^)]+)\)$", PAGE, re.MULTILINE)
    assert [target for _, target in listed] == [f"adr/{page.name}" for page in pages]
    assert [re.sub(r"\W+", " ", title).strip() for title, _ in listed] == titles


def test_the_house_lists_every_package_and_module() -> None:
    """What stands directly in `engine`."""
    house = PAGE.partition("## The house")[2].partition("##")[0]
    listed = set(re.findall(r"^      ([a-z_]+(?:/|\.py)) ", house, re.MULTILINE))
    here = {f"{path.parent.name}/" for path in (ROOT / "engine").glob("*/__init__.py")}
    here |= {path.name for path in (ROOT / "engine").glob("*.py") if path.name != "__init__.py"}
    assert listed == here
