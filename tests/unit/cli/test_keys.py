"""`livechat keys`: looking at the keys of viewer ids, and acting at once."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from engine.bus.embedded.claim import Claim
from engine.errors import Exit
from tests.unit.cli.conftest import Invoke


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:{tmp_path / 'log.db'}"


def states(invoke: Invoke, url: str) -> list[tuple[int, str]]:
    return [(key["number"], key["state"]) for key in json.loads(invoke("keys", "list", "--json", "--bus", url).stdout)]


def test_a_key_is_changed_and_the_old_one_destroyed(url: str, invoke: Invoke) -> None:
    """Each verb tells what it did; a destroyed key can no longer be read on the embedded log."""
    assert invoke("keys", "rotate", "--bus", url).stdout == "key 1 is in use from now on\n"
    assert invoke("keys", "rotate", "--bus", url).stdout == "key 2 is in use from now on\n"
    assert states(invoke, url) == [(1, "kept"), (2, "in use")]
    assert invoke("keys", "destroy", "--bus", url).stdout == "key 1 is destroyed\n"
    assert states(invoke, url) == [(1, "erased"), (2, "in use")]
    assert invoke("keys", "destroy", "--bus", url).stdout == "no key is there that is in use no more\n"


def test_a_viewer_s_hashes_are_told_until_the_key_is_destroyed(url: str, invoke: Invoke) -> None:
    """By which a person's records are found; afterwards nobody finds them, whoever asks."""
    for _ in range(2):
        invoke("keys", "rotate", "--bus", url)
    both = json.loads(invoke("keys", "hash", "viewer-7", "--json", "--bus", url).stdout)
    assert [one["number"] for one in both] == [1, 2]
    assert len({one["hash"] for one in both}) == 2
    invoke("keys", "destroy", "1", "--bus", url)
    assert json.loads(invoke("keys", "hash", "viewer-7", "--json", "--bus", url).stdout) == both[1:]
    assert both[1]["hash"] in invoke("keys", "hash", "viewer-7", "--bus", url).stdout


def test_the_key_in_use_is_not_destroyed(url: str, invoke: Invoke) -> None:
    """Nor one that is not there; either is told with the remedy, and nothing is done."""
    invoke("keys", "rotate", "--bus", url)
    invoke("keys", "rotate", "--bus", url)
    for number, said in (("2", "livechat keys rotate"), ("7", "livechat keys list")):
        result = invoke("keys", "destroy", "1", number, "--bus", url)
        assert result.exit_code == Exit.USAGE
        assert said in result.stderr
    assert states(invoke, url) == [(1, "kept"), (2, "in use")]


def test_without_the_secret_no_hash_is_told(url: str, tmp_path: Path, invoke: Invoke) -> None:
    """Another secret would give hashes under which nobody stands."""
    invoke("keys", "rotate", "--bus", url)
    (tmp_path / "log.db.viewer-key").unlink()
    result = invoke("keys", "hash", "viewer-7", "--bus", url)
    assert result.exit_code == Exit.FAILED
    assert "made for this secret" in result.stderr


def test_people_see_a_table(url: str, invoke: Invoke) -> None:
    """And a sentence, where there is none yet."""
    assert invoke("keys", "list", "--bus", url).exit_code == Exit.UNAVAILABLE
    invoke("keys", "destroy", "--bus", url)
    assert "the first worker or gateway makes it" in invoke("keys", "list", "--bus", url).stdout
    invoke("keys", "rotate", "--bus", url)
    shown = invoke("keys", "list", "--bus", url).stdout
    assert "in use" in shown
    assert "livechat keys" in shown


@pytest.mark.parametrize("verb", ["rotate", "destroy"])
def test_beside_a_running_engine_it_says_what_to_do(verb: str, url: str, invoke: Invoke) -> None:
    """The embedded log has one writer: which process to stop, what to run again, and that without haste nothing has to be done."""
    invoke("keys", "rotate", "--bus", url)
    claim = Claim(Path(url.removeprefix("sqlite:")))
    try:
        result = invoke("keys", verb, "--bus", url)
        assert states(invoke, url) == [(1, "in use")]
    finally:
        claim.release()
    assert result.exit_code == Exit.UNAVAILABLE
    for words in (f"`kill {os.getpid()}`", f"run `livechat keys {verb}` again", "change and go by themselves"):
        assert words in " ".join(result.stderr.split())
