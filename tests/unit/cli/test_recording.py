"""Recorded lives as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cli.recording import read
from engine.errors import Exit, UsageError
from tests.unit.cli.conftest import Invoke

LINES = """\
{"at": 2.5, "source": "demo", "id": "b", "viewer": "v", "text": "二"}

{"at": 1, "id": "a", "viewer": "v", "text": "一", "room": "own", "mood": "good"}
{"at": 3, "id": "c", "viewer": "v", "text": "三"}
"""


def test_comments_in_time_order_with_what_lines_leave_open(tmp_path: Path) -> None:
    """Room, shop and source stand in for those that a line does not name; unknown keys are left alone."""
    file = tmp_path / "live.jsonl"
    file.write_text(LINES, encoding="utf-8")
    found = read(file, room="main", shop="tea")
    assert [(at, comment.id, comment.room, comment.source) for at, comment in found] == [
        (1.0, "a", "own", "recording"), (2.5, "b", "main", "demo"), (3.0, "c", "main", "recording"),
    ]  # fmt: skip
    assert {comment.shop for _, comment in found} == {"tea"}


def test_limit_and_new_ids(tmp_path: Path) -> None:
    """The first lines only, as comments that were never sent before."""
    file = tmp_path / "live.jsonl"
    file.write_text(LINES, encoding="utf-8")
    assert [comment.id for _, comment in read(file, room="main", limit=1, run="x-")] == ["x-b"]


def test_what_is_no_file_that_can_be_read_is_usage(tmp_path: Path, invoke: Invoke) -> None:
    """A folder, a file behind a file, or nothing at all: a sentence with the place and the remedy, and the code of a wrong option."""
    file = tmp_path / "live.jsonl"
    file.write_text(LINES, encoding="utf-8")
    for path, told in (
        (tmp_path, "is a folder; name the file"),
        (file / "x", "cannot be read (not a directory); check"),
        (tmp_path / "none", "is missing; to begin with"),
    ):
        result = invoke("send", path)
        assert result.exit_code == Exit.USAGE
        assert result.stderr.startswith(f"livechat: `{path}` {told}")


@pytest.mark.parametrize(
    "line", ['{"at": 1}', "[]", "nonsense", '{"at": "soon", "id": "a", "viewer": "v", "text": ""}']
)
def test_wrong_line_is_named(line: str, tmp_path: Path) -> None:
    """File and line number, and what a line looks like."""
    file = tmp_path / "live.jsonl"
    file.write_text(LINES + line + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"live.jsonl:5: .*; each line is a JSON object with at, id, viewer and text"):
        read(file, room="main")


def test_every_wrong_line_is_told_at_once(tmp_path: Path) -> None:
    """In order, each with its number and what is wrong; a time is a number that is finite."""
    file = tmp_path / "x.jsonl"
    good = '{"at": %s, "id": "a", "viewer": "v", "text": ""}\n'
    file.write_text(
        good % "0" + good % "NaN" + "   (nonsense)\n" + good % "1e999" + good % '"soon"' + "[]\n" + '{"at": 1}\n'
    )
    with pytest.raises(UsageError) as error:
        read(file, room="main")
    head, *rows = str(error.value).splitlines()
    assert head == f"6 lines of `{file}` are no comments; each line is a JSON object with at, id, viewer and text"
    assert [row.strip().removeprefix(f"{file}:") for row in rows] == [
        "2: at: Input should be a finite number",
        "3: no JSON: expected value at character 4",
        "4: at: Input should be a finite number",
        "5: at: Input should be a valid number, unable to parse string as a number",
        "6: no JSON object",
        "7: id: Field required; viewer: Field required; text: Field required",
    ]


def test_a_file_of_another_kind_is_told_shortly(tmp_path: Path) -> None:
    """The first ten lines, and how many more."""
    file = tmp_path / "LICENSE"
    file.write_text("all rights\n" * 1_234)
    with pytest.raises(UsageError) as error:
        read(file, room="main")
    assert len(rows := str(error.value).splitlines()) == 12
    assert rows[0].startswith("1,234 lines of ")
    assert rows[-1] == "  and 1,224 more"


def test_empty_or_missing_file_is_told(tmp_path: Path) -> None:
    """There is nothing to send."""
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(UsageError, match="holds no comments"):
        read(tmp_path / "empty", room="main")
    with pytest.raises(UsageError, match="is missing"):
        read(tmp_path / "none", room="main")
