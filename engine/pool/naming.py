"""Which product a reply speaks of: viewers hear it while some product is on screen, and take it for that one unless it says otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from engine.errors import Problem
from engine.pool.merge import MergedReply
from engine.pool.model import Pool, Reply

PRODUCT_WORDS: Final = ("product", "link")
"""Placeholders that a product itself fills."""

_POINTS: Final = re.compile(
    r"[这此该本]一?款|[这该本]一?[个件](?:产品|商品|宝贝|链接)|[该本](?:产品|商品|品)(?!牌)|(?:屏幕|镜头|画面)[上里前]的?[这那]"
    r"|\bthis (?:one|product|item)\b",
    re.IGNORECASE,
)


def naming(pool: Pool, reply: Reply, place: MergedReply) -> Iterator[Problem]:
    """A reply that may be about a product which is not on screen names it; one about none does not sound as if it were."""
    text = place.spot("text")
    if not reply.on_screen_only and not {*PRODUCT_WORDS} & {*reply.placeholders}:
        points = _POINTS.search(reply.text)
        if reply.needs_product:
            message = f"the reply `{reply.id}` needs a product and does not name it"
            yield text.problem(message, "put {product} or {link} into it, or add `on_screen_only: true`", "text")
        elif points is not None:
            message = f"`{points[0]}` in the reply `{reply.id}` is whatever is on screen when it is said"
            remedy = "name the product by {product} or {link}, or add `needs_product: true` and `on_screen_only: true`"
            yield text.problem(message, remedy, "text")
    if reply.needs_product and not reply.products:
        for product in pool.products.values():
            named = next((name for name in product.name.values() if _says(reply.text, name)), None)
            if named is not None and len(pool.products) > 1:
                message = f"the reply `{reply.id}` names `{named}`, and is said about other products, too"
                remedy = f"write {{product}} instead, or add `products: [{product.id}]`"
                yield text.problem(message, remedy, "text")


def _says(text: str, name: str) -> bool:
    """Whether the name stands in the text; Latin names only as words of their own."""
    left = r"(?<![A-Za-z0-9])" if name[:1].isascii() else ""
    right = r"(?![A-Za-z0-9])" if name[-1:].isascii() else ""
    return re.search(left + re.escape(name) + right, text, re.IGNORECASE) is not None
