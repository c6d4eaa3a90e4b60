"""The stage of the demo: a folder, tokens, and the engine, player and source as processes of their own.

Each process leads a process group, so that its own children go with it, and Ctrl-C reaches the demo alone, which ends the others
in an orderly way: clients first, then the server. Whatever is left after that is killed; nothing is left running. Where the demo itself
is killed, they notice and end by themselves (`actor`), and the server takes the temporary folder with it.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shlex
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from engine.cli.demo.actor import FOLDER, STOP_S
from engine.errors import LivechatError, Unavailable

CONFIG: Final = "livechat.toml"
LISTEN_S: Final = 60.0  # to start listening; imports alone take seconds on a small machine
READY_S: Final = 180.0  # to read the shop and train its model, on a small machine
POLL_S: Final = 0.2  # between two looks at /readyz
PARTITIONS: Final = 1  # of one room
TAIL: Final = 8  # lines of a log that are shown when its process failed


@dataclass(slots=True)
class Actor:
    """One process."""

    name: str
    process: asyncio.subprocess.Process
    log: Path

    @property
    def over(self) -> bool:
        return self.process.returncode is not None


@dataclass(slots=True)
class Stage:
    """`folder` holds the log, the settings and what the processes print; `temporary`: nobody wants it afterwards.

    Call `close` in the end, whatever happens.
    """

    folder: Path
    base: Path
    shop: Path
    models: Path
    port: int = 0
    temporary: bool = False
    bus: str = ""
    """Of the log; empty: one in the folder."""
    tokens: dict[str, str] = field(default_factory=lambda: {role: secrets.token_urlsafe(18) for role in ROLES})
    actors: list[Actor] = field(default_factory=list)
    url: str = ""
    http: str = ""

    async def open(self) -> None:
        """Start the server; returns once it listens. Raises `Unavailable` with the end of its log where it does not."""
        config = self.folder / CONFIG
        config.touch(mode=0o600)  # it holds the tokens
        config.write_text(self._settings(), encoding="utf-8")
        server = await self._start("server", "serve", "--config", str(config), token="")
        assert server.process.stdout is not None
        try:
            async with asyncio.timeout(LISTEN_S):
                line = (await server.process.stdout.readline()).decode()
        except TimeoutError:
            line = ""
        places = dict(part.split("=", 1) for part in line.split()[1:])
        if "ws" not in places:
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await server.process.wait()
            raise self.failure("server")
        self.url, self.http = places["ws"], places["http"]

    def tell_operators(self, file: Path) -> None:
        """Write the environment that leads commands to this server, its settings and its shop's base pack. Call it after `open`."""
        values = {
            "LIVECHAT_URL": self.url,
            "LIVECHAT_TOKEN": self.tokens["operator"],
            "LIVECHAT_CONFIG": str(self.folder / CONFIG),
            "LIVECHAT_PUBLISHER__BASE": str(self.base),
        }
        file.touch(mode=0o600)  # it holds a token
        file.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items()), "utf-8")

    async def ready(self) -> None:
        """Until the pool is live and the rooms can be served. Raises `Unavailable`."""
        try:
            async with asyncio.timeout(READY_S):
                while not await asyncio.to_thread(_is_ready, f"{self.http}/readyz"):
                    self.check()
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise self.failure("server") from None

    async def play(self, room: str, speed: float) -> None:
        """Start the reference player."""
        await self._start(
            "player", "player", "--url", self.url, "--room", room, "--base", str(self.base), "--shop", str(self.shop),
            "--speed", f"{speed:g}",
            "--plain", token=self.tokens["player"],
        )  # fmt: skip

    async def comment(self, room: str, file: Path, speed: float) -> None:
        """Start the source."""
        await self._start(
            "source", "send", str(file), "--url", self.url, "--room", room, "--speed", f"{speed:g}", "--json",
            token=self.tokens["source"],
        )  # fmt: skip

    def check(self) -> None:
        """Raises `Unavailable` where the server or the player is no more."""
        for actor in self.actors:
            if actor.over and actor.name != "source":
                raise self.failure(actor.name)

    async def close(self) -> None:
        """End every process: clients first, then the server; what does not end in time is killed."""
        try:
            clients = [actor for actor in self.actors if actor.name != "server"]
            for group in (clients, [actor for actor in self.actors if actor.name == "server"]):
                await _end(group)
        finally:
            for actor in self.actors:
                with suppress(ProcessLookupError):
                    os.killpg(actor.process.pid, signal.SIGKILL)  # its children, should it have left some

    # ---- inside ------------------------------------------------------------------------------------------------------

    async def _start(self, name: str, *arguments: str, token: str) -> Actor:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("LIVECHAT_")}
        environment |= {"PYTHONUNBUFFERED": "1", "LIVECHAT_TOKEN": token}
        if name == "server" and self.temporary:
            environment[FOLDER] = str(self.folder)
        log = self.folder / f"{name}.log"
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "engine.cli.demo.actor", *arguments, stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE if name == "server" else output, stderr=output, env=environment,
                process_group=0,
            )  # fmt: skip
        actor = Actor(name, process, log)
        self.actors.append(actor)
        return actor

    def _settings(self) -> str:
        tokens = "".join(
            f'\n[[gateway.tokens]]\nname = "demo {role}"\ntoken = {json.dumps(token)}\nroles = {json.dumps([role])}\n'
            for role, token in self.tokens.items()
        )
        values: dict[str, dict[str, object]] = {
            "bus": {"url": self.bus or f"sqlite:{self.folder / 'log.db'}", "partitions": PARTITIONS},
            "http": {"listen": "127.0.0.1:0"},
            "publisher": {"base": str(self.base), "shops": [str(self.shop)], "cache": str(self.models)},
            "insight": {"publish_s": 1.0},
            "gateway": {"listen": f"127.0.0.1:{self.port}"},
        }
        if self.bus:
            values["privacy"] = {"viewer_key": secrets.token_urlsafe(18)}  # else made once, beside the log
        sections = [
            "\n".join([f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in section.items()), ""])
            for name, section in values.items()
        ]
        return "\n".join(sections) + tokens

    def failure(self, name: str) -> LivechatError:
        """What to raise where the process of this name failed: the end of its log."""
        actor = next(actor for actor in self.actors if actor.name == name)
        lines = actor.log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL:]
        told = "\n  ".join(lines) or "(it printed nothing)"
        code = actor.process.returncode
        state = f"ended with {code}" if code is not None else "does not get ready"
        return Unavailable(f"the demo's {actor.name} {state}; the end of its log:\n  {told}")


ROLES: Final[Sequence[str]] = ("source", "player", "operator")


async def _end(actors: Sequence[Actor]) -> None:
    for actor in actors:
        if not actor.over:
            with suppress(ProcessLookupError):
                actor.process.terminate()
    with suppress(TimeoutError):
        async with asyncio.timeout(STOP_S):
            await asyncio.gather(*(actor.process.wait() for actor in actors))


def _is_ready(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy stands before this machine
    try:
        with opener.open(url, timeout=2) as answer:
            return int(answer.status) == 200
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False
