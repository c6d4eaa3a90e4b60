"""Prometheus and Grafana: they find every process, and every query names a metric and labels that the engine has."""

from __future__ import annotations

import json
import re
from typing import get_args

import pytest

from engine.events.closes import CloseCode
from engine.events.handoffs import Handoff
from engine.events.meanings import REASONS
from engine.events.outputs import AlertKind, RoomCommand
from engine.events.topics import INPUTS
from engine.insight.coverage import Outcome
from engine.metrics import LATENESS_S
from ops.grafana.__main__ import DOCS, FOLDER, files
from tests.unit.deploy.files import OPS, ROOT, Tree, labels, metrics, read_yaml, texts, tree
from tests.unit.deploy.tools import run, tool

PROMETHEUS = read_yaml(OPS / "prometheus" / "prometheus.yml")
ALERTS = read_yaml(OPS / "prometheus" / "alerts.yml")
COMPOSE = read_yaml(ROOT / "docker-compose.yml")
BOARDS = [tree(json.loads(text)) for text in files().values()]
OF_PROMETHEUS = {"up", "ALERTS"}
ADDED = {"job", "service", "instance", "alertstate", "alertname"}
"""Labels that scraping and alerting add."""
WORDS = {
    "sum", "max", "min", "count", "by", "without", "rate", "increase", "histogram_quantile", "clamp_min", "absent", "vector", "or",
    "and", "unless", "offset", "max_over_time",
}  # fmt: skip
"""Of the query language."""


def listed(value: object) -> list[dict[str, object]]:
    """`value`, which must be a list of mappings."""
    assert isinstance(value, list)
    return [tree(item) for item in value]


_RULES = [rule for group in listed(ALERTS["groups"]) for rule in listed(group["rules"])]
RULES = [rule for rule in _RULES if "alert" in rule]
RECORDED = {str(rule["record"]) for rule in _RULES if "record" in rule}
PANELS = [panel for board in BOARDS for panel in listed(board["panels"]) if panel["type"] != "row"]
QUERIES = [str(target["expr"]) for panel in PANELS for target in listed(panel["targets"])]
EXPRESSIONS = [*(str(rule["expr"]) for rule in _RULES), *QUERIES]


def names(expression: str) -> set[str]:
    """Metrics that an expression reads: what is left without label sets, groupings, ranges, strings and functions."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\b(by|without) *\([^)]*\)', " ", expression)
    return set(re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*", re.sub(r"\b\d+\w*", " ", bare))) - WORDS


def described(expression: str) -> list[tuple[str, set[str]]]:
    """Metric → the labels by which it is selected, for each place where it stands."""
    found = re.findall(r"\b(livechat_\w+)(?:\{([^}]*)\})?", expression)
    return [(name, set(re.findall(r"(\w+) *(?:=|!=|=~|!~) *\"", chosen))) for name, chosen in found]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_exists(expression: str) -> None:
    """Alerts and panels read only what the engine counts."""
    assert names(expression) <= metrics() | OF_PROMETHEUS | RECORDED
    assert expression.count("(") == expression.count(")")


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_label_exists(expression: str) -> None:
    """A metric is selected and grouped by labels that it has: by another one a panel would stay empty and an alert silent."""
    known = labels()
    for name, chosen in described(expression):
        assert chosen <= known[name] | ADDED, name
    grouped = {label for group in re.findall(r"\bby *\(([^)]*)\)", expression) for label in re.findall(r"\w+", group)}
    read = [known[name] for name, _ in described(expression)]
    assert grouped <= set.union(ADDED, *read)


def test_values_of_labels_are_those_that_are_counted() -> None:
    """Outcomes, reasons and topics that an expression names are real ones."""
    real: dict[str, set[str]] = {
        "reason": set(map(str, REASONS)),
        "outcome": {*get_args(Outcome), "committed", "failed"},
        "topic": set(INPUTS),
        "job": {"livechat"},
        "service": set(tree(COMPOSE["services"])),
        "code": {str(code.value) for code in CloseCode},
        "type": {str(kind.model_fields["type"].default) for kind in get_args(get_args(RoomCommand)[0])},
        "kind": set(get_args(AlertKind)),
        "state": set(get_args(Handoff.model_fields["state"].annotation)),
        "end": {"closed", "faded"},
        "alertstate": {"firing"},
        "le": {str(bound) for bound in LATENESS_S},
    }
    for expression in EXPRESSIONS:
        for label, value in re.findall(r'(\w+) *(?:=|!=|=~|!~) *"([^"]*)"', expression):
            assert set(value.split("|")) <= real[label], expression


def test_alerts_say_what_to_do() -> None:
    """Each has its own name (or window), a severity, one sentence of summary and one of advice, and a page."""
    told = [(str(rule["alert"]), tree(rule["labels"]).get("window")) for rule in RULES]
    assert len(set(told)) == len(told)
    for rule in RULES:
        assert tree(rule["labels"])["severity"] in ("warning", "critical")
        assert set(tree(rule["annotations"])) == {"summary", "description", "runbook"}
        assert all(tree(rule["annotations"]).values())


def test_every_alert_and_page_stands_in_the_index() -> None:
    """`docs/runbooks/README.md`: whoever is woken finds the page by the alert's name, and the page that the alert names is that one."""
    folder = ROOT / "docs" / "runbooks"
    rows = re.findall(r"\|([^|]*)\| \[[\w ]+\]\(([\w-]+\.md)\) \|", (folder / "README.md").read_text("utf-8"))
    listed_ = {(name, page) for names_, page in rows for name in re.findall(r"Livechat\w+", names_)}
    told = {(str(rule["alert"]), str(tree(rule["annotations"])["runbook"])) for rule in RULES}
    assert {name for name, _ in listed_} == {name for name, _ in told}
    assert {(name, page.rpartition("/")[2]) for name, page in told} <= listed_
    assert {page for _, page in rows} | {"README.md", "exercise.md"} == {page.name for page in folder.glob("*.md")}
    for page in folder.glob("*.md"):
        for link in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8")):
            assert (folder / link).is_file(), f"{page.name}: {link}"


def test_each_alert_is_tried_firing_and_silent() -> None:
    """By the program that runs it."""
    trial = OPS / "prometheus" / "tests" / "alerts.yml"
    done = run(tool("promtool"), "test", "rules", trial)
    assert done.returncode == 0, done.stdout + done.stderr
    expected: dict[tuple[str, object], set[bool]] = {}
    for test in listed(read_yaml(trial)["tests"]):
        for one in listed(test["alert_rule_test"]):
            fired = listed(one["exp_alerts"])
            window = re.search(r"over (\w+)", str(test["name"]))
            key = (str(one["alertname"]), window and window[1])
            expected.setdefault(key, set()).add(bool(fired))
    told = {(str(rule["alert"]), tree(rule["labels"]).get("window")) for rule in RULES}
    assert expected == {key: {True, False} for key in told}


def test_prometheus_reads_its_configuration() -> None:
    """Rules included."""
    done = run(tool("promtool"), "check", "config", OPS / "prometheus" / "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_must_wake_somebody_does() -> None:
    """No worker, lag, a drop of the share answered, dead letters, failing commits."""
    assert {
        "LivechatNoWorkerReady", "LivechatLag", "LivechatShareAnsweredDropped", "LivechatDeadLetters", "LivechatCommitsFail",
    } <= {str(rule["alert"]) for rule in RULES}  # fmt: skip


def test_every_process_is_scraped() -> None:
    """By the names that Compose gives the roles, on the port of the image; rules are read."""
    (job,) = [job for job in listed(PROMETHEUS["scrape_configs"]) if job["job_name"] == "livechat"]
    (discovery,) = listed(job["dns_sd_configs"])
    services = {name: tree(service) for name, service in tree(COMPOSE["services"]).items()}
    roles = {name for name, service in services.items() if "serve" in texts(service.get("command", []))}
    assert set(texts(discovery["names"])) == roles
    assert f"LIVECHAT_HTTP__LISTEN=0.0.0.0:{discovery['port']}" in (ROOT / "Dockerfile").read_text("utf-8")
    assert PROMETHEUS["rule_files"] == ["alerts.yml"]


def test_grafana_finds_prometheus_and_the_dashboards() -> None:
    """The data source is the one that panels name, at the service's own port; the folder is where Compose mounts it."""
    (source,) = listed(read_yaml(OPS / "grafana" / "provisioning" / "datasources" / "prometheus.yml")["datasources"])
    assert source["url"] == "http://prometheus:9090"
    assert {str(tree(panel["datasource"])["uid"]) for panel in PANELS} == {source["uid"]}
    (provider,) = listed(read_yaml(OPS / "grafana" / "provisioning" / "dashboards" / "livechat.yml")["providers"])
    grafana = tree(tree(COMPOSE["services"])["grafana"])
    folder = tree(provider["options"])["path"]
    assert f"./ops/grafana/dashboards:{folder}:ro" in texts(grafana["volumes"])
    home = tree(grafana["environment"])["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{folder}/livechat-coverage.json"
    assert str(home).removeprefix(f"{folder}/") in files()


def test_the_dashboards_are_what_the_code_makes() -> None:
    """`make docs` writes them."""
    assert {file.name: file.read_text("utf-8") for file in FOLDER.glob("*.json")} == files()


def test_links_lead_to_pages_that_exist() -> None:
    """Of the dashboards, and those that panels and alerts name."""
    links = [str(link["url"]) for board in BOARDS for link in listed(board["links"]) if link["type"] == "link"]
    told = [str(panel["description"]) for panel in PANELS] + [str(rule["annotations"]) for rule in RULES]
    named = {path for text in told for path in re.findall(r"docs/[\w/-]+\.md", text)}
    assert {link.removeprefix(DOCS) for link in links} | named
    for path in {link.removeprefix(DOCS) for link in links} | named:
        assert (ROOT / path).is_file(), path


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: str(board["uid"]))
def test_panels_are_complete_and_do_not_overlap(board: Tree) -> None:
    """Each panel has a title, says what it shows, and has its own place on the grid of 24 columns."""
    everything = listed(board["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in everything:
        at = {key: int(str(value)) for key, value in tree(panel["gridPos"]).items()}
        assert at["x"] + at["w"] <= 24
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
    assert all(panel["title"] and panel["description"] for panel in everything if panel["type"] != "row")


@pytest.mark.parametrize(
    "metric",
    [
        "livechat_asked_total", "livechat_gaps_open", "livechat_verdict_seconds_bucket", "livechat_decisions_total",
        "livechat_input_lag_records", "livechat_rooms", "livechat_aired_total", "livechat_gateway_stale_insertions_total",
        "livechat_commits_total", "livechat_partitions_ready", "livechat_input_standstill_seconds",
    ],
)  # fmt: skip
def test_the_dashboards_show(metric: str) -> None:
    """Coverage, gaps, latency, decisions, lag, rooms, what was aired or late, commits."""
    assert any(metric in names(query) for query in QUERIES)
