"""One limit for a script: what `pool check` lets through, the room's record takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from engine.client.scripts import FactBook, fill_script
from engine.events.codec import encode
from engine.events.fields import MAX_RECORD_BYTES
from engine.events.inputs import Script
from engine.events.wire import SetScript
from engine.gateway.facts import Catalogue
from engine.gateway.requests import player_record
from engine.pool.lint import check
from engine.pool.load import load_pool
from engine.pool.model import Pool
from engine.pool.script_size import memory, record_bytes
from tests.unit.pool.shops import write

NOW = 1_767_225_600_000


def script(count: int, text: str, name: str = "s") -> str:
    """So many sentences in segments of 400, each about a product and with the same text."""
    lines = ["script:", "  id: evening", "  language: zh", "  segments:"]
    for number in range(count):
        if number % 400 == 0:
            lines += [f"    - id: seg-{number // 400}", "      product: tgy", "      sentences:"]
        lines.append(f'        - {{id: {name}{number:04}, text: "{text}", seconds: 2, answers: [product.price]}}')
    return "\n".join(lines) + "\n"


def told(pool: Pool) -> SetScript:
    """As the reference player sends it."""
    book = FactBook(Catalogue.of(pool).told.values())
    return fill_script(pool, pool.scripts["evening"], book, now=NOW, request="1").script


def record(pool: Pool) -> Script:
    made = player_record(told(pool), room="r", session="s", by="", now=NOW)
    assert isinstance(made, Script)
    return made


def opened(root: Path, text: str) -> Pool:
    return load_pool(*write(root, shop_scripts_evening_yaml=text), model_of=lambda lines: "ef" * 16)


def test_what_a_script_takes_is_what_its_record_counts(tmp_path: Path) -> None:
    """Byte for byte in memory; on the bus all but the head."""
    pool = opened(tmp_path, script(3, "{product}今天{price}，{dispatch_hours}小时发{link}。"))
    plan, sent = pool.scripts["evening"], record(pool)
    size = len(encode(sent))
    assert record_bytes(plan, pool) < size < record_bytes(plan, pool) + 2_048
    remembered = sum(
        20 + len(s.id) + len("product.price") + 3 + sum(len(k) + len(v) + 6 for k, v in s.facts.items())
        for segment in sent.segments
        for s in segment.sentences
    )
    assert memory(plan, pool) == remembered


def test_the_last_script_that_passes_is_taken_and_the_next_is_not(tmp_path: Path) -> None:
    """With the number of sentences that fit; the record says the same."""
    text, name = "{product}今天{price}。", "sentence-of-the-evening-"
    pool = opened(tmp_path / "one", script(1, text, name))
    most = 48 * 1024 // memory(pool.scripts["evening"], pool)
    fits = write(tmp_path / "fits", shop_scripts_evening_yaml=script(most, text, name))
    assert check(*fits).errors == ()
    assert len(record(opened(tmp_path / "fits", script(most, text, name))).segments) == 2
    report = check(*write(tmp_path / "large", shop_scripts_evening_yaml=script(most + 1, text, name)))
    assert [problem.message.partition(" take ")[0] for problem in report.errors] == [
        f"the ids, answers and facts of its {most + 1} sentences"
    ]
    assert report.errors[0].remedy == f"split the script: about {most} such sentences fit, more with shorter ids"
    assert report.errors[0].file.endswith("evening.yaml")
    segment = told(pool).segments[0]
    again = (segment.sentences[0].model_copy(update={"id": f"{name}{number:04}"}) for number in range(most + 1))
    large = told(pool).model_copy(update={"segments": (segment.model_copy(update={"sentences": tuple(again)}),)})
    with pytest.raises(ValidationError, match=r"at most 49,152 fit"):
        player_record(large, room="r", session="s", by="", now=NOW)


def test_a_script_of_long_sentences_fits_the_message(tmp_path: Path) -> None:
    """Its texts are no part of a room's memory, but of the record on the bus."""
    report = check(*write(tmp_path, shop_scripts_evening_yaml=script(700, "喝" * 290)))
    assert len(report.errors) == 1
    assert re.fullmatch(r"its 700 sentences take 6\d\d,\d{3} bytes, a message takes 522,240", report.errors[0].message)
    most = int(report.errors[0].remedy.split("about ")[1].split()[0])
    pool = opened(tmp_path / "fits", script(most, "喝" * 290))
    assert len(encode(record(pool))) <= MAX_RECORD_BYTES
