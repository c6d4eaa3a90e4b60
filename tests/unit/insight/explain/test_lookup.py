"""Comments are found by id, wherever they stand."""

from __future__ import annotations

from engine.insight.explain.lookup import look, needles_of
from engine.worker.intake import dead_letter
from engine.worker.output import letters
from tests.unit.insight.logged import ASK, CHAT, Logged


def logged() -> Logged:
    live = Logged()
    live.turn(live.desk.comment(CHAT, id="a1", room="r1"), live.desk.comment(ASK, id="a2", room="r2", source="t"))
    live.turn(live.desk.comment(ASK, id="a2", room="r1"), live.desk.comment(CHAT, id="a1", room="r1"))
    return live


async def test_one_by_its_id_with_its_repeats() -> None:
    """And its decision."""
    (found,) = (await look(logged().bus, "a1")).sightings
    assert (found.room, found.source, found.id) == ("r1", "s", "a1")
    assert found.decision is not None
    assert found.decision.reason == "chatter"
    assert [offset for offset, _ in found.records] == [0, 3]


async def test_several_with_one_id_are_told_apart() -> None:
    """By room and source, which may be named."""
    bus = logged().bus
    assert {(each.room, each.source) for each in (await look(bus, "a2")).sightings} == {("r1", "s"), ("r2", "t")}
    assert [each.room for each in (await look(bus, "a2", "r2")).sightings] == ["r2"]
    assert [each.room for each in (await look(bus, "a2", source="s")).sightings] == ["r1"]


async def test_by_the_id_of_its_decision() -> None:
    """As gaps and dashboards name it."""
    bus = logged().bus
    decision = (await look(bus, "a1")).sightings[0].decision
    assert decision is not None
    (found,) = (await look(bus, decision.id)).sightings
    assert found.id == "a1"
    assert len(found.records) == 2


async def test_what_is_not_there_has_neighbours() -> None:
    """Ids that look like it; and who knows only the words gets the ids of those who said them."""
    bus = logged().bus
    found = await look(bus, "a11")
    assert not found.sightings
    assert "a1" in dict(found.near)
    assert dict((await look(bus, "哈哈哈")).near) == {"a1": CHAT}
    assert (await look(bus, "xyz")).near == []


async def test_one_that_was_set_aside_is_found_in_its_dead_letter() -> None:
    """By the bytes of its record."""
    live = logged()
    broken = live.desk.stored("comments", "r1", b'{"room":"r1","source":"s","id":"broken-1"')
    live.write(broken)
    for out in letters([dead_letter(broken, "it is no JSON", live.desk.now)]):
        live.bus.append(out)
    found = await look(live.bus, "broken-1")
    assert not found.sightings
    assert [letter.error for letter in found.letters] == ["it is no JSON"]
    assert (await look(live.bus, "broken-1", "r2")).letters == []


async def test_personal_data_is_covered_before_it_is_shown() -> None:
    """Of what no worker has read yet, and of neighbours."""
    live = logged()
    live.write(live.desk.comment("§ 打我电话13812345678", id="phone", room="r1"))
    (found,) = (await look(live.bus, "phone")).sightings
    near = dict((await look(live.bus, "phon")).near)
    assert "13812345678" not in found.text + near["phone"]
    assert "打我电话" in found.text


def test_ids_are_sought_as_they_may_be_written() -> None:
    """Producers escape what is not ASCII, or do not."""
    assert needles_of("a1") == (b"a1",)
    assert needles_of('喵"') == ('喵\\"'.encode(), b'\\u55b5\\"')
