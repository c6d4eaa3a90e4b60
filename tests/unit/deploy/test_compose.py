"""`docker-compose.yml`: what it starts is what the engine understands, in an order that works, confined and pinned."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from engine.settings import load
from tests.unit.deploy.files import DOCKER, PINNED, ROOT, parse, read_yaml, texts, tree, variables

FILE = ROOT / "docker-compose.yml"
COMPOSE = read_yaml(FILE)
SERVICES = {name: tree(service) for name, service in tree(COMPOSE["services"]).items()}
OURS = sorted(name for name, service in SERVICES.items() if "build" in service)
COMMANDS = [name for name in OURS if "entrypoint" not in SERVICES[name]]
ROLES = sorted(name for name in COMMANDS if texts(SERVICES[name]["command"])[0] == "serve")
ONCE = ("secrets", "topics", "room")
"""They do one thing and end."""


def environment(name: str) -> dict[str, str]:
    """A service's environment; each value is a text, since YAML's own numbers and booleans reach a process in another spelling."""
    found = tree(SERVICES[name].get("environment", {}))
    assert all(isinstance(value, str) for value in found.values()), found
    return {key: str(value) for key, value in found.items()}


def mounts(name: str) -> list[tuple[str, str, bool]]:
    """Source, target and whether it is read-only."""
    found = []
    for volume in texts(SERVICES[name].get("volumes", [])):
        source, target, *mode = volume.split(":")
        found.append((source, target, mode == ["ro"]))
    return found


def waits_for(name: str) -> dict[str, str]:
    """Service → the condition that is waited for."""
    return {other: str(tree(how)["condition"]) for other, how in tree(SERVICES[name].get("depends_on", {})).items()}


def test_what_is_started() -> None:
    """Kafka, the four roles, what watches them, the demo, and what prepares it all."""
    assert set(SERVICES) == {
        "kafka", "topics", "secrets", "publisher", "worker", "gateway", "insight", "prometheus", "grafana", "room", "player", "source",
    }  # fmt: skip
    roles = {name: texts(SERVICES[name]["command"])[1:3] for name in ROLES}
    assert roles == {name: ["--roles", name] for name in ("gateway", "insight", "publisher", "worker")}
    assert tree(SERVICES["worker"]["deploy"])["replicas"] == 2
    assert texts(SERVICES["topics"]["command"]) == ["topics", "create"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_understood(name: str) -> None:
    """The real command line takes it as it stands."""
    parse(texts(SERVICES[name]["command"]))


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting(name: str) -> None:
    """None is misspelt, and each has a name that something reads."""
    of_the_image = {"LIVECHAT_TOKEN_FILE"}
    assert f"${{{next(iter(of_the_image))}" in (DOCKER / "entrypoint.sh").read_text("utf-8")
    assert set(environment(name)) <= variables() | of_the_image


@pytest.mark.parametrize("name", ROLES)
def test_every_value_is_taken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of each role load from its environment, and its bus is the broker of this file."""
    for variable, value in environment(name).items():
        monkeypatch.setenv(variable, value)
    settings = load()
    scheme, broker, port = settings.bus.url.split(":")
    assert scheme == "kafka"
    assert f"PLAINTEXT://{broker}:{port}" in environment("kafka")["KAFKA_ADVERTISED_LISTENERS"].split(",")
    assert f"id: {settings.publisher.default_shop}" in (ROOT / "examples" / "tea-shop" / "shop.yaml").read_text("utf-8")


def test_the_roles_agree() -> None:
    """All roles and `topics create` are told the same of the bus: another partition count would stop a worker."""
    told = [{key: value for key, value in environment(name).items() if "_BUS__" in key} for name in (*ROLES, "topics")]
    assert all(other == told[0] for other in told)
    assert told[0]


@pytest.mark.parametrize("name", SERVICES)
def test_every_mounted_path_exists(name: str) -> None:
    """A path of the checkout is there, and mounted read-only; a volume is declared."""
    declared = set(tree(COMPOSE["volumes"]))
    for source, target, readonly in mounts(name):
        assert target.startswith("/")
        if source.startswith("."):
            assert (ROOT / source).exists(), source
            assert readonly, source
        else:
            assert source in declared


def test_every_volume_is_used() -> None:
    """None is left over."""
    used = {source for name in SERVICES for source, _, _ in mounts(name) if not source.startswith(".")}
    assert used == set(tree(COMPOSE["volumes"]))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_file_of_a_command_is_mounted(name: str) -> None:
    """A path among the arguments or variables lies in a mount of this service; one of the checkout exists."""
    arguments = [*texts(SERVICES[name]["command"]), *environment(name).values()]
    for path in (argument for argument in arguments if argument.startswith("/")):
        at = [(source, target) for source, target, _ in mounts(name) if Path(path).is_relative_to(target)]
        assert at, path
        source, target = at[0]
        if source.startswith("."):
            assert (ROOT / source / Path(path).relative_to(target)).exists(), path


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str) -> None:
    """Public short names with a version; our own image is the one that is built here."""
    image = str(SERVICES[name]["image"])
    if name in OURS:
        assert (SERVICES[name]["build"], image) == (".", "livechat-engine:local")
    else:
        assert PINNED.fullmatch(image), image


@pytest.mark.parametrize("name", OURS)
def test_our_containers_are_confined(name: str) -> None:
    """Read-only root file system, no capability, no new privileges; what is written goes to memory or a volume."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    writable = {target for _, target, readonly in mounts(name) if not readonly}
    assert {"/tmp", "/var/lib/livechat"} <= writable | set(texts(service["tmpfs"]))


@pytest.mark.parametrize("name", SERVICES)
def test_everything_is_bounded(name: str) -> None:
    """Processor time, memory and logs have a limit."""
    limits = tree(tree(tree(SERVICES[name]["deploy"])["resources"])["limits"])
    assert float(str(limits["cpus"])) > 0
    assert re.fullmatch(r"\d+[MG]", str(limits["memory"]))
    assert tree(tree(SERVICES[name]["logging"])["options"]) == {"max-size": "10m", "max-file": "3"}


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_leaves_the_machine(name: str) -> None:
    """Ports are published on the loopback address only."""
    for port in texts(SERVICES[name].get("ports", [])):
        assert re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port), port


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_waited_for_can_happen(name: str) -> None:
    """Whoever must be healthy has a check, whoever must complete ends by itself; nothing waits in a circle."""
    for other, condition in waits_for(name).items():
        service = SERVICES[other]
        checked = "healthcheck" in service and "disable" not in tree(service["healthcheck"])
        assert condition == "service_started" or (condition == "service_healthy" and checked) or (
            condition == "service_completed_successfully" and other in ONCE
        ), f"{other}: {condition}"  # fmt: skip
    pending = [name]
    seen: set[str] = set()
    while pending:
        reached = set(waits_for(pending.pop())) - seen
        assert name not in reached
        seen |= reached
        pending += reached


def test_start_order() -> None:
    """Broker → topics → roles → the demo; whoever reads a secret starts after it was made."""
    assert waits_for("topics") == {"kafka": "service_healthy"}
    for role in ROLES:
        assert waits_for(role)["topics"] == "service_completed_successfully"
    assert waits_for("room")["gateway"] == waits_for("room")["publisher"] == "service_healthy"
    assert waits_for("player") == {"room": "service_completed_successfully"}
    assert waits_for("source") == {"player": "service_started"}
    for name in SERVICES:
        if any(source.endswith("-secrets") for source, _, _ in mounts(name)) and name not in (
            "secrets",
            "room",
            "player",
            "source",
        ):
            assert waits_for(name)["secrets"] == "service_completed_successfully"


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in ONCE])
def test_what_ends_is_started_again(name: str) -> None:
    """The watchdog ends a stalled process: something has to bring it back. A graceful stop is given its time."""
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    drain = load().worker.drain_s
    assert int(str(service["stop_grace_period"]).removesuffix("s")) >= drain + 1.5 + 2


@pytest.mark.parametrize("name", ROLES)
def test_roles_are_asked_whether_they_are_ready(name: str) -> None:
    """The image's own check, on readiness."""
    check = tree(SERVICES[name]["healthcheck"])
    assert check["test"] == ["CMD", "health", "/readyz"]


def test_health_checks_of_the_others() -> None:
    """They ask the port on which the service listens."""
    tests = {name: texts(tree(SERVICES[name]["healthcheck"])["test"]) for name in ("kafka", "prometheus", "grafana")}
    assert all(test[0] == "CMD" for test in tests.values())
    assert tests["kafka"][-1] in environment("kafka")["KAFKA_ADVERTISED_LISTENERS"]
    for name in ("prometheus", "grafana"):
        (published,) = texts(SERVICES[name]["ports"])
        assert f"http://127.0.0.1:{published.rpartition(':')[2]}/" in tests[name][-1]


def test_the_gateway_listens_where_it_is_published() -> None:
    """The published port is the one of the image's setting, and clients inside use it too."""
    found = re.search(r"LIVECHAT_GATEWAY__LISTEN=0\.0\.0\.0:(\d+)", (ROOT / "Dockerfile").read_text("utf-8"))
    assert found is not None
    assert texts(SERVICES["gateway"]["ports"]) == [f"127.0.0.1:{found[1]}:{found[1]}"]
    for name in ("room", "player", "source"):
        assert environment(name)["LIVECHAT_URL"] == f"ws://gateway:{found[1]}/ws"


def test_no_secret_stands_in_the_file() -> None:
    """Tokens, keys and passwords come from files."""
    for name in SERVICES:
        for variable in environment(name):
            secret = re.search("TOKEN|PASSWORD|SECRET|KEY", variable)
            assert not secret or variable.endswith("FILE"), variable


def test_the_broker_is_one_node_in_kraft_mode() -> None:
    """No ZooKeeper; with one broker every copy count is one; topics are made on purpose only."""
    told = environment("kafka")
    assert told["KAFKA_PROCESS_ROLES"] == "broker,controller"
    assert told["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    counts = {key: value for key, value in told.items() if re.search("REPLICATION_FACTOR|MIN_ISR|INSYNC", key)}
    assert len(counts) == 7
    assert set(counts.values()) == {"1"}
    names = {listener.partition(":")[0] for listener in told["KAFKA_LISTENERS"].split(",")}
    assert {pair.partition(":")[0] for pair in told["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")} == names
    assert {place.partition(":")[0] for place in told["KAFKA_ADVERTISED_LISTENERS"].split(",")} == names - {
        "CONTROLLER"
    }


def test_docker_takes_it() -> None:
    """`docker compose config` finds nothing wrong, where there is one."""
    if shutil.which("docker") is None:
        pytest.skip("there is no `docker` on this machine")
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this `docker` has no `compose`")
    ran = subprocess.run(
        ["docker", "compose", "-f", FILE, "config", "--quiet"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
