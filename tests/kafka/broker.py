"""A real Apache Kafka broker of one's own: one process in KRaft mode that tests may stop, freeze, kill and bring back."""

from __future__ import annotations

import base64
import os
import random
import signal
import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.kafka.guarded import Guarded
from tests.kafka.jars import NoKafka, class_path, tool

PORTS: Final = range(20_000, 30_000)
"""Below those that the kernel hands out: a client that tries again and again on a free port from there may reach itself."""
READY: Final = "Kafka Server started"
READY_S: Final = 60.0  # some 3 s on an idle machine
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
    "log.cleaner.backoff.ms": "500",  # what may be compacted is, at once
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
        self.port = 0
        self._listeners = dict(listeners or {})
        self._ports: dict[str, int] = {}
        self._settings = dict(settings or {})
        self._scram = dict(scram or {})
        self._java = ("java", *java, "-XX:+UseSerialGC", "-cp", class_path())
        logging = ("-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS")
        command = (*self._java, *logging, "kafka.Kafka", str(folder / "server.properties"))
        self._process = Guarded(command, folder / "broker.log", owner=owner, remove=remove)

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
        return self._process.pid

    def start(self) -> None:
        """Starts it, or brings it back on the same data and port, and waits until it serves. Raises `NoKafka` with the end of its log."""
        first = self.port == 0
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
        self._process.stop()

    def kill(self) -> None:
        """SIGKILL: a crash."""
        self._process.kill()

    def pause(self) -> None:
        """SIGSTOP: it keeps its connections and says nothing."""
        self._process.pause()

    def resume(self) -> None:
        """SIGCONT."""
        self._process.send(signal.SIGCONT)

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
        tool("kafka.tools.StorageTool", "format", "--standalone", "--ignore-formatted", *where, *users)

    def _launch(self) -> None:
        self._process.start()
        deadline = time.monotonic() + READY_S
        while READY not in self._process.log.read_text(errors="replace"):
            if not self._process.runs:
                raise NoKafka(f"the broker ended:\n{self._process.tail()}")
            if time.monotonic() > deadline:
                self.kill()
                raise NoKafka(f"the broker was not ready within {READY_S:.0f} s:\n{self._process.tail()}")
            time.sleep(0.05)
