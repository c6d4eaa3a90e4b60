"""What is generated from the code is complete, current, and the same each time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from engine import reference
from engine.errors import UsageError
from engine.events.codec import TOPIC_TYPES
from engine.events.inputs import Comment, PlayerGone, RoomEvent
from engine.events.meanings import BLOCKERS, REASONS, VOIDS, Meaning
from engine.events.outputs import Blocker, Reason, VoidReason
from engine.events.topics import TOPICS
from engine.metrics import Metrics
from engine.settings import Settings

MADE = reference.files()
ASYNCAPI = json.loads(MADE["schemas/asyncapi.json"])


def test_nothing_generated_is_stale() -> None:
    """The files in the checkout are what the code generates now; `make docs` writes them."""
    assert reference.stale(reference.ROOT, MADE) == []


def test_generation_is_deterministic() -> None:
    """Two runs give the same bytes."""
    assert reference.files() == MADE


def test_every_topic_has_records_and_a_schema() -> None:
    """The topic table, the codec and the schemas name the same topics."""
    assert set(TOPICS) == set(TOPIC_TYPES)
    assert {f"schemas/{topic}.schema.json" for topic in TOPICS} <= set(MADE)


@pytest.mark.parametrize(
    ("meanings", "names"), [(REASONS, get_args(Reason)), (BLOCKERS, get_args(Blocker)), (VOIDS, get_args(VoidReason))]
)
def test_every_reason_and_blocker_has_a_meaning(meanings: dict[str, Meaning], names: tuple[str, ...]) -> None:
    """No reason or blocker goes unexplained, none is explained that does not exist."""
    assert set(meanings) == set(names)
    assert all(meaning.what.endswith((".", ")")) for meaning in meanings.values())
    assert all(f"| `{name}` |" in MADE["docs/reasons.md"] for name in names)


def test_every_setting_is_described() -> None:
    """Each setting of each section stands in the page with its variable; none lacks a description."""
    page = MADE["docs/configuration.md"]

    def look(model: type[BaseModel], variable: str) -> None:
        for name, field in model.model_fields.items():
            named = f"{variable}{name}".upper()
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                look(field.annotation, f"{named}__")
            else:
                assert f"`{named}`" in page
                assert field.description, named

    look(Settings, "LIVECHAT_")


def test_every_metric_is_described() -> None:
    """Each metric of the registry stands in the page under the name that Prometheus sees."""
    page = MADE["docs/metrics.md"]
    for metric in Metrics().registry.collect():
        if metric.name.startswith(("process_", "python_gc_")):
            continue  # the library's own
        suffix = "_total" if metric.type == "counter" else ""
        assert f"`{metric.name}{suffix}`" in page
        assert metric.documentation.endswith(".")


def test_members_of_a_union() -> None:
    """A class is its own only member; a nested tagged union gives all of its classes, once."""
    assert reference.members(Comment) == (Comment,)
    assert PlayerGone in reference.members(RoomEvent)


def references(node: Any) -> set[str]:
    """Every `$ref` below a node."""
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(references(value) for value in node))
    return set()


def test_asyncapi_holds_every_message_once() -> None:
    """Classes of the same name would hide each other, so there are as many messages as classes."""
    kinds = {kind for union in {**TOPIC_TYPES, **reference.SOCKET}.values() for kind in reference.members(union)}
    assert len(ASYNCAPI["components"]["messages"]) == len(kinds)
    assert set(ASYNCAPI["channels"]) == {*TOPICS, "websocket"}


@pytest.mark.parametrize("path", [path for path in MADE if path.endswith(".json")])
def test_references_resolve(path: str) -> None:
    """Every `$ref` of a schema file points at something inside it."""
    document = json.loads(MADE[path])
    for ref in references(document):
        node = document
        for step in ref.removeprefix("#/").split("/"):
            node = node[step]


def test_notes_below_fields_become_descriptions() -> None:
    """The strings below the fields of dataclasses reach the schemas."""
    assert reference.schema("decisions", TOPIC_TYPES["decisions"])["properties"]["norm"]["description"].startswith(
        "Normal"
    )


def test_check_names_stale_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--check` writes nothing and exits with 1; a plain run repairs, and removes schemas that nothing makes."""
    monkeypatch.setattr(reference, "files", lambda: MADE)
    (tmp_path / "pyproject.toml").touch()
    assert reference.main(["--check"], tmp_path) == 1
    assert "docs/reasons.md is stale" in capsys.readouterr().out
    assert not (tmp_path / "docs").exists()
    assert reference.main([], tmp_path) == 0
    (tmp_path / "schemas" / "gone.schema.json").touch()
    assert reference.main(["--check"], tmp_path) == 1
    assert reference.main([], tmp_path) == 0
    assert reference.main(["--check"], tmp_path) == 0


def test_outside_a_checkout_it_says_where_to_run(tmp_path: Path) -> None:
    """Without a checkout there is nothing to write to; the sentence says so."""
    with pytest.raises(UsageError, match="in a checkout"):
        reference.main(["--check"], tmp_path)
