"""`Dockerfile` and `.dockerignore`: what goes in is there, pinned and little; what comes out runs as nobody, on a read-only root."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from engine.settings import load
from tests.unit.deploy.files import DOCKER, PINNED, ROOT, parse, variables

LINES = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text("utf-8")).splitlines()
STEPS = [
    (word, rest.strip())
    for line in LINES
    if line and not line.startswith("#")
    for word, _, rest in [line.partition(" ")]
]
LAST = STEPS[max(at for at, (word, _) in enumerate(STEPS) if word == "FROM") :]
"""The stage that is shipped."""
ALLOWED = [
    line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")
]


def of(word: str, steps: list[tuple[str, str]] = LAST) -> list[str]:
    """What follows an instruction, each time it stands there."""
    return [rest for found, rest in steps if found == word]


def sources() -> list[str]:
    """What is copied from the checkout, in any stage."""
    copied = [
        [part for part in rest.split() if not part.startswith("--")]
        for rest in of("COPY", STEPS)
        if "--from=" not in rest
    ]
    return [source for parts in copied for source in parts[:-1]]


def environment() -> dict[str, str]:
    """The shipped environment."""
    return dict(pair.split("=", 1) for line in of("ENV") for pair in line.split())


def test_stages_begin_with_a_pinned_image() -> None:
    """One base by its public short name and whole version; the stages build on it."""
    first, *others = of("FROM", STEPS)
    assert PINNED.fullmatch(first.split()[0])
    assert [other.split()[0] for other in others] == ["base", "base"]


@pytest.mark.parametrize("source", sources())
def test_what_is_copied_is_there_and_let_in(source: str) -> None:
    """It exists, and `.dockerignore` lets it through."""
    assert (ROOT / source).exists()
    assert source in ALLOWED


def test_nothing_else_is_let_in() -> None:
    """What no step copies is not sent to the builder: it could only get a secret into a layer."""
    assert sorted(ALLOWED) == sorted(sources())
    assert (ROOT / ".dockerignore").read_text("utf-8").splitlines()[1] == "*"


def test_everything_the_wheel_holds_is_copied() -> None:
    """The folders that travel inside the package, and the files its metadata names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {
        *wheel["packages"],
        *wheel["force-include"],
        project["project"]["readme"],
        *project["project"]["license-files"],
    }
    assert needed <= set(sources())


def test_packages_come_from_the_hashed_locks() -> None:
    """By the script that every environment is made with; no step names a place to fetch from."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    assert [rest for rest in of("RUN", STEPS) if ".ci/setup pinned" in rest]
    assert "pip install" not in text.replace("uv pip install --quiet --no-deps --offline", "")
    assert "://" not in text
    assert not re.search(r"\b(apt-get|curl|wget|index-url)\b", text)


def test_it_runs_as_nobody() -> None:
    """A numeric user that is not root, from before the entry point on; no step goes back."""
    (user,) = of("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    words = [word for word, _ in LAST]
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert not [word for word in words[words.index("USER") :] if word in ("RUN", "COPY", "ADD")]


def test_all_it_writes_stands_under_one_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log, the models and the cache are under the one volume; bytecode is written when the image is built."""
    (volume,) = of("VOLUME")
    state = Path(*json.loads(volume))
    for name, value in environment().items():
        if name.startswith("LIVECHAT_"):
            assert name in variables()
            monkeypatch.setenv(name, value)
    settings = load()
    assert Path(settings.bus.url.removeprefix("sqlite:")).is_relative_to(state)
    assert settings.publisher.cache.is_relative_to(state)
    assert Path(environment()["XDG_CACHE_HOME"]).is_relative_to(state)
    assert of("WORKDIR") == [str(state)]
    assert environment()["PYTHONDONTWRITEBYTECODE"] == "1"
    assert any("UV_COMPILE_BYTECODE=1" in line for line in of("ENV", STEPS))
    exposed = [settings.gateway.listen.rpartition(":")[2], settings.http.listen.rpartition(":")[2]]
    assert of("EXPOSE") == [" ".join(exposed)]


def test_commands() -> None:
    """The entry point is the script that is copied there; the default arguments are a command; so is the health check."""
    copied = {rest.split()[-1] for rest in of("COPY")}
    assert json.loads(*of("ENTRYPOINT")) == ["entrypoint"]
    parse(json.loads(*of("CMD")))
    (check,) = of("HEALTHCHECK")
    assert json.loads(check.partition("CMD ")[2]) == ["health", "/healthz"]
    assert {"/usr/local/bin/entrypoint", "/usr/local/bin/health"} <= copied


def entrypoint(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the entry point with a `livechat` that tells its arguments and its token."""
    program = folder / "livechat"
    program.write_text('#!/bin/sh\necho "$*|${LIVECHAT_TOKEN-none}|${LIVECHAT_TOKEN_FILE-none}"\n')
    program.chmod(0o755)
    return subprocess.run(
        [DOCKER / "entrypoint.sh", "send", "a b"], env={"PATH": f"{folder}:/usr/bin:/bin", **environment},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_entry_point_passes_everything_on(tmp_path: Path) -> None:
    """Arguments and a token of the environment reach the command as they are."""
    assert entrypoint(tmp_path).stdout == "send a b|none|none\n"
    assert entrypoint(tmp_path, LIVECHAT_TOKEN="t").stdout == "send a b|t|none\n"


def test_entry_point_reads_the_token_from_a_file(tmp_path: Path) -> None:
    """The file's end of line does not belong to the token."""
    secret = tmp_path / "token"
    secret.write_text("密-token\n", "utf-8")
    assert entrypoint(tmp_path, LIVECHAT_TOKEN_FILE=str(secret)).stdout == "send a b|密-token|none\n"


def test_entry_point_names_a_missing_file(tmp_path: Path) -> None:
    """It ends with the code of a wrong setting, and says what to mount where."""
    ran = entrypoint(tmp_path, LIVECHAT_TOKEN_FILE=str(tmp_path / "away"))
    assert ran.returncode == 2
    assert not ran.stdout
    assert f"`{tmp_path / 'away'}`" in ran.stderr
