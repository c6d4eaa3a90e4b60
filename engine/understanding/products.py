"""Which product of the catalogue a text names: by alias, by link number, or a good that the shop does not have."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import re2

from engine.pool.model import Product
from engine.understanding.normalise import normal_form
from engine.understanding.scanner import Scanner
from engine.understanding.spans import Span

_WORDS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2} | {
    word: value
    for row in ("one two three four five six seven eight nine ten", "first second third fourth fifth sixth seventh eighth ninth tenth")
    for value, word in enumerate(row.split(), 1)
}  # fmt: skip
_ZH = r"\d{1,4}|[一二三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九]"
_GOODS = "(?:链接|连结|连接|宝贝|商品|产品|款)"
_EN_NUMBER = r"\d{1,4}|one|two|three|four|five|six|seven|eight|nine|ten"
_EN_ORDINAL = r"\d{1,4}(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth"

# What makes a count of the number before it: `链接2分钟了`, `上链接三二一`, `this product 5 stars`. Not `链接2秒杀价`, `链接2包邮吗`.
_COUNTED = (
    r"\d|[一二三四五六七八九十\d]{2}|[年日](?!份|期|本)|月|[件位块元张份亿万千百倍]|小时|星期|礼拜|[个种条箱瓶罐盒袋](?![装纹头子类])"
    r"|秒(?!杀)|分(?![期开享装])|点(?![不了开进击])|次(?!日)|天(?![津然猫])|周(?!边)|人(?![造工])|台(?!湾)|双(?!十)|套(?![装餐])|折(?!叠)"
    r"|只(?![有能剩发卖要是送])|包(?![邮装含括裹退换])"
)
_EN_COUNTED = (
    r" ?(?:days?|stars?|hours?|hrs?|minutes?|mins|seconds?|secs|weeks?|months?|years?|yrs?|times|pieces?|pcs|packs|inch(?:es)?|feet|ft|cm"
    r"|mm|kg|g|oz|lbs?|ml|dollars?|bucks?|usd|rmb|yuan|euros?|pounds?|percent|people|persons?|points?|way|ply|in \d"
    r"|out of (?:\d+|five|ten))\b"
)
# The first of all, or nobody: `the number 1 brand`, `no 1 answers`.
_FOREMOST = (
    r"(?!1 (?:brands?|sellers?|selling|best|choice|fans?|rated|ranked|pick|priority|reason|rule|question|in the (?:world|country|market))"
    r"\b)"
)
_NOBODY = (
    r"(?! ?1 (?:else|answer|repl|respond|cares|knows|picks|picked|calls|called|told|came|comes|helps|helped|contact))"
)
# What is said of a second piece, not of a second link: `第二个半价`, `2nd item half price`.
_DEAL = (
    r"(?:也|是|就|都|可以|能|会|还|真的|享受?)*"
    r"(?:半价|打?[几\d一二三四五六七八九]折|打折|(?:有(?:没有|什么|啥)?)?(?:优惠|折扣)|免[费单]|[立再]?减|[0零]元)"
)
_EN_DEAL = r" (?:is |at |for |gets? )?(?:a )?(?:half|free|\d+ ?(?:percent|off)|discount(?:ed)?(?! code)|cheaper)\b"
# Someone buys, on that day or as the third: `2号下单有赠品吗`. Not `3号拍几件`, `3号拍不动`, `3号买得到吗`, `3号抢完了吗`.
_BOUGHT = r"(?:再|才)?(?:[买拍订抢付](?![不成几一两三二四五\d得到完光没错贵个哪什啥多吗立]|下[来多])|下的?单|付款)"
# What else a day goes on with: `2号晚上有活动吗`. Not `3号送什么`, `3号发啥快递`.
_DAY = (
    r"前|之前|以前|之后|后|开始|左右|起(?!来)|截止|结束|过期|到期|晚(?!点)|早上|上午|中午|下午|凌晨|零点|当天|那天|生日|结婚|开学|放假|上班|出差|回来|回家"
    r"|(?:还|会)?有(?:没有|什么|啥)?活动"
    r"|(?:能|可以|会|就|再|才)?(?:发(?!什么|啥|哪)|到|送(?!什么|啥|不送|几|赠|礼|个|袋|小)|收)"
)

# On normal forms: "三号链接" and "３號連結" have become "3号链接" and "3号连结". Whoever says `link` or `链接` means one, also where
# there is none of that number. Numerals are taken whole (`?>`), so that what stands behind them is seen.
_SURE = re.compile(
    rf"#{_FOREMOST}(?P<hash>\d{{1,4}}+)(?!\d|{_EN_COUNTED})"
    rf"|(?<![\d月.])(?P<item>\d{{1,4}}) ?(?:号 ?{_GOODS}|链接|连结)"
    rf"|(?:链接|连结) ?(?P<after>(?>{_ZH}))(?!{_COUNTED})"
    rf"|第 ?(?P<ordinal>{_ZH}) ?(?:[个款条号件]? ?(?:链接|连结)|[个款条号]? ?(?:宝贝|商品|产品)"
    rf"|件 ?(?:宝贝|商品|产品)(?!{_DEAL}|有(?!货)|送))"
    rf"|\b(?:link|item|product)(?: number| no| nr)?[ #]{{0,2}}(?P<english>{_EN_NUMBER})\b(?!{_EN_COUNTED})"
    rf"|(?<!\bmy )\b(?P<nth>{_EN_ORDINAL}) (?:link|(?:item|product)(?!{_EN_DEAL}))\b"
)
# These may as well be a day, a size, a floor, the third question: they count where a product has the number. `第二件` is none of
# them: nearly always it says how many are bought.
_MAYBE = re.compile(
    rf"(?<![\d月.大小戴])(?:(?<!我)|(?<=[给帮替]我))(?<!我们)(?P<item>\d{{1,4}}) ?号"
    rf"(?!楼|线|店|仓|选手|电池|色(?!差)|人|码(?!数)|{_DAY}|{_BOUGHT})"
    rf"|(?<!倒数)(?<!我是)第 ?(?P<ordinal>{_ZH}) ?(?:款|[个条](?!{_DEAL}))"
    rf"(?!问题|颜色|规格|色|口味|味道|尺码|套餐|选项|人|月|星期|礼拜|小时|包裹|订单|优惠|红包|视频|评论|字|{_BOUGHT})"
    rf"|\b(?:number|nr|no{_NOBODY})[ #]{{0,2}}{_FOREMOST}(?P<english>\d{{1,4}})\b(?!{_EN_COUNTED})"
    rf"|\bnumber (?P<words>two|three|four|five|six|seven|eight|nine|ten)\b(?!{_EN_COUNTED})"
)
# What makes another thing of a name before it, or of its last sign: `龙井茶几`, `茉莉花香水`, `普洱市`. Beside each what must not
# follow: `龙井茶几块钱`, `普洱茶杯泡行吗` and `普洱市场价` are about the good.
_BREWED = ".{0,4}[送赠泡煮冲喝]"
_TAILS = {
    "茶几": "[几块元两克斤年天泡度号个盒罐袋包种款次折点分秒月级饼片条件位人成倍批层样毛米瓶升毫周岁时百十千万钱]|多(?!少)",
    **dict.fromkeys(
        (
            "茶杯", "茶壶", "茶具", "茶盘", "茶桌", "茶宠", "茶刀", "茶针", "茶夹", "茶漏", "茶碗", "茶盏", "茶缸", "茶柜", "茶巾",
        ),
        _BREWED,
    ),
    **dict.fromkeys(
        (
            "香水", "香皂", "香薰", "香膏", "香囊", "精油", "纯露", "面膜", "牙膏", "洗发水", "沐浴露", "洗手液",
            "洗衣液", "护手霜", "身体乳", "蜡烛", "饼干", "蛋糕", "蛋卷", "月饼", "叶蛋", "冰淇淋", "冰激凌", "雪糕",
            "巧克力", "奶糖", "软糖", "奶茶", "拿铁", "果冻", "布丁", "瓜子", "虾仁", "啤酒", "白酒", "花盆",
            "花苗", "盆栽", "盆景", "种子", "手机壳", "抱枕", "枕头", "挂件", "摆件", "手串",
        ),
        "",
    ),
    **dict.fromkeys("市县", "[场面价售值里城]"),
    "花瓶": "装",
    "婊": "",
}  # fmt: skip
# What goes with a good, where somebody wants to buy it: `保温杯套怎么卖`, `毛衣链有货吗`. Else it is a part of the good, comes with it, or
# is another word (`毛衣套头的吗`, `蛋糕夹心`). What is worn on legs is always another garment than what has a name without it.
_BUYS = "(?=.{0,3}(?:多少钱|几块|几元|卖|什么价|啥价|价格|有货|现货|库存|还有))"
_BESIDE = re.compile(
    rf"(?:铲|架|罩|(?<!鞋)垫|柜|夹|链(?![接条])|套(?![装餐盒组件系票])|[杯锅鞋壶]刷|刷子|鞋油|衣撑|挂[钩绳]|收纳[盒袋包]|保护[壳膜]|防尘袋"
    rf"|清[洗洁][剂液]|护理[剂液油]){_BUYS}"
    r"|裤(?![子长脚腰兜袋边型])|裙(?![子长摆边])"
)
# Each expression for links holds one of these; most texts do not.
_HINT = r"#[0-9]|[0-9] ?号|第|链接|连结|link|item|product|number|\bn[or][ #]{0,2}[0-9]"


def _number(word: str) -> int:
    """The number that a numeral of the expressions above says."""
    digits = word.rstrip("stndrh")
    if digits.isdecimal():
        return int(digits)
    if "十" in word:
        tens, _, ones = word.partition("十")
        return _WORDS.get(tens, 1) * 10 + _WORDS.get(ones, 0)
    return _WORDS[word]


@dataclass(frozen=True, slots=True)
class Named:
    product: str | None = None
    not_sold: str | None = None
    stranger: bool = False
    """It names a link that no product has, or a thing that only begins like one, and nothing else."""
    spans: tuple[Span, ...] = ()
    """Where the normal form names goods, sold or not; links are none of them."""
    links: tuple[Span, ...] = ()
    """Where it names links that products have."""


MEMORY_BYTES = 8 << 20  # of the expression of all names
_SAME = frozenset(("", " ", "的"))
"""What may stand between two names of one product."""
NOTHING = Named()
STRANGER = Named(stranger=True)


class Names:
    """Finds products and goods not sold in normal forms; the longest name wins, of equally long ones the first.

    Chinese has no edges of words, so a name may be the beginning of another thing's: a `龙井茶几` is a tea table. That is told by a
    short list of such endings, without those that a name of this shop has; or, of what goes with a good (`保温杯套`), a name of the
    same product. An ending that is not in the list is not seen (`龙井路` is the tea), and one that a shop deals in under names without
    it (a perfume that is called just `茉莉`) needs an alias with it.
    """

    def __init__(self, products: Iterable[Product], not_sold: Iterable[str], scanner: Scanner) -> None:
        """Raises `ValueError` where all names together need too much memory."""
        self._names: dict[str, Named] = {}
        self._names_of: dict[str, str] = {}
        self._links: dict[int, str] = {}
        for good in not_sold:
            self._add(good, Named(not_sold=good))
        for product in products:
            meaning = Named(product=product.id)
            names = (*product.aliases, *product.name.values())
            self._names_of[product.id] = " ".join(self._add(name, meaning) for name in names)
            if product.link is not None:
                self._links[product.link] = product.id
        ours = " ".join(self._names)
        tails = [(tail, unless) for tail, unless in _TAILS.items() if tail not in ours]
        self._tail = re.compile("|".join(f"{tail}(?!{unless})" if unless else tail for tail, unless in tails))
        options = re2.Options()
        options.longest_match = True
        options.max_mem = MEMORY_BYTES
        options.log_errors = False
        alternatives = "|".join(_bounded(name) for name in self._names)
        try:
            self._pattern = re2.compile(alternatives, options) if alternatives else None
        except re2.error as error:
            raise ValueError(f"{len(self._names):,} names of goods are too large together") from error
        self._number = scanner.add(alternatives) if alternatives else -1
        self._link = scanner.add(_HINT) if self._links else -1

    def _add(self, name: str, meaning: Named) -> str:
        """Its normal form."""
        form = normal_form(name)
        if form:
            self._names[form] = meaning
        return form

    def _is_longer_word(self, form: str, end: int, product: str) -> bool:
        """With the name's last sign, too: `龙井茶` and `几`, `茉莉花` and `瓶`."""
        for start in (end, end - 1):
            tail, beside = self._tail.match(form, start), _BESIDE.match(form, start)
            if tail is not None and tail.end() > end:
                return True
            if beside is not None and beside.end() > end and beside.group() not in self._names_of[product]:
                return True
        return False

    def find(self, form: str, found: Collection[int]) -> Named:
        """What `form` names, given the numbers of the expressions that occur in it."""
        product, not_sold = "", ""
        product_id: str | None = None
        stranger = False
        spans: list[Span] = []
        links: list[Span] = []
        before: Named | None = None
        if self._pattern is not None and self._number in found:
            for match in self._pattern.finditer(form):
                name = match.group()
                start, end = match.span()
                named = self._names[name]
                if named.product is not None and end < len(form) and self._is_longer_word(form, end, named.product):
                    stranger = True
                    continue
                if named is before and form[spans[-1][1] : start] in _SAME:  # `龙井 绿茶` is one thing
                    spans[-1] = (spans[-1][0], end)
                else:
                    spans.append((start, end))
                before = named
                if named.product is not None and len(name) > len(product):
                    product, product_id = name, named.product
                elif named.not_sold is not None and len(name) > len(not_sold):
                    not_sold = name
        if self._link in found:
            for sure, pattern in ((True, _SURE), (False, _MAYBE)):
                for link in pattern.finditer(form):
                    linked = self._links.get(_number(next(filter(None, link.groups()))))
                    stranger |= sure and linked is None
                    if linked is not None and not any(
                        start < link.end() and link.start() < end for start, end in links
                    ):
                        links.append(link.span())
                    if linked is not None and len(link.group()) > len(product):
                        product, product_id = link.group(), linked
        if product_id is None and not not_sold:
            return STRANGER if stranger else NOTHING
        return Named(
            product_id, self._names[not_sold].not_sold if not_sold else None, spans=tuple(spans), links=tuple(links)
        )


def _bounded(form: str) -> str:
    """The name as an expression; Latin edges must be edges of words (`tgy` is not in `tgyx`)."""
    left = r"\b" if form[0].isascii() and form[0].isalnum() else ""
    right = r"\b" if form[-1].isascii() and form[-1].isalnum() else ""
    escaped: str = re2.escape(form)
    return left + escaped + right
