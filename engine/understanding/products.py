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

# On normal forms: "三号链接" and "３號連結" have become "3号链接" and "3号连结".
_LINK = re.compile(
    r"#(?P<hash>\d{1,3})(?!\d)"
    r"|(?<![\d月])(?P<item>\d{1,3})号(?P<after>链接|连结|连接|宝贝|商品|款|品)?(?!楼|线|店|发|到|前|之前|以前|之后|后|开始|左右|送)"
    r"|(?:链接|连结)(?P<after_link>\d{1,3})(?!\d)"
    r"|\b(?:link|item|number|no|nr)(?: number| no)?[ #]{0,2}(?P<english>\d{1,3})\b"
)
_DIGIT = re.compile("[0-9]")


@dataclass(frozen=True, slots=True)
class Named:
    product: str | None = None
    not_sold: str | None = None
    spans: tuple[Span, ...] = ()
    """Where the normal form names goods, sold or not; links are none of them."""


NOTHING = Named()


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
        if self._links and not form.isalpha() and _DIGIT.search(form) is not None:
            for link in _LINK.finditer(form):
                number = link["hash"] or link["item"] or link["after_link"] or link["english"]
                linked = self._links.get(int(number))
                if linked is not None and len(link.group()) > len(product):
                    product, product_id = link.group(), linked
        if product_id is None and not not_sold:
            return NOTHING
        return Named(product_id, self._names[not_sold].not_sold if not_sold else None, tuple(spans))


def _bounded(form: str) -> str:
    """The name as an expression; Latin edges must be edges of words (`tgy` is not in `tgyx`)."""
    left = r"\b" if form[0].isascii() and form[0].isalnum() else ""
    right = r"\b" if form[-1].isascii() and form[-1].isalnum() else ""
    escaped: str = re2.escape(form)
    return left + escaped + right
