"""A real Apache Kafka broker of one's own: one process in KRaft mode that tests may stop, freeze, kill and bring back."""

from __future__ import annotations

import base64
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.kafka.jars import NoKafka, class_path

GUARD: Final = Path(__file__).with_name("guard.py")
PORTS: Final = range(20_000, 30_000)
"""Below those that the kernel hands out: a client that tries again and again on a free port from there may reach itself."""
READY: Final = "Kafka Server started"
READY_S: Final = 60.0  # some 3 s on an idle machine
GONE_S: Final = 20.0
TRIES: Final = 3
"""Ports may be taken between the look and the start."""

CLIENTS: Final = "CLIENTS"
CONTROLLER: Final = "CONTROLLER"
ONE_BROKER: Final = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": CONTROLLER,
    "inter.broker.listener.name": CLIENTS,
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "auto.create.topics.enable": "false",
    "log.segment.delete.delay.ms": "1000",  # topics of finished tests go at once
    "group.min.session.timeout.ms": "1000",
    "broker.session.timeout.ms": "3000",  # after a crash the controller takes the broker back only when its old session is over
    "broker.heartbeat.interval.ms": "500",
}


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


class Broker:
    """One broker on 127.0.0.1, with its data under `folder`. Ends with the process `owner` (this one), however that ends.

    It listens for plain connections. `listeners`: further ones by name (upper case) and protocol, such as TLS: SSL. `settings` go over the
    usual ones. `scram`: name → password of SCRAM-SHA-512.
    `remove`: a folder that goes when the owner is gone.
    """

    def __init__(
        self,
        folder: Path,
        *,
        listeners: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
        scram: Mapping[str, str] | None = None,
        owner: int | None = None,
        remove: Path | None = None,
        java: Sequence[str] = ("-Xmx512m", "-XX:TieredStopAtLevel=1"),
    ) -> None:
        self.folder = folder
        self.log = folder / "broker.log"
        self.port = 0
        self._listeners = dict(listeners or {})
        self._ports: dict[str, int] = {}
        self._settings = dict(settings or {})
        self._scram = dict(scram or {})
        self._owner = owner or os.getpid()
        self._remove = str(remove or "-")
        self._java = ("java", *java, "-XX:+UseSerialGC", "-cp", class_path())
        self._guard: subprocess.Popen[bytes] | None = None
        self._pid_file = folder / "broker.pid"

    @property
    def bootstrap(self) -> str:
        """HOST:PORT for clients."""
        return f"127.0.0.1:{self.port}"

    def address(self, listener: str) -> str:
        """HOST:PORT of one of the further listeners."""
        return f"127.0.0.1:{self._ports[listener]}"

    @property
    def pid(self) -> int:
        """The broker's process."""
        return int(self._pid_file.read_text())

    def start(self) -> None:
        """Starts it, or brings it back on the same data and port, and waits until it serves. Raises `NoKafka` with the end of its log."""
        first = self.port == 0
        if first:
            self.folder.mkdir(parents=True, exist_ok=True)
        for left in reversed(range(TRIES if first else 1)):
            if first:
                self._format()
            try:
                self._launch()
            except NoKafka as error:
                if not left or "in use" not in str(error):
                    raise
            else:
                return

    def stop(self) -> None:
        """SIGTERM: it takes leave in order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: a crash."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """SIGSTOP: it keeps its connections and says nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def tool(self, main: str, *args: str, stdin: bytes = b"", timeout_s: float = 60.0) -> str:
        """Runs one of Kafka's own command line tools; what it printed. Raises CalledProcessError."""
        done = subprocess.run(
            [*self._java, "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", main, *args],
            input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=timeout_s,
        )  # fmt: skip
        said = done.stdout.decode()
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, main, said)
        return said

    def _format(self) -> None:
        self.port, controller = free_port(), free_port()
        self._ports = {name: free_port() for name in self._listeners}
        own = {CLIENTS: f"127.0.0.1:{self.port}", **{name: self.address(name) for name in self._listeners}}
        protocols = {CLIENTS: "PLAINTEXT", CONTROLLER: "PLAINTEXT", **self._listeners}
        addresses = [f"{name}://{address}" for name, address in own.items()]
        properties = {
            **ONE_BROKER,
            "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
            "listeners": ",".join([*addresses, f"{CONTROLLER}://127.0.0.1:{controller}"]),
            "advertised.listeners": ",".join(addresses),
            "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name, protocol in protocols.items()),
            "log.dirs": str(self.folder / "data"),
            **self._settings,
        }
        file = self.folder / "server.properties"
        file.write_text("".join(f"{name}={value}\n" for name, value in properties.items()), encoding="utf-8")
        users = [
            part
            for name, password in self._scram.items()
            for part in ("--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]")
        ]
        cluster = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=").replace("-", "A")  # no leading dash
        where = ("-t", cluster, "-c", str(file))
        self.tool("kafka.tools.StorageTool", "format", "--standalone", "--ignore-formatted", *where, *users)

    def _launch(self) -> None:
        self._pid_file.unlink(missing_ok=True)
        command = (
            sys.executable, "-SE", str(GUARD), str(self._owner), str(self._pid_file), self._remove,
            *self._java, "-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
            "kafka.Kafka", str(self.folder / "server.properties"),
        )  # fmt: skip
        with self.log.open("wb") as log:
            self._guard = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + READY_S
        while READY not in self.log.read_text(errors="replace"):
            if self._guard.poll() is not None or time.monotonic() > deadline:
                ended = self._guard.poll() is not None
                if not ended:
                    self.kill()
                tail = self.log.read_text(errors="replace")[-2_000:]
                raise NoKafka(f"the broker {'ended' if ended else f'was not ready within {READY_S:.0f} s'}:\n{tail}")
            time.sleep(0.05)

    def _end(self, how: signal.Signals) -> None:
        if self._guard is None:
            return
        if self._guard.poll() is None:
            os.kill(self.pid, how)
            if how == signal.SIGTERM:
                self.resume()
            try:
                self._guard.wait(GONE_S)
            except subprocess.TimeoutExpired:
                os.kill(self.pid, signal.SIGKILL)
                self._guard.wait()
        self._guard = None
