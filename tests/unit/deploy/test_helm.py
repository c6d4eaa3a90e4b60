"""The chart: what it makes of several sets of values is valid, confined, and what the engine understands."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path

import kubernetes_validate
import pytest
from ruamel.yaml import YAML

from tests.unit.deploy.files import OPS, ROOT, Tree, parse, read_yaml, texts, tree, variables
from tests.unit.deploy.test_monitoring import listed
from tests.unit.deploy.tools import run, tool

pytestmark = pytest.mark.process

CHART = ROOT / "helm" / "livechat-engine"
SETS = ("small", "full", "git")
KUBERNETES = "1.31"
ROLES = ("worker", "gateway", "publisher", "insight")
NO_SCHEMA = {"ServiceMonitor", "PrometheusRule"}
"""Kinds of the Prometheus operator, which Kubernetes itself does not know."""


@functools.cache
def rendered(values: str) -> list[Tree]:
    """The resources that the chart makes of a set of values."""
    helm = tool("helm")
    done = run(
        helm,
        "template",
        "live",
        CHART,
        "--kube-version",
        f"{KUBERNETES}.0",
        "--values",
        CHART / "ci" / f"{values}.yaml",
    )
    assert done.returncode == 0, done.stderr
    return [tree(document) for document in YAML(typ="safe", pure=True).load_all(done.stdout) if document]


def refused(tmp_path: Path, text: str) -> str:
    """What Helm says of the small set of values with some changed, which it must refuse."""
    more = tmp_path / "more.yaml"
    more.write_text(text, encoding="utf-8")
    helm = tool("helm")
    small = CHART / "ci" / "small.yaml"
    done = run(helm, "template", "live", CHART, "--kube-version", f"{KUBERNETES}.0", "-f", small, "-f", more)
    assert done.returncode != 0, done.stdout
    return done.stderr


def of_kind(values: str, *kinds: str) -> dict[str, Tree]:
    """Resources by name."""
    return {str(tree(one["metadata"])["name"]): one for one in rendered(values) if one["kind"] in kinds}


def pods(values: str) -> Iterator[tuple[str, Tree]]:
    """(name, specification) of every pod that is started."""
    for name, one in of_kind(values, "Deployment", "Job").items():
        yield name, tree(tree(tree(one["spec"])["template"])["spec"])


def containers(pod: Tree) -> list[Tree]:
    """Of a pod, those that run before and beside it included."""
    return [*listed(pod.get("initContainers", [])), *listed(pod["containers"])]


def engine(values: str, role: str) -> Tree:
    """The container that runs a role."""
    pod = dict(pods(values))[f"live-livechat-engine-{role}"]
    return listed(pod["containers"])[0]


@pytest.mark.parametrize("values", SETS)
def test_the_chart_is_clean(values: str) -> None:
    """`helm lint --strict` has nothing to say."""
    done = run(tool("helm"), "lint", "--strict", CHART, "--values", CHART / "ci" / f"{values}.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("values", SETS)
def test_every_resource_is_valid(values: str) -> None:
    """By the schemas of Kubernetes, unknown keys refused."""
    for resource in rendered(values):
        if resource["kind"] not in NO_SCHEMA:
            kubernetes_validate.validate(resource, KUBERNETES, strict=True)


@pytest.mark.parametrize("values", SETS)
def test_pods_are_confined(values: str) -> None:
    """Nobody is root, writes to the image, gains privileges, or talks to Kubernetes; memory has a limit."""
    for _, pod in pods(values):
        assert pod["automountServiceAccountToken"] is False
        outside = tree(pod["securityContext"])
        assert (outside["runAsNonRoot"], outside["runAsUser"]) == (True, 10001)
        assert tree(outside["seccompProfile"])["type"] == "RuntimeDefault"
        for container in containers(pod):
            inside = tree(container["securityContext"])
            assert inside["readOnlyRootFilesystem"] is True
            assert inside["allowPrivilegeEscalation"] is False
            assert inside["privileged"] is False
            assert tree(inside["capabilities"]) == {"drop": ["ALL"]}
            resources = tree(container["resources"])
            assert "memory" in tree(resources["limits"])
            assert {"cpu", "memory"} <= set(tree(resources["requests"]))


@pytest.mark.parametrize("values", SETS)
def test_roles_are_probed_and_have_time_to_stop(values: str) -> None:
    """By the endpoints of the engine; Kubernetes waits longer than a graceful stop takes."""
    for role in ROLES:
        container = engine(values, role)
        for probe, path in (("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
            assert tree(tree(container[probe])["httpGet"])["path"] == path
        env = {str(one["name"]): one.get("value") for one in listed(container["env"])}
        pod = dict(pods(values))[f"live-livechat-engine-{role}"]
        grace = pod["terminationGracePeriodSeconds"]
        assert isinstance(grace, int)
        assert grace == int(str(env["LIVECHAT_WORKER__DRAIN_S"])) + 5


@pytest.mark.parametrize("values", SETS)
def test_commands_and_settings_are_the_engines(values: str) -> None:
    """The real command line takes the arguments, and every variable is one that it reads."""
    known = variables()
    for role in ROLES:
        container = engine(values, role)
        assert parse(texts(container["args"]))["roles"] == role
        names = [str(one["name"]) for one in listed(container["env"])]
        assert set(names) <= known
        assert len(set(names)) == len(names)
    for name, job in of_kind(values, "Job").items():
        pod = tree(tree(tree(job["spec"])["template"])["spec"])
        assert parse(texts(listed(pod["containers"])[0]["args"])), name


@pytest.mark.parametrize("values", SETS)
def test_secrets_are_referenced_only(values: str) -> None:
    """No Secret is made, and no variable whose name sounds like one holds a value."""
    assert not of_kind(values, "Secret")
    for _, pod in pods(values):
        for container in containers(pod):
            for one in listed(container.get("env", [])):
                if re.search(r"TOKEN|PASSWORD|KEY$", str(one["name"])) and "value" in one:
                    assert str(one["value"]).startswith("/run/secrets/"), one


@pytest.mark.parametrize("values", SETS)
def test_every_mount_has_its_volume(values: str) -> None:
    """And every volume somebody who mounts it."""
    for name, pod in pods(values):
        volumes = [str(volume["name"]) for volume in listed(pod["volumes"])]
        mounted = {str(mount["name"]) for container in containers(pod) for mount in listed(container["volumeMounts"])}
        assert set(volumes) == mounted, name
        assert len(set(volumes)) == len(volumes)


def test_alerts_and_dashboards_are_the_files_of_ops() -> None:
    """One source for Compose and Kubernetes."""
    (rule,) = of_kind("full", "PrometheusRule").values()
    assert tree(rule["spec"]) == read_yaml(OPS / "prometheus" / "alerts.yml")
    boards = {name: tree(one["data"]) for name, one in of_kind("full", "ConfigMap").items()}
    files = {file.name: file.read_text("utf-8") for file in (OPS / "grafana" / "dashboards").glob("*.json")}
    assert {key: text for data in boards.values() for key, text in data.items()} == files
    assert all(json.loads(str(text)) for text in files.values())


def test_processes_are_found_by_the_names_that_alerts_use() -> None:
    """`job` and `service` are labels of alerts and dashboards; every role is scraped."""
    (monitor,) = of_kind("full", "ServiceMonitor").values()
    (endpoint,) = listed(tree(monitor["spec"])["endpoints"])
    labels = {str(rule["targetLabel"]): rule for rule in listed(endpoint["relabelings"])}
    assert labels["job"]["replacement"] == "livechat"
    assert "service" in labels
    chosen = tree(tree(monitor["spec"])["selector"])["matchLabels"]
    service = of_kind("full", "Service")["live-livechat-engine-metrics"]
    assert set(tree(chosen).items()) <= set(tree(tree(service["metadata"])["labels"]).items())
    wanted = set(tree(tree(service["spec"])["selector"]).items())
    for role in ROLES:
        deployment = of_kind("full", "Deployment")[f"live-livechat-engine-{role}"]
        template = tree(tree(tree(deployment["spec"])["template"])["metadata"])
        assert wanted <= set(tree(template["labels"]).items())


def test_autoscaling_takes_the_replicas_over() -> None:
    """A number beside an autoscaler would fight it at each upgrade."""
    scaled = of_kind("full", "HorizontalPodAutoscaler")
    assert set(scaled) == {"live-livechat-engine-worker", "live-livechat-engine-gateway"}
    for name in scaled:
        assert "replicas" not in tree(of_kind("full", "Deployment")[name]["spec"])
        assert tree(of_kind("small", "Deployment")[name]["spec"])["replicas"] == 2


def test_an_insight_may_wait_for_the_active_one() -> None:
    """Of several one is active, by a lease: so an update starts the new one before the old one goes."""
    for values, count in (("small", 1), ("full", 2)):
        spec = tree(of_kind(values, "Deployment")["live-livechat-engine-insight"]["spec"])
        assert spec["replicas"] == count
        assert tree(spec["strategy"])["type"] == "RollingUpdate"
    publisher = tree(of_kind("small", "Deployment")["live-livechat-engine-publisher"]["spec"])
    assert tree(publisher["strategy"])["type"] == "Recreate"  # its volume has one writer


def test_the_network_lets_through_what_is_used() -> None:
    """The ports of brokers and of the traces' collector, the gateway for its clients, metrics; the repository for the publisher alone."""
    policies = of_kind("full", "NetworkPolicy")
    egress = listed(tree(policies["live-livechat-engine"]["spec"])["egress"])
    assert {port["port"] for rule in egress for port in listed(rule["ports"])} == {53, 9093, 9094, 4318}
    assert tree(listed(egress[1]["to"])[0])["ipBlock"] == {"cidr": "10.0.0.0/8"}
    (inbound,) = listed(tree(policies["live-livechat-engine-gateway"]["spec"])["ingress"])
    assert [port["port"] for port in listed(inbound["ports"])] == [8700]
    assert not of_kind("git", "NetworkPolicy", "PodDisruptionBudget")


def test_whoever_hashes_viewer_ids_has_the_secret() -> None:
    """Workers and gateways, from the Secret by reference; nobody else."""
    reference = {"secretKeyRef": {"name": "livechat-viewers", "key": "viewer-key"}}
    for role in ("worker", "gateway", "publisher", "insight"):
        found = [one for one in listed(engine("full", role)["env"]) if one["name"] == "LIVECHAT_PRIVACY__VIEWER_KEY"]
        assert [one["valueFrom"] for one in found] == ([reference] if role in ("worker", "gateway") else [])


def test_a_repository_is_followed() -> None:
    """Fetched once before the publisher starts, then beside it; its folders are the shops."""
    pod = dict(pods("git"))["live-livechat-engine-publisher"]
    first, beside = listed(pod["initContainers"])
    assert "--one-time" in texts(first["args"])
    assert beside["restartPolicy"] == "Always"
    assert "--period=2s" in texts(beside["args"])
    assert [str(shop) for shop in parse(texts(engine("git", "publisher")["args"]))["shop"]] == [  # type: ignore[attr-defined] # a list
        "/git/current/tea-shop",
        "/git/current/more/shoe-shop",
    ]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ("kafka: {brokers: []}", "kafka.brokers: name at least one"),
        ("kafka: {brokers: ['kafka']}", "kafka.brokers"),
        ("secrets: {gateway: ''}", "secrets.gateway: name the Secret"),
        ("secrets: {viewerKey: ''}", "secrets.viewerKey: name the Secret"),
        ("shops: {configMaps: []}", "shops: name at least one"),
        ("worker: {replicas: 25}", "more workers than kafka.partitions"),
        ("worker: {autoscaling: {enabled: true, max: 25}}", "more workers than kafka.partitions"),
        ("worker: {replcas: 3}", "replcas"),
        ("settings: {livechat_x: 'a'}", "livechat_x"),
        ("gateway: {ingress: {enabled: true}}", "gateway.ingress.host: name the host"),
        ("shops: {git: {enabled: true, folders: [a]}}", "shops.git.repository: name it"),
    ],
)
def test_what_cannot_work_is_refused(tmp_path: Path, values: str, told: str) -> None:
    """Before anything is installed, with the value that is wrong."""
    assert told in refused(tmp_path, values)
