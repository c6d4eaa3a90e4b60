"""Which product of the catalogue a text names: by alias, by link number, or a good that the shop does not have."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import re2

from engine.pool.model import Product
from engine.understanding.neutral import Span
from engine.understanding.normalise import normal_form
from engine.understanding.scanner import Scanner

_WORDS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2} | {
    word: value
    for row in ("one two three four five six seven eight nine ten", "first second third fourth fifth sixth seventh eighth ninth tenth")
    for value, word in enumerate(row.split(), 1)
}  # fmt: skip
_ZH = r"\d{1,4}|[一二三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九]"
_GOODS = "(?:链接|连结|连接|宝贝|商品|产品|款)"
_EN_NUMBER = r"\d{1,4}|one|two|three|four|five|six|seven|eight|nine|ten"
_EN_ORDINAL = r"\d{1,4}(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth"

# On normal forms: "三号链接" and "３號連結" have become "3号链接" and "3号连结". Whoever says `link` or `链接` means one, also where
# there is none of that number.
_SURE = re.compile(
    rf"#(?P<hash>\d{{1,4}})(?!\d)"
    rf"|(?<![\d月.])(?P<item>\d{{1,4}}) ?(?:号 ?{_GOODS}|链接|连结)"
    rf"|(?:链接|连结) ?(?P<after>{_ZH})(?![\d年月日])"
    rf"|第 ?(?P<ordinal>{_ZH}) ?[个款件条号]? ?(?:链接|连结|宝贝|商品|产品)"
    rf"|\b(?:link|item|product)(?: number| no| nr)?[ #]{{0,2}}(?P<english>{_EN_NUMBER})\b"
    rf"|\b(?P<nth>{_EN_ORDINAL}) (?:link|item|product)\b"
)
# These may as well be a day, a size, a floor, the third question: they count where a product has the number.
_MAYBE = re.compile(
    rf"(?<![\d月.])(?P<item>\d{{1,4}}) ?号(?!楼|线|店|前|之前|以前|之后|后|开始|左右|(?:能|可以|会|就)?[发到送收])"
    rf"|第 ?(?P<ordinal>{_ZH}) ?[个款件条]"
    rf"(?!问题|颜色|规格|色|口味|味道|尺码|套餐|选项|人|月|星期|礼拜|小时|包裹|订单|优惠|红包|视频|评论|字)"
    rf"|\b(?:number|no|nr)[ #]{{0,2}}(?P<english>\d{{1,4}})\b"
    rf"|\bnumber (?P<words>two|three|four|five|six|seven|eight|nine|ten)\b"
)
# Each of the above holds one of these; most texts do not.
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
    """It names a link that no product has, and nothing else."""
    spans: tuple[Span, ...] = ()
    """Where the normal form names goods, sold or not; links are none of them."""


NOTHING = Named()
STRANGER = Named(stranger=True)


class Names:
    """Finds products and goods not sold in normal forms; the longest name wins, of equally long ones the first."""

    def __init__(self, products: Iterable[Product], not_sold: Iterable[str], scanner: Scanner) -> None:
        self._names: dict[str, Named] = {}
        self._links: dict[int, str] = {}
        for good in not_sold:
            self._add(good, Named(not_sold=good))
        for product in products:
            for name in (*product.aliases, *product.name.values()):
                self._add(name, Named(product=product.id))
            if product.link is not None:
                self._links[product.link] = product.id
        options = re2.Options()
        options.longest_match = True
        options.log_errors = False
        alternatives = "|".join(_bounded(name) for name in self._names)
        self._pattern = re2.compile(alternatives, options) if alternatives else None
        self._number = scanner.add(alternatives) if alternatives else -1
        self._link = scanner.add(_HINT) if self._links else -1

    def _add(self, name: str, meaning: Named) -> None:
        form = normal_form(name)
        if form:
            self._names[form] = meaning

    def find(self, form: str, found: Collection[int]) -> Named:
        """What `form` names, given the numbers of the expressions that occur in it."""
        product, not_sold = "", ""
        product_id: str | None = None
        spans: list[Span] = []
        if self._pattern is not None and self._number in found:
            for match in self._pattern.finditer(form):
                name = match.group()
                spans.append(match.span())
                named = self._names[name]
                if named.product is not None and len(name) > len(product):
                    product, product_id = name, named.product
                elif named.not_sold is not None and len(name) > len(not_sold):
                    not_sold = name
        stranger = False
        if self._link in found:
            for sure, pattern in ((True, _SURE), (False, _MAYBE)):
                for link in pattern.finditer(form):
                    linked = self._links.get(_number(next(filter(None, link.groups()))))
                    stranger |= sure and linked is None
                    if linked is not None and len(link.group()) > len(product):
                        product, product_id = link.group(), linked
        if product_id is None and not not_sold:
            return STRANGER if stranger else NOTHING
        return Named(product_id, self._names[not_sold].not_sold if not_sold else None, spans=tuple(spans))


def _bounded(form: str) -> str:
    """The name as an expression; Latin edges must be edges of words (`tgy` is not in `tgyx`)."""
    left = r"\b" if form[0].isascii() and form[0].isalnum() else ""
    right = r"\b" if form[-1].isascii() and form[-1].isalnum() else ""
    escaped: str = re2.escape(form)
    return left + escaped + right
