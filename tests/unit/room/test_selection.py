"""Opportunities: which boundary, which demand, which variant."""

from __future__ import annotations

from engine.events.outputs import Decision, Insertion
from engine.pool.model import Limits
from tests.unit.room.scene import START, Scene, intent, pool, reply


def speak(scene: Scene) -> Insertion:
    """Let the insertion on its way be said in full."""
    insertion = scene.insertion
    scene.wait(max(0, insertion.start - scene.now))
    if insertion.after is not None:
        scene.sentence("sentence_ended", insertion.after.sentence, insertion.after.lap)
    scene.report("started", insertion.id)
    scene.wait(insertion.duration_ms)
    scene.report("ended", insertion.id)
    if insertion.resume is not None:
        scene.sentence("sentence_started", insertion.resume.sentence, insertion.resume.lap)
    return insertion


def test_nothing_cuts_in_after_a_sentence_that_holds() -> None:
    """The boundary moves to the next sentence."""
    scene = Scene()
    scene.play(hold=True)
    scene.ask("shipping.fee")
    scene.wait(4_000)
    scene.next_sentence("tgy-0", "tgy-1")
    scene.wait(3_000)
    assert scene.insertion.after is not None
    assert scene.insertion.after.sentence == "tgy-1"
    assert scene.insertion.start == START + 8_000


def test_a_lead_longer_than_a_sentence_looks_further_ahead() -> None:
    """The player hears of it in time, however many sentences ahead."""
    scene = Scene()
    scene.play(lead_ms=6_000)
    scene.ask("shipping.fee")
    scene.wait(3_000)
    assert scene.insertion.start == START + 8_000
    assert scene.insertion.start - scene.insertion.at >= 6_300


def test_the_script_loops_over_its_end() -> None:
    """After the last sentence the next lap goes on."""
    scene = Scene()
    scene.play()
    scene.sentence("sentence_started", "puer-2")
    scene.ask("shipping.fee")
    scene.wait(3_000)
    assert scene.insertion.after is not None
    assert scene.insertion.resume is not None
    assert (scene.insertion.after.lap, scene.insertion.after.sentence) == (0, "puer-2")
    assert (scene.insertion.resume.lap, scene.insertion.resume.sentence) == (1, "tgy-0")


def test_the_highest_value_density_wins() -> None:
    """Priority × viewers ÷ seconds; the record tells the numbers and the runner-up."""
    scene = Scene()
    scene.play()
    scene.ask("product.price", product="tgy")
    for _ in range(3):
        scene.ask("shipping.fee")
    scene.wait(3_000)
    choice = scene.insertion.choice
    assert scene.insertion.intent == "shipping.fee"
    assert choice is not None
    assert choice.value_density == 40 * 3 / 4
    assert choice.runner_up == "product.price/tgy"
    assert choice.runner_up_density == 80 / 4


def test_a_viewer_who_asks_again_strengthens_nothing() -> None:
    """Distinct viewers count."""
    scene = Scene()
    scene.play()
    for _ in range(3):
        scene.ask("shipping.fee", viewer="same")
    scene.ask("product.price", product="tgy")
    scene.wait(3_000)
    assert scene.insertion.intent == "product.price"


def test_what_would_expire_first_goes_ahead_where_both_fit() -> None:
    """The better one can wait for the next opportunity."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.fee", age=38_000)
    scene.ask("product.price", product="tgy")
    scene.wait(3_000)
    assert scene.insertion.intent == "shipping.fee"
    assert scene.insertion.choice is not None
    assert scene.insertion.choice.expiring


def test_the_loser_knows_that_it_was_outvalued() -> None:
    """Its blocker says so, and its reason where that held it longest."""
    scene = Scene(pool(limits=Limits(airtime_share=0.015)))
    scene.play()
    scene.ask("product.price", product="tgy", id="won")
    scene.ask("shipping.fee", id="lost")
    scene.wait(3_000)
    speak(scene)
    scene.wait(60_000)
    reasons = scene.decisions
    assert reasons["won"] == "answered"
    assert reasons["lost"] in ("airtime_spent", "outvalued", "player_lost")


def test_replies_take_no_more_than_their_share_of_the_air() -> None:
    """With 5 seconds in 300 one reply of 4 seconds fits."""
    scene = Scene(pool(limits=Limits(airtime_share=5 / 300, minimum_pause_ms=0)))
    scene.play()
    scene.ask("shipping.fee")
    scene.wait(3_000)
    speak(scene)
    scene.ask("shipping.dispatch", id="b")
    scene.wait(3_500)
    assert len(scene.all(Insertion)) == 1


def test_replies_keep_their_distance() -> None:
    """No insertion starts within the minimum pause after the last."""
    scene = Scene(pool(limits=Limits(minimum_pause_ms=10_000)))
    scene.play()
    scene.ask("shipping.fee")
    scene.wait(3_000)
    first = speak(scene)
    scene.ask("shipping.dispatch")
    for ended, started in (("tgy-1", "tgy-2"), ("tgy-2", "puer-0"), ("puer-0", "puer-1")):
        scene.wait(4_000)
        scene.next_sentence(ended, started)
    assert scene.insertion.id != first.id
    assert scene.insertion.start >= first.start + first.duration_ms + 10_000


def test_an_idle_script_is_an_opportunity_at_once() -> None:
    """Without a running script the reply starts after the lead."""
    scene = Scene()
    scene.play()
    scene.report("accepted", "abcdef0123")
    scene.rooms._rooms["r1"].clock.idle(scene.now)
    scene.ask("shipping.fee")
    assert scene.insertion.when == "idle"
    assert scene.insertion.start == scene.now + 800


def test_a_sentence_that_answers_in_time_needs_no_reply() -> None:
    """The demand waits for the script, and is answered by it; afterwards it was said lately."""
    scene = Scene()
    scene.play(answers=("shipping.fee",))
    assert scene.ask("shipping.fee", id="a") == "script_ahead"
    for ended, started in (("tgy-0", "tgy-1"), ("tgy-1", "tgy-2"), ("tgy-2", "puer-0")):
        scene.wait(4_000)
        scene.next_sentence(ended, started)
    assert not scene.all(Insertion)
    (decision,) = scene.all(Decision)
    assert (decision.reason, decision.via) == ("answered", "script")
    assert scene.ask("shipping.fee", id="b", age=40_000) == "recently_answered"
    assert scene.ask("shipping.fee", id="c") == "script_ahead"


def test_a_sentence_answers_only_for_its_product() -> None:
    """The price of the product in its segment, not of another."""
    scene = Scene()
    scene.play(answers=("product.price",))
    assert scene.ask("product.price", product="tgy") == "script_ahead"
    assert scene.ask("product.price", product="puer") == "script_ahead"
    scene.sentence("sentence_started", "puer-0")
    scene.sentence("sentence_started", "puer-2")
    assert scene.ask("product.price", product="puer", age=40_000) == "script_ahead"
    assert scene.ask("product.price", product="tgy", age=42_000) != "script_ahead"


def test_variants_take_turns() -> None:
    """The least recently heard comes next, none within its memory."""
    many = intent("a.b", *(reply("a.b", f"v{n}", f"第{n}种") for n in range(2)), cooldown_ms=0)
    scene = Scene(pool(intents={"a.b": many}, limits=Limits(minimum_pause_ms=0)))
    scene.play()
    said = []
    for number in range(2):
        scene.ask("a.b", id=f"q{number}")
        scene.wait(3_900)
        said.append(speak(scene).reply)
    assert said == ["v0", "v1"]
    scene.ask("a.b", id="q9")
    scene.wait(3_900)
    assert len(scene.all(Insertion)) == 2


def rooms_said(scene: Scene, *asked: tuple[str, str]) -> list[tuple[str, str | None]]:
    """Ask for intent × product one after the other, and let each reply be said: (reply, product)."""
    said = []
    for number, (name, product) in enumerate(asked):
        count = len(scene.all(Insertion))
        scene.ask(name, product=product, id=f"q{number}")
        scene.wait(3_900)
        if len(scene.all(Insertion)) > count:
            speak(scene)
            said.append((scene.insertion.reply, scene.insertion.product))
    return said


def test_a_variant_that_names_its_product_is_remembered_for_that_product() -> None:
    """About another product it is made of other words; about the same one it is a repeat."""
    one = intent("a.b", reply("a.b", "v", "{product}有货", needs_product=True), needs_product=True, cooldown_ms=0)
    scene = Scene(pool(intents={"a.b": one}, limits=Limits(minimum_pause_ms=0)))
    scene.play()
    asked = (("a.b", "tgy"), ("a.b", "puer"), ("a.b", "tgy"))
    assert rooms_said(scene, *asked) == [("v", "tgy"), ("v", "puer")]


def test_a_variant_that_names_none_is_remembered_for_all() -> None:
    """The same words, whatever product was asked for."""
    texts = (
        reply("a.b", "v", "都有货", products=("tgy", "puer")),
        reply("a.b", "w", "{hours}小时发", products=("tgy", "puer")),
    )
    one = intent("a.b", *texts, cooldown_ms=0)
    scene = Scene(pool(intents={"a.b": one}, limits=Limits(minimum_pause_ms=0)))
    scene.play()
    asked = (("a.b", "tgy"), ("a.b", "puer"), ("a.b", "tgy"))
    assert rooms_said(scene, *asked) == [("v", "tgy"), ("w", "puer")]


def test_another_product_gets_another_turn_of_phrase() -> None:
    """Of two variants the one heard less lately is said, though its words would be new in either."""
    scene = Scene(pool(limits=Limits(minimum_pause_ms=0)))
    scene.play()
    asked = (("product.price", "tgy"), ("product.price", "puer"))
    assert rooms_said(scene, *asked) == [("price-a", "tgy"), ("price-b", "puer")]


def test_half_the_viewers_in_another_language_are_answered_in_theirs() -> None:
    """Where a reply exists; the decision says in which language it was spoken."""
    both = intent("a.b", reply("a.b", "zh", "有的"), reply("a.b", "en", "Yes", lang="en"))
    scene = Scene(pool(intents={"a.b": both}))
    scene.play()
    scene.ask("a.b", language="zh")
    scene.ask("a.b", language="en")
    scene.wait(3_000)
    assert scene.insertion.language == "en"
    speak(scene)
    assert {decision.spoken for decision in scene.all(Decision)} == {"en"}


def test_a_reply_for_the_screen_only_waits_for_its_product() -> None:
    """It need not name the product, so it may be said only beside it."""
    here = intent(
        "a.b", reply("a.b", "here", "这一款是{price}", needs_product=True, on_screen_only=True), needs_product=True
    )
    scene = Scene(pool(intents={"a.b": here}))
    scene.play()
    scene.ask("a.b", product="puer")
    scene.wait(3_900)
    assert not scene.all(Insertion)
    scene.sentence("sentence_started", "puer-0")
    scene.wait(3_000)
    assert scene.insertion.text == "这一款是88元"


def test_a_fact_that_ends_before_the_reply_does_is_not_said() -> None:
    """`not_after` lies before the end of the fact by the reply's length."""
    scene = Scene()
    scene.play()
    scene.fact("hours", 12, until=START + 7_000)
    scene.ask("shipping.dispatch")
    scene.wait(3_900)
    assert not scene.all(Insertion)
    scene = Scene()
    scene.play()
    scene.fact("hours", 12, until=START + 20_000)
    scene.ask("shipping.dispatch")
    scene.wait(3_000)
    assert scene.insertion.not_after == START + 16_000
    assert scene.insertion.text == "12小时内发出"


def test_a_single_viewer_below_the_stricter_threshold_waits_for_a_second() -> None:
    """Blocker `solo`, lifted by another viewer."""
    scene = Scene()
    scene.play()
    assert scene.ask("shipping.fee", solo_ok=False) == "solo"
    assert scene.ask("shipping.fee", solo_ok=False) == "no_opportunity"


def test_the_next_opportunity_is_a_boundary_not_the_end_of_the_pause() -> None:
    """A demand whose deadline lies before the next sentence end would expire: it goes ahead, although the pause ends in time."""
    scene = Scene()
    scene.play(seconds=12.0)
    scene.ask("shipping.fee", age=20_000)
    scene.ask("product.price", product="tgy")
    scene.wait(11_000)
    assert scene.insertion.start == START + 12_000
    assert scene.insertion.intent == "shipping.fee"
    assert scene.insertion.choice is not None
    assert scene.insertion.choice.expiring


def test_nobody_goes_ahead_where_the_better_one_could_not_be_said_later() -> None:
    """Without another boundary the highest density wins."""
    scene = Scene()
    scene.play(seconds=12.0)
    scene.ask("shipping.fee", age=20_000)
    scene.ask("product.price", product="tgy", age=18_000)
    scene.wait(11_000)
    assert scene.insertion.intent == "product.price"


def test_a_question_that_comes_first_does_not_win_by_that() -> None:
    """Over an idle script the better one that waited for the pause is chosen, though a new question brought the look."""
    scene = Scene(pool(limits=Limits(minimum_pause_ms=4_000)))
    scene.play()
    scene.rooms._rooms["r1"].clock.idle(scene.now)
    scene.ask("shipping.fee")
    speak(scene)
    scene.ask("product.price", product="tgy")
    scene.wait(3_100)
    scene.now += 200
    scene.ask("shipping.dispatch")
    assert scene.insertion.intent == "product.price"


def test_new_questions_over_an_idle_script_do_not_put_off_the_others() -> None:
    """Who waits for the pause to end is looked at every second, however many questions come meanwhile."""
    scene = Scene(pool(limits=Limits(minimum_pause_ms=4_000, viewer_questions_per_minute=100)))
    scene.play()
    scene.rooms._rooms["r1"].clock.idle(scene.now)
    scene.ask("shipping.fee")
    speak(scene)
    end = scene.now
    scene.ask("product.price", product="tgy")
    for _ in range(40):
        scene.wait(200)
        scene.ask("product.price", product="puer", viewer="v", solo_ok=False)
    assert scene.insertion.intent == "product.price"
    assert scene.insertion.start <= end + 4_000 + 1_000 + 200


def test_a_cooldown_is_over_at_its_end() -> None:
    """Not a millisecond later."""
    scene = Scene()
    scene.play()
    room = scene.rooms._rooms["r1"]
    room.cool(("shipping.fee", None), scene.now + 1)
    assert scene.ask("shipping.fee") == "cooling"
    room.cool(("shipping.dispatch", None), scene.now)
    assert scene.ask("shipping.dispatch") == "no_opportunity"


def test_a_deadline_at_the_very_start_is_in_time() -> None:
    """And one at the very end of a sentence that answers; a moment later is too late."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.dispatch", id="just", age=41_000)
    scene.wait(3_000)
    scene.now = START + 4_000
    scene.report("started", scene.insertion.id)
    scene.report("ended", scene.insertion.id)
    assert scene.decisions == {"just": "answered"}
    script = Scene()
    script.play(answers=("shipping.fee",))
    script.sentence("sentence_started", "tgy-2")
    script.ask("shipping.fee", id="just", age=41_000)
    script.ask("shipping.fee", id="fine")
    script.now = START + 4_000
    script.sentence("sentence_ended", "tgy-2")
    assert script.decisions == {"just": "answered", "fine": "answered"}
    late = Scene()
    late.play(answers=("shipping.fee",))
    late.sentence("sentence_started", "tgy-2")
    late.ask("shipping.fee", id="late", age=40_999)
    late.now = START + 4_002
    late.sentence("sentence_ended", "tgy-2")
    assert late.decisions == {"late": "expired"}


def test_a_reply_that_asks_for_approval_is_not_said_without_it() -> None:
    """In `auto` too; a variant that does not ask is said instead."""
    asks = reply("a.b", "asks", "全场包邮", approval="ask")
    scene = Scene(pool(intents={"a.b": intent("a.b", asks)}))
    scene.play()
    assert scene.ask("a.b", id="q") == "approval"
    scene.wait(60_000)
    assert not scene.all(Insertion)
    scene = Scene(pool(intents={"a.b": intent("a.b", asks, reply("a.b", "free", "包邮的"))}))
    scene.play()
    scene.ask("a.b")
    scene.wait(3_000)
    assert scene.insertion.reply == "free"
