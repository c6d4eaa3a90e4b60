"""`livechat why`: which comment is meant, and what programs get."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cli.why import as_document, only
from engine.errors import Exit, LivechatError, UsageError
from engine.insight.explain.lookup import Found, Sighting
from engine.insight.explain.places import Places
from engine.insight.explain.story import Story
from tests.unit.cli.conftest import Invoke
from tests.unit.insight.made import decision


def test_several_comments_of_one_id_are_listed() -> None:
    """With the options that tell them apart; at most twenty."""
    sightings = [Sighting(f"r{number}", "s", "c1", 0, "发货吗") for number in range(22)]
    with pytest.raises(UsageError, match="22 comments have the id `c1`; say which:") as error:
        only(Found(sightings), "c1", None, None)
    assert "\n  --room r0 --source s  发货吗" in str(error.value)
    assert str(error.value).endswith("and 2 more")


def test_an_unknown_id_has_neighbours_or_advice() -> None:
    """With the options that narrowed the search."""
    with pytest.raises(LivechatError, match="knows no comment `c1` with --room r1; near it are:\n  c11  发货吗"):
        only(Found(near=[("c11", "发货吗")]), "c1", "r1", None)
    with pytest.raises(LivechatError, match="check the id: decisions are kept for 30 days, comments for 7"):
        only(Found(), "c1", None, None)


def test_programs_get_sentences_and_records() -> None:
    """In the language that was asked for."""
    one = decision("no_reply")
    story = Story(Sighting("r1", "demo", "c1", 0, decision=one), "decided", one, gap="journal")
    told = as_document(story, Places(), "zh")
    assert told["state"] == "decided"
    assert told["gap"] == "journal"
    assert told["spells"] == []
    assert told["advice"] == ["为 `product.shelf_life` 写一条回复（intents/）。"]


def test_a_log_that_is_not_there_is_told(invoke: Invoke, tmp_path: Path) -> None:
    """And not made."""
    result = invoke("why", "c1", "--bus", f"sqlite:{tmp_path / 'none.db'}")
    assert result.exit_code != Exit.OK
    assert "none.db" in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_shop_folder_that_is_none_is_refused_first(invoke: Invoke, tmp_path: Path) -> None:
    """Before the log is read."""
    result = invoke("why", "c1", "--shop", tmp_path / "none")
    assert result.exit_code == Exit.USAGE
    assert "is no folder" in result.output
