"""Commands as processes of their own."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.patience import PATIENCE_S
from tests.unit.cli.conftest import REPLIES, write_shop


class Command:
    """One `livechat` process. `lines` are those of its stdout as they come."""

    def __init__(self, *arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "engine.cli", *map(str, arguments)], cwd=cwd, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "XDG_CACHE_HOME": str(cwd), **(env or {})},
        )  # fmt: skip
        self.lines: queue.Queue[str] = queue.Queue()
        self.errors: list[str] = []
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read_out, self._read_err)]
        for reader in self._readers:
            reader.start()

    def _read_out(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.decode())

    def _read_err(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.errors.append(line.decode())

    def line(self, words: str = "") -> str:
        """The next line of stdout that holds `words`."""
        end = time.monotonic() + PATIENCE_S
        seen = []
        while time.monotonic() < end:
            try:
                seen.append(self.lines.get(timeout=0.2))
            except queue.Empty:
                assert self.process.poll() is None, f"ended with {self.process.returncode}: {seen}\n{self.stderr}"
                continue
            if words in seen[-1]:
                return seen[-1]
        raise AssertionError(f"no line with {words!r}: {seen}\n{self.stderr}")

    def wait(self) -> int:
        """Its exit code, once all that it printed was read."""
        code = self.process.wait(PATIENCE_S)
        for reader in self._readers:
            reader.join(PATIENCE_S)
        return code

    @property
    def stderr(self) -> str:
        return "".join(self.errors)

    @property
    def rest(self) -> str:
        """What was printed and not read yet."""
        return "".join(iter(lambda: self.lines.get_nowait() if not self.lines.empty() else "", ""))


@contextmanager
def running(*arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Iterator[Command]:
    """A process that is killed in the end, should it still run."""
    command = Command(*arguments, cwd=cwd, env=env)
    try:
        yield command
    finally:
        if command.process.poll() is None:
            command.process.kill()
        command.process.wait(PATIENCE_S)


@contextmanager
def serving(cwd: Path, *arguments: str | Path, replies: str = REPLIES) -> Iterator[tuple[Command, str, str]]:
    """A server that is ready: the process, its WebSocket's URL, its HTTP's URL.

    `cwd` is a test's `tmp_path`; models are kept beside it, so that only the first server of a run trains one.
    """
    base, shop = write_shop(cwd)
    (shop / "intents" / "replies.yaml").write_text(replies, encoding="utf-8")
    env = {"LIVECHAT_PUBLISHER__BASE": str(base), "LIVECHAT_PUBLISHER__CACHE": str(cwd.parent / "models")}
    options = ("--shop", shop, "--open", "--ws", "127.0.0.1:0", "--http", "127.0.0.1:0")
    with running("serve", *options, *arguments, cwd=cwd, env=env) as server:
        places = dict(part.split("=", 1) for part in server.line("listening").split()[1:])
        ready(places["http"], server)
        yield server, places["ws"], places["http"]


def ready(http: str, server: Command) -> None:
    """Wait until a server is ready."""
    end = time.monotonic() + PATIENCE_S
    while status(f"{http}/readyz") != 200:
        assert server.process.poll() is None, server.stderr
        assert time.monotonic() < end, server.stderr
        time.sleep(0.1)


def status(url: str) -> int:
    """The status of an HTTP answer; 0 where there is none."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def left_behind(mark: str) -> list[str]:
    """Command lines of processes whose environment holds `mark`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # it ended, or is another user's
    return [line for line in found if line]


def ended(mark: str) -> None:
    """Wait until no process has `mark` in its environment."""
    end = time.monotonic() + PATIENCE_S
    while found := left_behind(mark):
        assert time.monotonic() < end, found
        time.sleep(0.1)
