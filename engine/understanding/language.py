"""The language of a text: by its scripts, and in Latin letters by the small words of languages that no pack is written in."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from engine.events.fields import TextLanguage

SAMPLE = 120  # characters looked at: enough to tell a script, bounded for very long lines
FOREIGN_SHARE = 0.5  # of all letters; below it, foreign letters are decoration or dodges in a Chinese or English text
KANA_SHARE = 0.2  # of kana and Chinese characters together; Japanese prose has over a third, Chinese prose none but の

_PLAIN_ZH = re.compile(r"[\u4e00-\u9fff\d\s\u3000-\u3004\u3008-\u301f\uff00-\uff20\u2018-\u2026!-@～]*\Z")
_HAN = re.compile(r"[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ɏＡ-Ｚａ-ｚ]{2,}")
_LATIN = re.compile(r"[A-Za-zÀ-ɏＡ-Ｚａ-ｚ]")
_KANA = re.compile(r"[\u3041-\u306d\u306f-\u3096\u30a1-\u30fa\uff66-\uff9d]")  # without の, which Chinese borrows
_ASKED = re.compile(
    "多少[钱錢]|怎[么麼]|[什甚][么麼]|[吗嗎]|几[个個块塊]|幾[个個块塊]|哪[个個里裡裏款]|有[没沒]有|能不能|可不可以|[这這][个個]"
)  # whole words of Chinese questions, which no Japanese line has

_LETTERS: Final = bytes(
    code if chr(code).isalpha() and code < 0x80 else 32 for code in bytes(range(256)).lower()
)  # a table for bytes
_MARKS: Final = re.compile("[\u0300-\u036f]")
_VIETNAMESE_SIGNS: Final = re.compile("đ|[\u0309\u031b\u0323]|[\u0302\u0306][\u0300\u0301\u0303]")  # taken apart (NFD)

# Small words and words of buying, without accents, that no English comment has. Left out is what is an English word, a name or a
# syllable of pinyin as well, and what viewers put into English lines (berapa, magkano, po, lah), which packs may list.
_WORDS_OF: Final = {
    "es": (
        "cuanto cuanta cuantos cuantas cuesta cuestan vale precio precios envio envios tienen tienes tiene quiero "
        "quieres puedo puede pueden donde cuando como porque por para tambien hasta desde muy pero hay estas esta "
        "este estos una unos unas talla tallas gracias hola buenas buenos dias noches necesito comprar pedido hacen "
        "hace aqui ahora todavia queda quedan descuento"
    ),
    "pt": (
        "quanto custa custam preco frete voce voces nao tambem onde quando muito muita pra uma isso essa esse "
        "entrega entregam quero posso ainda tamanho qual quais obrigado obrigada fazem enviam envia meu minha boa "
        "noite ola tudo bem"
    ),
    "fr": (
        "combien coute coutent bonjour bonsoir livraison avez vous nous est cest quel quelle quels quelles taille "
        "couleur pouvez peut faut avec dans une merci toujours quand voudrais veux acheter livrez sont disponible "
        "oui cette votre"
    ),
    "de": (
        "wie viel wieviel kostet kosten versand liefern liefert lieferung habt habe ihr ist eine einen nicht und "
        "auch noch welche welcher welches grosse farbe danke hallo bitte gibt konnen kann kaufen bestellen wann "
        "sehr kein keine oder wird guten nach ich mochte"
    ),
    "id": (
        "harga harganya kak kakak kaka bisa warna ukuran barang barangnya stok masih sudah udah "
        "belum tidak nggak gak bagaimana gimana kenapa kapan dimana mahal murah pesan saya kamu untuk dengan dari "
        "banget bagus tolong apakah ini itu apa dapat cuma aja juga sampe bila"
    ),
    "vi": "nhieu tien khong duoc muon nhung vay nhe roi",
    "tl": "saan kailan mayroon wala mga ako kayo niyo nyo ninyo salamat bakit pabili presyo ganda ito talaga kuya",
}
_VIETNAMESE: Final = (
    "bao nhieu tien vay khong ko co gia hang mau con cho em anh chi oi nay duoc nao mua ban cai minh ao quan giao "
    "roi muon loai bo ngay mai voi dep qua lam sao chua het"
)  # of which many are syllables of pinyin, too: they count where letters have accents
# A line with one of these is English, whatever else is in it: those languages do not write them.
_ENGLISH: Final = (
    "the is are it its this that these those there how much many what whats where when which who why can could "
    "would should does did dont you your youre u ur i im ive my we our us they them and for of to with have got get "
    "from be been if but or any one not just please pls plz love like want need still all both"
)
_OTHER_WORDS: Final = frozenset(word for words in _WORDS_OF.values() for word in words.split())
_WITH_ACCENTS: Final = _OTHER_WORDS.union(_VIETNAMESE.split())
_ENGLISH_WORDS: Final = frozenset(_ENGLISH.split())


@dataclass(frozen=True, slots=True)
class Script:
    """`language` as in records; `foreign`: it has letters, and most of them are of a script or a language without a pack."""

    language: TextLanguage
    foreign: bool = False


_ZH, _EN, _MIXED, _OTHER, _FOREIGN = (
    Script("zh"),
    Script("en"),
    Script("mixed"),
    Script("other"),
    Script("other", foreign=True),
)


def is_han(char: str) -> bool:
    return _HAN.match(char) is not None


def is_latin(char: str) -> bool:
    return _LATIN.match(char) is not None


def is_plain_chinese(char: str) -> bool:
    """It stands in texts that are Chinese, or not in words at all."""
    return _PLAIN_ZH.match(char) is not None


def is_other_latin(text: str) -> bool:
    """Whether a text in Latin letters is of a language without a pack: two of its small words, or one and Vietnamese signs.

    A text with an English one is English. Names, brands and typos are in no list, so they say nothing.
    """
    if text.isascii():
        return _is_other(_words(text), _OTHER_WORDS, 2)
    text = unicodedata.normalize("NFD", text.casefold())
    least = 1 if _VIETNAMESE_SIGNS.search(text) is not None else 2
    return _is_other(_words(_MARKS.sub("", text).replace("đ", "d").replace("’", "'")), _WITH_ACCENTS, least)


def _words(text: str) -> list[str]:
    """Runs of ASCII letters in lower case. Bytes are translated several times as quickly as text."""
    return text.encode("ascii", "replace").translate(_LETTERS, b"'").decode().split()


def _is_other(words: list[str], listed: frozenset[str], least: int) -> bool:
    return (
        not listed.isdisjoint(words) and len(listed.intersection(words)) >= least and _ENGLISH_WORDS.isdisjoint(words)
    )


def plain_script(*, ascii_only: bool, chinese: bool, han: bool, latin: bool) -> Script | None:
    """The script of a text of at most `SAMPLE` characters by what its characters are; None where one has to look closer."""
    if ascii_only:
        return None if latin else _OTHER
    if chinese:
        return _ZH if han else _OTHER
    return None


def script_of(text: str) -> Script:
    """The script of a text as typed (not of its normal form, in which look-alikes are already Latin)."""
    sample = text[:SAMPLE]
    if sample.isascii():
        found = _words(sample)
        if not found:
            return _OTHER
        return _FOREIGN if _is_other(found, _OTHER_WORDS, 2) else _EN
    if _PLAIN_ZH.match(sample):
        return _ZH if _HAN.search(sample) else _OTHER
    han = len(_HAN.findall(sample))
    letters = sum(map(str.isalpha, sample))
    if not letters:
        return _OTHER
    latin = len(_LATIN.findall(sample))
    kana = len(_KANA.findall(sample)) if letters > han + latin else 0
    if kana > 1 and kana > KANA_SHARE * (kana + han) and not (kana <= han and _ASKED.search(sample)):
        return _FOREIGN
    if letters - han - latin > FOREIGN_SHARE * letters:
        return _FOREIGN
    if not han:
        return _FOREIGN if is_other_latin(sample) else _EN
    # A Latin word weighs as much as two Chinese characters; one word in a Chinese line is a brand or a unit.
    words = len(_LATIN_WORD.findall(sample)) if latin else 0
    if words > 1 and 4 * words > han:
        return _MIXED
    return _ZH
