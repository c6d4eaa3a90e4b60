"""A small base pack and shop on disk, to be broken by tests."""

from __future__ import annotations

from pathlib import Path

BASE = """\
intents:
  product.price:
    title: {zh: 多少钱, en: How much is it}
    needs_product: true
    priority: 60
    examples: [多少钱, 这个怎么卖, how much]
    keywords: ["re: ^多少钱$"]
    not: [多少天]
    tests: [啥价]
  shipping.dispatch:
    title: {zh: 什么时候发货, en: When will it be sent}
    examples: [什么时候发货, when do you ship]
"""
SHOP = """\
shop:
  id: tea
  name: {zh: 茶铺, en: Tea}
  languages: [zh, en]
  default_language: zh
limits:
  memory: 10m
"""
CATALOGUE = """\
facts:
  dispatch_hours: {value: 48}
products:
  tgy:
    name: {zh: 安溪铁观音, en: Anxi Tieguanyin}
    aliases: [铁观音]
    link: 3
    facts:
      price: {value: 129, unit: CNY, floor: 99, ceiling: 169}
  puer:
    name: 普洱
    link: 5
not_sold: [咖啡]
"""
GUARD = """\
banned: [国家级, best in china]
disclosure: {text: {zh: 我是数字人, en: I am an AI host}, every: 10m}
"""
REPLIES = """\
intents:
  product.price:
    examples: [铁观音咋卖]
    tests: [观音几钱]
    replies:
      - {id: price-zh, text: "{product}今天{price}，拍{link}号。"}
      - {id: price-en, lang: en, text: "{product} is {price} today."}
  shipping.dispatch:
    priority: 70
    replies:
      - id: dispatch
        text: 拍下{dispatch_hours}小时之内发。
"""
SCRIPT = """\
script:
  id: evening
  language: zh
  segments:
    - id: one
      product: tgy
      sentences:
        - {id: s1, text: "{product}今天{price}。", seconds: 2.5, answers: [product.price]}
        - {id: s2, text: "喝茶。", seconds: 1, hold: true}
"""
BACKGROUND = "# chatter\n哈哈哈\n\n来了来了\n"

FILES = {
    "base/pack.yaml": BASE,
    "base/background/idle.txt": BACKGROUND,
    "shop/shop.yaml": SHOP,
    "shop/catalogue.yaml": CATALOGUE,
    "shop/guard.yaml": GUARD,
    "shop/intents/all.yaml": REPLIES,
    "shop/scripts/evening.yaml": SCRIPT,
}


def write(root: Path, **changed: str | bytes | None) -> tuple[Path, Path]:
    """The folders of base pack and shop under `root`. `changed`: content by file, `/` and `.` written as `_`; None leaves it out."""
    files: dict[str, str | bytes | None] = dict(FILES)
    by_key = {name.replace("/", "_").replace(".", "_"): name for name in files}
    for key, content in changed.items():
        files[by_key[key]] = content
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root / "base", root / "shop"
