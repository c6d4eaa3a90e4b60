"""`python -m ops.exercise`: stage each fault on a live of its own, and tell which panel and which alert showed it, and when.

    python -m ops.exercise [--fault NAME ...] [--hurry N] [--wait] [--json OUT]

Everything is real: server, player, source, Prometheus, the alerts (and a Kafka broker for the slow one). Only the alerts' time spans are
divided by `--hurry`; with 1 they are as in operation. `--wait`: stop before mending, so that a person may look for the cause first.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from engine.errors import LivechatError
from ops.exercise.faults import FAULTS, Fault, Sign
from ops.exercise.live import Live, on_air
from ops.exercise.monitor import Monitor
from ops.grafana.__main__ import BOARDS
from ops.grafana.parts import Panel
from tests.kafka.jars import NoKafka

CALM_S: Final = 25.0  # until the live is as it usually is
SHOWN_S: Final = 90.0  # longest wait for a panel or an alert, beside what the alert's own spans take
LONGEST_S: Final = 600.0  # what an alert of the five waits for at most, its window included


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a fault, seconds after it began; None: it was not."""

    fault: str
    panel_s: Mapping[str, float | None]
    alert: str | None
    alert_s: float | None
    before: Sequence[str]
    """Alerts that fired before anything was wrong."""
    over_s: float | None
    """From the mending until the alert was over."""

    @property
    def found(self) -> bool:
        """A panel and an alert showed it, and nothing else had cried wolf."""
        return None not in (self.alert, self.over_s, *self.panel_s.values()) and not self.before


async def stage(kind: type[Fault], folder: Path, hurry: int, *, wait: bool, console: Console) -> Seen:
    """One fault on a live of its own."""
    fault = kind()
    try:
        bus = await fault.bus(folder)
        async with on_air(folder, hurry=hurry, bus=bus, player=fault.plays) as live:
            await fault.prepare(live)
            await asyncio.sleep(CALM_S)
            before = sorted(await live.monitor.firing())
            await fault.begin(live)
            return await _watch(fault, live, before, SHOWN_S + LONGEST_S / hurry, wait=wait, console=console)
    finally:
        await fault.close()


async def _watch(
    fault: Fault, live: Live, before: Sequence[str], within_s: float, *, wait: bool, console: Console
) -> Seen:
    fired: set[str] = set()

    async def fires() -> bool:
        fired.update(await live.monitor.firing() & fault.alerts)
        return bool(fired)

    async def is_over() -> bool:
        return not await live.monitor.firing() & fault.alerts

    *panels, alert_s = await asyncio.gather(
        *(live.until(partial(shows, live.monitor, sign), within_s) for sign in fault.signs), live.until(fires, within_s)
    )
    if wait:
        console.print(f"{fault.name}: Prometheus is at {live.monitor.url}; Enter mends it")
        await asyncio.to_thread(sys.stdin.readline)
    await fault.mend(live)
    over_s = await live.until(is_over, within_s)
    titles = {f"{sign.board}: {sign.panel}": at for sign, at in zip(fault.signs, panels, strict=True)}
    return Seen(fault.name, titles, min(fired, default=None), alert_s, before, over_s)


async def shows(monitor: Monitor, sign: Sign) -> bool:
    """Whether the panel is unlike its calm now."""
    for query in panel(sign.board, sign.panel).queries:
        if any(sample.value > sign.above for sample in await monitor.query(query.expr)):
            return True
    return False


def panel(board: str, title: str) -> Panel:
    """A panel by its titles."""
    (found,) = (
        one for made in BOARDS if made.title == board for row in made.rows for one in row.panels if one.title == title
    )
    return found


def show(found: Sequence[Seen], console: Console) -> None:
    """A table; seconds after the fault began, and after it was mended."""
    table = Table("fault", "panel", "shown after", "alert", "fired after", "over after mending")
    for seen in found:
        panels = seen.panel_s.items()
        table.add_row(
            seen.fault, "\n".join(title for title, _ in panels), "\n".join(_seconds(at) for _, at in panels),
            seen.alert or "none", _seconds(seen.alert_s), _seconds(seen.over_s),
        )  # fmt: skip
    console.print(table)
    for seen in found:
        if seen.before:
            console.print(f"{seen.fault}: fired before anything was wrong: {', '.join(seen.before)}")


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.0f} s"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = {kind.name.replace(" ", "-"): kind for kind in FAULTS}
    parser.add_argument("--fault", action="append", choices=list(names), help="only these")
    parser.add_argument("--hurry", type=int, default=20, help="divide the alerts' time spans by it (20)")
    parser.add_argument("--wait", action="store_true", help="stop before mending")
    parser.add_argument("--json", type=Path, help="write what was seen here")
    options = parser.parse_args()
    console = Console(width=160)
    found = []
    for name in options.fault or names:
        kind = names[name]
        console.print(f"{kind.name}: {kind.text} …")
        with tempfile.TemporaryDirectory(prefix="livechat-exercise-") as folder:
            try:
                found.append(asyncio.run(stage(kind, Path(folder), options.hurry, wait=options.wait, console=console)))
            except (LivechatError, NoKafka) as error:
                console.print(f"{kind.name}: cannot be staged here: {error}")
                return 1
    show(found, console)
    if options.json:
        options.json.write_text(json.dumps([asdict(seen) for seen in found], indent=2) + "\n", "utf-8")
    return 0 if all(seen.found for seen in found) else 1


if __name__ == "__main__":
    sys.exit(main())
