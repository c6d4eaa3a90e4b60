"""The frame of the command: help, errors, exit codes."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from engine.cli import main
from engine.cli.main import Verbs, app
from engine.errors import BusDamaged, Exit, PoolError, Problem, UsageError
from tests.unit.cli.conftest import Invoke

VERBS = (
    "demo", "serve", "topics", "config", "player", "send", "room", "fact", "audit", "dead-letters", "pool", "say", "understand",
)  # fmt: skip


def raising(error: BaseException) -> typer.Typer:
    """A command line whose only verb raises."""
    failing = typer.Typer(cls=Verbs, pretty_exceptions_enable=False)

    @failing.callback()
    def frame(debug: bool = False) -> None:
        del debug

    @failing.command("fail")
    def fail() -> None:
        raise error

    return failing


def test_help_names_every_verb_and_exit_code(invoke: Invoke) -> None:
    """A stranger sees all verbs and what exit codes mean."""
    result = invoke("--help")
    assert result.exit_code == 0
    for verb in VERBS:
        assert f" {verb} " in result.stdout
    assert "130 Ctrl-C" in " ".join(result.stdout.split())


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_explains_itself(verb: str, invoke: Invoke) -> None:
    """`--help` works for each verb."""
    result = invoke(verb, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.stdout


def commands(command: object = None, *path: str) -> Iterator[tuple[str, ...]]:
    """The words of every command there is."""
    command = get_command(app) if command is None else command
    yield path
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            yield from commands(inner, *path, name)


@pytest.mark.parametrize("path", tuple(commands()), ids=" ".join)
def test_values_are_told_in_one_style(path: tuple[str, ...], invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    """A word in capitals or the choices; no type of Python's, and nothing behind an option that takes no value."""
    monkeypatch.setattr("typer.rich_utils.MAX_WIDTH", 200)
    told = invoke(*path, "--help").stdout
    assert not re.search(r"<\w+|\bint\b|\bbool\b|\]\.\.\.\]", told)
    for option, value in re.findall(r"^│ +(--[a-z-]+) +(?:-\w +)?(\S+)", told, re.MULTILINE):
        assert value.isupper() or "|" in value or value[0].isupper(), option


def test_both_verbs_of_topics_have_the_same_options(invoke: Invoke) -> None:
    """And the log is named by one option in every command that opens one."""
    pages = [invoke(*words, "--help").stdout for words in (("topics", "create"), ("topics", "check"))]
    tables = [page[page.index("╭─ Options") :] for page in pages]
    assert tables[0] == tables[1]
    for words in (("serve",), ("topics", "check"), ("dead-letters", "list")):
        assert "`sqlite:PATH` or" in " ".join(invoke(*words, "--help").stdout.replace("│", " ").split())


def test_version(invoke: Invoke) -> None:
    """The version is one line."""
    assert invoke("--version").stdout.startswith("livechat-engine 0.")


def test_error_on_purpose_is_one_sentence_with_its_exit_code() -> None:
    """No traceback: the sentence on stderr, the code of the error's class."""
    result = CliRunner().invoke(raising(BusDamaged("the log [x] is damaged; look at it")), ["fail"])
    assert result.exit_code == Exit.DAMAGED
    assert result.stderr == "livechat: the log [x] is damaged; look at it\n"
    assert result.stdout == ""


def test_pool_error_tells_every_problem() -> None:
    """Each problem has its place and remedy."""
    problems = [
        Problem("b.yaml", 2, 3, "two", "mend it"),
        Problem("a.yaml", 1, 1, "one", "mend that"),
        Problem("c.yaml", 0, 0, "none", "write it"),
    ]
    result = CliRunner().invoke(raising(PoolError(problems)), ["fail"])
    assert result.exit_code == Exit.USAGE
    assert result.stderr.splitlines() == [
        "livechat: 3 problems in the pool files",
        "  a.yaml:1:1 one → mend that",
        "  b.yaml:2:3 two → mend it",
        "  c.yaml none → write it",
    ]


def test_debug_lets_the_error_through() -> None:
    """With `--debug` the traceback is Python's."""
    result = CliRunner().invoke(raising(UsageError("no")), ["--debug", "fail"])
    assert isinstance(result.exception, UsageError)


def test_error_of_the_system_names_the_file() -> None:
    """A path that cannot be read is a sentence, too."""
    result = CliRunner().invoke(raising(PermissionError(13, "Permission denied", "x.jsonl")), ["fail"])
    assert result.exit_code == Exit.FAILED
    assert result.stderr.startswith("livechat: `x.jsonl`: permission denied; ")


def test_ctrl_c_is_130() -> None:
    """An interrupted command ends with 130, without a word."""
    result = CliRunner().invoke(raising(KeyboardInterrupt()), ["fail"])
    assert result.exit_code == Exit.INTERRUPTED


def test_unknown_option_is_usage(invoke: Invoke) -> None:
    """Wrong options end with 2."""
    assert invoke("serve", "--nonsense").exit_code == Exit.USAGE


def test_mistake_of_ours_is_owned(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An error that nobody raised on purpose is told as the engine's, without a traceback."""

    def broken(**_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(main, "app", broken)
    monkeypatch.setattr(sys, "argv", ["livechat"])
    with pytest.raises(SystemExit) as ended:
        main.run()
    assert ended.value.code == Exit.FAILED
    assert "a mistake in the engine itself (ZeroDivisionError: division by zero)" in capsys.readouterr().err


def test_app_is_the_public_name() -> None:
    """Docs and tests find the command here."""
    assert app.info.name == "livechat"
