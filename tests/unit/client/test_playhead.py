"""Playback: boundaries, lead, refusals, resuming exactly."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.client.playhead import MAX_OUTCOMES, Event, Playhead, Say, Tell
from engine.events.inputs import Cursor, ScriptSegment, ScriptSentence
from engine.events.outputs import Insertion, Stop, Withdraw
from engine.events.wire import SetScript

T0 = 1_767_225_600_000
IDS = ("a1", "a2", "b1", "b2")


def script(
    version: str = "v1", *, loop: bool = True, seconds: float = 2.0, ids: Iterable[str] = IDS, hold: str = ""
) -> SetScript:
    """Segments a and b of two sentences each, all of the same length; `hold` names one that holds."""
    segments: dict[str, list[ScriptSentence]] = {}
    for name in ids:
        segments.setdefault(name[0], []).append(
            ScriptSentence(id=name, text=f"{version}:{name}", seconds=seconds, hold=name == hold)
        )
    return SetScript(
        id="r", script="s", version=version, loop=loop,
        segments=tuple(ScriptSegment(id=key, sentences=tuple(lines)) for key, lines in segments.items()),
    )  # fmt: skip


def cursor(name: str, lap: int = 0, version: str = "v1") -> Cursor:
    return Cursor(version=version, lap=lap, segment=name[0], sentence=name)


def insertion(key: str = "aa", after: str | None = "a1", resume: str | None = None, **fields: object) -> Insertion:
    base: dict[str, object] = {
        "id": key * 16, "room": "r", "shop": "tea", "at": T0, "lease": 1, "seq": 1, "shop_offset": 0, "session": "s",
        "reply": "x", "intent": "y", "language": "zh", "text": f"reply {key}", "duration_ms": 1_000,
        "when": "sentence" if after else "idle", "after": cursor(after) if after else None,
        "resume": cursor(resume) if resume else None, "start": T0, "not_after": T0 + 60_000, "pool": "ab" * 16, "viewers": 1,
    }  # fmt: skip
    return Insertion.model_validate({**base, **fields})


def stop(key: str | None = None, *, hold: bool = False) -> Stop:
    return Stop(
        id="ff" * 16, room="r", shop="tea", at=T0, lease=1, seq=1, shop_offset=0, session="s",
        insertion=key * 16 if key else None, hold_script=hold, reason="killed",
    )  # fmt: skip


def withdraw(key: str) -> Withdraw:
    return Withdraw(
        id="ff" * 16, room="r", shop="tea", at=T0, lease=1, seq=1, shop_offset=0, session="s", insertion=key * 16,
        reason="fact_changed",
    )  # fmt: skip


def playing(*, loop: bool = True) -> Playhead:
    """A playhead that began its first sentence at T0; its boundaries are every 2,000 ms."""
    head = Playhead(lead_ms=800)
    head.load(script(loop=loop), T0)
    return head


def heard(events: Iterable[Event]) -> list[tuple[int, str]]:
    return [(e.at - T0, e.text) for e in events if isinstance(e, Say) and e.kind != "cut"]


def told(events: Iterable[Event], key: str = "aa") -> list[tuple[str, str]]:
    return [(e.kind, e.reason) for e in events if isinstance(e, Tell) and e.insertion == key * 16]


def run(head: Playhead, until: int) -> list[Event]:
    """Wake it exactly when it asks to be, until T0 + `until`."""
    events: list[Event] = []
    while (due := head.next_deadline()) is not None and due <= T0 + until:
        events += head.advance(due)
    return events + head.advance(T0 + until)


def test_a_script_plays_in_order_and_loops() -> None:
    """Each sentence starts when the one before ends, and is reported with its lap."""
    head = Playhead()
    events = head.load(script(), T0) + run(head, 10_000)
    assert heard(events) == [(n * 2_000, f"v1:{IDS[n % 4]}") for n in range(6)]
    reports = [(e.kind, e.cursor) for e in events if isinstance(e, Tell)]
    assert reports[:3] == [
        ("sentence_started", cursor("a1")), ("sentence_ended", cursor("a1")), ("sentence_started", cursor("a2"))
    ]  # fmt: skip
    assert reports[-1] == ("sentence_started", cursor("a2", lap=1))
    assert head.state().cursor == cursor("a2", lap=1)


def test_a_script_that_does_not_loop_ends_idle_once() -> None:
    """Then a reply may come at once, after the lead; afterwards silence again."""
    head = playing(loop=False)
    events = run(head, 9_000)
    assert [e.kind for e in events if isinstance(e, Tell)][-2:] == ["sentence_ended", "idle"]
    assert head.next_deadline() is None
    events = head.insert(insertion(after=None), T0 + 9_000) + run(head, 20_000)
    assert heard(events) == [(9_800, "reply aa")]
    assert told(events) == [("accepted", ""), ("started", ""), ("ended", "")]
    assert not any(isinstance(e, Tell) and e.kind == "idle" for e in events)


def test_a_reply_starts_at_its_boundary_and_the_script_goes_on_at_its_cursor() -> None:
    """Not a sentence earlier or later; the rest of the script shifts by its length."""
    head = playing()
    events = head.insert(insertion(after="a2", resume="b1"), T0 + 100) + run(head, 8_000)
    assert heard(events) == [(2_000, "v1:a2"), (4_000, "reply aa"), (5_000, "v1:b1"), (7_000, "v1:b2")]
    assert told(events) == [("accepted", ""), ("started", ""), ("ended", "")]


def test_a_vanished_cursor_means_the_start_of_its_segment_else_of_the_script() -> None:
    """A resume sentence that the script does not have."""
    for resume, expected in (("b9", "v1:b1"), ("z1", "v1:a1")):
        head = playing()
        events = head.insert(insertion(resume=resume), T0) + run(head, 3_500)
        assert heard(events)[-1] == (3_000, expected)


@pytest.mark.parametrize(
    ("at", "fields", "reason"),
    [
        (1_201, {}, "late"),  # less than the lead before its boundary
        (1_200, {}, ""),
        (2_500, {}, "late"),  # its boundary has passed
        (100, {"not_after": T0 + 99}, "late"),
        (100, {"after": None}, "not_idle"),
        (100, {"after": "z9"}, "unknown_cursor"),
    ],
)
def test_what_cannot_be_said_is_rejected_on_arrival(at: int, fields: dict[str, str], reason: str) -> None:
    """With the reason; otherwise it is accepted."""
    head = playing()
    run(head, at)
    events = head.insert(insertion(**fields), T0 + at)
    assert told(events) == [("rejected", reason) if reason else ("accepted", "")]


def test_nothing_starts_after_its_latest_start() -> None:
    """Where the boundary comes later than expected, the reply is refused there and the script goes on."""
    head = playing()
    events = head.insert(insertion(not_after=T0 + 1_999), T0) + run(head, 2_500)
    assert told(events) == [("accepted", ""), ("rejected", "late")]
    assert heard(events) == [(2_000, "v1:a2")]


def test_a_late_wake_up_shifts_the_script() -> None:
    """A machine that slept does not hear two sentences at once, nor a reply whose time has gone."""
    head = playing()
    head.insert(insertion(not_after=T0 + 5_000), T0)
    events = head.advance(T0 + 9_000)
    assert heard(events) == [(9_000, "v1:a2")]
    assert told(events) == [("rejected", "late")]
    assert head.next_deadline() == T0 + 11_000


def test_a_repeat_gets_the_last_report_again() -> None:
    """The engine sends an insertion again when it heard nothing; it is not said twice."""
    head = playing()
    head.insert(insertion(), T0)
    assert told(head.insert(insertion(resend=True), T0 + 1)) == [("accepted", "repeated")]
    run(head, 3_500)
    assert told(head.insert(insertion(resend=True), T0 + 3_500)) == [("ended", "repeated")]
    assert [state.kind for state in head.state().outcomes] == ["ended"]


def test_withdraw_takes_back_what_did_not_start() -> None:
    """Queued: aborted. Started: only reported again. Unknown: rejected now and when it arrives after all."""
    head = playing()
    head.insert(insertion(), T0)
    assert told(head.withdraw(withdraw("aa"), T0 + 1)) == [("aborted", "fact_changed")]
    assert heard(run(head, 2_000)) == [(2_000, "v1:a2")]
    head.insert(insertion("bb", after="a2"), T0 + 2_100)
    run(head, 4_500)
    assert told(head.withdraw(withdraw("bb"), T0 + 4_500), "bb") == [("started", "repeated")]
    assert told(head.withdraw(withdraw("cc"), T0 + 4_500), "cc") == [("rejected", "fact_changed")]
    assert told(head.insert(insertion("cc", after="b1"), T0 + 4_500), "cc") == [("rejected", "repeated")]


def test_stop_cuts_a_reply_and_the_script_goes_on() -> None:
    """At the cursor that the reply names; a stop of something else changes nothing."""
    head = playing()
    head.insert(insertion(resume="a2"), T0)
    run(head, 2_300)
    assert head.stop(stop("bb"), T0 + 2_300) == []
    events = head.stop(stop("aa"), T0 + 2_300)
    assert told(events) == [("aborted", "killed")]
    assert heard(events) == [(2_300, "v1:a2")]
    assert isinstance(events[0], Say)
    assert events[0].kind == "cut"


def test_stop_of_everything_cuts_the_reply_but_not_the_script() -> None:
    """Without an insertion: what is heard of replies; a sentence goes on."""
    head = playing()
    assert head.stop(stop(), T0 + 500) == []
    head.insert(insertion(), T0 + 500)
    run(head, 2_300)
    assert told(head.stop(stop(), T0 + 2_300)) == [("aborted", "killed")]


def test_a_held_script_stands_still_until_it_is_released() -> None:
    """The running sentence is cut and starts anew; what was queued is aborted; what comes meanwhile is rejected."""
    head = playing()
    head.insert(insertion(), T0)
    events = head.stop(stop(hold=True), T0 + 500)
    assert told(events) == [("aborted", "killed")]
    assert head.next_deadline() is None
    assert told(head.insert(insertion("bb", after="a2"), T0 + 600), "bb") == [("rejected", "held")]
    assert run(head, 60_000) == []
    assert head.stop(stop(hold=True), T0 + 60_000) == []
    assert heard(head.stop(stop(), T0 + 61_000)) == [(61_000, "v1:a1")]


def test_a_stop_of_a_reply_that_holds_waits_at_its_cursor() -> None:
    """Released, the script goes on where the reply would have let it."""
    head = playing()
    head.insert(insertion(after="a2", resume="b1"), T0)
    run(head, 4_200)
    assert told(head.stop(stop("aa", hold=True), T0 + 4_200)) == [("aborted", "killed")]
    assert head.next_deadline() is None
    assert heard(head.stop(stop(), T0 + 9_000)) == [(9_000, "v1:b1")]


def test_an_insertion_for_now_cuts_the_sentence() -> None:
    """After the lead; then the interrupted sentence starts again. A reply is never cut by another."""
    head = playing()
    events = head.insert(insertion(after=None, when="now"), T0 + 100) + run(head, 2_000)
    assert heard(events) == [(900, "reply aa"), (1_900, "v1:a1")]
    head.insert(insertion("bb", after=None, when="now"), T0 + 2_000)
    head.insert(insertion("cc", after=None, when="now"), T0 + 2_500)
    assert heard(run(head, 5_000)) == [(2_800, "reply bb"), (3_800, "reply cc"), (4_800, "v1:a1")]


def test_an_insertion_for_now_tells_where_the_script_goes_on() -> None:
    """At the start of the sentence that it cut, whichever that was; where it met a boundary, at the next sentence."""
    head = playing()
    events = head.insert(insertion(after=None, when="now", resume="a1"), T0 + 1_500) + run(head, 4_000)
    assert heard(events) == [(2_000, "v1:a2"), (2_300, "reply aa"), (3_300, "v1:a2")]
    assert [e.cursor for e in events if isinstance(e, Tell) and e.kind == "started"] == [cursor("a2")]
    assert [e.cursor for e in events if isinstance(e, Say) and e.kind == "cut"] == [cursor("a2")]
    head = playing()
    events = head.insert(insertion(after=None, when="now", resume="a1"), T0 + 1_200) + run(head, 4_000)
    assert heard(events) == [(2_000, "reply aa"), (3_000, "v1:a2")]
    assert [e.cursor for e in events if isinstance(e, Tell) and e.kind == "started"] == [cursor("a2")]


@pytest.mark.parametrize(("at", "wait"), [(100, 1_500), (1_100, 2_000), (1_200, 2_500), (2_600, 3_900)])
def test_nothing_cuts_into_a_sentence_that_holds_nor_into_the_one_it_belongs_to(at: int, wait: int) -> None:
    """Nor in between; the refusal says so, and the script goes on."""
    head = Playhead(lead_ms=800)
    head.load(script(hold="a1"), T0)
    events = run(head, at) + head.insert(insertion(after=None, when="now"), T0 + at) + run(head, wait)
    assert told(events) == [("accepted", ""), ("rejected", "hold")]
    assert heard(events + run(head, 4_500)) == [(2_000, "v1:a2"), (4_000, "v1:b1")]


def test_an_insertion_into_silence_does_not_cut_a_script_that_begins_meanwhile() -> None:
    """It was meant for an idle script."""
    head = Playhead(lead_ms=800)
    events = head.insert(insertion(after=None), T0) + head.load(script(), T0 + 100) + run(head, 2_500)
    assert told(events) == [("accepted", ""), ("rejected", "not_idle")]
    assert heard(events) == [(100, "v1:a1"), (2_100, "v1:a2")]


def test_another_script_takes_over_at_the_next_segment() -> None:
    """After a reply at that boundary, too, and with the segment that follows; what names a sentence of the old one is rejected then."""
    head = playing()
    head.insert(insertion(after="a2", resume="b1"), T0)
    head.insert(insertion("bb", after="b1"), T0)
    head.load(script("v2"), T0 + 100)
    events = run(head, 5_500)
    assert heard(events) == [(2_000, "v1:a2"), (4_000, "reply aa"), (5_000, "v2:b1")]
    assert told(events, "bb") == [("rejected", "script_changed")]
    assert told(head.insert(insertion("cc", after="b1"), T0 + 5_500), "cc") == [("rejected", "script_changed")]


def test_reloads_in_a_row_never_send_it_back_to_the_opening() -> None:
    """However often facts change, each segment of a lap is said once, and laps go on counting."""
    head = playing()
    said: list[Event] = []
    for n in range(1, 12):
        said += run(head, n * 2_000 - 700)
        said += head.load(script(f"v{n + 1}"), T0 + n * 2_000 - 700)
    assert [text[3:] for _, text in heard(said)][:9] == ["a2", "b1", "b2", "a1", "a2", "b1", "b2", "a1", "a2"]
    assert head.state().cursor is not None
    assert (head.state().cursor or cursor("a1")).lap == 2


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (("a1", "a2", "x1", "b1"), "v2:x1"),  # put in behind what was just said
        (("b1", "b2", "c1"), "v2:b1"),  # the one just said is gone
        (("x1", "y1"), "v2:x1"),  # nothing of it is left
    ],
)
def test_what_a_reloaded_script_goes_on_with(ids: tuple[str, ...], expected: str) -> None:
    """The segment behind the one just said, else the next that is still there, else the first."""
    head = playing()
    head.load(script("v2", ids=ids), T0 + 100)
    assert heard(run(head, 4_000))[-1] == (4_000, expected)


def test_the_running_script_told_again_takes_the_waiting_one_back() -> None:
    """A fact that changes and changes back leaves what is queued in its place."""
    head = playing()
    head.insert(insertion(after="a2", resume="b1"), T0)
    head.load(script("v2"), T0 + 100)
    head.load(script("v1"), T0 + 200)
    events = head.insert(insertion("bb", after="b1", resume="b2"), T0 + 300) + run(head, 8_000)
    assert heard(events) == [
        (2_000, "v1:a2"),
        (4_000, "reply aa"),
        (5_000, "v1:b1"),
        (7_000, "reply bb"),
        (8_000, "v1:b2"),
    ]


def test_two_neighbouring_segments_of_one_name_are_two() -> None:
    """A reloaded script takes over between them."""
    one, two = (ScriptSegment(id="a", sentences=(ScriptSentence(id=n, text=n, seconds=2.0),)) for n in ("a1", "a2"))
    head = Playhead()
    head.load(SetScript(id="r", script="s", version="v1", segments=(one, two)), T0)
    head.load(SetScript(id="r", script="s", version="v2", segments=(one, two)), T0 + 100)
    assert heard(run(head, 4_000)) == [(2_000, "a2"), (4_000, "a1")]
    assert head.state().cursor == Cursor(version="v2", lap=1, segment="a", sentence="a1")


def test_a_script_that_ran_out_is_followed_by_another_at_once() -> None:
    """Nothing has to be waited for; where it only changed, there is nothing left to say, until it has more."""
    head = playing(loop=False)
    run(head, 9_000)
    assert head.load(script("v2", loop=False), T0 + 9_100) == []
    assert heard(head.load(script("v3", loop=False, ids=(*IDS, "c1")), T0 + 9_200)) == [(9_200, "v3:c1")]
    assert heard(run(head, 12_000)) == []
    assert heard(head.load(script("v4", loop=False, ids=("x1",)), T0 + 12_000)) == [(12_000, "v4:x1")]


def test_a_script_that_is_reloaded_in_its_last_segment_ends_idle() -> None:
    """It has been said to its end; that is told once."""
    head = playing(loop=False)
    run(head, 7_000)
    head.load(script("v2", loop=False), T0 + 7_000)
    events = run(head, 20_000)
    assert [e.kind for e in events if isinstance(e, Tell)] == ["sentence_ended", "idle"]
    assert head.next_deadline() is None


def test_replies_are_as_long_as_told_divided_by_the_speed() -> None:
    """The script's seconds are the caller's business."""
    head = Playhead(speed=4)
    head.load(script(), T0)
    events = head.insert(insertion(), T0) + run(head, 2_300)
    assert heard(events) == [(2_000, "reply aa"), (2_250, "v1:a2")]


def test_the_player_remembers_its_last_outcomes() -> None:
    """As many as it may tell, the newest."""
    head = playing()
    for n in range(20):
        head.insert(insertion(f"{n:02x}", after="z9"), T0)
    kept = [state.insertion[:2] for state in head.state().outcomes]
    assert kept == [f"{n:02x}" for n in range(20 - MAX_OUTCOMES, 20)]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(1, 3_000)),
        st.tuples(
            st.just("insert"),
            st.tuples(st.integers(0, 9), st.sampled_from([*IDS, "z9"]), st.integers(0, 2), st.integers(0, 9_000),
                      st.sampled_from(["sentence", "now", "idle"])),
        ),
        st.tuples(st.just("withdraw"), st.integers(0, 9)),
        st.tuples(st.just("stop"), st.tuples(st.none() | st.integers(0, 9), st.booleans())),
        st.tuples(st.just("load"), st.integers(1, 2)),
    ),
    max_size=40,
)  # fmt: skip


@given(STEPS, st.booleans())
def test_whatever_comes_the_rules_hold(steps: list[tuple[str, object]], loop: bool) -> None:
    """Nothing starts after its latest start; one thing is heard at a time; each insertion starts at most once and is reported in order;
    what was withdrawn never starts; without a stop the script loses and repeats no sentence of a lap."""
    head, now, gone = Playhead(lead_ms=800), T0, set()
    latest: dict[str, int] = {}
    events: list[Event] = head.load(script(loop=loop), now)
    plain = True
    for kind, what in steps:
        if kind == "wait":
            assert isinstance(what, int)
            now += what
            new = head.advance(now)
        elif kind == "insert":
            assert isinstance(what, tuple)
            n, after, lap, ahead, when = what
            one = insertion(f"{n:02x}", after, not_after=now + ahead, when=when)
            one = one.model_copy(update={"after": cursor(after, lap), "resume": None})
            latest.setdefault(one.id, one.not_after)
            plain = plain and when == "sentence"
            new = head.insert(one, now)
        elif kind == "withdraw":
            key = f"{what:02x}"
            new = head.withdraw(withdraw(key), now)
            if not any(isinstance(e, Tell) and e.insertion == key * 16 and e.kind == "started" for e in events):
                gone.add(key * 16)
        elif kind == "stop":
            assert isinstance(what, tuple)
            plain = False
            new = head.stop(stop(f"{what[0]:02x}" if what[0] is not None else None, hold=what[1]), now)
        else:
            plain = False
            new = head.load(script(f"v{what}", loop=loop), now)
        for event in new:
            if isinstance(event, Tell) and event.kind == "started" and event.reason != "repeated":
                assert event.insertion is not None
                assert now <= latest[event.insertion]
                assert event.insertion not in gone
        events += new
        due = head.next_deadline()
        assert due is None or due > now or head.advance(now) is not None
    _check_reports(events)
    if plain:
        sentences = [e.cursor for e in events if isinstance(e, Tell) and e.kind == "sentence_started"]
        expected = [cursor(IDS[n % 4], n // 4) for n in range(len(sentences))]
        assert sentences == expected


def _check_reports(events: list[Event]) -> None:
    order = {"accepted": 0, "started": 1, "ended": 2, "aborted": 2, "rejected": 2}
    last: dict[str, int] = {}
    ends = 0
    for event in events:
        if isinstance(event, Say):
            assert event.kind == "cut" or event.at >= ends
            ends = event.at if event.kind == "cut" else event.at + event.duration_ms
        elif event.insertion is not None and event.reason != "repeated":
            assert order[event.kind] > last.get(event.insertion, -1)
            last[event.insertion] = order[event.kind]
