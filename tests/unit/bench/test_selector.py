"""The benchmark of the selector: hours, cases on the real core, policies, the bound, and bad input."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from bench import selector
from bench.arrivals import ArrivalsFileError
from bench.bound import bound
from bench.hours import INTENTS, Hour, Law, busiest, hours
from bench.policies import OURS, TRIED, policy
from bench.stage import Case, Outcome, play
from engine.pool.model import Limits
from engine.room import emission
from engine.room.selection import choose


def recording(path: Path, rows: list[tuple[int, int, int, int]]) -> Path:
    """A file of arrivals: (second, viewer, text, question)."""
    lines = ["second,viewer,text,characters,question", *(f"{s},{v},{t},5,{q}" for s, v, t, q in rows)]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


def hour(*at: int, name: str = "a/0") -> Hour:
    """A question at each second, each by another viewer."""
    count = len(at)
    return Hour(name, np.array(at) * 1_000, np.arange(count), np.arange(count))


def case(asked: list[int], *at: int) -> Case:
    """A case with these intents at these seconds; all replies take 5 s and have the same priority."""
    return Case(
        hour(*at), 0, np.array(asked), np.full(INTENTS, 50), np.full(INTENTS, 5.0), np.full(INTENTS, 1e-6)
    )  # fmt: skip


def test_whole_hours_are_cut_and_the_busiest_come_first(tmp_path: Path) -> None:
    """The rest after the last whole hour counts for nothing; who asks nothing is left out."""
    rows = [(10, 1, 1, 1), (3_599, 2, 2, 0), (3_600, 3, 3, 1), (3_601, 4, 4, 1), (7_199, 5, 5, 1), (7_300, 6, 6, 1)]
    found = hours([recording(tmp_path / "room.csv.gz", rows)])
    assert [(one.name, list(one.at)) for one in found] == [("room/0", [10_000]), ("room/1", [0, 1_000, 3_599_000])]
    assert [one.name for one in busiest(found, 1)] == ["room/1"]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([(10, 1, 1, 1), (3_000, 1, 1, 1)], "holds no whole hour in which somebody asks"),
        ([(10, 1, 1, 0), (3_700, 1, 1, 1)], "holds no whole hour in which somebody asks"),
        ([], "holds no message"),
    ],
)
def test_a_recording_that_cannot_be_used_says_why(
    tmp_path: Path, rows: list[tuple[int, int, int, int]], says: str
) -> None:
    """With the file and the remedy."""
    with pytest.raises(ArrivalsFileError, match=rf"room\.csv\.gz: {says}"):
        hours([recording(tmp_path / "room.csv.gz", rows)])


def test_a_live_that_does_not_say_who_asks_is_refused(tmp_path: Path) -> None:
    """Nothing is guessed."""
    path = tmp_path / "live.jsonl"
    path.write_text(json.dumps({"at": 4_000, "viewer": "v", "text": "?"}) + "\n", "utf-8")
    with pytest.raises(ArrivalsFileError, match="does not say which messages ask"):
        hours([path])


def test_equal_texts_ask_the_same_where_that_is_wanted() -> None:
    """And every draw of the same hour and seed is the same."""
    one = Hour("a/0", np.arange(400), np.arange(400), np.arange(400) % 7)
    drawn = Case.of(one, 3, Law(by_text=True))
    assert all(np.unique(drawn.asked[one.text == text]).size == 1 for text in range(7))
    assert (drawn.asked == Case.of(one, 3, Law(by_text=True)).asked).all()
    assert np.unique(Case.of(one, 3, Law()).asked[one.text == 0]).size > 1


def test_zipfs_law_makes_the_first_twice_as_frequent_as_the_second() -> None:
    """With an exponent of 1; with 0 all are alike."""
    shares = Law(1.0).shares()
    assert shares.sum() == pytest.approx(1.0)
    assert shares[0] == pytest.approx(2 * shares[1])
    assert Law(0.0).shares() == pytest.approx(np.full(INTENTS, 1 / INTENTS))


def test_one_reply_answers_all_who_wait_and_a_cooldown_loses_the_next() -> None:
    """The real core under the virtual clock: two questions merge, one in the cooldown is lost, one after it is answered."""
    found = play(case([0, 0, 0, 0], 100, 101, 120, 250))
    assert (found.asked, found.answered, found.replies) == (4, 3, 2)
    assert found.reasons == {"answered": 3, "recently_answered": 1}
    assert found.air_ms == 10_000
    assert (found.intents_asked, found.intents_answered) == (1, 1)


@pytest.mark.parametrize("name", TRIED)
def test_every_policy_gives_each_question_a_decision(name: str) -> None:
    """And the core's own choice is in its place again afterwards."""
    own = emission.choose  # type: ignore[attr-defined] # where the core looks it up
    busy = Case.of(hour(*range(0, 1_200, 2)), 1, Law())
    found = play(busy, policy(name, busy))
    assert found.asked == 600
    assert found.answered > 60
    assert found.air_ms <= 0.25 * 300_000 * 5
    assert emission.choose is own  # type: ignore[attr-defined] # as above


def test_fifo_takes_the_oldest_and_the_core_the_most_viewers() -> None:
    """Both ask while a reply is said; what comes next differs."""
    asked = case([0, 1, 2, 2, 2], 0, 1, 2, 2, 3)
    said: dict[str, Outcome] = {name: play(asked, policy(name, asked)) for name in ("fifo", OURS)}
    assert said["fifo"].answered == said[OURS].answered == 5
    assert said[OURS].waited_ms < said["fifo"].waited_ms


def test_the_bound_is_never_below_what_was_reached() -> None:
    """It relaxes each rule; on a quiet hour it answers everything."""
    assert bound(case([0, 1, 2], 100, 1_000, 2_000)) == pytest.approx(3)
    busy = Case.of(hour(*range(0, 1_200, 3)), 2, Law())
    most = bound(busy)
    for name in ("fifo", "most viewers", OURS):
        assert play(busy, policy(name, busy)).answered <= most + 1e-6


def test_the_bound_keeps_cooldowns_and_airtime() -> None:
    """Of one intent only so many replies fit an hour; with hardly any air hardly anything is said."""
    again = case([0] * 30, *range(100, 1_000, 30))
    assert bound(again) < 25
    apart = case(list(range(40)), *range(100, 140))
    assert bound(apart, Limits(airtime_share=0.01)) < bound(apart) < 40


def test_the_interval_is_paired() -> None:
    """A policy that always answers twice as many has no spread, however different the hours are."""
    peer = np.array([[10, 20], [300, 5]])
    assert selector.interval(2 * peer, peer) == (2.0, 2.0)


def outcome(answered: int, *, intents: int = 5) -> Outcome:
    return Outcome(
        100, answered, 10, intents, 1_000, 10 * answered, 1_000 * answered, 7, 36_000, {"answered": answered}
    )


def test_the_goals_are_held_against_fifo() -> None:
    """Each of them fails by itself."""
    peer = [[outcome(20), outcome(20)], [outcome(20), outcome(20)]]
    good = [[outcome(30), outcome(30)], [outcome(30), outcome(30)]]

    def met(ours: selector.Played) -> list[bool]:
        found = {name: selector.figures(played, peer, 200.0) for name, played in (("fifo", peer), (OURS, ours))}
        return list(selector.goals(found).values())

    assert met(good) == [True, True, True, True]
    assert met([[outcome(21), outcome(21)], [outcome(22), outcome(22)]]) == [False, False, True, True]
    assert met([[outcome(45), outcome(45)], [outcome(18), outcome(18)]]) == [True, False, False, True]
    assert met([[outcome(30, intents=4)] * 2] * 2) == [True, True, True, False]
    figures = selector.figures(good, peer, 200.0)
    assert (figures.answered, figures.of_bound, figures.seconds, figures.air) == (0.3, 0.6, 1.0, 0.01)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--hours", "0"], "argument --hours"),
        (["--hours", "2"], "the files hold 1 whole hours; ask for fewer"),
        (["--policies", "best"], "there is no `best`; there are: fifo"),
        (["--zipf", "nan"], "is not between 0 and 4"),
        (["--json", "nowhere/out.json"], "there is no folder nowhere; make it first"),
    ],
)
def test_options_that_cannot_be_used_end_with_a_remedy(
    more: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and a sentence instead of a traceback."""
    file = recording(tmp_path / "room.csv.gz", [(10, 1, 1, 1), (3_600, 3, 3, 1)])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["selector", "--arrivals", str(file), *more])
    try:
        code: object = selector.main()
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert says in capsys.readouterr().err


def test_a_folder_without_recordings_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """So is a file that is not there."""
    for given, says in ((tmp_path, "no .csv.gz file in this folder"), (tmp_path / "no.csv.gz", "cannot be read")):
        monkeypatch.setattr("sys.argv", ["selector", "--arrivals", str(given)])
        assert selector.main() == 2
        assert says in capsys.readouterr().err


def test_as_many_demands_wait_as_the_time_is_told_for() -> None:
    """200 of them, and one of them wins."""
    room, opportunity = selector.crowded(selector.DEMANDS)
    assert len(room.demands) == 200
    chosen = choose(room, opportunity, room.demands.values())
    assert chosen is not None
    assert chosen[1].waiting == 200
