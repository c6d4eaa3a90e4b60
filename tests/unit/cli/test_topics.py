"""`livechat topics`: what is told, without a broker."""

from __future__ import annotations

from engine.bus.kafka.topics import Difference
from engine.cli import topics
from engine.errors import Exit
from tests.kafka.broker import free_port
from tests.unit.cli.conftest import Invoke


def test_the_embedded_log_has_no_topics_to_look_after(invoke: Invoke) -> None:
    """It is a usage error that says how to name a cluster."""
    for verb in ("create", "check"):
        shown = invoke("topics", verb, "--bus", "sqlite:var/x.db")
        assert shown.exit_code == Exit.USAGE
        assert "--bus kafka:HOST:PORT" in shown.stderr


def test_a_cluster_that_is_away(invoke: Invoke) -> None:
    """One sentence that names it, and the exit code of what may work later."""
    server = f"127.0.0.1:{free_port()}"
    for verb in ("create", "check"):
        shown = invoke("topics", verb, "--bus", f"kafka:{server}")
        assert shown.exit_code == Exit.UNAVAILABLE
        assert shown.stderr.startswith("livechat: connecting to the brokers failed (")
        assert server.partition(":")[2] in shown.stderr
        assert shown.stderr.count("\n") == 1


def test_equal_differences_stand_in_one_row() -> None:
    """What ails several topics alike is told once, with every topic named."""
    told = [
        Difference(name, "retention.ms", "1", "2", f"kafka-configs --entity-name {name}") for name in ("a.b", "a.c")
    ]
    table = topics.table([*told, Difference("a.d", "topic", "there", "missing", "make a.d")])
    cells = [[str(cell) for cell in column.cells] for column in table.columns]
    assert cells[0] == ["a.b\na.c", "a.d"]
    assert cells[4] == ["kafka-configs --entity-name TOPIC", "make a.d"]
