"""`livechat topics`: the topics on a Kafka cluster, made and looked after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import typer

from engine.cli import options, terminal
from engine.errors import Exit, UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from engine.bus.kafka.access import Access
    from engine.bus.kafka.topics import Difference, Shape
    from engine.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Make the topics on a Kafka cluster, and look whether they are right.")

KAFKA: Final = "kafka:"

Partitions = Annotated[
    int | None,
    typer.Option(
        "--partitions", min=1, max=512, help="How many partitions the rooms' topics have; else `bus.partitions`."
    ),
]
Prefix = Annotated[
    str | None, typer.Option("--prefix", metavar="TEXT", help="Beginning of every topic's name; else `bus.prefix`.")
]
Replicas = Annotated[
    int | None,
    typer.Option("--replicas", min=1, max=32, help="Copies of each topic; else 3, or as many as there are brokers."),
]
MinIsr = Annotated[
    int | None,
    typer.Option(
        "--min-isr", min=1, max=32, help="Copies that a write waits for; else one less than 3 replicas, or 1."
    ),
]


def shared(verb: Callable[[Wanted, bool], None]) -> Callable[..., None]:
    """A verb with the options that all of them have."""

    def command(
        partitions: Partitions = None,
        prefix: Prefix = None,
        replicas: Replicas = None,
        min_isr: MinIsr = None,
        bus: options.BusUrl = None,
        config: options.Config = None,
        as_json: options.AsJson = False,
    ) -> None:
        given = {"url": bus, "partitions": partitions, "prefix": prefix}
        told = {"bus": {name: value for name, value in given.items() if value is not None}}
        verb(Wanted(options.settings_of(config, told), replicas, min_isr), as_json)

    command.__doc__ = verb.__doc__
    return command


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the topics should be. `replicas`, `min_isr` None: as many as there may be."""

    settings: Settings
    replicas: int | None
    min_isr: int | None


@app.command("create")
@shared
def create(wanted: Wanted, as_json: bool) -> None:
    """Make the topics that are missing. Those that are there stay as they are; differences are told as by `check`.

    May be run again at any time. Ends with 1 where an existing topic is not as it should be.
    """
    _run(wanted, make=True, as_json=as_json)


@app.command("check")
@shared
def check(wanted: Wanted, as_json: bool) -> None:
    """Look whether every topic is there and as it should be; changes nothing.

    Ends with 0 where all is right, with 1 where something differs.
    """
    _run(wanted, make=False, as_json=as_json)


def _run(wanted: Wanted, *, make: bool, as_json: bool) -> None:
    from engine.bus.kafka.layout import Layout
    from engine.bus.kafka.topics import Shape
    from engine.cli.signals import complete

    settings = wanted.settings
    layout = Layout(settings.bus.prefix, settings.bus.partitions)
    shape = Shape(layout, wanted.replicas, wanted.min_isr, settings.bus.retention)
    made: list[str] = []
    told: list[Difference] = []
    complete(_look(_access(settings), shape, made, told, make=make))
    with suppress(terminal.ReaderGone):  # the answer is the exit code, too
        _tell(made, told, len(shape.layout.names()), make=make, as_json=as_json)
    if told:
        raise typer.Exit(Exit.FAILED)


def _access(settings: Settings) -> Access:
    """How to reach the brokers. Raises `UsageError` where the bus is none of Kafka."""
    from engine.bus.kafka.access import Access

    url = settings.bus.url
    if not url.startswith(KAFKA):
        raise UsageError(
            f"`bus.url` is `{url}`, which has no topics to look after: name a cluster with `--bus kafka:HOST:PORT`"
        )
    return Access(url.removeprefix(KAFKA), settings.bus.kafka)


async def _look(access: Access, shape: Shape, made: list[str], told: list[Difference], *, make: bool) -> None:
    """Puts what was made and what differs into `made` and `told`."""
    import logging

    from engine.bus.kafka import topics

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what goes wrong is told in one sentence
    if make:
        new, found = await topics.create(access, shape)
        made += new
    else:
        found = await topics.check(access, shape)
    told += found


def _tell(made: Sequence[str], told: Sequence[Difference], topics: int, *, make: bool, as_json: bool) -> None:
    if as_json:
        terminal.show_json({"made": list(made), "differences": [_as_json(difference) for difference in told]})
        return
    if make:
        terminal.say(f"made {len(made)} topics: {', '.join(made)}" if made else "every topic was there already")
    if told:
        terminal.out().print(table(told))
    elif not make:
        terminal.say(f"all {topics} topics are right")


def table(told: Sequence[Difference]) -> Table:
    """Differences as a table. Equal ones of several topics stand in one row."""
    from rich.table import Table as Rows
    from rich.text import Text

    rows: dict[tuple[str, str, str, str], list[str]] = {}
    for one in told:
        remedy = one.remedy.replace(one.topic, "TOPIC")
        rows.setdefault((one.what, one.wanted, one.found, remedy), []).append(one.topic)
    shown = Rows(box=None, pad_edge=False)
    for name in ("topic", "what", "should be", "is", "what to do"):
        shown.add_column(name, overflow="fold")
    for (what, wanted, found, remedy), topics in rows.items():
        advice = remedy.replace("TOPIC", topics[0]) if len(topics) == 1 else remedy
        shown.add_row(*(Text(cell) for cell in ("\n".join(topics), what, wanted, found, advice)))
    return shown


def _as_json(difference: Difference) -> dict[str, str]:
    return {
        "topic": difference.topic, "what": difference.what, "wanted": difference.wanted, "found": difference.found,
        "remedy": difference.remedy,
    }  # fmt: skip
