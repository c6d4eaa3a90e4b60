"""The language of a text, by its scripts: Chinese characters, Latin letters, or letters that no pack is written in."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.events.fields import TextLanguage

SAMPLE = 120  # characters looked at: enough to tell a script, bounded for very long lines
FOREIGN_SHARE = 0.5  # of all letters; below it, foreign letters are decoration or dodges in a Chinese or English text
KANA_SHARE = 0.2  # of kana and Chinese characters together; Japanese prose has over a third, Chinese prose none but の

_PLAIN_ZH = re.compile(r"[\u4e00-\u9fff\d\s\u3000-\u3004\u3008-\u301f\uff00-\uff20\u2018-\u2026!-@～]*\Z")
_HAN = re.compile(r"[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ɏＡ-Ｚａ-ｚ]{2,}")
_LATIN = re.compile(r"[A-Za-zÀ-ɏＡ-Ｚａ-ｚ]")
_KANA = re.compile(r"[\u3041-\u306d\u306f-\u3096\u30a1-\u30fa\uff66-\uff9d]")  # without の, which Chinese borrows


@dataclass(frozen=True, slots=True)
class Script:
    """`language` as in records; `foreign`: it has letters, and most of them are of a script without a pack."""

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


def plain_script(*, ascii_only: bool, chinese: bool, han: bool, latin: bool) -> Script | None:
    """The script of a text of at most `SAMPLE` characters by what its characters are; None where they have to be counted."""
    if ascii_only:
        return _EN if latin else _OTHER
    if chinese:
        return _ZH if han else _OTHER
    return None


def script_of(text: str) -> Script:
    """The script of a text as typed (not of its normal form, in which look-alikes are already Latin)."""
    sample = text[:SAMPLE]
    if sample.isascii():
        return _EN if _LATIN.search(sample) else _OTHER
    if _PLAIN_ZH.match(sample):
        return _ZH if _HAN.search(sample) else _OTHER
    han = len(_HAN.findall(sample))
    letters = sum(map(str.isalpha, sample))
    if not letters:
        return _OTHER
    latin = len(_LATIN.findall(sample))
    kana = len(_KANA.findall(sample)) if letters > han + latin else 0
    if letters - han - latin > FOREIGN_SHARE * letters or (kana > 1 and kana > KANA_SHARE * (kana + han)):
        return _FOREIGN
    if not han:
        return _EN
    # A Latin word weighs as much as two Chinese characters; one word in a Chinese line is a brand or a unit.
    words = len(_LATIN_WORD.findall(sample)) if latin else 0
    if words > 1 and 4 * words > han:
        return _MIXED
    return _ZH
