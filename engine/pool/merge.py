"""The base pack overlaid with the shop's files, by id: lists joined without repeats, single values replaced where the shop wrote them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from engine.errors import Problem
from engine.pool.documents import Document, Spot
from engine.pool.files import IntentEntry, IntentsFile, ReplyEntry

LISTS = ("examples", "keywords", "negatives", "tests")
ADDED = {*LISTS, "replies"}
"""What several files of one side may say of an intent."""


@dataclass(slots=True)
class MergedReply:
    entry: ReplyEntry
    spots: list[Spot]
    """Where it is written, base pack first."""

    def spot(self, key: str = "text") -> Spot:
        """The last place that writes this key, else the last."""
        return next((spot for spot in reversed(self.spots) if spot.wrote(key)), self.spots[-1])


@dataclass(slots=True)
class MergedIntent:
    id: str
    entry: IntentEntry
    """With the lists joined; its `replies` stay empty, see `replies`."""
    spots: list[Spot]
    lines: dict[str, dict[str, Spot]] = field(default_factory=dict)
    """List name → line → where it is written first."""
    own: dict[str, list[str]] = field(default_factory=dict)
    """List name → lines that only the shop wrote."""
    replies: dict[str, MergedReply] = field(default_factory=dict)

    def spot(self, key: str = "") -> Spot:
        """The last place that writes this key, else the last."""
        return next((spot for spot in reversed(self.spots) if spot.wrote(key)), self.spots[-1])


def merge(
    base: Sequence[Document[IntentsFile]], shop: Sequence[Document[IntentsFile]]
) -> tuple[dict[str, MergedIntent], list[Problem]]:
    """All intents by id, sorted, and what one side defines twice: settings of an intent, or a reply. Both are kept, to be checked.

    What is only added to an intent, lines and further replies, may stand in a file of its own.
    """
    problems: list[Problem] = []
    intents: dict[str, MergedIntent] = {}
    for documents, own in ((base, False), (shop, True)):
        settled: dict[str, Spot] = {}
        taken: dict[str, set[str]] = {}
        for document in documents:
            for intent_id, entry in document.model.intents.items():
                spot = document.at("intents", intent_id)
                if entry.model_fields_set - ADDED or not entry.model_fields_set:
                    first = settled.setdefault(intent_id, spot)
                    if first is not spot:
                        message = f"the intent `{intent_id}` stands in {first.file} too"
                        remedy = (
                            "put both into one file; another may only add replies, examples, keywords, not and tests"
                        )
                        problems.append(spot.problem(message, remedy))
                known = intents.setdefault(intent_id, MergedIntent(intent_id, IntentEntry(), []))
                problems += _overlay(known, entry, spot, taken.setdefault(intent_id, set()), own=own)
    return dict(sorted(intents.items())), problems


def _overlay(known: MergedIntent, entry: IntentEntry, spot: Spot, taken: set[str], *, own: bool) -> Iterable[Problem]:
    """`taken`: the ids of the replies that this side wrote already."""
    known.spots.append(spot)
    update: dict[str, object] = {name: getattr(entry, name) for name in entry.model_fields_set - ADDED}
    for name in LISTS:
        lines = known.lines.setdefault(name, {})
        new = [line for line in dict.fromkeys(getattr(entry, name)) if line not in lines]
        key = IntentEntry.model_fields[name].alias or name
        for at, line in enumerate(getattr(entry, name)):
            lines.setdefault(line, Spot(spot.file, spot.root, (*spot.steps, key, at)))
        if own:
            known.own.setdefault(name, []).extend(new)
        update[name] = tuple(lines)
    known.entry = known.entry.model_copy(update=update)
    for at, reply in enumerate(entry.replies):
        place = Spot(spot.file, spot.root, (*spot.steps, "replies", at))
        if reply.id in taken:
            yield place.problem(f"the reply id `{reply.id}` stands in this intent twice", "give one another id", "id")
            known.replies[f"{reply.id} {place.file} {at}"] = MergedReply(reply, [place])  # so that its text is checked
            continue
        taken.add(reply.id)
        before = known.replies.get(reply.id)
        if before is None:
            known.replies[reply.id] = MergedReply(reply, [place])
        else:
            written = {name: getattr(reply, name) for name in reply.model_fields_set}
            before.entry = before.entry.model_copy(update=written)
            before.spots.append(place)
