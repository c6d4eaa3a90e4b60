"""Which product a reply speaks of: viewers hear it while some product is on screen, and take it for that one unless it says otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from engine.errors import Problem
from engine.pool.merge import MergedReply
from engine.pool.model import Pool, Product, Reply
from engine.pool.speech import PRODUCT_WORDS

# What shops sell, by the word that ends its name; the ends of the catalogue's own names are looked for beside it.
_GOODS_ZH: Final = (
    r"茶|酒|咖啡|奶粉|牛奶|零食|糕|饼|米|油|水果|肉|蜂蜜|衣服?|衣裳|上衣|外套|[裙裤鞋袜帽]子?|包(?![裹邮装含括])|手表|首饰|项链|戒指|手链|面膜|口红"
    r"|[面眼]?霜(?!降)|精华|乳液|香水|洗面奶|洗发水|牙膏|手机|耳机|电脑|电饭煲|锅|杯子?|壶|碗|被子?|枕头?|床单|毛巾|沙发|椅子|桌子|灯|玩具|书(?!面)"
)
_GOODS_EN: Final = (
    r"tea|wine|coffee|snack|cake|dress|shirt|coat|jacket|skirt|bag|shoe|hat|watch|necklace|ring|bracelet|mask|lipstick|cream|serum|lotion|perfume"
    r"|shampoo|phone|pot|pan|cup|kettle|pillow|towel|lamp|toy|book|jar|bottle"
)
_MEASURES: Final = "个种件条只瓶盒袋罐双套支把块张床台部本饼泡"
# 它 without anything before it that it could stand for: in the first clause.
_POINTS: Final = re.compile(
    rf"[这此该本]一?款|[这该本那]一?[{_MEASURES}](?:产品|商品|宝贝|链接|东西)|[该本](?:产品|商品|品)(?!牌)|(?:屏幕|镜头|画面)[上里前]的?[这那]"
    rf"|[这那此]一?[{_MEASURES}]?(?:{_GOODS_ZH})|\A[^，。！？；：,.!?;:\s]{{0,20}}(?<!其)它(?!们)"
    rf"|\b(?:this|that) (?:one|product|item|(?:{_GOODS_EN}))\b",
    re.IGNORECASE,
)


_THIS: Final = re.compile(rf"[这那此]一?[{_MEASURES}]?|\b(?:this|that) ", re.IGNORECASE)


def _points(pool: Pool, text: str) -> str | None:
    """What in the text stands for a product that it does not name."""
    found = _POINTS.search(text)
    if found is not None:
        return found[0]
    ends = dict.fromkeys(end for product in pool.products.values() for end in _ends(product))
    lowered = text.lower()
    for this in _THIS.finditer(text):
        end = next((end for end in ends if lowered.startswith(end, this.end())), None)
        if end is not None:
            return f"{this[0]}{end}"
    return None


def _ends(product: Product) -> Iterator[str]:
    """What is left of its names where one points at it: 这铁观音, "this cake"."""
    for name in (*product.name.values(), *product.aliases):
        whole = name.lower()
        yield from (whole.rpartition(" ")[2],) if whole.isascii() else (whole[at:] for at in range(len(whole) - 1))


def names_product(pool: Pool, reply: Reply) -> bool:
    """Whether viewers hear which product it is about: by a placeholder, or by the typed name of the only one that it is for."""
    if {*PRODUCT_WORDS} & {*reply.placeholders}:
        return True
    item = pool.products.get(reply.products[0]) if len(reply.products) == 1 else None
    return item is not None and any(_says(reply.text, name) for name in (*item.name.values(), *item.aliases))


def naming(pool: Pool, reply: Reply, place: MergedReply) -> Iterator[Problem]:
    """A reply that may be about a product which is not on screen names it; one about none does not sound as if it were."""
    text = place.spot("text")
    if not reply.on_screen_only and not names_product(pool, reply):
        points = _points(pool, reply.text)
        if reply.needs_product:
            message = f"the reply `{reply.id}` needs a product and does not name it"
            yield text.problem(message, "put {product} or {link} into it, or add `on_screen_only: true`", "text")
        elif points is not None:
            message = f"`{points}` in the reply `{reply.id}` is whatever is on screen when it is said"
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
