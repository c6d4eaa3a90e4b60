"""Text → normal form: what is left when spelling, width, case, script variant and emphasis no longer differ.

Every step is a pure function of text and a fixed point of itself; `normal_form` is the whole chain. What stays in a normal form:
letters and digits, single blanks, `?` (a question mark changes what "tasty" means), `.` between digits, and `#` before a number. Emoji
and emotes are blanks: they tell a mood, not what is asked. It never raises, whatever the text holds, and never has more than `MAX_FORM`
characters.
"""

from __future__ import annotations

import html
import re
from operator import eq

from engine.events.fields import MAX_TEXT
from engine.pool.folding import fold
from engine.understanding.numbers import may_hold_numbers, numbers

MAX_FORM = (
    200  # characters; the size of `Understanding.key`. A question is far shorter, and the cost per text stays bounded
)
_EMOTE = re.compile(
    r"[\[［](?:[\u3400-\u9fff]{1,5}[A-Za-z]?|[A-Za-z][A-Za-z0-9_]{0,15})[\]］]|:[A-Za-z+-][A-Za-z0-9_+-]{1,23}:"
)
_ADDRESS = re.compile(r"(?<![A-Za-z0-9])(?:[Hh][Tt]{2}[Pp][Ss]?:|[Ww]{3}\.)[^\s\u2e80-\U0003ffff]*")
_GROUPED = re.compile(
    r"(?<![\d.,，])(?P<money>[$¥￥€£] ?)?(?![0０])\d{1,3}(?:[,，]\d{3})+(?!\d|[,，]\d)(?P<unit>(?:\.\d+)? ?(?:[元块圆塊圓]|rmb))?",
    re.IGNORECASE,
)
_GROUP = re.compile(r"(?<=\d)[,，](?=\d{3})")
_HAN = re.compile(r"[\u3400-\u9fff]")
_APART = re.compile(r"(?<![^ ])[\u3400-\u9fff](?: [\u3400-\u9fff](?![^ ?])){2,}")
_WHILE = re.compile("(?<![显名原巨专编论土卓所合遗译])著(?![名作称者录])")
_INNER_APOSTROPHE = re.compile(r"(?<=[a-z])'+(?=[a-z])")
_LONE_POINT = re.compile(r"(?<!\d)\.|\.(?!\d)")
_HASH = re.compile(r"#[# ]*(?=\d)")
_LONE_HASH = re.compile(r"#(?!\d)")
_RUN = re.compile(r"([^\d ])\1\1+")
# Not of a price, a weight or a link.
_DIGIT_RUN = re.compile(r"(?<![\d.#])(?<!链接)(?<!链接 )(\d)\1{3,}(?![\d.]| ?(?:[号元块圆克斤公米]|rmb|链接))")
_FOUR_DIGITS = re.compile(r"\d{4}")
_MARK_RUN = re.compile(r"\?(?: ?\?)+")
_ITEM_NUMBER = re.compile(
    r"(?<![零一二两三四五六七八九十百\d])([一二三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九])(?=号)"
)
_DIGITS = {char: index for index, char in enumerate("零一二三四五六七八九")} | {"两": 2}


def emotes(text: str) -> str:
    """Emotes as platforms write them, `[捂脸]`, `[doge]` or `:smile:`, are blanks: a picture's name is no word."""
    return _EMOTE.sub(" ", text) if "[" in text or ":" in text or "［" in text else text


def markup(text: str) -> str:
    """Web addresses say nothing, and their words (`shop`, `link`) mislead; `&#39;` and its like are what they stand for."""
    text = _plain(text)
    return _ADDRESS.sub(" ", text) if ":" in text or "." in text else text


def has_address(text: str) -> bool:
    """Whether `markup` takes a web address out of it."""
    return _ADDRESS.search(_plain(text)) is not None if ":" in text or "." in text or ";" in text else False


def _plain(text: str) -> str:
    return html.unescape(text) if "&" in text and ";" in text else text


def groups(text: str) -> str:
    """`1,299元` is 1299元. A comma groups digits where money is told, or in a line that is not Chinese: 拍2,160能穿吗 are two numbers."""
    return _GROUPED.sub(_joined, text) if ("," in text or "，" in text) and _GROUP.search(text) else text


def _joined(match: re.Match[str]) -> str:
    sure = match["money"] or match["unit"] or (_HAN.search(match.string) is None and _is_one_number(match[0]))
    return _GROUP.sub("", match[0]) if sure else match[0]


def _is_one_number(digits: str) -> bool:
    """`100,200` are two sizes as well as one number; `12,500` and `100,000` are one."""
    return "，" not in digits and ("," in digits[:3] or digits.endswith("000"))


def particles(text: str) -> str:
    """吃著 is 吃着: Taiwan writes the particle so. 著 stays in the words that have it in Simplified as well (著名, 显著)."""
    return _WHILE.sub("着", text) if "著" in text else text


def apostrophes(text: str) -> str:
    """`don't` and `dont` are one word; any other apostrophe is punctuation."""
    return _INNER_APOSTROPHE.sub("", text).replace("'", " ") if "'" in text else text


def marks(text: str) -> str:
    """Points stay between digits, `#` before a number; elsewhere both are blanks."""
    if "." in text:
        text = _LONE_POINT.sub(" ", text)
    if "#" in text:
        text = _LONE_HASH.sub(" ", _HASH.sub("#", text))
    return text


def _digits(match: re.Match[str]) -> str:
    word = match[1]
    if "十" not in word:
        return str(_DIGITS[word])
    tens, _, ones = word.partition("十")
    return str(_DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0))


def item_numbers(text: str) -> str:
    """`三号` → `3号`. Only before 号: elsewhere a number word is often part of another word (一般, 万一)."""
    return _ITEM_NUMBER.sub(_digits, text) if "号" in text else text


def elongations(text: str) -> str:
    """Emphasis by repetition has one length: letters twice, a number of one digit three times, `?` once."""
    if len(set(text)) == len(text):
        return text  # nothing occurs twice: true of most short lines, and much cheaper to see than what follows
    if text.count("?") > 1:
        text = _MARK_RUN.sub("?", text)
    # Back-references are slow; a plain scan for a doubled character spares most texts from them.
    if True not in map(eq, text, text[1:]):
        return text
    text = _RUN.sub(r"\1\1", text)
    return _DIGIT_RUN.sub(r"\1\1\1", text) if _FOUR_DIGITS.search(text) is not None else text


def blanks(text: str) -> str:
    """Single blanks, none at the ends or before a question mark."""
    text = " ".join(text.split())
    return text.replace(" ?", "?") if "?" in text else text


def together(text: str) -> str:
    """`多 少 钱` is 多少钱: Chinese signs with blanks between all of them, three at least, are written so to dodge filters."""
    return _APART.sub(_without_blanks, text) if " " in text else text


def _without_blanks(match: re.Match[str]) -> str:
    return match[0].replace(" ", "")


def normal_form(text: str) -> str:
    """The normal form of `text`, at most `MAX_FORM` characters. `normal_form(normal_form(x)) == normal_form(x)`."""
    folded = particles(fold(emotes(groups(markup(text[:MAX_TEXT])))))
    if not folded.isalpha():
        folded = together(blanks(marks(apostrophes(folded))))
    form, settled = _shortened(folded)
    while not settled:  # a number that was made may be part of one more, and so may signs whose neighbour was cut off
        form, settled = _shortened(together(marks(form)))
    return form


def _shortened(folded: str) -> tuple[str, bool]:
    """Numbers and emphasis of a folded text in one form, and whether another round would change nothing."""
    plain = item_numbers(numbers(folded))
    whole = blanks(elongations(plain))
    form = whole[:MAX_FORM].rstrip(" #.'")
    return form, form == folded or (len(whole) <= MAX_FORM and plain == folded and not may_hold_numbers(form))
