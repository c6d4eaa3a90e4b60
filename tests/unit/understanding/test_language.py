"""Languages by script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.pool.load import load_pool
from engine.pool.paths import base_pack, example_shop
from engine.understanding.language import is_other_latin, script_of
from engine.understanding.model import model_hash


@pytest.mark.parametrize(
    ("text", "language", "foreign"),
    [
        ("什么时候发货", "zh", False),
        ("發貨快嗎？", "zh", False),
        ("tgy多少钱", "zh", False),
        ("美の主播", "zh", False),
        ("how much is it", "en", False),
        ("ｐｒｉｃｅ", "en", False),
        ("can you ship to 北京 today", "mixed", False),
        ("666", "other", False),
        ("😀😀", "other", False),
        ("", "other", False),
        ("これはいくらですか", "other", True),
        ("얼마예요", "other", True),
        ("сколько стоит", "other", True),
        ("كم السعر", "other", True),
        ("ราคาเท่าไหร่", "other", True),
    ],
)
def test_the_script_tells_the_language(text: str, language: str, foreign: bool) -> None:
    """Chinese, English, both, or letters of a script that no pack is written in."""
    script = script_of(text)
    assert (script.language, script.foreign) == (language, foreign)


OTHER_LATIN = """
cuanto cuesta
¿Cuánto cuesta?
tienen talla grande
hacen envios a mexico? cuando llega para comprar
hola buenas noches
donde puedo comprar ese
muchas gracias, muy lindo pero caro hasta ahora
quiero una para mi mama
quanto custa o frete
tem tamanho pequeno ainda? qual o preço
você entrega em Recife?
não entendi, quanto é
boa noite, obrigado
posso comprar uma aqui
combien ça coûte
quel est le prix
vous avez la taille 38 ?
bonjour, livraison en Belgique possible avez vous
je voudrais une autre couleur
merci, c'est combien
wie viel kostet das
was kostet der Versand nach Österreich, wieviel
habt ihr auch größe 40
ich möchte zwei kaufen
gibt es eine andere Farbe
hallo, guten Abend
berapa harga kak
harganya berapa, bisa kirim ke Bandung?
masih stok kak
warna hitam ada gak, mau beli
bisa COD tidak
ongkir ke Medan mahal banget
masih bisa untuk sabah tidak
saya mau pesan dua, bagaimana
bao nhiêu tiền vậy shop
giá bao nhiêu ạ
còn hàng không shop
áo này màu gì đẹp nhất em ơi
ship về Đà Nẵng mất mấy ngày ạ, có nhanh không
mua 2 cái được giảm không
con hang khong, muon mua 2 cai
nhieu tien vay
bakit wala na kayo
saan kayo sa maynila
saan po kayo pwede bumili
salamat, ang ganda naman
wala na ba kayo niyo stock
PRECIO POR FAVOR, CUANTO
""".strip().splitlines()

ENGLISH = """
how much is it
can u ship to los angeles
las vegas here, love the show
ship to san juan pls
is the la mer cream real
does como blanket come in grey
hi from kuala lumpur
hola from texas
gracias for the quick delivery
berapa price for link 12
magkano po yung kulambo
how much po
kak is the pink one still there
can or not lah
boleh cod?
hw mch is tht bag
wat size fr 5ft2
prise plss
dyson airwrap restock
nike air force size 9
taj mahal tea bags
uma thurman vibes
rendez vous cafe mug
creme brulee flavour
pokémon cards when
café au lait mug
naïve question, is it washable
crème de la crème lol
zoë here, hello
jalapeño chips in stock?
señor frogs shirt
yang shu lin 168cm
duo shao qian
zhe ge zen me mai
zhe yang ya
nao zhong bili bili
you mei you xl
bao you ma
ni hao
grand prix cap
rue de rivoli candle
der spiegel
von dutch hat
apa style guide
PO BOX 12
hindi or english?
das boot dvd
ich bin ein berliner mug
roi on this
est time or pst
lol omg
xoxo
sooooo cute
Beyoncé tour tee
Nguyễn is my name
""".strip().splitlines()


@pytest.mark.parametrize("text", OTHER_LATIN)
def test_small_words_tell_other_languages(text: str) -> None:
    assert script_of(text).foreign, text


@pytest.mark.parametrize("text", ENGLISH)
def test_english_with_names_brands_and_typos_stays_english(text: str) -> None:
    """So do lines in pinyin, and English ones with words of Malay or Tagalog."""
    assert script_of(text).language == "en", text


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("これ 多少钱", "zh"),
        ("これ 多少錢", "zh"),
        ("かわいい这个怎么卖的呀", "zh"),
        ("すごい 有没有蓝色", "zh"),
        ("これはいくらですか 多少钱", "other"),
        ("これ 何円", "other"),
        ("この商品はいくら", "other"),
        ("多少の違いがあります", "other"),
    ],
)
def test_a_chinese_question_with_a_little_kana_is_chinese(text: str, language: str) -> None:
    assert script_of(text).language == language


@pytest.mark.slow
def test_what_the_pack_lists_is_of_its_languages() -> None:
    """Words of other languages that the pack's own lines are written in are understood, so they may not tell another language."""
    lines = load_pool(base_pack(), example_shop(), model_of=model_hash).training.lines
    assert not [line.text for line in lines if is_other_latin(line.text)]


@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_any_text_has_a_language(text: str) -> None:
    """No text makes it fail, and only `other` is ever foreign."""
    script = script_of(text)
    assert script.language in {"zh", "en", "mixed", "other"}
    assert not script.foreign or script.language == "other"
