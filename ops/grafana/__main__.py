"""`python -m ops.grafana`: write the dashboards as Grafana reads them. `make docs` calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from ops.grafana.coverage import COVERAGE
from ops.grafana.gaps import GAPS
from ops.grafana.health import HEALTH
from ops.grafana.parts import dashboard

BOARDS: Final = (COVERAGE, HEALTH, GAPS)
FOLDER: Final = Path(__file__).parent / "dashboards"
DOCS: Final = "/public/livechat/"
"""Where Grafana serves this project's pages, if it does: the links of dashboards begin with it."""


def files() -> dict[str, str]:
    """Name → content of each file of `FOLDER`."""
    encoder = JSONEncoder(sort_keys=True, indent=1)
    return {f"{board.uid}.json": encoder.encode(dashboard(board, DOCS).build()) + "\n" for board in BOARDS}


def main() -> None:
    wanted = files()
    for name, content in wanted.items():
        (FOLDER / name).write_text(content, encoding="utf-8")
    for other in FOLDER.glob("*.json"):
        if other.name not in wanted:
            other.unlink()


if __name__ == "__main__":
    main()
