"""A small shop of toys, made by hand, and one model of it: enough to see every outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from engine.pool.encoding import pool_hash
from engine.pool.model import Guard, Intent, Limits, Pool, Product, TrainingLine, TrainingSet
from engine.understanding.model import Model, model_hash
from engine.understanding.training.train import train
from engine.understanding.understander import Understander

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "product.price": (
        "多少钱", "这个多少钱一个", "价格是多少", "什么价", "小熊卖多少钱", "怎么卖的呀", "几块钱一只", "大的多少钱", "报个价吧",
        "how much is it", "price please", "what does it cost", "how much for two", "whats the price", "cost of one",
    ),
    "shipping.dispatch": (
        "什么时候发货", "几天能发货", "今天能发吗", "多久发货", "啥时候寄出", "明天发不发货", "现在拍什么时候发", "发货快吗", "急用快点发",
        "when do you ship", "when will it ship", "can you ship today", "how soon do you dispatch", "shipping when", "ship it fast pls",
    ),
    "product.stock": (
        "还有货吗", "还有没有货", "库存多少", "卖完了吗", "小熊还有吗", "什么时候补货", "还剩几个", "没货了吗", "红色的还有没有",
        "in stock", "any left", "is it sold out", "when restock", "do you still have it", "how many left",
    ),
    "social.greeting": (
        "主播好", "大家好", "晚上好", "你好呀", "来啦来啦", "哈喽", "我来了", "早上好", "报到",
        "hello", "hi everyone", "good evening", "hey there", "hi host", "morning all",
    ),
    "abuse.insult": ("傻子主播", "滚出去", "大傻子", "骗子滚", "垃圾主播", "你有病吧",
                     "shut up idiot", "you are trash", "stupid host", "get lost"),
}  # fmt: skip

BACKGROUND = (
    "哈哈哈", "今天好热", "刚下班", "吃饭了", "我朋友买过", "挺好看的", "笑死我了", "这歌好听", "下雨了", "明天上班", "我在上海",
    "昨天收到了",
    "真不错", "主播声音好听", "支持支持", "666", "可以可以", "加油", "睡觉去了", "我家猫在叫", "已经拍了", "谁懂啊", "太可爱了吧", "绝了",
    "lol", "nice song", "im from texas", "love this", "so funny", "my cat is sleeping", "just got home", "raining here", "great stream",
    "got mine yesterday", "haha true", "that was fun", "what a day", "good vibes", "see you guys", "im eating dinner",
)  # fmt: skip

NOT_LINES = (("product.price", "多少钱都不卖"),)


def training_set(
    examples: Mapping[str, tuple[str, ...]] = EXAMPLES,
    background: tuple[str, ...] = BACKGROUND,
    own: tuple[TrainingLine, ...] = (),
) -> TrainingSet:
    lines = [TrainingLine(text, intent) for intent, texts in examples.items() for text in texts]
    lines += [TrainingLine(text, None) for text in background]
    negatives = tuple(TrainingLine(text, intent) for intent, text in NOT_LINES)
    return TrainingSet("0" * 32, tuple(lines), negatives, (), own)


def toy_pool(training: TrainingSet) -> Pool:
    intents = {
        "product.price": Intent("product.price", {"zh": "价格"}, keywords=("多少钱", "how + much")),
        "shipping.dispatch": Intent("shipping.dispatch", {"zh": "发货"}, keywords=("re: ^什么时候发货$", "今天 > 发")),
        "product.stock": Intent("product.stock", {"zh": "库存"}, keywords=("还有货",)),
        "social.greeting": Intent("social.greeting", {"zh": "招呼"}, kind="chatter"),
        "abuse.insult": Intent("abuse.insult", {"zh": "辱骂"}, kind="abuse", keywords=("re: ^傻子$",)),
    }
    products = {
        "bear": Product("bear", {"zh": "小熊", "en": "Teddy Bear"}, ("熊", "bear"), link=3),
        "kite": Product("kite", {"zh": "风筝", "en": "Kite"}, ("大风筝",), link=12),
    }
    pool = Pool(
        "1" * 32, "toys", {"zh": "玩具"}, ("zh", "en"), "zh", intents, products, {}, ("积木", "北极熊", "lego"),
        Guard(), Limits(), {}, training, model_hash(training),
    )  # fmt: skip
    return replace(pool, hash=pool_hash(pool))


@pytest.fixture(scope="session")
def training() -> TrainingSet:
    return training_set()


@pytest.fixture(scope="session")
def model(training: TrainingSet) -> Model:
    return train(training)


@pytest.fixture(scope="session")
def pool(training: TrainingSet) -> Pool:
    return toy_pool(training)


@pytest.fixture(scope="session")
def understander(pool: Pool, model: Model) -> Understander:
    return Understander(pool, model)


def with_own(pool: Pool, *own: TrainingLine) -> Pool:
    """The pool with examples that its model has not learnt."""
    return replace(pool, training=replace(pool.training, own=own))
