"""The same understanding as a plain spaCy pipeline: `nlp("什么时候发货")._.understanding`.

Three registered components, in this order: `livechat_normalise` reads what needs no pool, `livechat_rules` adds the names and keyword
rules of a pool, `livechat_intent` judges whole batches with the model. None of them needs tokens, so any tokeniser will do; the
default here makes one token of a text. `nlp.to_disk` and `to_bytes` carry pool and model along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Protocol

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry
from spacy.vocab import Vocab

from engine.errors import LivechatError
from engine.pool.encoding import decode_pool, encode_pool
from engine.pool.model import Pool
from engine.understanding.clauses import Withdrawals, settle
from engine.understanding.judge import Judge
from engine.understanding.model import Model
from engine.understanding.reading import Reader, Reading, read_plain

EXTENSION = "understanding"
_READING = "livechat_reading"  # key in `Doc.user_data` under which components hand a reading on

if not Doc.has_extension(EXTENSION):
    Doc.set_extension(EXTENSION, default=None)


class PipelineNotReady(LivechatError):
    """A component was run before it was given its pool and model, or out of order."""

    def __init__(self, component: str, remedy: str) -> None:
        self.component = component
        super().__init__(f"the component `{component}` cannot run yet: {remedy}")


class _Stateful(Protocol):
    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes: ...
    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> object: ...


class _OnDisk:
    """`to_disk` and `from_disk` by way of `to_bytes` and `from_bytes`: one file per component."""

    def to_disk(self: _Stateful, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        Path(path).write_bytes(self.to_bytes(exclude=exclude))

    def from_disk(self: _Stateful, path: str | Path, *, exclude: Iterable[str] = ()) -> object:
        return self.from_bytes(Path(path).read_bytes(), exclude=exclude)


class WholeText:
    """A tokeniser that makes one token of a text: the cheapest `Doc` there is."""

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        # spaCy's string store holds UTF-8 only: half a surrogate pair cannot be a token, yet is understood from `user_data`.
        token = text.encode("utf-8", "replace").decode("utf-8")
        doc = Doc(self.vocab, words=[token] if token else [], spaces=[False] if token else [])
        doc.user_data[_READING] = read_plain(text)
        return doc

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:  # noqa: ARG002 — spaCy's serialisers pass it
        return b""

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> WholeText:  # noqa: ARG002 — as above
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Nothing to store."""

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> WholeText:  # noqa: ARG002 — as above
        return self


@registry.tokenizers("livechat.WholeText.v1")  # type: ignore[untyped-decorator]  # spaCy types none of its registries
def _whole_text() -> Callable[[Language], WholeText]:
    return lambda nlp: WholeText(nlp.vocab)


@Language.component("livechat_normalise")
def normalise(doc: Doc) -> Doc:
    """Normal form, script and personal data."""
    if _READING not in doc.user_data:
        doc.user_data[_READING] = read_plain(doc.text)
    return doc


def _reading(doc: Doc, component: str) -> Reading:
    reading = doc.user_data.get(_READING)
    if not isinstance(reading, Reading):
        raise PipelineNotReady(component, "put `livechat_normalise` before it")
    return reading


class RulesComponent(_OnDisk):
    """Names of products and keyword rules of a pool."""

    def __init__(self) -> None:
        self._pool: Pool | None = None
        self._reader: Reader | None = None

    def use(self, pool: Pool) -> RulesComponent:
        self._pool, self._reader = pool, Reader(pool)
        return self

    def __call__(self, doc: Doc) -> Doc:
        if self._reader is None:
            raise PipelineNotReady("livechat_rules", "give it a pool with `.use(pool)`")
        self._reader.complete(_reading(doc, "livechat_rules"))
        return doc

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:  # noqa: ARG002 — spaCy's serialisers pass it
        return encode_pool(self._pool) if self._pool is not None else b""

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> RulesComponent:  # noqa: ARG002 — as above
        return self.use(decode_pool(data)) if data else self


class IntentComponent(_OnDisk):
    """The trained model and the final judgement; sets `Doc._.understanding`. Batches go through the model at once."""

    def __init__(self) -> None:
        self._pool: Pool | None = None
        self._reader: Reader | None = None  # of clauses
        self._judge: Judge | None = None
        self._withdrawals: Withdrawals | None = None

    def use(self, pool: Pool, model: Model) -> IntentComponent:
        self._pool, self._reader, self._judge = pool, Reader(pool), Judge(pool, model)
        self._withdrawals = Withdrawals(pool.withdrawals, self._reader.spellings)
        return self

    def __call__(self, doc: Doc) -> Doc:
        self._set([doc])
        return doc

    def pipe(self, stream: Iterable[Doc], batch_size: int = 1024) -> Iterator[Doc]:
        docs_left = iter(stream)
        while docs := list(islice(docs_left, batch_size)):
            self._set(docs)
            yield from docs

    def _set(self, docs: list[Doc]) -> None:
        reader, judge, withdrawals = self._reader, self._judge, self._withdrawals
        if reader is None or judge is None or withdrawals is None:
            raise PipelineNotReady("livechat_intent", "give it a pool and a model with `.use(pool, model)`")
        understood = judge.judge([_reading(doc, "livechat_intent") for doc in docs])
        settle([doc.text for doc in docs], understood, lambda clauses: judge.judge(reader.read(clauses)), withdrawals)
        for doc, understanding in zip(docs, understood, strict=True):
            del doc.user_data[_READING]
            doc._.set(EXTENSION, understanding)

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:  # noqa: ARG002 — spaCy's serialisers pass it
        if self._pool is None or self._judge is None:
            return b""
        pool = encode_pool(self._pool)
        return len(pool).to_bytes(4, "little") + pool + self._judge.model.to_bytes()

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> IntentComponent:  # noqa: ARG002 — as above
        if not data:
            return self
        end = 4 + int.from_bytes(data[:4], "little")
        return self.use(decode_pool(data[4:end]), Model.from_bytes(data[end:]))


@Language.factory("livechat_rules")
def _make_rules(nlp: Language, name: str) -> RulesComponent:  # noqa: ARG001 — the signature that spaCy calls
    return RulesComponent()


@Language.factory("livechat_intent", assigns=[f"doc._.{EXTENSION}"])
def _make_intent(nlp: Language, name: str) -> IntentComponent:  # noqa: ARG001 — the signature that spaCy calls
    return IntentComponent()


def build(pool: Pool, model: Model) -> Language:
    """A ready pipeline. Run it inside `nlp.memory_zone()`, or every distinct text stays in spaCy's string store."""
    nlp = spacy.blank("xx", config={"nlp": {"tokenizer": {"@tokenizers": "livechat.WholeText.v1"}}})
    nlp.add_pipe("livechat_normalise")
    rules = nlp.add_pipe("livechat_rules")
    intent = nlp.add_pipe("livechat_intent")
    assert isinstance(rules, RulesComponent)
    assert isinstance(intent, IntentComponent)
    rules.use(pool)
    intent.use(pool, model)
    return nlp
