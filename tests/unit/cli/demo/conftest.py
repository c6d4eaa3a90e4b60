"""Records of a short live, as an operator's streams carry them."""

from __future__ import annotations

from engine.events.gaps import Gap
from engine.events.inputs import Cursor, Playback, PlaybackKind, Script, ScriptSegment, ScriptSentence
from engine.events.outputs import Aired, CommentRef, Decision, Insertion, Reason, VerdictLine, Verdicts

START = 1_767_225_600_000
INSERTION = "ab" * 8
TEXTS = {"c1": "多少钱", "c2": "好多少", "c3": "能退吗", "c4": "哈哈哈"}
TITLES = {"product.price": "How much is it", "aftersale.return": "Can I return it"}


def script() -> Script:
    sentences = (ScriptSentence(id="s1", text="欢迎", seconds=1), ScriptSentence(id="s2", text="喝茶", seconds=1))
    segment = ScriptSegment(id="one", sentences=sentences)
    return Script(room="r", id="script", at=START, session="s", script="evening", version="1", segments=(segment,))


def said(sentence: str, at: int) -> Playback:
    cursor = Cursor(version="1", lap=0, segment="one", sentence=sentence)
    return Playback(room="r", id=f"p{at}", at=START + at, session="s", kind="sentence_started", cursor=cursor)


def reported(kind: PlaybackKind, at: int, reason: str = "") -> Playback:
    return Playback(room="r", id=f"p{at}", at=START + at, session="s", kind=kind, insertion=INSERTION, reason=reason)


def insertion(at: int = 2_000) -> Insertion:
    return Insertion(
        id=INSERTION, room="r", shop="tea", at=START + at, lease=1, seq=1, shop_offset=0, session="s", reply="price",
        intent="product.price", language="zh", text="今天129元", duration_ms=2_000, when="sentence", start=START + at,
        not_after=START + 40_000, pool="cd" * 8, viewers=2,
        serves=(CommentRef(source="x", id="c1"), CommentRef(source="x", id="c2")),
    )  # fmt: skip


def waits(comment: str, blocker: str = "no_opportunity") -> Verdicts:
    return Verdicts(id="ef" * 8, room="r", lease=1, seq=1, lines=(VerdictLine("x", comment, blocker, False),))


def decided(comment: str, reason: Reason, at: int, intent: str | None = None, *, answered: bool = False) -> Decision:
    return Decision(
        id=f"d-{comment}", room="r", shop="tea", source="x", comment=comment, viewer=f"v-{comment}", text=TEXTS[comment],
        norm=TEXTS[comment], language="zh", reason=reason, sent=START + 1_000, decided=START + at, deadline=START + 46_000,
        pool="cd" * 8, model="cd" * 8, intent=intent, insertion=INSERTION if answered else None, via="voice" if answered else None,
    )  # fmt: skip


def aired() -> Aired:
    return Aired(
        id="aa" * 8, room="r", shop="tea", insertion=INSERTION, reply="price", intent="product.price", language="zh",
        text="今天129元", pool="cd" * 8, started=START + 3_000, ended=START + 5_000, viewers=2,
    )  # fmt: skip


def gap(viewers: int = 1, *, number: int = 1, stub: str = "intents:\n  aftersale.return:\n") -> Gap:
    return Gap(
        id=f"{number:016x}", shop="tea", reason="no_reply", intent="aftersale.return", viewers=viewers, comments=viewers,
        first_seen=START, last_seen=START, lines=("能退吗",), remedy="Write a reply.", stub=stub,
    )  # fmt: skip


def whole_live() -> list[object]:
    """A reply said to two viewers, one question without a reply, one line that asks nothing."""
    return [
        script(), said("s1", 0), waits("c1"), waits("c2"), insertion(), reported("accepted", 2_100),
        reported("started", 3_000), decided("c4", "chatter", 3_500), decided("c3", "no_reply", 3_600, "aftersale.return"),
        gap(), reported("ended", 5_000), decided("c1", "answered", 5_000, "product.price", answered=True),
        decided("c2", "answered", 5_000, "product.price", answered=True), aired(), said("s2", 5_000),
    ]  # fmt: skip
