"""Other spellings of a word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.pool.load import load
from engine.pool.model import Pool
from engine.pool.paths import base_pack, example_shop
from engine.understanding.normalise import normal_form
from engine.understanding.spellings import Spellings

PAIRS = (("包油", "包邮"), ("包油费", "包邮费用"), ("pls", "please"), ("hm", "how much"), ("yyds", "永远的神"))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("包油吗", "包邮吗"),
        ("包油费吗", "包邮费用吗"),
        ("PLS tell me", "please tell me"),
        ("hm is it", "how much is it"),
        ("hmm", "hmm"),
        ("主播yyds", "主播永远的神"),
        ("包邮吗", "包邮吗"),
        ("", ""),
    ],
)
def test_words_are_read_as_they_are_meant(text: str, form: str) -> None:
    """The longest spelling wins; Latin ones only as whole words."""
    assert Spellings(PAIRS).form(text) == form


def test_without_spellings_forms_stay() -> None:
    assert Spellings(()).form("包油吗") == normal_form("包油吗")


@given(st.text(st.sampled_from("包油邮费pls hmyd钱"), max_size=20))
def test_what_is_meant_is_a_normal_form(text: str) -> None:
    form = Spellings(PAIRS).form(text)
    assert normal_form(form) == form


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("面包油吗", "面包油吗"),
        ("包油 面包油", "包邮 面包油"),
        ("麵包油嗎", "面包油吗"),
        ("hm for me", "hm for me"),
        ("hm", "how much"),
    ],
)
def test_a_word_that_stands_on_both_sides_stays(text: str, form: str) -> None:
    """What holds a spelling and is a word of its own is kept; the spelling beside it is read."""
    pairs = (*PAIRS, ("面包油", "面包油"), ("hm for me", "hm for me"))
    assert Spellings(pairs).form(text) == form


@pytest.mark.parametrize("text", ["u盘多少钱", "32g u盘", "hm多少", "u型枕", "Ｕ盤"])
def test_an_english_spelling_is_no_part_of_a_chinese_word(text: str) -> None:
    """Initials of Chinese words stand among Chinese signs, short forms of English words stand among blanks."""
    assert Spellings((*PAIRS, ("u", "you"))).form(text) == normal_form(text)


REAL = """
这个多少米 / 這條多少米 / 有火吗 / 还有火吗 / 下蛋吗 / 鸡下蛋了 / 增品种吗 / 怎么连接 / 怎麼連接藍牙 / 连接在哪
这耳机能连接2台手机吗 / 项链结实吗 / 怎么克服异味 / 今天发或者明天发 / 我酷爱喝茶 / 狗东西 / 小狗东西 / 现在88了吗 / 886元 / 用卷尺
实惠卷纸 / 面包油吗 / 钱包油边吗 / 为什么无法货到付款 / 主播发火了吗 / 评价钱包 / 写真品质 / 房租好多钱 / 这么多钱 / 几钱重
多少元素 / 酱紫色的 / 实木有货吗 / 约莫有多重 / 还有莫兰迪色吗 / 开口以后能放多久 / 能不嫩吗 / 宝宝们能吃吗 / 公主波点裙 / 关注播主
顾客付款 / 一块递过来 / 宠物留在家 / 拍夏天的 / 下丹田 / 补或退 / 出现或者 / 预受理 / 材质两种 / 衣领卷边 / 烫卷后 / 门关住了
运费先付 / 威信 / 某东西 / 某宝宝 / 香辣鸡爪 / 为啥比专柜便宜 / 沙比利木 / 大闸蟹蟹黄 / 感谢射手座 / 迪卡侬 / 迪卡儂
马面裙几尺马面 / u盘 / jm面膜 / nmd有货吗 / hm / hm is it waterproof / hm for me it is fine / disc / is the game disc new
any disc brakes / w / big w / vancouver bc / any msg in it / check out my channel / legit crying / blk or wht / 99 whr / b4 paper
hw mustang / do you ship to ni / 2day delivery / how to avail the offer / u shaped pillow / diff colors / is it clr or matte
"""
DODGES = """
包油吗 = 包邮吗 / 新疆包油不 = 新疆包邮不 / 包柚嗎 = 包邮吗 / 什么时候发获 = 什么时候发货 / 能推货吗 = 能退货吗
多少米一件 = 多少钱一件 / 给个连接 = 给个链接 / 求連結 = 求链接 / 連結在哪裡 = 链接在哪里 / 有优惠卷吗 = 有优惠券吗
一颗多钱 = 一颗多少钱 / 几钱一斤 = 多少钱一斤 / 有木有红色 = 有没有红色 / 仲有冇货 = 仲有没有货 / 增品吗 = 赠品吗 / 加V信 = 加微信
有获吗 = 有货吗 / 怎么领卷 = 怎么领券 / 卷后价多少 = 券后价多少 / 小黃車在哪 = 购物车在哪 / 煞笔 = 傻逼
狗东自营一样吗 = 京东自营一样吗 / 主播yyds = 主播永远的神 / 3q主播 = 谢谢主播 / hm for 2 = how much for 2 / hm much = how much
link pls = link please / r u a bot = are you a bot / is it avail? = is it available? / any disc if buy 3 = any discount if buy 3
cant check out = cant checkout / whats the diff = whats the difference / b4 shipping = before shipping
whr is my order = where is my order
"""


def listed(lines: str) -> list[str]:
    return [line for row in lines.strip().splitlines() for line in row.split(" / ")]


@pytest.fixture(scope="module")
def pack() -> Pool:
    return load(base_pack(), example_shop()).pool


@pytest.mark.parametrize("text", listed(REAL))
def test_real_words_are_no_spellings(pack: Pool, text: str) -> None:
    """What means something as it stands is read as it stands."""
    assert Spellings(pack.training.spellings).form(text) == normal_form(text)


@pytest.mark.parametrize("line", listed(DODGES))
def test_dodges_and_slips_are_read(pack: Pool, line: str) -> None:
    text, form = line.split(" = ")
    assert Spellings(pack.training.spellings).form(text) == form


def test_every_spelling_of_the_pack_acts(pack: Pool) -> None:
    """A pair changes what is written, or keeps a word that another pair would change."""
    pairs = pack.training.spellings
    kept = [written for written, meant in pairs if written == meant]
    alone, whole = Spellings(pair for pair in pairs if pair[0] not in kept), Spellings(pairs)
    assert not [word for word in kept if alone.form(word) == normal_form(word)]
    assert not [word for word in kept if whole.form(word) != normal_form(word)]
    assert not [written for written, meant in pairs if written != meant and whole.form(written) != normal_form(meant)]


@given(st.lists(st.text(st.sampled_from("包油邮费pls hmyd钱A１"), max_size=12), max_size=20))
def test_many_are_read_as_each_of_them(texts: list[str]) -> None:
    """By the batch as one by one, whichever of them hold a spelling."""
    spellings = Spellings(PAIRS)
    assert spellings.forms(texts) == [spellings.form(text) for text in texts]


def test_what_is_meant_is_in_the_normal_form_in_a_batch() -> None:
    """As it is for one text: what a spelling stands for may be no normal form beside its neighbours."""
    spellings = Spellings((("老铁价", "一百二"),))
    texts = ["老铁价十块", *("好的",) * 10]
    assert spellings.forms(texts) == [spellings.form(text) for text in texts]
