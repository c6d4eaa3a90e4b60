"""`livechat serve`: the engine, all of it or some roles, in one process."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine import logs
from engine.cli import options, terminal
from engine.errors import Exit, LivechatError
from engine.logs import output

if TYPE_CHECKING:
    from engine.cli.assembly import Listening
    from engine.settings import Settings

log = logs.get(__name__)


def serve(
    roles: Annotated[
        str | None,
        typer.Option("--roles", metavar="ROLE,…", help="Of worker, gateway, publisher, insight; else `roles`."),
    ] = None,
    bus: options.BusUrl = None,
    shop: Annotated[
        list[Path] | None,
        typer.Option("--shop", "-s", metavar="DIR", help="Shop folder to publish and watch; may be repeated."),
    ] = None,
    ws: Annotated[
        str | None, typer.Option("--ws", metavar="HOST:PORT", help="WebSocket; else `gateway.listen`.")
    ] = None,
    http: Annotated[
        str | None,
        typer.Option("--http", metavar="HOST:PORT", help="/metrics, /healthz, /readyz; else `http.listen`."),
    ] = None,
    let_all_in: Annotated[
        bool, typer.Option("--open", help="Let everyone in without a token. For one's own machine only.")
    ] = False,
    config: options.Config = None,
) -> None:
    """Run the engine: all roles in one process, on an embedded log, unless told otherwise.

    Prints where it listens, as one line, once it does. Options go before the environment, that before the file.
    SIGTERM and Ctrl-C end it in an orderly way; a second Ctrl-C at once.
    """
    settings = options.settings_of(config, overrides(roles, bus, shop, ws, http, let_all_in=let_all_in))
    output.set_up(settings)
    try:
        ended_by = asyncio.run(run(settings))
    except LivechatError as error:
        if settings.log_format != "json":
            raise  # told as every command tells it
        log.critical("the process ends", error=error)
        raise typer.Exit(error.exit_code) from None
    except OSError:
        raise
    except Exception as error:
        # Told here, since its message may quote a viewer: a command would print it.
        log.critical("the process ends by a mistake in the engine itself; report this", exc_info=error)
        raise typer.Exit(Exit.FAILED) from None
    if ended_by == signal.SIGINT:
        raise typer.Exit(Exit.INTERRUPTED)


def overrides(
    roles: str | None, bus: str | None, shops: list[Path] | None, ws: str | None, http: str | None, *, let_all_in: bool
) -> dict[str, Any]:
    """What the options say, as the settings take it."""
    found: dict[str, Any] = {}
    if roles is not None:
        found["roles"] = [role.strip() for role in roles.split(",")]
    if bus is not None:
        found["bus"] = {"url": bus}
    if shops:
        found["publisher"] = {"shops": shops}
    if http is not None:
        found["http"] = {"listen": http}
    gateway: dict[str, Any] = {} if ws is None else {"listen": ws}
    if let_all_in:
        gateway["open"] = True
    return found | ({"gateway": gateway} if gateway else {})


async def run(settings: Settings) -> int | None:
    """Serve until a signal comes; returns which."""
    from engine.cli.assembly import Assembly

    assembly = Assembly(settings, listening=tell)
    if "gateway" in settings.roles and not settings.gateway.tokens and not settings.gateway.open:
        log.warning(
            "nobody can connect: write `[[gateway.tokens]]` into the settings, or begin with `--open` on your own machine"
        )
    received: list[int] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(output.on_loop_failure)

    def on_signal(number: signal.Signals) -> None:
        received.append(number)
        loop.remove_signal_handler(number)  # the next one ends the process at once
        assembly.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    await assembly.run()
    return received[0] if received else None


def tell(listening: Listening) -> None:
    """One line on stdout that people and programs read."""
    parts = [] if listening.gateway is None else [f"ws=ws://{_place(listening.gateway)}/ws"]
    line = " ".join(["listening", *parts, f"http=http://{_place(listening.http)}"])
    with suppress(terminal.ReaderGone):  # who does not want to know where need not
        terminal.write(line + "\n", flush=True)


def _place(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
