"""`livechat handoffs`: what a line says, and which handoff is meant."""

from __future__ import annotations

import pytest

from engine.cli.handoffs import as_document, line, pick
from engine.errors import Exit, UsageError
from engine.events.handoffs import Handoff
from engine.events.outputs import CommentRef
from tests.unit.cli.conftest import Invoke

NOW = 1_800_000_000_000


def handoff(name: str = "ab" * 16, **fields: object) -> Handoff:
    base: dict[str, object] = {
        "id": name, "room": "r1", "shop": "tea", "intent": "service.human", "text": "找客服\x1b[2J", "created": NOW,
        "answer_by": NOW + 45_000, "comments": (CommentRef(source="douyin", id="c1"),),
    }  # fmt: skip
    return Handoff.model_validate({**base, **fields})


def test_a_line_says_all_that_a_person_needs() -> None:
    """How long there is, where, what, how many, and why it came to people."""
    told = line(handoff(product="tgy", asked=3, cause="stakes"), NOW + 5_500).plain
    for part in ("abababab", "open for 39 s", "r1", "service.human, tgy", "asked 3 times", "找客服", "not sure enough"):
        assert part in told
    closed = line(handoff(state="answered", by="li", intent=None), NOW + 90_000).plain
    for part in ("answered by li", "not understood", "asked once"):
        assert part in closed
    assert "for 0 s" in line(handoff(), NOW + 90_000).plain
    assert "expired  r1" in line(handoff(state="expired"), NOW + 90_000).plain


def test_an_id_is_known_by_its_beginning() -> None:
    """Where that is unlike the others; else a sentence says what to do."""
    held = [handoff("ab" * 16), handoff("ac" * 16)]
    assert pick("AB", held) is held[0]
    with pytest.raises(UsageError, match="2 open handoffs; write more of the id"):
        pick("a", held)
    for unknown in ("ff", ""):
        with pytest.raises(UsageError, match="`livechat handoffs` lists what is open"):
            pick(unknown, held)


def test_programs_get_everything() -> None:
    """But for what says only which record it is."""
    assert as_document(handoff())["comments"] == [{"source": "douyin", "id": "c1"}]
    assert "type" not in as_document(handoff())


@pytest.mark.parametrize("arguments", [("handoffs",), ("handoffs", "answered", "ab"), ("handoffs", "dismissed", "ab")])
def test_without_an_engine_it_says_so(
    invoke: Invoke, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one sentence, with the code for what is away."""
    monkeypatch.setattr("engine.cli.options.PATIENCE_S", 0.1)
    result = invoke(*arguments, "--url", "ws://127.0.0.1:1/ws")
    assert result.exit_code == Exit.UNAVAILABLE
    assert "nobody answers" in result.stderr
