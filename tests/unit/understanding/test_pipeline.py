"""The spaCy pipeline says what the understander says, and travels by spaCy's own serialisation."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from spacy.language import Language

from engine.pool.model import Pool
from engine.understanding.model import Model
from engine.understanding.pipeline import PipelineNotReady, build
from engine.understanding.understander import Understander

LINES = ["多少钱？", "小熊什么时候发货", "any left", "今天好热", "hello", "", "\ud83d 还有货吗", "これはいくらですか"]


@pytest.fixture(scope="module")
def nlp(pool: Pool, model: Model) -> Language:
    return build(pool, model)


def test_documents_carry_the_understanding(nlp: Language, understander: Understander) -> None:
    """One document or a stream of them: `Doc._.understanding` is the understander's result."""
    expected = understander.understand(LINES)
    with nlp.memory_zone():
        assert [nlp(line)._.understanding for line in LINES] == expected
        assert [doc._.understanding for doc in nlp.pipe(LINES, batch_size=3)] == expected


def test_the_pipeline_travels(nlp: Language, understander: Understander, tmp_path: Path) -> None:
    """`to_disk` and `to_bytes` carry pool and model: a loaded pipeline needs nothing else."""
    nlp.to_disk(tmp_path / "pipeline")
    loaded = spacy.load(tmp_path / "pipeline")
    copied = spacy.blank("xx", config=nlp.config)
    copied.from_bytes(nlp.to_bytes())
    for other in (loaded, copied):
        assert [other(line)._.understanding for line in LINES[:3]] == understander.understand(LINES[:3])


def test_components_without_a_pool_say_so() -> None:
    """A pipeline put together by hand names the missing step instead of guessing."""
    nlp = spacy.blank("xx")
    nlp.add_pipe("livechat_normalise")
    nlp.add_pipe("livechat_rules")
    with pytest.raises(PipelineNotReady, match="livechat_rules"):
        nlp("多少钱")
    bare = spacy.blank("xx")
    bare.add_pipe("livechat_intent")
    with pytest.raises(PipelineNotReady, match="livechat_intent"):
        bare("多少钱")


def test_any_tokeniser_will_do(pool: Pool, model: Model, understander: Understander) -> None:
    """The components read the text, not the tokens: spaCy's Chinese tokeniser gives the same."""
    nlp = spacy.blank("zh")
    nlp.add_pipe("livechat_normalise")
    nlp.add_pipe("livechat_rules").use(pool)  # type: ignore[attr-defined]  # spaCy types a component as a function
    nlp.add_pipe("livechat_intent").use(pool, model)  # type: ignore[attr-defined]  # as above
    assert nlp("小熊多少钱")._.understanding == understander.understand(["小熊多少钱"])[0]
