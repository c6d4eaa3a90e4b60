"""Files of what benchmarks measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.measured import Machine, Measured, keep, read

MACHINE = Machine(2, "a processor", 8, "3.11.1", "0.14.0", "4.1.1")


def case(figure: float) -> Measured:
    return Measured.now(MACHINE, {"seconds": 4.0, "arrivals": "a.csv.gz"}, {"comments_per_s": figure})


def test_a_case_is_kept_with_its_machine_and_conditions(tmp_path: Path) -> None:
    """What was written is read back whole, in a folder that was not there."""
    file, entry = tmp_path / "results" / "kafka.json", case(7.0)
    keep(file, "rate", entry)
    assert read(file) == {"rate": entry}


def test_cases_may_be_measured_apart(tmp_path: Path) -> None:
    """A case replaces its own entry and leaves the others as they are."""
    file = tmp_path / "kafka.json"
    for name, figure in (("rate", 1.0), ("hot", 2.0), ("rate", 3.0)):
        keep(file, name, case(figure))
    assert {name: entry.figures["comments_per_s"] for name, entry in read(file).items()} == {"hot": 2.0, "rate": 3.0}


def test_no_file_holds_no_cases(tmp_path: Path) -> None:
    """The first case makes the file."""
    assert read(tmp_path / "kafka.json") == {}


@pytest.mark.parametrize("text", ["[]", '{"rate": 5}', '{"rate": {"figures": {}}}', "{"])
def test_another_kind_of_file_is_refused(tmp_path: Path, text: str) -> None:
    """A file of another kind is an error, not a page of zeros."""
    file = tmp_path / "kafka.json"
    file.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=r"kafka\.json|Expecting"):
        read(file)


def test_the_machine_is_told() -> None:
    """Cores, processor and versions come from the machine itself."""
    machine = Machine.here("4.1.1")
    assert machine.cores >= 1
    assert machine.cpu
    assert machine.kafka == "4.1.1"
