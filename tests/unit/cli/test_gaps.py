"""`livechat gaps`: what is shown, in which order, which gap is meant."""

from __future__ import annotations

import pytest

from engine.cli.gaps import View, about, as_json, meant, sentence, since, table, trend, viewers
from engine.cli.stubs import empty_keys, filled
from engine.cli.terminal import out
from engine.errors import Exit, LivechatError, UsageError
from engine.events.gaps import Gap, GapActivity
from tests.unit.cli.conftest import Invoke

NOW = 1_800_000_000_000
STEP = 300_000


def gap(name: str = "ab" * 16, *recent: int, **fields: object) -> Gap:
    """`recent`: viewers of the last steps of five minutes, the newest last."""
    counts = recent or (2,)
    base: dict[str, object] = {
        "id": name, "shop": "tea", "reason": "no_reply", "intent": "product.price", "product": "tgy", "viewers": sum(counts),
        "comments": sum(counts), "first_seen": NOW - 7_200_000, "last_seen": NOW, "lines": ("多少钱\x1b[2J", "什么价"),
        "languages": {"zh": 2, "en": 1},
        "activity": GapActivity(start=(NOW // STEP - len(counts) + 1) * STEP, step_ms=STEP, viewers=counts),
    }  # fmt: skip
    return Gap.model_validate({**base, **fields})


def test_first_is_what_costs_most_now() -> None:
    """Viewers by their age, what one is worth, growth; what is for later behind, what is closed or not ours not at all."""
    old = gap("01" * 16, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1)
    new = gap("02" * 16, 1, 7)
    dear = gap("03" * 16, 1, 7, value=2.0)
    later = gap("04" * 16, 20, mark="later")
    hidden = [gap("05" * 16, 20, mark="closed"), gap("06" * 16, 20, mark="not_ours")]
    found = [old, new, later, *hidden, dear]
    view = View(None, None, 30, marked=False, as_json=False)
    assert view.chosen(found, NOW) == [dear, new, old, later]
    assert {one.mark for one in View(None, None, 30, marked=True, as_json=False).chosen(found, NOW)} == {
        "closed",
        "not_ours",
    }
    assert View("silk", None, 30, marked=False, as_json=False).chosen(found, NOW) == []
    assert View("tea", None, 1, marked=False, as_json=False).chosen(found, NOW) == [dear]


def test_a_reason_may_be_one_of_several() -> None:
    """What was not understood may have three reasons; any of them finds it."""
    mixed = gap(
        reason="unknown_intent", reasons={"unknown_intent": 3, "ambiguous": 1}, intent=None, product=None, norm="x"
    )
    assert View(None, "ambiguous", 9, marked=False, as_json=False).shows(mixed)
    assert not View(None, "no_reply", 9, marked=False, as_json=False).shows(mixed)
    assert about(mixed) == "“多少钱\x1b[2J”"


def test_a_row_says_all_that_an_editor_needs(capsys: pytest.CaptureFixture[str]) -> None:
    """Id, viewers, how they came, what, why, since when, in which words; and no character of a viewer's moves the cursor."""
    shown = [
        gap("ab" * 16, 5, 0, 25),
        gap("cd" * 16, 300, shop="silk", reopened=NOW - 1),
        gap("ef" * 16, 9, 0, 0, 1, mark="later"),
    ]
    out().print(table(shown, NOW))
    told = capsys.readouterr().out
    for part in (
        "abababab",
        "▂ █ ↑",
        "product.price tgy",
        "no_reply",
        "2 h",
        "什么价",
        "(zh/en)",
        "300+",
        "silk:",
        "came back",
        "later",
        "↓",
    ):
        assert part in told
    assert "\x1b" not in told


def test_a_line_for_each_change() -> None:
    """Without a terminal."""
    told = sentence(gap(mark="closed"))
    assert told.startswith("abababab  tea  2 viewers  no_reply [closed]  product.price tgy: ")
    assert "[came back]" in sentence(gap(reopened=NOW))


def test_programs_get_the_record_and_what_it_is_worth() -> None:
    """The score, which falls as time goes, is told beside what it is made of."""
    found = as_json(gap("ab" * 16, 4), NOW)
    later = as_json(gap("ab" * 16, 4), NOW + 10 * STEP)
    assert (found["viewers"], found["growth"], later["growth"]) == (4, 1.4, 1.0)
    assert isinstance(found["score"], float)
    assert isinstance(later["score"], float)
    assert found["score"] > later["score"] > 0


def test_figures_are_short() -> None:
    """Bars over an hour, ages in one unit."""
    assert trend(gap("ab" * 16, 7, 1), NOW) == " " * 10 + "█▂"
    assert trend(gap("ab" * 16, 7), NOW + 20 * STEP) == ""
    assert viewers(gap("ab" * 16, 299)) == "299"
    assert [since(gap(first_seen=NOW - n * 60_000), NOW) for n in (0, 119, 120, 3_000)] == [
        "0 min",
        "119 min",
        "2 h",
        "2 d",
    ]


def test_an_id_is_known_by_its_beginning() -> None:
    """Where that is unlike the others; else a sentence says what to do."""
    held = [gap("ab" * 16), gap("abac" * 8)]
    assert meant("ABAB", held) is held[0]
    with pytest.raises(UsageError, match="too short"):
        meant("aba", held)
    with pytest.raises(UsageError, match="beginning of 2 ids"):
        meant("abab"[:2] * 2, [held[0], gap("abab" + "c" * 28)])
    with pytest.raises(LivechatError, match="`livechat gaps` lists them"):
        meant("ffff", held)


def test_a_stub_is_filled_by_key() -> None:
    """Texts are quoted, numbers are not; a key that is not empty there is told with those that are."""
    stub = 'a:\n  value: ""\n  until: ""\n  text: ""\n'
    assert empty_keys(stub) == ["value", "until", "text"]
    done = filled(stub, {"value": "12.5", "until": "2030-01-01T00:00:00+08:00", "text": '说"好"'})
    assert done == 'a:\n  value: 12.5\n  until: "2030-01-01T00:00:00+08:00"\n  text: "说\\"好\\""\n'
    assert filled(stub, {"value": "两个"}).splitlines()[1] == '  value: "两个"'
    with pytest.raises(UsageError, match="no empty `link`; empty in it: value, until, text"):
        filled(stub, {"link": "3"})


@pytest.mark.parametrize("arguments", [("gaps",), ("gaps", "stub", "abab"), ("gaps", "mark", "abab", "later")])
def test_without_an_engine_it_says_so(
    invoke: Invoke, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one sentence, with the code for what is away."""
    monkeypatch.setattr("engine.cli.options.PATIENCE_S", 0.1)
    result = invoke(*arguments, "--url", "ws://127.0.0.1:1/ws")
    assert result.exit_code == Exit.UNAVAILABLE
    assert "nobody answers" in result.stderr


def test_what_is_mistyped_is_told_before_anything_is_asked(invoke: Invoke) -> None:
    """Reasons and marks are closed lists."""
    assert "`chatter` makes no gap: choose one of" in invoke("gaps", "--reason", "chatter").stderr
    assert invoke("gaps", "mark", "abab", "done").exit_code == Exit.USAGE
