"""The session's table: state × message → what to do."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.events.closes import CLOSES, CloseCode
from engine.events.roles import CLIENT_TYPES, ROLE_TYPES
from engine.events.wire import ClientRole, Refused
from engine.gateway.auth import EVERY_ROLE, Access
from engine.gateway.session import Admit, End, Handle, Say, Session, State

GOOD: dict[str, dict[str, object]] = {
    "identify": {"role": "source", "rooms": ["r"], "token": "all"},
    "heartbeat": {"sent": 5},
    "comments": {"id": "1", "comments": [{"id": "c", "text": "hi"}]},
    "script": {"id": "2", "script": "s", "version": "v", "segments": [{"id": "a", "sentences": [{"id": "x", "text": "t", "seconds": 1}]}]},
    "playback": {"id": "3", "at": 5, "kind": "idle"},
    "room_open": {"id": "4", "room": "r"},
    "room_close": {"id": "5", "room": "r"},
    "mode_set": {"id": "6", "room": "r", "mode": "auto"},
    "kill": {"id": "7", "scope": "*", "on": True},
    "take_over": {"id": "8", "room": "r", "who": "person"},
    "shop_mode_set": {"id": "6", "shop": "tea", "mode": "auto"},
    "proposals": {"id": "9"},
    "gaps": {"id": "9"},
    "approval": {"id": "9", "room": "r", "proposal": "ab" * 8, "verdict": "approve"},
    "fact_set": {"id": "10", "shop": "tea", "name": "price", "value": 1},
    "handoff_state": {"id": "11", "room": "r", "handoff": "ab" * 8, "state": "answered"},
    "chat_reply_report": {"id": "12", "room": "r", "reply": "ab" * 8, "status": "posted"},
    "gap_mark": {"id": "13", "shop": "tea", "gap": "ab" * 8, "mark": "later"},
}  # fmt: skip


def authenticate(token: str) -> Access | None:
    return {
        "all": Access("all", EVERY_ROLE, ("*",), None),
        "source": Access("source", ("source",), ("r", "tea-*"), None),
    }.get(token)


def session(now: int = 0) -> Session:
    return Session(authenticate, now=now, identify_ms=5_000, heartbeat_ms=15_000)


def frame(kind: str, **fields: object) -> str:
    return json.dumps({"type": kind, **GOOD.get(kind, {}), **fields})


def identified(role: ClientRole) -> Session:
    made = session()
    assert isinstance(made.receive(frame("identify", role=role), 0), Admit)
    return made


@pytest.mark.parametrize("kind", sorted(CLIENT_TYPES))
@pytest.mark.parametrize("role", EVERY_ROLE)
def test_each_role_may_send_its_own_messages_only(role: ClientRole, kind: str) -> None:
    """What the role may send is handed on; another message ends the connection; a second identify is an error reply."""
    made = identified(role)
    action = made.receive(frame(kind), 1)
    if kind == "identify":
        assert isinstance(action, Say)
        assert isinstance(action.message, Refused)
        assert action.message.code == "already_identified"
    elif kind in ROLE_TYPES[role]:
        assert isinstance(action, Handle)
        assert isinstance(action.message, CLIENT_TYPES[kind])
    else:
        assert isinstance(action, End)
        assert action.code is CloseCode.WRONG_ROLE
        assert made.state is State.CLOSED


@pytest.mark.parametrize("kind", sorted(set(CLIENT_TYPES) - {"identify"}))
def test_a_message_before_identify_ends_the_connection(kind: str) -> None:
    """Whatever it is."""
    action = session().receive(frame(kind), 0)
    assert isinstance(action, End)
    assert action.code is CloseCode.NOT_IDENTIFIED


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"token": "nobody"}, CloseCode.BAD_TOKEN),
        ({"token": "source", "role": "operator"}, CloseCode.WRONG_ROLE),
        ({"token": "source", "rooms": ["r", "s"]}, CloseCode.WRONG_ROLE),
        ({"token": "source", "rooms": ["other-*"]}, CloseCode.WRONG_ROLE),
        ({"token": "source", "rooms": ["tea-1", "tea-x*"]}, None),
        ({"version": 2}, CloseCode.UNKNOWN_VERSION),
        ({"version": "1"}, CloseCode.UNKNOWN_VERSION),
        ({"role": "king"}, CloseCode.BAD_IDENTIFY),
        ({"rooms": []}, CloseCode.BAD_IDENTIFY),
        ({"rooms": "r"}, CloseCode.BAD_IDENTIFY),
        ({"role": "player", "rooms": ["a", "b"]}, CloseCode.BAD_IDENTIFY),
        ({"role": "player", "rooms": ["a*"]}, CloseCode.BAD_IDENTIFY),
        ({"role": "player", "rooms": ["#1"]}, CloseCode.BAD_IDENTIFY),
        ({"streams": ["decisions"]}, CloseCode.WRONG_ROLE),
        ({"role": "operator", "streams": ["decisions"]}, None),
    ],
)
def test_identify_is_judged(fields: dict[str, object], code: CloseCode | None) -> None:
    """A bad token, role, room, version or field each has its close code."""
    action = session().receive(frame("identify", **fields), 0)
    if code is None:
        assert isinstance(action, Admit)
    else:
        assert isinstance(action, End)
        assert action.code is code
        assert len(action.reason.encode()) <= 123


@pytest.mark.parametrize("raw", ["", "{", "NaN", "[]", "5", '"x"', "{}", '{"type":5}', "[" * 60_000, b"{}"])
def test_what_is_not_a_json_object_with_a_type_ends_the_connection(raw: str | bytes) -> None:
    """Binary frames, broken JSON and deep nesting among them, before identify and after."""
    for made in (session(), identified("observer")):
        action = made.receive(raw, 0)
        assert isinstance(action, End)
        assert action.code is CloseCode.NOT_JSON


def test_a_malformed_request_is_refused_and_the_session_goes_on() -> None:
    """The reply names the field and echoes the id, where that is one."""
    made = identified("source")
    for request, echoed in (("r-1", "r-1"), ("bad id", None), (7, None), ("x" * 129, None)):
        action = made.receive(json.dumps({"type": "comments", "id": request, "comments": 5}), 1)
        assert isinstance(action, Say)
        assert isinstance(action.message, Refused)
        assert action.message.code == "bad_message"
        assert action.message.id == echoed
        assert "comments" in action.message.message
    unknown = made.receive('{"type":"dance","id":"r-2"}', 1)
    assert isinstance(unknown, Say)
    assert isinstance(unknown.message, Refused)
    assert (unknown.message.code, unknown.message.id) == ("unknown_type", "r-2")
    assert made.state is State.READY


def test_deadlines_end_silent_sessions() -> None:
    """Identify has its deadline; after it, two heartbeat intervals without a frame; any frame resets them; a busy server waits."""
    made = session(now=100)
    assert made.due(5_099) is None
    late = made.due(5_100)
    assert late is not None
    assert late.code is CloseCode.IDENTIFY_TIMEOUT
    made = identified("observer")
    assert made.due(29_999) is None
    made.receive('{"type":"nonsense"}', 29_999)
    assert made.due(59_998) is None
    made.alive(50_000)
    assert made.due(79_999) is None
    missed = made.due(80_000)
    assert missed is not None
    assert missed.code is CloseCode.HEARTBEAT_MISSED
    assert made.due(90_000) is None


JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["r", "all", "source", "player"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "room", "type", "comments"]), inner)
    ),
    max_leaves=6,
)
FRAMES = st.one_of(
    st.builds(lambda kind, fields: frame(kind, **fields), st.sampled_from(sorted(CLIENT_TYPES)), st.dictionaries(
        st.sampled_from(["id", "room", "role", "rooms", "token", "comments", "version", "segments", "sent"]), JSONISH, max_size=2)),
    JSONISH.map(json.dumps),
    st.text(max_size=8),
    st.binary(max_size=4),
)  # fmt: skip


@given(st.lists(st.tuples(FRAMES, st.integers(0, 20_000)), max_size=12))
def test_any_frames_in_any_order_have_a_defined_outcome(frames: list[tuple[str | bytes, int]]) -> None:
    """Nothing raises; a closed session stays closed and silent; every end has a documented code; requests are handled only when ready."""
    made, now = session(), 0
    for raw, wait in frames:
        now += wait
        before = made.state
        action = made.due(now) or made.receive(raw, now)
        if before is State.CLOSED:
            assert action is None
        elif isinstance(action, End):
            assert action.code in CLOSES
            assert made.state is State.CLOSED
        elif isinstance(action, Handle):
            assert before is State.READY
        elif isinstance(action, Admit):
            assert (before, made.state) == (State.NEW, State.READY)
        else:
            assert isinstance(action, Say)
            assert made.state is before


def test_a_halved_emoji_costs_nobody_the_connection() -> None:
    """What a platform cut inside a surrogate pair becomes `?`; pairs that are whole stay; what is not JSON ends the session as ever."""
    made = identified("source")
    cut = '{"type": "comments", "id": "1", "comments": [{"id": "c", "text": "\\ud83c \\ud83c\\udf75 \\udf75"}]}'
    action = made.receive(cut, 1)
    assert isinstance(action, Handle)
    assert action.message.model_dump()["comments"][0]["text"] == "? \U0001f375 ?"
    for broken in ('{"a": "\\ud83c"', '{"type": "heartbeat", "sent": NaN, "x": "\\ud83c"}', "[" * 50_000 + '"\\ud83c"'):
        end = identified("source").receive(broken, 1)
        assert isinstance(end, End)
        assert end.code is CloseCode.NOT_JSON


def test_all_rooms_are_those_of_the_token() -> None:
    """`*` asks for what the token covers, so that an operator of some rooms need not know which; a player still names one."""
    admitted = session().receive(frame("identify", token="source", rooms=["*"]), 0)
    assert isinstance(admitted, Admit)
    assert admitted.identify.rooms == ("r", "tea-*")
    nothing = Session(lambda _: Access("none", EVERY_ROLE, (), None), now=0, identify_ms=1, heartbeat_ms=1)
    end = nothing.receive(frame("identify", rooms=["*"]), 0)
    assert isinstance(end, End)
    assert end.code is CloseCode.WRONG_ROLE
    one = Session(lambda _: Access("one", EVERY_ROLE, ("r",), None), now=0, identify_ms=1, heartbeat_ms=1)
    end = one.receive(frame("identify", role="player", rooms=["*"]), 0)
    assert isinstance(end, End)
    assert end.code is CloseCode.BAD_IDENTIFY
