"""What the example's page tells of it is so."""

from __future__ import annotations

import re

from engine.pool.load import load
from engine.pool.paths import base_pack, example_shop


def test_the_page_names_every_question_without_a_reply() -> None:
    """And how many there are of both; the other intents ask nothing."""
    intents = load(base_pack(), example_shop()).pool.intents.values()
    questions = [intent for intent in intents if intent.kind == "question" and intent.owner == "engine"]
    silent = [intent.id for intent in questions if not intent.replies]
    page = " ".join((example_shop() / "README.md").read_text("utf-8").split())
    head = f"{len(questions) - len(silent)} of the {len(questions)} questions that the engine is to answer here have replies"
    found = re.search(rf"{head}; {len(silent)} have none: (.*?)\. Whoever", page)
    assert found is not None
    assert re.findall(r"`([a-z_.]+)`", found[1]) == silent
