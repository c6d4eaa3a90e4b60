"""The overlay: lists joined, written values replaced, replies by id."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.pool.documents import Document
from engine.pool.files import IntentsFile
from engine.pool.merge import LISTS, MergedIntent, merge
from engine.pool.nodes import Node, Plain

LINE = st.text("abc多少", min_size=1, max_size=3)
SCALARS = {
    "priority": st.integers(1, 100).map(lambda n: Plain(n)),
    "kind": st.sampled_from(["question", "chatter", "abuse"]),
    "needs_product": st.sampled_from([Plain("true"), Plain("false")]),
    "cooldown": st.sampled_from(["0s", "10s", "1h"]),
}
REPLIES = st.lists(
    st.fixed_dictionaries({"id": st.sampled_from(["r1", "r2", "r3"])}, optional={"text": LINE, "lang": st.just("en")}),
    max_size=3,
    unique_by=lambda reply: reply["id"],
)
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        **SCALARS,
        **{key: st.lists(LINE, max_size=4) for key in ("examples", "keywords", "not", "tests")},
        "replies": REPLIES,
    },
)
PACKS = st.dictionaries(st.sampled_from(["a.b", "c.d", "e.f"]), ENTRIES, max_size=3)


def document(name: str, intents: dict[str, Any]) -> Document[IntentsFile]:
    return Document(name, Node(1, 1, {}), IntentsFile.model_validate({"intents": intents}))


def merged(base: dict[str, Any], shop: dict[str, Any]) -> dict[str, MergedIntent]:
    intents, problems = merge([document("base", base)], [document("shop", shop)])
    assert problems == []
    return intents


@given(PACKS, PACKS)
def test_lists_are_joined_without_repeats(base: dict[str, Any], shop: dict[str, Any]) -> None:
    """The base pack's lines come first, the shop's new ones after them; what only the shop wrote is its own."""
    for key, intent in merged(base, shop).items():
        for name, alias in zip(LISTS, ("examples", "keywords", "not", "tests"), strict=True):
            first, second = base.get(key, {}).get(alias, []), shop.get(key, {}).get(alias, [])
            joined = tuple(dict.fromkeys([*first, *second]))
            assert getattr(intent.entry, name) == joined == tuple(intent.lines[name])
            assert intent.own.get(name, []) == [line for line in dict.fromkeys(second) if line not in first]


@given(PACKS, PACKS)
def test_a_single_value_is_replaced_exactly_where_the_shop_wrote_it(base: dict[str, Any], shop: dict[str, Any]) -> None:
    """Written by the shop, else by the base pack, else nobody's."""
    alone = {key: document("x", {key: entry}).model.intents[key] for key, entry in base.items()}
    over = {key: document("x", {key: entry}).model.intents[key] for key, entry in shop.items()}
    for key, intent in merged(base, shop).items():
        for name in SCALARS:
            source = over if name in shop.get(key, {}) else alone
            expected = getattr(source[key], name) if key in source else None
            assert getattr(intent.entry, name) == expected


@given(PACKS, PACKS)
def test_replies_merge_by_id(base: dict[str, Any], shop: dict[str, Any]) -> None:
    """A reply of the shop replaces those keys of the pack's reply that it writes, and keeps the others."""
    for key, intent in merged(base, shop).items():
        first = {reply["id"]: reply for reply in base.get(key, {}).get("replies", [])}
        second = {reply["id"]: reply for reply in shop.get(key, {}).get("replies", [])}
        assert list(intent.replies) == list(dict.fromkeys([*first, *second]))
        for name, reply in intent.replies.items():
            expected = {**first.get(name, {}), **second.get(name, {})}
            assert (reply.entry.text, reply.entry.lang) == (expected.get("text"), expected.get("lang"))


@given(PACKS)
def test_an_empty_overlay_changes_nothing(base: dict[str, Any]) -> None:
    """So does an overlay that repeats the pack."""
    plain, same = merged(base, {}), merged(base, base)
    assert {key: intent.entry for key, intent in plain.items()} == {key: intent.entry for key, intent in same.items()}
    assert not any(lines for intent in same.values() for lines in intent.own.values())


def test_a_second_file_may_add_to_an_intent() -> None:
    """Lines and further replies may stand in a file of their own; a setting, or a reply that is there already, may not."""
    first = {"a.b": {"kind": "question", "examples": ["x"], "replies": [{"id": "r1", "text": "one"}]}}
    more = {"a.b": {"examples": ["y"], "replies": [{"id": "r2", "text": "two"}]}}
    intents, problems = merge([], [document("one", first), document("two", more)])
    assert problems == []
    assert (intents["a.b"].entry.examples, list(intents["a.b"].replies)) == (("x", "y"), ["r1", "r2"])
    assert intents["a.b"].entry.kind == "question"
    _, problems = merge([], [document("one", first), document("two", {"a.b": {"kind": "chatter"}})])
    assert [problem.message for problem in problems] == ["the intent `a.b` stands in one too"]
    _, problems = merge([], [document("one", first), document("two", {"a.b": first["a.b"] | {"examples": []}})])
    assert "the reply id `r1` stands in this intent twice" in [problem.message for problem in problems]


def test_a_second_file_may_overlay_a_reply_of_the_pack() -> None:
    """What the pack wrote is not taken: a later file of the shop may give it another text."""
    base = [document("base", {"a.b": {"replies": [{"id": "r1", "text": "one"}]}})]
    shop = [
        document("one", {"a.b": {"examples": ["x"]}}),
        document("two", {"a.b": {"replies": [{"id": "r1", "text": "two"}]}}),
    ]
    intents, problems = merge(base, shop)
    assert (problems, intents["a.b"].replies["r1"].entry.text) == ([], "two")


def test_an_intent_stands_in_one_file_of_a_side() -> None:
    """Two files of the shop that define one intent are a problem in the second."""
    _, problems = merge([], [document("one", {"a.b": {}}), document("two", {"a.b": {}})])
    assert [(problem.file, problem.message) for problem in problems] == [("two", "the intent `a.b` stands in one too")]
