"""Texts to understandings: every outcome, and every text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.events.understanding import Understanding
from engine.pool.model import UNLISTED, Courtesies, Pool, TrainingLine, TrainingSet
from engine.understanding.model import Model
from engine.understanding.neighbours import Neighbours
from engine.understanding.ngrams import grams
from engine.understanding.normalise import normal_form
from engine.understanding.spellings import Spellings
from engine.understanding.understander import Understander
from tests.unit.understanding.conftest import with_own

OUTCOMES = {"accepted", "ambiguous", "low_confidence", "unknown", "chatter", "abuse", "unsupported_language"}


def one(understander: Understander, text: str) -> Understanding:
    return understander.understand([text])[0]


@pytest.mark.parametrize(
    ("text", "outcome", "intent"),
    [
        ("多少钱", "accepted", "product.price"),
        ("小熊多少錢？？", "accepted", "product.price"),
        ("HOW MUCH", "accepted", "product.price"),
        ("今天拍能发吗", "accepted", "shipping.dispatch"),
        ("什么时候发货？", "accepted", "shipping.dispatch"),
        ("傻子", "abuse", "abuse.insult"),
    ],
)
def test_a_rule_is_sure(understander: Understander, text: str, outcome: str, intent: str) -> None:
    """A rule of one intent settles the matter, also where a question mark follows."""
    result = one(understander, text)
    assert (result.outcome, result.intent, result.confidence, result.solo_ok) == (outcome, intent, 0.99, True)


def test_rules_that_disagree_settle_nothing(understander: Understander) -> None:
    """Rules of two intents at once: the model may decide between them, else both are named as ambiguous."""
    result = one(understander, "还有货多少钱")
    fired = {"product.price", "product.stock"}
    assert result.intent in fired
    assert result.confidence < 0.99
    assert result.outcome == "accepted" or (result.outcome, {result.intent, result.runner_up}) == ("ambiguous", fired)


def test_a_not_line_takes_a_rule_back(understander: Understander) -> None:
    """`多少钱都不卖` holds the rule's words, and an editor wrote that it asks no price."""
    result = one(understander, "多少钱都不卖")
    assert result.outcome != "accepted"
    assert not result.solo_ok


@pytest.mark.parametrize(
    ("intent", "outcome"), [(None, "chatter"), (UNLISTED, "unknown"), ("shipping.dispatch", "accepted")]
)
def test_a_line_word_for_word_goes_before_a_rule(pool: Pool, model: Model, intent: str | None, outcome: str) -> None:
    """It is how a shop takes back what a rule answers by mistake; what is not just that line, the rule still answers."""
    text = "我姨问多少钱都买不买"
    known = replace(pool, training=replace(pool.training, lines=(*pool.training.lines, TrainingLine(text, intent))))
    assert one(Understander(pool, model), text).intent == "product.price"
    understander = Understander(known, model)
    found = one(understander, f"{text}！")
    assert found.outcome == outcome
    assert intent is None or intent == UNLISTED or found.intent == intent
    assert one(understander, f"今天{text}").intent == "product.price"


@pytest.mark.parametrize("frame", ["请问{}", "{}?", "小熊{}", "请问小熊{}", "{} 谢谢"])
@pytest.mark.parametrize(("intent", "outcome"), [(UNLISTED, "unknown"), ("shipping.dispatch", "accepted")])
def test_so_does_a_line_but_for_what_stands_beside_it(
    pool: Pool, model: Model, intent: str, outcome: str, frame: str
) -> None:
    """Names, words of courtesy and a question mark do not hand it to the rule."""
    line = TrainingLine("会不会多少钱都买不买", intent)
    known = replace(pool, training=replace(pool.training, lines=(*pool.training.lines, line)))
    found = one(Understander(polite(known), model), frame.format(line.text))
    assert found.outcome == outcome
    assert intent == UNLISTED or found.intent == intent


def test_a_question_mark_asks_what_tells_nothing_without(pool: Pool, model: Model) -> None:
    """`已经发货了` tells; `已经发货了?` asks: the model decides."""
    line = TrainingLine("多少钱都买不买", None)
    known = replace(pool, training=replace(pool.training, lines=(*pool.training.lines, line)))
    understander = Understander(known, model)
    assert one(understander, line.text).outcome == "chatter"
    assert one(understander, f"{line.text}?").intent == "product.price"


def test_no_cosine_is_above_one(model: Model, training: TrainingSet) -> None:
    """Rounding makes some of a line with itself so; the confidence that a `not:` line takes back would come out below 0."""
    index = Neighbours(model.linear, training.lines, Spellings(()))
    found = index.nearest(grams([normal_form(line.text) for line in training.lines]))
    assert found.cosine.max() <= 1.0


@pytest.mark.parametrize("text", ["😀😀😀", "!!!", "", "。。。", "\ud800", "\u200b"])
def test_a_text_without_words_is_chatter(understander: Understander, text: str) -> None:
    """Emoji, punctuation, nothing visible: nobody asked."""
    result = one(understander, text)
    assert (result.outcome, result.language) == ("chatter", "other")


def test_a_line_of_the_pool_is_understood_whatever_its_language(pool: Pool, model: Model) -> None:
    """Editors may write lines of languages that have no pack; what is like none of them is of an unsupported language."""
    line = TrainingLine("cuanto cuesta el envio", "shipping.dispatch")
    known = replace(pool, training=replace(pool.training, lines=(*pool.training.lines, line)))
    understander = Understander(known, model)
    found = one(understander, "Cuanto  cuesta el ENVIO")
    assert (found.outcome, found.intent) == ("accepted", "shipping.dispatch")
    assert one(understander, "cuanto cuesta hasta aqui").outcome == "unsupported_language"


@pytest.mark.parametrize("text", ["これはいくらですか", "얼마예요", "сколько стоит доставка"])
def test_a_script_without_a_pack_is_said_so(understander: Understander, text: str) -> None:
    """Letters of other scripts are no chatter: somebody may have asked."""
    assert one(understander, text).outcome == "unsupported_language"


@pytest.mark.parametrize("address", ["http://a.b/c", "HTTPS://a.b", "www.a.b", "http&#58;//a.b"])
def test_who_advertises_asks_nothing(pool: Pool, model: Model, address: str) -> None:
    """A line with a web address and no word of asking is no gap in the pool; near an intent, or asked, it is what it is without."""
    every = replace(model.calibration.thresholds, asks=1e-9, gate=-99.0)
    understander = Understander(pool, replace(model, calibration=replace(model.calibration, thresholds=every)))
    assert one(understander, "free coins for all subscribers").outcome == "unknown"
    assert one(understander, f"free coins for all subscribers {address}").outcome == "chatter"
    assert one(understander, f"is this the same as {address}").outcome == "unknown"
    assert one(understander, f"{address} 这个你们有吗").outcome == "unknown"
    assert one(understander, "Awww. free coins for all subscribers").outcome == "unknown"
    assert one(understander, f"{address} 多少钱") == one(understander, "多少钱")


def test_products_and_personal_data_are_noted(understander: Understander) -> None:
    """The product that is named, the good that is not sold, and the covered text; the key never holds personal data."""
    result = one(understander, "3号链接多少钱 电话13812345678 有积木吗")
    assert (result.product, result.not_sold) == ("bear", "积木")
    assert result.masked == "3号链接多少钱 电话*** 有积木吗"
    assert "138" not in result.key


def test_new_examples_act_at_once(pool: Pool, model: Model) -> None:
    """Lines that the model was not trained with count as near examples: for an intent, for a new one, and for background."""
    line = "能不能帮我包成礼物送人"
    assert one(Understander(pool, model), line).intent != "order.wrap"
    wrap = replace(pool.intents["product.price"], id="order.wrap", keywords=())
    extended = replace(with_own(pool, TrainingLine(line, "order.wrap")), intents={**pool.intents, "order.wrap": wrap})
    result = one(Understander(extended, model), "能不能帮我包成礼物送人呀")
    assert (result.outcome, result.intent) == ("accepted", "order.wrap")
    idle = with_own(pool, TrainingLine("价格真香啊", None))
    assert one(Understander(idle, model), "价格真香啊").outcome == "chatter"


def test_an_intent_that_the_pool_dropped_is_never_accepted(pool: Pool, model: Model) -> None:
    """The model may know more than the pool: nobody wrote a reply for it."""
    smaller = replace(pool, intents={"product.stock": pool.intents["product.stock"]})
    results = Understander(smaller, model).understand(["多少钱", "什么价", "价格是多少", "主播好"])
    assert not any(result.outcome == "accepted" for result in results)


def test_repeats_share_one_understanding(understander: Understander) -> None:
    """Equal texts are judged once, in a batch and across batches; the order stays."""
    first = understander.understand(["多少钱", "哈哈", "多少钱"])
    assert first[0] is first[2]
    assert understander.understand(["哈哈"])[0] is first[1]
    assert understander.understand([]) == []


def test_a_batch_is_its_texts_one_by_one(pool: Pool, model: Model) -> None:
    """What a text means does not hang on its neighbours, nor on the size of the batch."""
    texts = [f"{line} {number}" for number in range(300) for line in ("多少钱", "今天好热", "any left", "😀", "")]
    together = Understander(pool, model).understand(texts)
    assert together[:10] == [Understander(pool, model).understand([text])[0] for text in texts[:10]]
    assert len(together) == len(texts)


def test_an_explanation_tells_why(understander: Understander) -> None:
    """Normal form, rules that fired, the pieces that weighed most, and the best intents."""
    explanation = understander.explain("小熊多少錢？")
    assert explanation.form == "小熊多少钱?"
    assert explanation.judged in {"小熊多少钱?", "这个多少钱?", "多少钱?", "小熊多少钱", "这个多少钱", "多少钱"}
    assert explanation.rules == (("product.price", "多少钱"),)
    assert explanation.understanding == one(understander, "小熊多少錢？")
    assert ("多少" in dict(explanation.words)) or ("少钱" in dict(explanation.words))
    assert explanation.intents[0][0] == "product.price"
    assert understander.explain("").words == ()


NOISE = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=200),
    st.text("多少钱吗号三0123456789 ?？#[]@.-+路😀\ud83d\u202eאबけ한\x00\n\r\t", max_size=120),
    st.binary(max_size=300).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
    st.binary(max_size=300).map(lambda raw: raw.decode("latin-1")),
    st.text(st.characters(exclude_categories=()), min_size=1, max_size=4).map(
        lambda part: part * (100_000 // len(part))
    ),
)


@settings(max_examples=200)
@given(st.lists(NOISE, min_size=1, max_size=4))
def test_every_text_has_an_understanding(understander: Understander, texts: list[str]) -> None:
    """Long lines, half characters, right-to-left, binary noise: an outcome for each, bounded, never an exception."""
    for result in understander.understand(texts):
        assert result.outcome in OUTCOMES
        assert len(result.key) <= 200
        assert 0 <= result.margin <= result.confidence <= 1
        assert result.confidence == round(result.confidence, 4)
        result.key.encode("utf-8")


def gated(model: Model, gate: float, plausible: float | None = None) -> Model:
    limits = model.calibration.thresholds
    thresholds = replace(limits, gate=gate, plausible=limits.plausible if plausible is None else plausible)
    return replace(model, calibration=replace(model.calibration, thresholds=thresholds))


def test_below_the_gate_a_line_is_chatter_of_no_intent(pool: Pool, model: Model) -> None:
    """The model is asked no more; what stands in the pool, and rules, are not stopped."""
    closed = Understander(pool, gated(model, 100.0))
    asked, told, ruled = closed.understand(["现在拍的话几天才能到我手上呢", "几天能发货", "今天拍能发吗"])
    assert (asked.outcome, asked.intent, asked.confidence, asked.solo_ok) == ("chatter", None, 0.0, False)
    assert (told.outcome, told.intent) == ("accepted", "shipping.dispatch")
    assert (ruled.outcome, ruled.intent) == ("accepted", "shipping.dispatch")


def test_each_text_stands_at_the_gate_alone(pool: Pool, model: Model) -> None:
    """What came through keeps its place, and the name of a good does not stop a question about it."""
    texts = ["小熊什么价呀", "哈哈今天好热", "大风筝还剩几只呢", "刚下班吃饭了", "熊"]
    opened, usual = Understander(pool, gated(model, -100.0)), Understander(pool, model)
    for free, found in zip(opened.understand(texts), usual.understand(texts), strict=True):
        assert free.intent is not None
        assert found == free or (found.outcome, found.intent) == ("chatter", None)


def polite(pool: Pool) -> Pool:
    return replace(pool, courtesies=Courtesies(("请问", "hello "), ("谢谢", " thanks"), ("主播", "sis")))


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("请问 库存多少 谢谢", "product.stock"),
        ("请问小熊库存多少", "product.stock"),
        ("hello, how soon do you dispatch! thanks 😊", "shipping.dispatch"),
        ("请问什么时候发货？", "shipping.dispatch"),
    ],
)
def test_words_of_courtesy_stand_beside_a_question(pool: Pool, model: Model, text: str, intent: str) -> None:
    """Without them the line is one of the pool, or a rule of whole lines fires; the key stays what the viewer wrote."""
    result = one(Understander(polite(pool), model), text)
    assert (result.outcome, result.intent, result.confidence) == ("accepted", intent, 0.99)
    assert result.key == normal_form(text)


@pytest.mark.parametrize("text", ["库存多少库存多少库存多少", "小熊库存多少 小熊库存多少"])
def test_what_is_said_again_is_a_line_of_the_pool(pool: Pool, model: Model, text: str) -> None:
    """However unsure the model is of the whole."""
    result = one(Understander(polite(pool), gated(model, 100.0)), text)
    assert (result.outcome, result.intent, result.confidence) == ("accepted", "product.stock", 0.99)


def test_whom_one_speaks_to_makes_a_meaning_surer_and_no_other(pool: Pool, model: Model) -> None:
    """`主播库存多少` may ask for the host's: what the whole line means most is what it means without the address."""
    framed = ("主播{}", "主播 {}", "sis {}")
    lines = [frame.format(line.text) for line in pool.training.lines for frame in framed]
    opened = gated(model, -100.0, plausible=0.2)
    surer = 0
    for whole, found in zip(
        Understander(pool, opened).understand(lines), Understander(polite(pool), opened).understand(lines), strict=True
    ):
        assert found.intent == whole.intent
        assert found.confidence >= whole.confidence
        if found.confidence > whole.confidence:
            assert whole.confidence >= 0.2
            surer += 1
    assert surer


@pytest.mark.parametrize("text", ["多少钱😍", "😍 库存多少[捂脸]", "any left :pray: 🙏"])
def test_emoji_change_nothing(understander: Understander, text: str) -> None:
    """They tell a mood, not what is asked."""
    plain = one(understander, normal_form(text))
    assert one(understander, text) == plain
    assert plain.outcome == "accepted"


def test_the_gate_reads_the_same_margin(model: Model) -> None:
    batch = grams(["多少钱一个", "今天好热啊", "zzz qqq"])
    assert model.linear.asks(batch).tolist() == pytest.approx(model.linear.scores(batch).asks.tolist(), abs=0.001)
