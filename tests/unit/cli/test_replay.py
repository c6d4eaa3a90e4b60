"""`livechat replay`: its options, and what programs get."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cli.replay import estimate_document, missing, nothing, verification_document
from engine.errors import Exit
from engine.insight.rerun import Rerun
from engine.insight.verify import Difference, Verification
from engine.insight.whatif import Change, Estimate
from tests.unit.cli.conftest import Invoke
from tests.unit.insight.logged import CHAT, Logged, Shelf
from tests.unit.insight.made import decision


def test_a_difference_is_told_field_by_field() -> None:
    """What is computed beside what stands on the log."""
    told = Verification("r1", 0, entries=5)
    told.counts["decisions"].different = 1
    told.first = Difference("decisions", 7, b'{"id":"a","reason":"chatter"}', b'{"id":"a","reason":"abuse"}')
    document = verification_document(told)
    assert document["same"] is False
    assert document["first_difference"] == {
        "topic": "decisions", "at": 7, "fields": {"reason": {"computed": "chatter", "stored": "abuse"}},
    }  # fmt: skip


def test_an_estimate_says_that_it_is_one() -> None:
    """With how good it is, and every change by intent."""
    told = Estimate("r1", "tea", "ab" * 16, comments=4, recorded=1, before=1, after=2, agreed=3, compared=4)
    told.changes.append(
        Change("newly_answered", decision("no_reply"), decision("answered", reply="shelf", via="voice"))
    )
    document = estimate_document(told)
    assert document["estimate"] is True
    assert document["agreement"] == 0.75
    assert document["changes"] == {"newly_answered": 1, "lost": 0, "changed": 0}
    intents = document["intents"]
    assert isinstance(intents, list)
    (intent,) = intents
    assert intent["intent"] == "product.shelf_life"
    assert intent["newly_answered"][0]["after"]["reply"] == "shelf"


async def test_a_room_that_is_not_there_has_neighbours() -> None:
    """Rooms that the log still holds; where a time was named, that is doubted too."""
    live = Logged()
    live.turn(live.desk.comment(CHAT, room="studio-1"))
    assert (
        await nothing(live.bus, "studio-2", None, None) == "the log knows no room `studio-2`: did you mean `studio-1`?"
    )
    assert "`--from` and `--to`" in await nothing(live.bus, "studio-1", 5, None)


async def test_what_is_missing_is_told_with_its_time() -> None:
    """Since when the journal is kept, or that there is none."""
    live = Logged()
    rerun = Rerun(live.bus, Shelf(), "r1")
    assert "the log has no journal of room `r1`" in await missing(rerun)
    live.turn(live.desk.comment(CHAT, room="r1"))
    assert "is kept from 2027-01-15 08:00:00 UTC on" in await missing(rerun)


@pytest.mark.parametrize(("options", "words"), [
    (("--from", "1h", "--to", "2h"), "`--to` is not after `--from`"),
    (("--from", "yesterday"), "`--from yesterday` is no time"),
    (("--pool", "none"), "is no folder"),
])  # fmt: skip
def test_wrong_options_are_told_before_the_log_is_read(
    options: tuple[str, ...], words: str, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2."""
    monkeypatch.chdir(tmp_path)
    result = invoke("replay", "r1", *options)
    assert result.exit_code == Exit.USAGE
    assert words in result.output
