"""Gaps by meaning: what is merged, what stays apart, and how ids and marks last."""

from __future__ import annotations

from functools import cache
from random import Random

import pytest

from engine.events.codec import decode, encode
from engine.events.gaps import Gap
from engine.events.inputs import GapMark, GapMarkKind
from engine.events.outputs import Decision
from engine.insight.board import Boards, Change, ShopPool, record
from engine.insight.features import Rarity, dense
from engine.insight.gaps import Gaps, Marked
from engine.insight.window import Window
from engine.settings import InsightSettings
from tests.unit.insight.made import NOW, decision

HOUR = Window(3_600_000)
MINUTE = 60_000

POOL = (
    "什么时候发货", "今天能发货吗", "多少钱一罐", "这个多少钱", "有没有优惠券", "怎么领优惠券", "主播好", "来了来了", "哈哈哈", "好喝吗",
    "能退货吗", "怎么退货", "几天能到", "快递到哪了", "when do you ship", "how much is it", "do you have a coupon", "hello everyone",
)  # fmt: skip
INVOICE = ("能开发票吗", "可以开发票不", "发票怎么开", "开发票要税号吗", "有发票吗老板", "公司发票能开吗")
PET = ("宠物能喝吗", "猫能不能喝", "宠物猫能喝这个吗", "猫猫能喝这个吗")
SHIP = ("do you ship to canada", "shipping to canada possible", "can you send it to canada")


@cache
def rarity() -> Rarity:
    return Rarity.of(POOL)


def asked(lines: tuple[str, ...], *, at: int = NOW, who: str = "v", **fields: object) -> list[Decision]:
    """Each line asked by a viewer of its own."""
    return [
        decision("unknown_intent", text=line, norm=line, viewer=f"{who}{line}", decided=at, intent=None, **fields)
        for line in lines
    ]


def board(found: list[Decision], now: int = NOW) -> Gaps:
    made = Gaps("tea", HOUR, 5_000)
    made.weigh(rarity())
    for one in found:
        made.add(one, now)
    arrange(made, now)
    return made


def arrange(made: Gaps, now: int) -> None:
    for _ in made.arrange(now):
        pass


def groups(made: Gaps) -> dict[str, set[str]]:
    return {one.id: set(made.look(one).lines) for one in made.ranked(1_000, NOW)}


def test_rows_are_unit_vectors_of_what_is_rare() -> None:
    """Likeness is 1 for the same words, more for a shared rare word than for a shared common one; what is left out changes nothing."""
    rows = rarity().rows(["能开发票吗", "发票", "能退货吗", "吗"])
    likeness = (rows @ rows.T).toarray()
    assert likeness[0, 0] == pytest.approx(1.0)
    assert likeness[0, 1] > likeness[0, 2]
    packed = dense(rows)
    assert (packed @ packed.T).toarray()[0, 1:] == pytest.approx(likeness[0, 1:])


def test_other_words_for_the_same_are_one_gap() -> None:
    """Wordings of one thing are one gap, of different things are not, whatever their language and reason."""
    mixed = [*asked(INVOICE), *asked(PET), *asked(SHIP, language="en")]
    mixed[0].reason = "low_confidence"
    made = board(mixed)
    found = sorted(groups(made).values(), key=len)
    assert found == [set(SHIP), set(PET), set(INVOICE)]
    first = made.look(made.ranked(1, NOW)[0])
    assert (first.viewers, first.reason, first.reasons) == (
        6,
        "unknown_intent",
        {"low_confidence": 1, "unknown_intent": 5},
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_decisions_does_not_matter(seed: int) -> None:
    """Whatever order partitions are read in, wordings are grouped alike, under the same ids."""
    found = [*asked(INVOICE), *asked(PET), *asked(SHIP, language="en")]
    mixed = list(found)
    Random(seed).shuffle(mixed)
    assert groups(board(mixed)) == groups(board(found))


def test_a_new_wording_joins_what_stands() -> None:
    """Within a minute no gap is torn apart: what is new joins its gap, or begins one."""
    made = board(asked(INVOICE))
    (gap,) = groups(made)
    for one in asked(("发票开什么抬头", "有没有会员卡")):
        made.add(one, NOW)
    arrange(made, NOW)
    found = groups(made)
    assert found[gap] == {*INVOICE, "发票开什么抬头"}
    assert len(found) == 2


def test_gaps_merge_and_split_as_words_do() -> None:
    """Two gaps become one when words link them, under the id of the larger; when the linking words are an hour old, they part again."""
    left, right = ("猫能喝吗", "猫可以喝吗"), ("罐子刻字", "罐子上刻字", "刻字罐子")
    link = ("猫能喝吗罐子刻字", "罐子上刻字猫可以喝吗", "猫可以喝吗刻字罐子")
    made = board([*asked(left), *asked(right)])
    apart = groups(made)
    assert sorted(map(len, apart.values())) == [2, 3]
    for one in asked(link, at=NOW + MINUTE):
        made.add(one, NOW + MINUTE)
    arrange(made, NOW + MINUTE)
    assert groups(made) == {next(gap for gap, lines in apart.items() if len(lines) == 3): {*left, *right, *link}}
    later = NOW + 61 * MINUTE
    for one in [*asked(left, at=later), *asked(right, at=later)]:
        made.add(one, later)
    arrange(made, later)
    assert len(groups(made)) == 2


def test_a_gap_keeps_its_id_when_its_words_change() -> None:
    """Hour by hour viewers find new words; the gap stays the one that an editor knows, and keeps its beginning."""
    made = board(asked(INVOICE[:3]))
    (gap,) = groups(made)
    for turn, line in enumerate(INVOICE[3:], 1):
        now = NOW + turn * 40 * MINUTE
        for one in asked((line, INVOICE[turn]), at=now):
            made.add(one, now)
        arrange(made, now)
        assert list(groups(made)) == [gap]
    assert made.ranked(1, NOW)[0].born == NOW


# ---- marks and restarts ----------------------------------------------------------------------------------------------


def mark(made: Gaps, gap: str, kind: GapMarkKind, at: int = NOW, version: str | None = None) -> int | None:
    return made.mark(gap, Marked(kind, at, version))


def test_a_closed_gap_reopens_by_other_words() -> None:
    """What was asked before the closing is gone, all wordings of it; who asks the same in new words later reopens it, counted anew."""
    made = board(asked(INVOICE[:4]))
    (gap,) = groups(made)
    assert mark(made, gap, "closed", NOW + 30_000) == 30_000
    arrange(made, NOW + MINUTE)
    assert groups(made) == {}
    later = NOW + 5 * MINUTE
    for one in asked(INVOICE[4:], at=later):
        made.add(one, later)
    arrange(made, later)
    (standing,) = made.ranked(5, later)
    assert (standing.id, standing.viewers, standing.born, standing.reopened) == (gap, 2, later, NOW + 30_000)
    assert made.reopened == 1
    arrange(made, later + MINUTE)
    assert made.reopened == 1


def test_closed_in_a_version_waits_for_no_minute() -> None:
    """A decision of the version in which it was closed reopens a gap at once; of an older one only after the minute."""
    made = board(asked(INVOICE[:4]))
    (gap,) = groups(made)
    mark(made, gap, "closed", NOW + 5_000, "cd" * 16)
    made.add(
        decision("unknown_intent", text=INVOICE[0], norm=INVOICE[0], viewer="new", decided=NOW + MINUTE), NOW + MINUTE
    )
    arrange(made, NOW + MINUTE)
    assert list(groups(made)) == [gap]


def test_not_ours_hides_new_words_too() -> None:
    """What is not ours stays hidden when viewers put it otherwise, also hours after the last one asked; `open` shows it again."""
    made = board(asked(PET[:2]))
    (gap,) = groups(made)
    mark(made, gap, "not_ours")
    later = NOW + 120 * MINUTE
    arrange(made, later)
    for one in asked(PET[2:], at=later):
        made.add(one, later)
    arrange(made, later)
    assert groups(made) == {}
    assert [one.id for one in made.hidden()] == [gap]
    mark(made, gap, "open", later)
    assert list(groups(made)) == [gap]


def write(made: Boards, topic: dict[str, bytes], now: int) -> list[Change]:
    changes = [change for change in made.changes(now) if change is not None]
    for change in changes:
        if change.value is None:
            del topic[change.key]
        else:
            topic[change.key] = change.value
    made.confirm(changes)
    return changes


def boards(found: list[Decision], topic: dict[str, bytes], now: int) -> Boards:
    made = Boards(HOUR, 5_000)
    made.pooled("tea", ShopPool({}, rarity()))
    for value in topic.values():
        made.found(decode("gaps", value), value)
    for one in found:
        made.decided(one, now)
    made.settle()
    return made


def test_a_restart_finds_the_same_gaps() -> None:
    """A new process that reads the window and the topic writes nothing, though the ids are older than the wordings that name them."""
    found = [*asked(INVOICE), *asked(PET), *asked(SHIP, language="en")]
    topic: dict[str, bytes] = {}
    write(boards(found, topic, NOW), topic, NOW)
    later = NOW + 50 * MINUTE
    found += asked((*INVOICE[1:4], "发票多久开好"), at=later)
    made = boards(found, topic, later)
    write(made, topic, later)
    now = NOW + 70 * MINUTE
    write(made, topic, now)
    assert write(boards(list(reversed(found)), topic, now), topic, now) == []


def test_a_mark_outlives_a_restart_and_the_window() -> None:
    """A gap that is not ours is known by its lines on the topic, after a restart in which none of its wordings was asked any more."""
    topic: dict[str, bytes] = {}
    made = boards(asked(PET[:2]), topic, NOW)
    write(made, topic, NOW)
    (gap,) = made.board("tea", NOW)
    told = GapMark(id="m1", at=NOW, shop="tea", gap=gap.id, mark="not_ours")
    made.marked(told)
    write(made, topic, NOW + 90 * MINUTE)
    later = NOW + 120 * MINUTE
    anew = Boards(HOUR, 5_000)
    anew.pooled("tea", ShopPool({}, rarity()))
    anew.marked(told)
    for value in topic.values():
        anew.found(decode("gaps", value), value)
    for one in asked(PET[2:], at=later):
        anew.decided(one, later)
    anew.settle()
    write(anew, topic, later)
    assert anew.board("tea", later) == []
    (held,) = [decode("gaps", value) for value in topic.values()]
    assert (held.id, held.mark, held.viewers) == (gap.id, "not_ours", 2)


def test_without_the_pool_each_wording_stands_alone() -> None:
    """Before the pool was read nothing is grouped; from then on all of it is."""
    made = Gaps("tea", HOUR, 100)
    for one in asked(INVOICE):
        made.add(one, NOW)
    arrange(made, NOW)
    assert len(groups(made)) == len(INVOICE)
    made.weigh(rarity())
    arrange(made, NOW)
    assert list(groups(made).values()) == [set(INVOICE)]


def test_the_record_holds_what_ranks_it() -> None:
    """Whoever reads the topic has languages, reasons, activity and value."""
    made = board([*asked(INVOICE), *asked(("do you do invoices",), language="en")])
    gap: Gap = record(made.ranked(5, NOW)[0], made)
    assert gap.languages["zh"] == 6
    assert sum(gap.activity.viewers) == gap.viewers
    assert encode(gap)


# ---- delay -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("busy", [0, 400])
def test_a_burst_is_seen_within_a_minute(busy: int) -> None:
    """Of something that nobody asked before, in many words, from its first comment to the topic: well below the minute, by the settings
    as they ship, also where the shop holds hundreds of other wordings."""
    step = round(InsightSettings().publish_s * 1_000)
    made = Boards(HOUR, 5_000)
    made.pooled("tea", ShopPool({}, rarity()))
    for n in range(busy):
        for one in asked((f"{POOL[n % len(POOL)]}第{n}回",), at=NOW - 5 * MINUTE):
            made.decided(one, NOW)
    topic: dict[str, bytes] = {}
    write(made, topic, NOW)
    begin = NOW + 1_300
    burst = [one for n in range(40) for one in asked(INVOICE, at=begin + n * 500, who=f"{n}-")]
    now = NOW
    while now < begin + MINUTE:
        now += step
        for one in [one for one in burst if now - step < one.decided <= now]:
            made.decided(one, now)
        write(made, topic, now)
        (gap,) = made.board("tea", now, 1)
        if gap.viewers >= 10 and set(gap.lines) == set(INVOICE):
            break
    else:
        pytest.fail("the burst did not lead the board within a minute")
    assert f"tea/{gap.id}" in topic
    if not busy:
        assert now - begin <= 2 * step
