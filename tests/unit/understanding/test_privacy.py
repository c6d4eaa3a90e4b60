"""Personal data is covered, everything else is left alone."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.events.fields import MAX_TEXT
from engine.pool.model import Pool
from engine.understanding.normalise import normal_form
from engine.understanding.plain import FEW
from engine.understanding.privacy import COVER, mask
from engine.understanding.reading import Reader, read_plain, read_plains


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("我电话13812345678", f"我电话{COVER}"),
        ("138 1234 5678 打我", f"{COVER} 打我"),
        ("call (555) 123-4567 now", f"call {COVER} now"),
        ("+44 20 7946 0958", COVER),
        ("订单号20260101123456到哪了", f"订单号{COVER}到哪了"),
        ("mail me at a.b-c@example.com pls", f"mail me at {COVER} pls"),
        ("加微信 abc_12345", f"加微信 {COVER}"),
        ("my wechat: tea2026", f"my wechat: {COVER}"),
        ("寄到幸福路12号3栋402室可以吗", f"寄到幸福路{COVER}可以吗"),
        ("i live at 12 Green Park Road", f"i live at {COVER}"),
        ("１３８１２３４５６７８", COVER),
        ("电话一三八零零一三八零零零", f"电话{COVER}"),
        ("幺三八 六六六六 七七七七", COVER),
        ("0571-88881234", COVER),
        ("(02) 9876 5432", COVER),
        ("1.380.013.8000", COVER),
        ("+447000000000123 hi", f"{COVER} hi"),
        ("dm me 9123 4567", f"dm me {COVER}"),
        ("身份证33010219900101123X", f"身份证{COVER}"),
        ("单号SF1234567890123", f"单号{COVER}"),
        ("my parcel YT88 1234 5678", f"my parcel YT{COVER}"),
        ("order no 55123 where", f"order no {COVER} where"),
        ("订单号A12B-99 啥时候发", f"订单号{COVER} 啥时候发"),
        ("加v abc888", f"加v {COVER}"),
        ("加我微 zhang_88", f"加我微 {COVER}"),
        ("ig @john_doe", f"ig @{COVER}"),
        ("my ig is lovetea88", f"my ig is {COVER}"),
        ("snapchat: lovetea88", f"snapchat: {COVER}"),
        ("tg lovetea88 有折扣", f"tg {COVER} 有折扣"),
        ("我的号码 9123 4567", f"我的号码 {COVER}"),
        ("my no is 555-1234", f"my no is {COVER}"),
        ("write to tea at example dot com", f"write to {COVER}"),
        ("我在8栋1203 帮我改下", f"我在{COVER} 帮我改下"),
        ("3号楼2单元501", COVER),
        ("我住杭州市西湖区文三路", f"我住杭州市西湖区{COVER}"),
        ("北京市朝阳区建国路88号能到吗", f"北京市朝阳区{COVER}能到吗"),
        ("寄到北京市朝阳区建国路华贸公寓", f"寄到北京市朝阳区{COVER}"),
        ("幸福路十二号", f"幸福路{COVER}"),
        ("文化路100巷5弄3号", f"文化路{COVER}"),
        ("apt 4b 221 baker street", f"{COVER} {COVER}"),
        ("ship to 12 oak dr", f"ship to {COVER}"),
        ("new address please: 14 kings road, instead of 41", f"new address please: {COVER}, instead of 41"),
        ("i live at block 310", f"i live at {COVER}"),
        ("block 12 #05-67", COVER),
        ("blk 123 #05-67 can ship?", f"{COVER} can ship?"),
        ("P.O. Box 123", COVER),
        # Numbers as they are grouped, by country.
        ("13800 138000", COVER),
        ("1 3 8 0 0 1 3 8 0 0 0", COVER),
        ("13800一38000", COVER),
        ("壹叁捌零零壹叁捌零零零", COVER),
        ("0912-345-678", COVER),
        ("02-2345-6789", COVER),
        ("07700 900123", COVER),
        ("(415)555-2671", COVER),
        ("415 555 2671", COVER),
        ("+1 (415) 555-2671", COVER),
        ("0044 20 7946 0958", COVER),
        ("4111 1111 1111 1234", COVER),
        ("2874 0061 3395", COVER),
        # Those that could be prices have a word beside them.
        ("call me 9123 4567", f"call me {COVER}"),
        ("9123 4567 打我", f"{COVER} 打我"),
        ("电话 2345 6789", f"电话 {COVER}"),
        ("tel: 555 1234", f"tel: {COVER}"),
        ("电话66666666", f"电话{COVER}"),
        # Whatever stands between the digits, and however these are written.
        ("我电话①③⑧⓪⓪①③⑧⓪⓪⓪", f"我电话{COVER}"),
        ("1️⃣3️⃣8️⃣0️⃣0️⃣1️⃣3️⃣8️⃣0️⃣0️⃣0️⃣ 加我", f"{COVER} 加我"),
        ("138\u200b0013\u200b8000", COVER),
        ("1380013\u200b8000", COVER),
        ("138\u00a00013\u00a08000", COVER),
        ("138·0013·8000", COVER),
        ("138—0013—8000", COVER),
        ("138－0013－8000", COVER),
        ("138❤️0013❤️8000", COVER),
        # Traditional.
        ("訂單編號 AB12345 到哪了", f"訂單編號 {COVER} 到哪了"),
        ("快遞單號 7788-99-1234", f"快遞單號 {COVER}"),
        ("單號 TW99887", f"單號 {COVER}"),
        ("加微信號：abc_12345", f"加微信號：{COVER}"),
        ("寄到新北市板橋區文化路一段25號3樓 幾天到", f"寄到新北市板橋區{COVER} 幾天到"),
        ("台北市信義區市府路45號3樓", f"台北市信義區{COVER}"),
        ("3棟2單元501", COVER),
        # Homes as letters are addressed.
        ("221B Baker Street London", f"{COVER} London"),
        ("221b baker street london", f"{COVER} london"),
        ("1600 Pennsylvania Ave NW", f"{COVER} NW"),
        ("华星时代广场A座 1201", f"华星时代广场{COVER}"),
        ("postcode SW1A 1AA", f"postcode {COVER}"),
        ("zip code is 90210-1234", f"zip code is {COVER}"),
        # Addresses and ids in disguise.
        ("john[at]gmail[dot]com", COVER),
        ("mail john (at) gmail (dot) com", f"mail {COVER}"),
        ("加v：hellokitty", f"加v：{COVER}"),
        ("telegram @hellokitty!", f"telegram @{COVER}!"),
        ("加v：hellokitty 谢谢", f"加v：{COVER} 谢谢"),
        ("my wechat: hellokitty", f"my wechat: {COVER}"),
        ("验证码 482 913", f"验证码 {COVER}"),
        # Codes and ends of numbers.
        ("订单尾号 4321 到哪了", f"订单尾号 {COVER} 到哪了"),
        ("订单后六位 839271", f"订单后六位 {COVER}"),
        ("手机号后四位是2847", f"手机号后四位是{COVER}"),
        ("my order id 8392", f"my order id {COVER}"),
        ("order no. 83921", f"order no. {COVER}"),
        ("护照 E12345678", f"护照 {COVER}"),
        ("V：abc12345", f"V：{COVER}"),
        ("微：abc12345", f"微：{COVER}"),
        ("扣扣 648213", f"扣扣 {COVER}"),
        ("discord abc#1234", f"discord {COVER}"),
        ("139和2847和5163", COVER),
        ("139点2847点5163", COVER),
        ("1392 847 5163", COVER),
        ("款号13812345678", f"款号{COVER}"),
        ("型号110101199003071234", f"型号{COVER}"),
        ("验证码是482913", f"验证码是{COVER}"),
        ("the verification code is 4821", f"the verification code is {COVER}"),
        ("取件码 3-2-1024", f"取件码 {COVER}"),
        ("密码是839271", f"密码是{COVER}"),
        ("登录密码：tea2026", f"登录密码：{COVER}"),
        ("password is hunter22", f"password is {COVER}"),
        ("pwd: 839271", f"pwd: {COVER}"),
        ("my pwd:hunter22", f"my pwd:{COVER}"),
        # Cars.
        ("车牌京A82K71 停哪", f"车牌{COVER} 停哪"),
        ("粤B·D12345", COVER),
        # Houses that no street names, and flats in numerals.
        ("我家在翠苑四区12幢", f"我家在翠苑四区{COVER}"),
        ("恒大城12-1-502", f"恒大城{COVER}"),
        ("三栋二单元五零一", COVER),
        ("我在三栋501", f"我在{COVER}"),
        ("my addr is 1200 w elm ave", f"my addr is {COVER}"),
        # Ids that are words.
        ("加我微信 lovetea", f"加我微信 {COVER}"),
        ("vx：lovetea", f"vx：{COVER}"),
        ("discord lovetea#1234", f"discord {COVER}"),
        # Fillers between the digits.
        ("170哈235哈925哈63", COVER),
        ("138哈1234哈5678", COVER),
        ("138杠1234杠5678 打我", f"{COVER} 打我"),
        ("1哈3哈8哈1哈2哈3哈4哈5哈6哈7哈8", COVER),
        ("密码改成839271了", f"密码改成{COVER}了"),
        ("加我微信 lovetea，谢谢", f"加我微信 {COVER}，谢谢"),
        ("１３８ー１２３４ー５６７８", COVER),
        ("恒大城12—1—502", f"恒大城{COVER}"),
        ("v信 tea_2026", f"v信 {COVER}"),
        ("密码是八三九二七一", f"密码是{COVER}"),
    ],
)
def test_personal_data_is_covered(text: str, masked: str) -> None:
    """Phones, orders, mail addresses, messenger ids and house numbers are covered; the words around them stay."""
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "多少钱",
        "3号链接",
        "129元",
        "19.9",
        "一米六五110斤穿什么码",
        "2026年",
        "165 110",
        "100ml 200ml",
        "500克",
        "#3",
        "how much for 2",
        "7天无理由",
        "一二三四五 上链接",
        "外省市区的人说话有乡音",
        "浙江省能到吗",
        "广州市天河区几天到",
        "一单元多少钱",
        "look at this dot pattern",
        "order 3 of them",
        "123上链接",
        "1:1 1/2 10-20",
        "加微",
        "@主播 多少钱",
        # Prices, sizes and years side by side.
        "8500 9000 哪个划算",
        "6500-7000毫安多大",
        "手机 8500 9000毫安",
        "for 8500 9000",
        "150 200 2500",
        "299 399 1299",
        "169 199 299 59",
        "1699 1999 299",
        "1999 2999 3999",
        "2021 2022 2023 2024",
        "got 35 36 37 38 39 40",
        "99一斤 88一斤 199三斤 299五斤",
        "0900 1000 1100",
        "007 008 009",
        "gb 128 256 512 1024",
        "ring 14 16 18 20",
        "text 8888 8888 in chat",
        "2024-11-11 20:30-22:00",
        "瓶身打的20260518是生产的还是到期的",
        "1,000,000",
        "10000000粉丝",
        # Cheers and counting.
        "1234567",
        "666666666",
        "2333333333",
        "5201314",
        "一二三四五六七八九",
        "三二一三二一三二一",
        "10 9 8 7 6 5 4 3 2 1",
        "+1 +1 +1 +1 +1 +1 +1",
        # Streets and blocks where nobody lives.
        "北京市朝阳区建国路能送到吗",
        "广东省佛山市南海区桂城街道",
        "我想知道15号啥价位",
        "國道五號堵車",
        "2座3人沙发",
        "2 of those tea dr",
        "20 boxes drive",
        "3 people from my street are in here",
        "its a 2 lane road",
        "block 3",
        "could you see the stage from block 204",
        "20 Boxes Drive",
        "5 Star Lane reviews",
        "A座多少钱",
        "A座 100元",
        "1 Hard Drive",
        "3 White Dr Martens",
        "抖音: iphone",
        "微信: Paypal",
        "尾号888的链接多少钱",
        "提货码 500元一张",
        "zip m1 2xl",
        "尾号限行",
        "post code please",
        "wechat: number?",
        "whatsapp: available",
        "qq: hellothere 在吗",
        "加v 怎么加",
        "我的号码37码",
        "ig live 2024",
        "snap a pic of 2",
        "is my no 5 order sent",
        # Passwords, cars, houses and ids that are none.
        "密码忘了怎么办",
        "密码6位吗",
        "forgot my password",
        "新A款到了吗",
        "三座五层的架子",
        "三栋别墅",
        "5-2-3怎么算",
        "19哈99哈29",
        "加微信 please",
        "加我 iphone",
        "wx code",
        "面霜加vitamin吗",
        "加wxplease",
        "三座1299",
        "新M4128G",
        "规格10-20-1502",
        "二期3栋开盘了吗",
        "password wifi6 router",
        "139啦159啦189啦19",
        # Quantities ordered.
        "order 100pcs",
        "order 10000 pcs",
        "订单 12345 件",
        "order number 2 please",
        # Codes of goods, and rows of prices.
        "货号 8812345",
        "款号2024001",
        "1299 1399 1599 1699 哪个好",
        "1399 899 1299",
        "20点30和21点30和22点",
        "v:2件多少钱",
        "规格v:500ml",
        "v：1000W",
        "支持卫星mate60吗",
        "企鹅logo123款",
        "13点25和14点35和158元",
        "15和16和17和18和19和2号链接",
        "can i order no 1000 pieces",
        "in order no 9999 price",
        "订单10000单了",
        "",
    ],
)
def test_plain_lines_need_no_mask(text: str) -> None:
    """Prices, sizes, years and link numbers are nobody's data."""
    assert mask(text) is None


PIECES = (
    *"0123456789①③⓪８一三八零〇幺壹", "138", "0013", "8000", "13800138000", "90001234", "66666666", "1️⃣", " ", "  ", "-", "·", "—",
    "－", ".", ",", "/", ")", "+", "_", "#", "@", "\u200b", "\u00a0", "\ufe0f", "❤️", "[捂脸]", "&#48;", "&amp;", "http://a.b ",
    "电话", "電話", "打我", "call me ", "wa ", "订单号", "訂單編號", "order ", "zip ", "微信號", "加v", "ig ", "AB", "abc", "x", "k",
    "区", "區", "北京市", "新北市板橋區", "文化路", "建国路", "一段", "号", "號", "楼", "樓", "3棟", "单元",
    "to ", "oak ", "Oak ", "st ", "St", "A座", "尾号", "取件码", "postcode ",
    "哈", "密码是", "password ", "京A", "三栋", "苑12幢", "加我微信 ", "lovetea", "ー",
    "(", "[", "]", ":", "：", "hello", "road", "block ", "apt ", "#05", "box ", "at ", "dot ", "com", "***", "\n",
)  # fmt: skip
anything = st.lists(st.sampled_from(PIECES) | st.text(max_size=2), max_size=14).map("".join)


@given(anything)
def test_nothing_personal_shows_in_a_form(text: str) -> None:
    """What is a key is a form, and what stands beside it is the masked text: neither has anything left to cover."""
    reading = read_plain(text)
    assert mask(reading.form) is None
    if reading.masked is not None:
        assert mask(reading.masked) is None


@given(st.lists(anything, min_size=FEW, max_size=FEW + 3))
def test_nothing_personal_shows_in_the_forms_of_a_batch(texts: list[str]) -> None:
    readings = read_plains(texts)
    assert readings == [read_plain(text) for text in texts]
    assert all(mask(reading.form) is None for reading in readings)


NUMBER = "13792468135"
STYLES = ("0123456789", "０１２３４５６７８９", "⓪①②③④⑤⑥⑦⑧⑨", "零一二三四五六七八九", "〇壹贰叁肆伍陆柒捌玖")


@given(
    st.lists(st.sampled_from(STYLES), min_size=11, max_size=11),
    st.sampled_from([(11,), (3, 4, 4), (5, 6), (3, 8), (7, 4), (1, 3, 3, 4), (1,) * 11]),
    st.text("-–—－·•. \u00a0\u200b\u2060*/|~，、❤", max_size=3),
    st.sampled_from(["", "加我", "my number is ", "買3件 "]),
)
def test_a_mobile_number_is_covered_however_it_is_written(
    styles: list[str], groups: tuple[int, ...], between: str, before: str
) -> None:
    written = [style[int(digit)] for style, digit in zip(styles, NUMBER, strict=True)]
    ends = list(accumulate(groups))
    text = before + between.join("".join(written[end - size : end]) for end, size in zip(ends, groups, strict=True))
    reading = read_plain(text)
    assert reading.masked is not None
    assert reading.form == normal_form(before)


def test_markup_and_emotes_do_not_hide_a_number() -> None:
    """A number that only its normal form shows is covered as well, and the masked text has no more of it than the form."""
    assert read_plain("138&#48;0138000").masked == COVER
    assert read_plain("138&amp;#48;0138000").masked == COVER
    assert read_plain("看 http://a.b/13800138000").masked == f"看 http://a.b/{COVER}"
    assert read_plain("138[捂脸]0013[捂脸]8000 打我").form == "打我"
    assert read_plain("电话 1380 http://a.b 0138000").form == "电话"


def test_spellings_of_the_pack_do_not_bring_personal_data_to_light(pool: Pool) -> None:
    """`form` is what the pack's spelling makes of a text: it is masked after that, too."""
    spelt = replace(pool, training=replace(pool.training, spellings=(("店话", "电话"),)))
    (reading,) = Reader(spelt).read(["店话 9123 4567 几点打"])
    assert (reading.form, reading.masked) == ("电话 几点打", f"电话 {COVER} 几点打")


@given(st.text(st.characters(exclude_categories=()), max_size=80) | st.text("0123456789 -+@._a微信路号", max_size=60))
def test_masking_never_fails_and_leaves_no_long_number(text: str) -> None:
    """Whatever the text holds, the result has no run of seven digits but cheers, counting, round sums and dates."""
    masked = mask(text)
    shown = text if masked is None else masked
    for run in re.findall(r"\d{7,}", unicodedata.normalize("NFKC", shown)):
        assert (
            len(set(run)) < 5
            or run in "01234567890123456789"
            or run in "98765432109876543210"
            or run[:2] in {"19", "20"}
        )
    assert masked is None or mask(masked) is None


@pytest.mark.parametrize(
    "text",
    [
        "卡号6228 4805 0128 1239", "5550 8888 9999 0000", "单号12345ab", "order 12345a", "1382 0138 123", "1380-0138-000",
        "138 00 13 80 00", "tel 8500 9000", "8500 9000 打我",
    ],
)  # fmt: skip
def test_no_rule_for_prices_lets_a_card_an_id_or_a_phone_through(text: str) -> None:
    """What leaves prices and quantities alone must not leave these."""
    assert mask(text) is not None


@pytest.mark.parametrize("text", ["2019 2020 2021 2022", "order 100pcs", "1699 1999 299", "8500 9000 哪个划算"])
def test_years_quantities_and_prices_are_left_alone(text: str) -> None:
    assert mask(text) is None


REPEATED = (
    "6", "66666", "1 ", "123", "520", "0-", "6,", "一", "二 ", "1号", "1楼", "路1", "a.", "a@", "a at ", "_", "a_1", "dot ", ":a", "(0",
    "+86", "138哈", "加微a", "密码a", "京A1", "1-", "三栋二",
)  # fmt: skip


@pytest.mark.parametrize("piece", REPEATED)
@pytest.mark.parametrize("end", ["", "9", "x", " 号", "@", " dot com"])
def test_no_text_has_to_be_tried_in_endless_ways(pool: Pool, piece: str, end: str) -> None:
    """The longest comment of one piece: an expression that could read it in many ways, none of which fits, would never end."""
    text = (piece * MAX_TEXT)[: MAX_TEXT - len(end)] + end
    reading = Reader(pool).read([text])[0]
    assert mask(reading.form) is None


def test_a_long_run_that_another_digit_ends_is_a_number() -> None:
    """And cheers of several runs are none."""
    assert mask("6" * 60 + "9") == COVER
    assert mask("6" * 60 + "8" * 60) is None
