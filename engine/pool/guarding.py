"""The guard of a shop: its own terms, the lists of the base pack and its own, less what it exempts; and the disclosure.

A list bars terms (`intents/guard/*.yaml`); a shop's list of the same id adds to the pack's. `guard.yaml` exempts a term, everywhere or
inside some texts, or a whole list, each with the reason why it may.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from engine.errors import Problem
from engine.pool.banned import Banned, covers
from engine.pool.documents import Document, Spot, did_you_mean
from engine.pool.files import ExemptionEntry, GuardFile, TermListFile
from engine.pool.model import Guard, ListedTerm, Pool
from engine.pool.speech import stray_brace, typed_prices

MAX_LISTED: Final = 5_000  # of all lists in force; the two that ship have some hundreds


class Guarding:
    """What stands in guard.yaml and in the lists, with the places. `lost`: a list could not be read, so any term may stand in one."""

    def __init__(
        self, guard: Document[GuardFile], lists: Sequence[Document[TermListFile]], *, lost: bool = False
    ) -> None:
        self._guard = guard
        self._lists = lists
        self._lost = lost

    @property
    def at(self) -> Spot:
        """guard.yaml, also where there is none."""
        return self._guard.at()

    def lists(self) -> Guard:
        """The guard as it is in force."""
        file = self._guard.model
        off = {entry.list for entry in file.exempt if entry.list is not None}
        free = {entry.term for entry in file.exempt if entry.term is not None and entry.within is None}
        allow: dict[tuple[str, str], list[str]] = {}
        for document in self._lists:
            entry = document.model.list
            for term in entry.terms:
                allow.setdefault((term, entry.id), [])
        for document in self._lists:
            entry = document.model.list
            for term, texts in entry.allow.items():
                if (term, entry.id) in allow:
                    allow[term, entry.id] += texts
        for exemption in file.exempt:
            for place in allow:
                if place[0] == exemption.term:
                    allow[place] += exemption.within or ()
        listed = tuple(
            ListedTerm(term, name, tuple(dict.fromkeys(texts)))
            for (term, name), texts in allow.items()
            if name not in off and term not in free
        )
        banned = tuple(dict.fromkeys(file.banned))
        if file.disclosure is None:
            return Guard(banned, listed=listed)
        return Guard(banned, file.disclosure.text, file.disclosure.every, listed)

    def problems(self, pool: Pool) -> Iterator[Problem]:
        """What is wrong with the lists, with an exemption, or with the disclosure."""
        yield from self._of_lists(pool)
        for number, entry in enumerate(self._guard.model.exempt):
            yield from self._of_exemption(entry, self._guard.at("exempt", number))
        yield from self._of_disclosure(pool)

    def _of_lists(self, pool: Pool) -> Iterator[Problem]:
        for document in self._lists:
            entry = document.model.list
            for term, texts in entry.allow.items():
                known = [
                    other for one in self._lists if one.model.list.id == entry.id for other in one.model.list.terms
                ]
                if term not in known:
                    yield document.at("list", "allow", term).problem(
                        f"`{term}` is allowed here, and the list does not bar it", did_you_mean(term, known)
                    )
                for at, text in enumerate(texts):
                    if not covers(text, term):
                        yield document.at("list", "allow", term, at).problem(
                            f"`{text}` does not hold `{term}` and more", "write the longer text in which it may stand"
                        )
        if len(pool.guard.listed) > MAX_LISTED:
            yield self.at.problem(
                f"the lists have {len(pool.guard.listed):,} terms", f"keep at most {MAX_LISTED:,} in all of them"
            )

    def _of_exemption(self, entry: ExemptionEntry, at: Spot) -> Iterator[Problem]:
        lists = {document.model.list.id for document in self._lists}
        terms = {term for document in self._lists for term in document.model.list.terms}
        if (entry.term is None) == (entry.list is None):
            yield at.problem("an exemption names a `term`, or else a whole `list`", "write one of the two")
            return
        if self._lost:
            return
        if entry.list is not None:
            if entry.list not in lists:
                yield at.problem(f"there is no list `{entry.list}`", did_you_mean(entry.list, sorted(lists)), "list")
            if entry.within is not None:
                yield at.problem("a whole list has no `in`", "exempt its terms one by one, or delete the line", "in")
            return
        assert entry.term is not None
        if entry.term not in terms:
            own = entry.term in self._guard.model.banned
            remedy = "delete it from `banned` instead" if own else did_you_mean(entry.term, sorted(terms))
            yield at.problem(f"no list bars `{entry.term}`", remedy, "term")
            return
        for number, text in enumerate(entry.within or ()):
            if not covers(text, entry.term):
                message = f"`{text}` does not hold `{entry.term}` and more"
                yield at.problem(message, "write the longer text in which it may stand", "in", number)

    def _of_disclosure(self, pool: Pool) -> Iterator[Problem]:
        """It is said as it stands: no placeholder is filled in it, and what is barred elsewhere is barred in it."""
        at, banned = self._guard.at("disclosure", "text"), Banned.of(pool.guard)
        for text in dict.fromkeys(pool.guard.disclosure.values()):
            if "{" in text or stray_brace(text) is not None:
                yield at.problem("the disclosure holds a brace", "write it out: it holds no placeholders")
            if prices := typed_prices(text):
                yield at.problem(f"the disclosure holds the typed price `{prices[0][1]}`", "say it without the amount")
            for term in banned.found(text):
                yield at.problem(f"the disclosure holds the banned term `{term}`", "say it without it")
