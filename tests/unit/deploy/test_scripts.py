"""`docker/health.py` and `docker/make_secrets.py`: the two programs beside the engine in a container."""

from __future__ import annotations

import http.server
import importlib.util
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from engine.settings import BusSettings, PrivacySettings, Settings, load
from engine.viewers.secret import secret_of
from tests.unit.deploy.files import DOCKER, read_yaml, texts, tree


def script(name: str) -> ModuleType:
    """A program of the folder, as a module; it runs nothing."""
    spec = importlib.util.spec_from_file_location(name, DOCKER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


health = script("health")
secrets = script("make_secrets")


@contextmanager
def answering(status: int) -> Iterator[dict[str, str]]:
    """A server that answers everything with `status`; the environment of a process beside it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(self.path.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield {"LIVECHAT_HTTP__LISTEN": f"0.0.0.0:{server.server_port}"}
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (404, 1)])
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_tells_what_was_answered(path: str, status: int, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Only 200 is healthy; the answer is told, for whoever looks why."""
    with answering(status) as environment:
        assert health.main([path], environment) == code
    assert capsys.readouterr().out == f"{status} {path}\n"


def test_health_without_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody listens: unhealthy, in one line, not a traceback."""
    with answering(200) as environment:
        pass
    assert health.main(["/healthz"], environment) == 1
    assert capsys.readouterr().err.startswith("no answer on port ")


@pytest.mark.parametrize("arguments", [[], ["/"], ["/metrics"], ["/healthz", "/readyz"]])
def test_health_of_something_else(arguments: list[str]) -> None:
    """It asks for nothing but the two."""
    assert health.main(arguments, {}) == 1


def test_secrets_are_what_the_gateway_and_the_workers_take(tmp_path: Path) -> None:
    """The settings load; each client's token opens its own role and no other."""
    secrets.make(tmp_path)
    gateway = load(tmp_path / "gateway" / "gateway.toml").gateway
    assert not gateway.open
    opened = {token.token.get_secret_value(): token.roles for token in gateway.tokens}
    clients = {(tmp_path / "client" / role).read_text("ascii"): (role,) for role in ("source", "player", "operator")}
    assert opened == clients
    assert len(clients) == 3
    path = tmp_path / "viewers" / "viewer-key"
    assert len(path.read_text("ascii")) >= 32
    bus = BusSettings(url="kafka:localhost:9092")
    assert secret_of(Settings(bus=bus, privacy=PrivacySettings(viewer_key_file=path)))
    assert (tmp_path / "grafana" / "admin-password").read_text("ascii") not in clients


def test_secrets_are_made_once(tmp_path: Path) -> None:
    """What is there stays, whoever wrote it; what is missing is made to fit."""
    made = secrets.make(tmp_path)
    before = {path: path.read_bytes() for path in made}
    assert secrets.make(tmp_path) == []
    (tmp_path / "gateway" / "gateway.toml").unlink()
    assert secrets.make(tmp_path) == [tmp_path / "gateway" / "gateway.toml"]
    assert {path: path.read_bytes() for path in made} == before


def test_secrets_differ_between_installations(tmp_path: Path) -> None:
    """Nothing about them can be known beforehand."""
    first = {path.read_bytes() for path in secrets.make(tmp_path / "a")}
    assert not first & {path.read_bytes() for path in secrets.make(tmp_path / "b")}


def test_secrets_can_be_read_in_their_volume(tmp_path: Path) -> None:
    """Images run as different users: readable by all in there, writable by none. No draft is left."""
    made = secrets.make(tmp_path)
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o444}
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(made)


def test_secrets_go_where_they_are_mounted(tmp_path: Path) -> None:
    """Every file that a service of Compose names is made, in the volume that it mounts."""
    secrets.make(tmp_path)
    services = {
        name: tree(one) for name, one in tree(read_yaml(DOCKER.parent / "docker-compose.yml")["services"]).items()
    }
    folders = dict(volume.split(":")[:2] for volume in texts(services["secrets"]["volumes"]) if volume[0] != ".")
    named = 0
    for service in services.values():
        values = [*texts(service.get("command", [])), *map(str, tree(service.get("environment", {})).values())]
        for path in (Path(value) for value in values if value.startswith("/run/secrets/")):
            mounted = {place: volume for volume, place, *_ in (one.split(":") for one in texts(service["volumes"]))}
            volume = mounted[str(path.parent)]
            assert (tmp_path / Path(folders[volume]).name / path.name).is_file(), path
            named += 1
    assert named == 7
