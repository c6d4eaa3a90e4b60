"""The lists of barred terms: what ships, what a shop adds, exempts and may say all the same."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from engine.errors import PoolError
from engine.pool.banned import Banned
from engine.pool.lint import check
from engine.pool.load import load
from engine.pool.model import UNLISTED
from engine.pool.paths import base_pack, example_shop
from tests.unit.pool.shops import GUARD, REPLIES, write

LIST = """\
list:
  id: absolute
  title: {zh: 绝对化用语, en: absolute terms}
  terms: [最, 顶级, best]
  allow: {最: [最近, 最后]}
"""
MORE = """\
list:
  id: absolute
  title: 绝对化用语
  terms: [茶中之王]
  allow: {最: [最考验]}
"""


def shop(folder: Path, guard: str = GUARD, **files: str | bytes) -> Banned:
    """What is barred in a shop with a list in its base pack."""
    base, own = write(folder, shop_guard_yaml=guard, **files)
    (base / "guard").mkdir()
    (base / "guard" / "absolute.yaml").write_text(LIST, encoding="utf-8")
    return Banned.of(load(base, own).pool.guard)


def test_a_list_bars_its_terms_but_in_their_contexts(tmp_path: Path) -> None:
    """Beside the shop's own terms."""
    banned = shop(tmp_path)
    assert banned.found("最近的国家级顶级好茶") == ["国家级", "顶级"]
    assert banned.found("最好的") == ["最"]


def test_a_shop_adds_to_a_list_by_its_id(tmp_path: Path) -> None:
    """Terms and contexts."""
    base, own = write(tmp_path)
    for folder, text in ((base / "guard", LIST), (own / "intents" / "guard", MORE)):
        folder.mkdir(parents=True)
        (folder / "absolute.yaml").write_text(text, encoding="utf-8")
    banned = Banned.of(load(base, own).pool.guard)
    assert banned.found("茶中之王") == ["茶中之王"]
    assert banned.found("最考验鲜叶，最近") == []


@pytest.mark.parametrize(
    ("exemption", "free", "barred"),
    [
        ("{term: 顶级, reason: 商标}", "顶级", "最好"),
        ("{term: 最, in: [最香的], reason: 商标}", "最香的茶", "最好的茶"),
        ("{list: absolute, reason: 本店不在中国}", "最顶级的best", "国家级"),
    ],
)
def test_a_shop_exempts_with_a_reason(tmp_path: Path, exemption: str, free: str, barred: str) -> None:
    """A term, a term inside a text, or a whole list; its own terms stay barred."""
    banned = shop(tmp_path, f"{GUARD}exempt:\n  - {exemption}\n")
    assert banned.found(free) == []
    assert banned.found(barred)


def test_replies_scripts_names_and_facts_are_held_against_the_lists(tmp_path: Path) -> None:
    """At their places, with the list's id; a placeholder's own name makes no term."""
    with pytest.raises(PoolError) as raised:
        shop(
            tmp_path,
            shop_intents_all_yaml=REPLIES.replace("拍下", "最快拍下"),
            shop_scripts_evening_yaml=(
                "script:\n  id: evening\n  language: zh\n  segments:\n    - id: one\n      sentences:\n"
                '        - {id: s1, text: "顶级好茶。", seconds: 2.5}\n        - {id: s2, text: "{best}好。", seconds: 2.5}\n'
            ),
            shop_catalogue_yaml=(
                "facts:\n  dispatch_hours: {value: 48}\n  best: {value: 很}\n  taste: {value: 最鲜}\n"
                "products:\n  tgy: {name: 最香铁观音, link: 3, facts: {price: {value: 129, unit: CNY, floor: 99, ceiling: 169}}}\n"
            ),
        )
    told = [f"{Path(one.file).name}:{one.line} {one.message}" for one in raised.value.problems]
    assert told == [
        "catalogue.yaml:4 the text of `taste` holds the banned term `最`",
        "catalogue.yaml:6 the product's name holds the banned term `最` of the list `absolute`",
        "all.yaml:12 the reply `dispatch` holds the banned term `最` of the list `absolute`",
        "evening.yaml:7 the sentence `s1` holds the banned term `顶级` of the list `absolute`",
    ]


def test_a_term_that_only_the_filled_text_makes_is_told(tmp_path: Path) -> None:
    """The words around a fact and the fact itself."""
    with pytest.raises(PoolError) as raised:
        shop(
            tmp_path,
            shop_intents_all_yaml=REPLIES.replace("拍下{dispatch_hours}", "这是顶{grade}的{dispatch_hours}"),
            shop_catalogue_yaml=(
                "facts: {dispatch_hours: {value: 48}, grade: {value: 级}}\n"
                "products:\n  tgy: {name: 铁观音, link: 3, facts: {price: {value: 129, unit: CNY, floor: 99, ceiling: 169}}}\n"
            ),
        )
    assert [one.message for one in raised.value.problems] == ["filled it holds the banned term `顶级`"]


def test_a_shop_without_a_disclosure_is_doubtful(tmp_path: Path) -> None:
    """It can be published all the same: another country may ask for none."""
    base, own = write(tmp_path, shop_guard_yaml="banned: [国家级]\n")
    report = check(base, own)
    assert not report.errors
    assert any("nothing tells viewers" in one.message for one in report.warnings)
    base, own = write(tmp_path / "half", shop_guard_yaml="disclosure: {text: {zh: 我是数字人}}\n")
    assert any("the disclosure has no `en`" in one.message for one in check(base, own).warnings)


# ---- the lists that ship -----------------------------------------------------------------------------------------------


@cache
def shipped() -> Banned:
    return Banned.of(load(base_pack(), example_shop()).pool.guard)


@pytest.mark.parametrize(
    "text",
    [
        "这是全网最低的价格", "国家级非遗工艺", "销量第一的茶", "世界级的品质", "绝无仅有", "100%有效", "史上最优惠", "顶级原料",
        "NO.1品牌",
        "最高级", "可以降血压", "喝了能减肥", "有治疗作用", "增强免疫力", "三天见效快", "祖传秘方", "排毒养颜", "国家領導人也喝",
        "最 佳 选 择", "極致口感", "The best tea in the world", "our number one tea", "world-class quality", "it cures insomnia",
        "helps you lose weight", "clinically proven", "lowers blood pressure", "the cheapest anywhere", "boosts immunity",
        "no side effects", "unbeatable",
    ],
)  # fmt: skip
def test_what_advertising_may_not_claim_is_barred(text: str) -> None:
    """In both languages."""
    assert shipped().found(text)


@pytest.mark.parametrize(
    "text",
    [
        "最近新到了一批", "最后还有十份", "最晚明天发出", "最多拍两份", "最早今晚发", "第一次来的朋友", "第一泡要快", "第一步先烫杯",
        "第一时间给您发", "历史上的贡茶", "最好先用温水冲", "不能治疗疾病，也不能代替药物", "这不是药，没有疗效", "安全能保证", "成长生活",
        "世界冠军喝过", "加特效的镜头", "从义乌发货", "绝对不能放冰箱", "Best before March", "Try your best to keep it dry",
        "It is best served warm", "not intended to cure anything, cannot cure", "the first steep", "dry cured ham",
        "This tea is a treat", "A test batch", "slimming fit", "It does not cure anything",
    ],
)  # fmt: skip
def test_what_only_looks_like_it_may_be_said(text: str) -> None:
    """False alarms would teach editors to exempt without reading."""
    assert shipped().found(text) == []


def test_few_of_what_viewers_write_would_be_barred() -> None:
    """Viewers' lines are no advertising; they hold such words as often as people do. What is counted is how rarely a list is wrong."""
    pool = load(base_pack(), example_shop()).pool
    banned = Banned.of(pool.guard)
    lines = [line.text for line in pool.training.lines if line.intent is None or line.intent == UNLISTED]
    assert sum(1 for line in lines if banned.hits(line)) < len(lines) / 40
