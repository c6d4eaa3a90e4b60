"""What no single file can show: references between files, the rules of speech, lines that contradict each other.

Checked of all that could be read; what may only seem wrong since something else could not be read is left for the next run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.errors import Problem
from engine.events.fields import Language
from engine.events.inputs import MAX_SCRIPT_MEMORY
from engine.pool import script_size
from engine.pool.banned import Banned, squeezed
from engine.pool.contradictions import contradictions
from engine.pool.currencies import CURRENCIES
from engine.pool.documents import Lost, Spot, did_you_mean
from engine.pool.fact_checks import banned_problems, fact_problems, sayable
from engine.pool.forms import fact_form, said_name, unit_words
from engine.pool.merge import MergedIntent, MergedReply
from engine.pool.model import CORRECTION, DISCLOSURE, Intent, Pool, Product, Reply, ScriptPlan, Sentence
from engine.pool.naming import naming
from engine.pool.scalars import MAX_REPLY
from engine.pool.speech import PRODUCT_WORDS, currency_beside_placeholder, fill, holed, placeholders, typed_prices

OF_THE_ROOM = (f"{DISCLOSURE}-", f"{CORRECTION}-")


@dataclass(frozen=True, slots=True)
class Losses:
    """What mistakes of shape took out of the files, by kind."""

    shop: Lost
    catalogue: Lost
    intents: Lost
    """Of intents that are there: parts of them may be missing."""
    answers: Lost
    """Of ids of intents: some may be missing."""


@dataclass(frozen=True, slots=True)
class PlacedScript:
    plan: ScriptPlan
    at: Spot
    whole: bool = True


class Checks:
    """Every check over a merged pool and the places it was written at."""

    def __init__(
        self,
        pool: Pool,
        intents: Mapping[str, MergedIntent],
        shop: Spot,
        catalogue: Spot,
        scripts: Sequence[PlacedScript],
        lost: Losses,
    ) -> None:
        self.pool = pool
        self.banned = Banned.of(pool.guard)
        self.intents = intents
        self.shop = shop
        self.catalogue = catalogue
        self.scripts = scripts
        self.lost = lost

    def run(self) -> list[Problem]:
        parts: tuple[Iterable[Problem], ...] = (
            self._languages(),
            fact_problems(self.pool, self.banned, self.catalogue),
            self._names(),
            self._replies(),
            self._corrections(),
            self._lines(),
            contradictions(self.pool, self.intents, self.shop, self.lost.intents, self.lost.shop),
            *map(self._script, self.scripts),
        )
        return [problem for part in parts for problem in part]

    # ---- shop and catalogue --------------------------------------------------------------------------------------

    def _languages(self) -> Iterator[Problem]:
        if self.pool.default_language not in self.pool.languages and not self.lost.shop.whole:
            message = f"the default language `{self.pool.default_language}` is none of the shop's languages"
            yield self.shop.problem(message, f"use {' or '.join(self.pool.languages)}", "shop", "default_language")

    def _names(self) -> Iterator[Problem]:
        at, owners, links = self.catalogue, dict[str, str](), dict[int, str]()
        for key, product in self.pool.products.items():
            named: list[tuple[str, tuple[str | int, ...]]] = [
                *((text, ("products", key, "name")) for text in product.name.values()),
                *((alias, ("products", key, "aliases", n)) for n, alias in enumerate(product.aliases)),
            ]
            for text, steps in named:
                other = owners.setdefault(squeezed(text), key)
                if other != key:
                    message = f"`{text}` names the products `{other}` and `{key}`"
                    yield at.problem(message, "keep it at one of them", *steps)
            for text in dict.fromkeys(product.name.values()):
                yield from self._banned(text, at, "the product's name", "products", key, "name")
            if product.link is not None:
                other = links.setdefault(product.link, key)
                if other != key:
                    message = f"the products `{other}` and `{key}` have the link {product.link}"
                    yield at.problem(message, "give each its own number", "products", key, "link")
        for n, good in enumerate(self.pool.not_sold):
            if squeezed(good) in owners:
                message = f"`{good}` is not sold, and names the product `{owners[squeezed(good)]}`"
                yield at.problem(message, "delete it from `not_sold`, or from the product", "not_sold", n)

    # ---- replies --------------------------------------------------------------------------------------------------

    def _replies(self) -> Iterator[Problem]:
        owners: dict[str, str] = {}
        for key, merged in self.intents.items():
            intent = self.pool.intents[key]
            for reply, place in zip(intent.replies, merged.replies.values(), strict=True):
                owner = owners.setdefault(reply.id, key)
                if owner != key:
                    message = f"the reply id `{reply.id}` is taken by the intent `{owner}`"
                    yield place.spot("id").problem(message, "give it another id", "id")
                if reply.id.startswith(OF_THE_ROOM):
                    message = f"the reply id `{reply.id}` is kept for what the room says by itself"
                    yield place.spot("id").problem(message, "give it another id", "id")
                if place.entry.text is None:
                    if key in self.lost.intents:
                        continue
                    yield place.spot("id").problem(f"the reply `{reply.id}` has no text", "add `text: …`")
                    continue
                yield from self._reply(reply, intent, place)

    def _reply(self, reply: Reply, intent: Intent, place: MergedReply) -> Iterator[Problem]:
        text, sure = place.spot("text"), intent.id not in self.lost.intents
        if reply.lang not in self.pool.languages and not self.lost.shop.whole:
            message = f"the shop does not speak `{reply.lang}`"
            yield place.spot("lang").problem(message, "add it to `languages` in shop.yaml, or change `lang`", "lang")
        unknown = [product for product in reply.products if product not in self.pool.products]
        for product in unknown:
            if product in self.lost.catalogue:
                continue
            message = f"no product `{product}` in the catalogue"
            at = reply.products.index(product)
            yield place.spot("products").problem(message, did_you_mean(product, self.pool.products), "products", at)
        if sure and reply.products and not reply.needs_product:
            message = f"the reply `{reply.id}` is for some products only, and needs none"
            yield place.spot("products").problem(message, "add `needs_product: true`", "products")
        if sure:
            yield from naming(self.pool, reply, place)
        yield from self._spoken(reply.text, text, f"the reply `{reply.id}`", "text")
        served = [self.pool.products[product] for product in reply.products if product in self.pool.products]
        if not unknown:
            candidates = served or list(self.pool.products.values()) if reply.needs_product or not sure else []
            yield from self._placeholders(reply.text, reply.placeholders, reply.lang, candidates, text, "text")

    def _corrections(self) -> Iterator[Problem]:
        """Said when a price was wrong: they are replies like others, and the amount in them comes from a fact."""
        at = self.catalogue
        for key, product in self.pool.products.items():
            steps = ("products", key, "correction")
            for reply in product.corrections:
                if reply.lang not in self.pool.languages and not self.lost.shop.whole and len(product.corrections) == 1:
                    message = f"the shop does not speak `{reply.lang}`"
                    yield at.problem(message, "write it in a language of the shop", *steps)
                if not {*PRODUCT_WORDS} & {*reply.placeholders}:
                    message = f"the correction of `{key}` does not name it"
                    yield at.problem(message, "put {product} or {link} into it", *steps)
                yield from self._spoken(reply.text, at, f"the correction of `{key}`", *steps)
                yield from self._placeholders(reply.text, reply.placeholders, reply.lang, [product], at, *steps)

    def _placeholders(
        self,
        text: str,
        names: Sequence[str],
        lang: Language,
        products: Sequence[Product],
        at: Spot,
        *steps: str | int,
    ) -> Iterator[Problem]:
        """Placeholders that nothing can fill, and texts that get too long where they are filled."""
        known = dict.fromkeys((*self.pool.facts, *(name for product in products for name in product.facts)))
        lost = self.lost.catalogue
        fit = True
        for name in names:
            if name in known or (products and name in PRODUCT_WORDS):
                if name == "link" and name not in lost and all(product.link is None for product in products):
                    fit = False
                    yield at.problem("none of its products has a link", "give one a `link`, or use {product}", *steps)
                continue
            fit = False
            if name in lost or (name in PRODUCT_WORDS and lost and not self.pool.products):
                continue
            elsewhere = name in PRODUCT_WORDS or any(name in p.facts for p in self.pool.products.values())
            if elsewhere and not products:
                message = f"{{{name}}} belongs to a product, and no product is known here"
                yield at.problem(message, "add `needs_product: true`, or use a fact of the shop", *steps)
            elif elsewhere:
                message = f"none of its products has the fact {{{name}}}"
                yield at.problem(message, f"add `{name}` to one of them in catalogue.yaml", *steps)
            else:
                message = f"no fact {{{name}}} in the catalogue"
                guess = did_you_mean(name, [*known, *PRODUCT_WORDS], f"add `{name}` to catalogue.yaml")
                yield at.problem(message, guess, *steps)
        if fit:
            clean = not self.banned.hits(holed(text))
            for product in products or (None,):
                values = self._values(names, lang, product)
                if values is None:
                    continue
                filled = fill(text, values)
                whose = f" for `{product.id}`" if product else ""
                if len(filled) > MAX_REPLY:
                    message = f"filled{whose} it has {len(filled)} characters"
                    yield at.problem(message, f"shorten it to {MAX_REPLY}", *steps)
                    return
                alone = [term for value in values.values() for term in self.banned.found(value)]  # told at their places
                terms = [term for term in self.banned.found(filled) if term not in alone] if clean else ()
                if terms:
                    message = f"filled{whose} it holds the banned term `{terms[0]}`"
                    yield at.problem(message, "write it so that the fact and its neighbours do not make it", *steps)
                    return

    def _values(self, names: Sequence[str], lang: Language, product: Product | None) -> dict[str, str] | None:
        """What the catalogue says for each; None where this product cannot fill it."""
        values: dict[str, str] = {}
        for name in names:
            fact = (product.facts if product else {}).get(name) or self.pool.facts.get(name)
            if product is not None and name == "product":
                values[name] = said_name(product, lang)
            elif product is not None and name == "link" and product.link is not None:
                values[name] = str(product.link)
            elif fact is not None and sayable(fact):
                values[name] = fact_form(fact, lang, self.pool.formats).said
            else:
                return None
        return values

    def _spoken(self, text: str, at: Spot, what: str, *steps: str | int) -> Iterator[Problem]:
        """Rules for whatever is said on air."""
        for column, amount in typed_prices(text):
            message = f"{what} holds the typed price `{amount}` (character {column + 1})"
            yield at.problem(message, "put the amount into a fact of catalogue.yaml and write its {name}", *steps)
        for found, unit in self._units_beside(text):
            message = f"{what} types the unit that the fact brings along: `{found}`"
            yield at.problem(message, f"write {{name}} alone, the fact has the unit `{unit}`", *steps)
        for _, found in currency_beside_placeholder(text):
            message = f"{what} types a currency beside a fact: `{found}`"
            remedy = f"write {{name}} alone, and give the fact its unit ({', '.join(CURRENCIES)})"
            yield at.problem(message, remedy, *steps)
        yield from self._banned(text, at, what, *steps)

    def _units_beside(self, text: str) -> Iterator[tuple[str, str]]:
        """Placeholders behind which the unit stands that their fact says itself: 250克克."""
        for name in placeholders(text):
            facts = (self.pool.facts.get(name), *(product.facts.get(name) for product in self.pool.products.values()))
            for unit in dict.fromkeys(fact.measure for fact in facts if fact is not None):
                behind = text.partition(f"{{{name}}}")[2].lstrip()
                found = next((word for word in unit_words(unit) if behind.startswith(word)), None) if unit else None
                if unit is not None and found is not None:
                    yield f"{{{name}}}{found}", unit

    def _banned(self, text: str, at: Spot, what: str, *steps: str | int) -> Iterator[Problem]:
        return banned_problems(self.banned, text, at, what, *steps)

    # ---- scripts --------------------------------------------------------------------------------------------------

    def _script(self, script: PlacedScript) -> Iterator[Problem]:
        plan, at = script.plan, script.at
        if plan.language not in self.pool.languages and not self.lost.shop.whole:
            message = f"the shop does not speak `{plan.language}`"
            yield at.problem(message, "add it to `languages` in shop.yaml", "script", "language")
        yield from self._size(plan, at)
        ids: set[str] = set()
        segments: set[str] = set()
        for n, segment in enumerate(plan.segments):
            where: tuple[str | int, ...] = ("script", "segments", n)
            if segment.id in segments:
                message = f"the segment id `{segment.id}` stands in this script twice"
                yield at.problem(message, "give one another id", *where, "id")
            segments.add(segment.id)
            product = self.pool.products.get(segment.product) if segment.product else None
            if segment.product and product is None and segment.product not in self.lost.catalogue:
                message = f"no product `{segment.product}` in the catalogue"
                yield at.problem(message, did_you_mean(segment.product, self.pool.products), *where, "product")
            for m, sentence in enumerate(segment.sentences):
                steps = (*where, "sentences", m)
                if sentence.id in ids:
                    message = f"the sentence id `{sentence.id}` stands in this script twice"
                    yield at.problem(message, "give one another id", *steps, "id")
                ids.add(sentence.id)
                yield from self._sentence(sentence, at, steps)
                if not segment.product or product is not None:
                    candidates = [product] if product else [] if script.whole else [*self.pool.products.values()]
                    names = placeholders(sentence.text)
                    yield from self._placeholders(sentence.text, names, plan.language, candidates, at, *steps, "text")

    def _size(self, plan: ScriptPlan, at: Spot) -> Iterator[Problem]:
        """A room takes a script whose record it can hold."""
        count = sum(len(segment.sentences) for segment in plan.segments)
        size = script_size.memory(plan, self.pool)
        if size > MAX_SCRIPT_MEMORY:
            most = count * MAX_SCRIPT_MEMORY // size
            message = f"the ids, answers and facts of its {count:,} sentences take {size:,} bytes, a room remembers {MAX_SCRIPT_MEMORY:,}"
            yield at.problem(
                message, f"split the script: about {most:,} such sentences fit, more with shorter ids", "script"
            )
            return
        size = script_size.record_bytes(plan, self.pool)
        if size > script_size.MAX_SCRIPT_BYTES:
            most = count * script_size.MAX_SCRIPT_BYTES // size
            message = f"its {count:,} sentences take {size:,} bytes, a message takes {script_size.MAX_SCRIPT_BYTES:,}"
            yield at.problem(message, f"split the script: about {most:,} such sentences fit", "script")

    def _sentence(self, sentence: Sentence, at: Spot, steps: tuple[str | int, ...]) -> Iterator[Problem]:
        for n, intent in enumerate(sentence.answers):
            if intent not in self.pool.intents and intent not in self.lost.answers:
                message = f"no intent `{intent}`"
                remedy = did_you_mean(intent, self.pool.intents, "use the id of an intent of the base pack or the shop")
                yield at.problem(message, remedy, *steps, "answers", n)
        yield from self._spoken(sentence.text, at, f"the sentence `{sentence.id}`", *steps, "text")

    # ---- viewers' lines -------------------------------------------------------------------------------------------

    def _lines(self) -> Iterator[Problem]:
        """The same line as an example of two intents, as example and test, as example and negative."""
        examples: dict[str, str] = {}
        for key, merged in self.intents.items():
            for line, spot in merged.lines["examples"].items():
                other = examples.setdefault(squeezed(line), key)
                if other != key:
                    message = f"`{line}` is an example of `{other}` and of `{key}`"
                    yield spot.problem(message, "keep it where it belongs, and put it under `not` of the other")
        tests: dict[str, str] = {}
        for key, merged in self.intents.items():
            for line, spot in merged.lines["tests"].items():
                owner, other = examples.get(squeezed(line)), tests.setdefault(squeezed(line), key)
                if owner is not None:
                    message = f"the test line `{line}` is an example of `{owner}`, so it proves nothing"
                    yield spot.problem(message, "take it out of `examples` or of `tests`")
                if other != key:
                    message = f"`{line}` is a test line of `{other}` and of `{key}`"
                    yield spot.problem(message, "keep it where it belongs")
            for line, spot in merged.lines["negatives"].items():
                if key in (examples.get(squeezed(line)), tests.get(squeezed(line))):
                    message = f"`{line}` stands under `not` of `{key}`, and is one of its own lines"
                    yield spot.problem(message, "delete one of the two")
