"""A shop that lives more quickly."""

from __future__ import annotations

from pathlib import Path

from engine.cli.demo.tempo import copy_pack, quicken
from engine.pool.load import load_pool
from engine.pool.paths import base_pack, example_shop


def test_spans_are_divided_and_nothing_else() -> None:
    """Deadlines, cooldowns, pauses and memories; not the airtime, not a number in a text."""
    text = (
        "answer_within: 60s\ncooldown: 2m   # after the reply\n{memory: 1h, minimum_pause: 3s}\nairtime_window: 300s\n"
        'text: "memory: 4GB"\nanswer_within: 8s\n'
    )
    assert quicken(text, 4) == (
        "answer_within: 15s\ncooldown: 30s   # after the reply\n{memory: 900s, minimum_pause: 1s}\nairtime_window: 300s\n"
        'text: "memory: 4GB"\nanswer_within: 5s\n'
    )


def test_example_stays_right_and_keeps_its_model(tmp_path: Path) -> None:
    """The copies load; what is trained is the same, so that no other model has to be."""
    base = copy_pack(base_pack(), tmp_path / "intents", 4)
    shop = copy_pack(example_shop(), tmp_path / "shop", 4)
    quick = load_pool(base, shop, model_of=lambda training: training.hash)
    real = load_pool(base_pack(), example_shop(), model_of=lambda training: training.hash)
    assert quick.model == real.model
    for name, intent in quick.intents.items():
        assert intent.answer_within_ms < real.intents[name].answer_within_ms
        assert intent.cooldown_ms < real.intents[name].cooldown_ms
    assert quick.limits.airtime_window_ms == real.limits.airtime_window_ms
