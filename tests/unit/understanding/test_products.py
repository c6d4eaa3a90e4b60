"""Products by alias and link number, and goods that are not sold."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.pool.model import Pool, Product
from engine.understanding.normalise import normal_form
from engine.understanding.products import STRANGER, Names
from engine.understanding.scanner import Scanner


@pytest.mark.parametrize(
    ("text", "product", "not_sold"),
    [
        ("小熊多少钱", "bear", None),
        ("How much is the BEAR?", "bear", None),
        ("teddy bear pls", "bear", None),
        ("bearable", None, None),
        ("3号链接还有吗", "bear", None),
        ("三號多少錢", "bear", None),
        ("#3", "bear", None),
        ("link 12 price", "kite", None),
        ("item number 3", "bear", None),
        ("链接12", "kite", None),
        ("99号链接", None, None),
        ("三号", "bear", None),
        ("3号", "bear", None),
        ("三号链接", "bear", None),
        ("３號連結多少錢", "bear", None),
        ("3 号 链接", "bear", None),
        ("3链接", "bear", None),
        ("链接三", "bear", None),
        ("第三个", "bear", None),
        ("第3个多少钱", "bear", None),
        ("第十二个链接", "kite", None),
        ("十二号宝贝", "kite", None),
        ("第三款有货吗", "bear", None),
        ("number 3", "bear", None),
        ("No.3 price?", "bear", None),
        ("number three please", "bear", None),
        ("link three", "bear", None),
        ("LINK#3", "bear", None),
        ("the third link", "bear", None),
        ("3rd item how much", "bear", None),
        ("item 12", "kite", None),
        ("第三个问题", None, None),
        ("第三个颜色好看", None, None),
        ("no one answers", None, None),
        ("number one fan", None, None),
        ("3号能到吗", None, None),
        ("3号可以发货吗", None, None),
        ("11.3号", None, None),
        ("link 33", None, None),
        ("99号链接和3号链接", "bear", None),
        ("3号发货吗", None, None),
        ("5月3号到吗", None, None),
        ("13号链接", None, None),
        ("有积木吗", None, "积木"),
        ("got any LEGO", None, "lego"),
        ("北极熊有吗", None, "北极熊"),
        ("大风筝和熊", "kite", None),
        ("今天好热", None, None),
    ],
)
def test_names_are_found(pool: Pool, text: str, product: str | None, not_sold: str | None) -> None:
    """The longest name wins, Latin names are whole words, a day of the month is no link number."""
    scanner = Scanner()
    names = Names(pool.products.values(), pool.not_sold, scanner)
    form = normal_form(text)
    named = names.find(form, scanner.scan(form))
    assert (named.product, named.not_sold) == (product, not_sold)


SCANNER = Scanner()
NUMBERED = Names([Product(f"p{link}", {"zh": f"货{link}"}, (), link=link) for link in range(1, 31)], (), SCANNER)


def linked(text: str) -> str | None:
    """The product meant in a shop that has every link up to 30."""
    form = normal_form(text)
    return NUMBERED.find(form, SCANNER.scan(form)).product


@pytest.mark.parametrize(
    "text",
    [
        *("第二件有赠品吗", "第二件半价吗", "第二件打几折", "买第二件便宜吗"),
        *("第二個半價嗎", "第二件商品半价吗", "第2件免费吗", "第二条打几折"),
        *("我2号买的有赠品吗", "2号下单有赠品吗", "我3號買的 可以退嗎", "二号拍的还没发", "昨天2号买的", "2号再买便宜吗", "上个月2号买的"),
        *("2號晚上有活動嗎", "2号有活动吗", "从3号起涨价吗", "三號生日能到嗎", "5 号那天能收到吗", "我们2号发", "第一个下单送什么"),
        *("选大一号好还是正常", "换小一号可以吗", "戒指我戴12号", "用5号电池吗", "3号仓有货吗", "3号色有吗", "倒数第二个好看"),
        *("上链接2秒没抢到 还有货吗", "链接2分钟了还没上", "鏈接兩分鐘了", "链接12秒"),
        *("链接十二秒", "上链接三二一", "链接3个小时", "链接2天了"),
        *("链接2次都没抢到", "链接两个", "链接5块钱", "链接2件多少钱", "链接2人拼团", "链接2年了"),
        *("no 2 day shipping?", "no 3 days delivery", "no 5 star reviews?", "this product 5 stars", "link 2 days ago", "number 2 days"),
        *("item 2 pieces missing", "product 10 out of 10", "product 3 in 1", "is it the number 1 brand", "the #1 seller", "#1 brand"),
        *("no 1 answers me", "no 1 replied", "2nd item half price?"),
        *("is the second item free", "second item 50% off", "you forgot my second item"),
    ],
)  # fmt: skip
def test_counts_and_days_are_no_links(text: str) -> None:
    """A second piece, a day, a size, minutes, stars: no product is meant by such a number, though the shop has it."""
    assert linked(text) is None


@pytest.mark.parametrize(
    ("link", "texts"),
    [
        (1, ("is number 1 still available", "no 1 price", "#1 how much", "1号贵不贵", "number 1 in stock?")),
        (1, ("link 1 best price?", "link 1 question is it organic", "item 1 pick", "链接1分装多少钱")),
        (2, ("2号链接多少钱", "链接2有货吗", "二号链接", "2号有货吗", "要2号", "我要2号", "给我2号", "2号买一送一吗", "2号拍一件多少钱")),
        (2, ("链接2秒杀价多少", "链接2包邮吗", "链接2点不开", "链接2天然的吗")),
        (2, ("链接2只有红色吗", "链接2套装有吗", "链接2日期新鲜吗", "链接2分期吗")),
        (2, ("第二个链接有优惠吗", "第二件宝贝有货吗", "第2个送什么")),
        (2, ("昨天2号没货今天有吗", "link 2 out of stock", "2nd item how much", "link 2 brand?")),
        (2, ("the second link half price?", "number two please", "链接2", "2号晚点讲吗", "link 2 min order")),
        (3, ("3號寶貝", "第三款有货吗", "第三个有货吗", "第三款有优惠吗")),
        (3, ("3号拍几件有优惠", "3号拍不动", "3号买得到吗", "3号抢完了吗", "3号发啥快递")),
        (3, ("帮我3號留一件", "3号色差大吗", "3号码数准吗", "链接三一共多少钱", "鏈接三有貨嗎", "3号的活动到几点", "item 3 in black")),
        (3, ("no. 3 how much", "is number 3 best for dry skin", "3rd item discount code?", "link 3 pack size")),
        (4, ("number 4 pls", "4号送什么")),
        (5, ("五号", "链接5年份", "number 5 again please", "5号咋拍不下来")),
        (12, ("链接十二多少钱", "链接12有货吗", "第12个介绍一下")),
    ],
)  # fmt: skip
def test_links_are_seen_beside_like_words(link: int, texts: tuple[str, ...]) -> None:
    """What goes on with words that only look like a measure, a day or a deal."""
    for text in texts:
        assert linked(text) == f"p{link}", text


@given(
    st.integers(1, 30),
    st.sampled_from(("秒", "分钟", "次", "件", "小时", "个", "块", "天", "折")),
    st.sampled_from(("days", "stars", "hours", "pieces", "percent")),
    st.sampled_from(("", "了", "多少钱", " how much")),
)
def test_a_measure_takes_the_number(number: int, measure: str, unit: str, rest: str) -> None:
    """No number of a count is a link, be it of two digits; without the measure it is."""
    assert linked(f"链接{number}{measure}{rest}") is None
    assert linked(f"link {number} {unit} {rest}") is None
    assert linked(f"链接{number}") == linked(f"link {number}") == f"p{number}"


def tea() -> list[Product]:
    return [
        Product("longjing", {"zh": "明前龙井"}, ("龙井", "龙井茶", "绿茶")),
        Product("puer", {"zh": "熟普茶饼"}, ("普洱", "普洱茶", "普洱茶饼")),
        Product("jasmine", {"zh": "茉莉龙珠"}, ("茉莉", "茉莉花", "茉莉花茶")),
    ]


def test_a_name_in_another_things_word_is_none() -> None:
    """A tea table is no tea, and what is on screen is not meant either."""
    scanner = Scanner()
    names = Names(tea(), ("咖啡",), scanner)
    for text in (
        *(
            "龙井茶几多少钱",
            "龍井茶幾多少錢",
            "龙井茶几",
            "龙井茶杯多少钱",
            "普洱茶盘怎么卖",
            "普洱市在哪",
            "绿茶婊",
            "龙井茶叶蛋",
        ),
        *("茉莉花香水多少钱", "茉莉香水有吗", "绿茶面膜", "茉莉花瓶多少钱", "龙井虾仁怎么做", "绿茶饼干"),
    ):
        form = normal_form(text)
        assert names.find(form, scanner.scan(form)) == STRANGER, text


@pytest.mark.parametrize(
    ("product", "texts"),
    [
        ("longjing", ("龙井茶多少钱", "龙井茶叶好吗", "龙井怎么卖", "龙井礼盒", "龙井呢", "龙井香吗", "龙井味道怎么样", "龙井村的吗")),
        ("longjing", ("龙井茶几块钱", "龙井茶几两", "龍井茶幾多錢", "龙井茶几号链接")),
        ("longjing", ("龙井茶几几年的", "龙井茶杯送吗", "龙井茶壶泡可以吗", "龙井县城能送吗")),
        ("puer", ("普洱市场价多少", "普洱饼多少钱", "普洱茶饼多少钱", "普洱茶针有送吗", "普洱区别", "普洱糖尿病能喝吗")),
        ("jasmine", ("茉莉花瓶装吗", "茉莉香不香", "茉莉香精的吗", "茉莉花茶有吗", "茉莉")),
    ],
)  # fmt: skip
def test_a_name_goes_on_in_many_ways(product: str, texts: tuple[str, ...]) -> None:
    """Particles, questions, measures, and what belongs to the good itself."""
    scanner = Scanner()
    names = Names(tea(), (), scanner)
    for text in texts:
        form = normal_form(text)
        assert names.find(form, scanner.scan(form)).product == product, text


@pytest.mark.parametrize(
    ("text", "product"),
    [
        ("保温杯套怎么卖", None),
        ("保温杯刷有货吗", None),
        ("保温杯收纳袋单卖吗", None),
        ("羽绒裤有货吗", None),
        ("羽绒裤厚不厚", None),
        ("毛衣链多少钱", None),
        ("保温杯套装多少钱", "flask"),
        ("保温杯盖子漏水", "flask"),
        ("保温杯链接多少钱", "flask"),
        ("保温杯挂绳送吗", "flask"),
        ("保温杯垫圈在哪", "flask"),
        ("羽绒服拉链坏了", "coat"),
        ("羽绒服链子坏了", "coat"),
        ("羽绒服裤子一起拍", "coat"),
        ("羽绒服夹里是什么材质", "coat"),
        ("毛衣套头的吗", "jumper"),
        ("毛衣裙有货吗", "dress"),
        ("跑鞋鞋垫能拿出来吗", "shoes"),
    ],
)
def test_what_goes_with_a_good_is_another(text: str, product: str | None) -> None:
    """Though the shop sells trousers and sets under other names; unless the good itself is called so. Its parts are the good."""
    goods = [
        Product("flask", {"zh": "316保温杯"}, ("保温杯",)),
        Product("coat", {"zh": "白鹅绒羽绒服"}, ("羽绒服", "羽绒")),
        Product("jeans", {"zh": "阔腿牛仔裤"}, ()),
        Product("knives", {"zh": "菜刀套装"}, ("套刀",)),
        Product("jumper", {"zh": "羊绒毛衣"}, ("毛衣",)),
        Product("dress", {"zh": "长款毛衣裙"}, ("毛衣裙",)),
        Product("shoes", {"zh": "缓震跑鞋"}, ("跑鞋",)),
    ]
    scanner = Scanner()
    names = Names(goods, (), scanner)
    form = normal_form(text)
    named = names.find(form, scanner.scan(form))
    assert (named.product, named.stranger) == (product, product is None)


def test_what_a_shop_deals_in_is_no_other_thing() -> None:
    """Where a product is a perfume by name, a name before `香水` is a product's as ever; an alias with the ending always is."""
    scanner = Scanner()
    names = Names([*tea(), Product("scent", {"zh": "晚香玉香水"}, ("晚香玉",))], (), scanner)
    for text, product in (("晚香玉香水多少钱", "scent"), ("茉莉香水多少钱", "jasmine")):
        assert names.find(text, scanner.scan(text)).product == product


def test_another_thing_beside_a_good_is_left_out() -> None:
    """The good counts, and it alone gives way to a pronoun; two names of one product are one."""
    scanner = Scanner()
    names = Names(tea(), (), scanner)
    for text, spans in (
        ("龙井茶几和普洱多少钱", ((5, 7),)),
        ("龙井 绿茶多少钱", ((0, 5),)),
        ("龙井普洱", ((0, 2), (2, 4))),
    ):
        assert names.find(text, scanner.scan(text)).spans == spans


@pytest.mark.parametrize(
    ("text", "stranger"),
    [
        ("99号链接多少钱", True),
        ("link 99 price", True),
        ("#99", True),
        ("链接99", True),
        ("第九个链接", True),
        ("the 9th link", True),
        ("99号链接和3号链接", False),
        ("99号链接的小熊", False),
        ("36号还有吗", False),
        ("第九个", False),
        ("number 9", False),
        ("链接在哪", False),
        ("多少钱", False),
    ],
)
def test_a_link_that_no_product_has_is_told(pool: Pool, text: str, stranger: bool) -> None:
    """Only where a link is meant for sure: a number alone may be a size or a day."""
    scanner = Scanner()
    names = Names(pool.products.values(), pool.not_sold, scanner)
    form = normal_form(text)
    assert names.find(form, scanner.scan(form)).stranger is stranger


def test_links_have_up_to_four_digits(pool: Pool) -> None:
    """As the catalogue allows."""
    far = replace(pool.products["bear"], link=1234)
    scanner = Scanner()
    names = Names([far], (), scanner)
    for text in ("1234号链接", "link 1234", "#1234", "1234号"):
        form = normal_form(text)
        assert names.find(form, scanner.scan(form)).product == "bear"


def test_a_shop_without_names_finds_none() -> None:
    """Nothing is named where nothing has a name."""
    scanner = Scanner()
    assert Names((), (), scanner).find("3号链接", scanner.scan("3号链接")).product is None
