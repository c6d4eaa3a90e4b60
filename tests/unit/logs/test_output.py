"""Where lines go."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from engine import logs
from engine.logs import output
from engine.settings import Settings, load

log = logs.get("engine.gateway.service")


@pytest.fixture
def loggers() -> Iterator[None]:
    """Levels, handlers and hooks as they were."""
    root, house = logging.getLogger(), logging.getLogger("engine")
    before = (list(root.handlers), root.level, house.level, threading.excepthook)
    yield
    for handler in [found for found in root.handlers if isinstance(found, output.Handler)]:
        root.removeHandler(handler)
        handler.close()
    logging.captureWarnings(capture=False)
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    house.setLevel(before[2])
    threading.excepthook = before[3]


def settings(**values: object) -> Settings:
    return load(None, log_format="json", **values)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.mark.usefixtures("loggers")
def test_ours_are_told_from_the_level_on_and_libraries_from_warning(capsys: pytest.CaptureFixture[str]) -> None:
    """Below it websockets prints the frames, with tokens and texts."""
    output.set_up(settings(log_level="debug"))
    log.debug("ours")
    logging.getLogger("websockets.server").debug("< TEXT 'secret'")
    logging.getLogger("aiokafka.conn").info("secret")
    logging.getLogger("websockets.server").warning("a connection failed")
    assert [line["message"] for line in lines(capsys)] == ["ours", "a connection failed"]


@pytest.mark.usefixtures("loggers")
def test_setting_up_again_replaces_what_was_set_up(capsys: pytest.CaptureFixture[str]) -> None:
    """And nobody else's handlers."""
    other = logging.NullHandler()
    logging.getLogger().addHandler(other)
    output.set_up()
    output.set_up(settings())
    log.warning("once")
    assert len(lines(capsys)) == 1
    assert other in logging.getLogger().handlers


@pytest.mark.usefixtures("loggers")
@pytest.mark.parametrize(("most", "told"), [(2, 2), (0, 9)])
def test_repeats_are_left_out_and_their_number_is_told_in_the_end(
    most: int, told: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where the process ends within the window. 0: all lines."""
    output.set_up(settings(log_repeats=most))
    for _ in range(9):
        log.warning("it fails")
    before = lines(capsys)
    assert [line["message"] for line in before] == ["it fails"] * told
    next(found for found in logging.getLogger().handlers if isinstance(found, output.Handler)).close()
    assert [line["left_out"] for line in lines(capsys)] == ([7] if most else [])


def test_the_number_is_told_also_where_nothing_else_is_logged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A timer looks once the window is over."""
    timers: list[tuple[float, Any]] = []

    class Timer:
        daemon = False

        def __init__(self, seconds: float, call: object) -> None:
            timers.append((seconds, call))

        def start(self) -> None: ...
        def cancel(self) -> None: ...

    monkeypatch.setattr("engine.logs.output.threading.Timer", Timer)
    now = [0.0]
    handler = output.Handler("json", 1, clock=lambda: now[0])
    for _ in range(3):
        handler.handle(logging.LogRecord("engine.x", logging.WARNING, "", 0, "it fails", (), None))
    ((seconds, call),) = timers
    now[0] += seconds
    call()
    assert [line.get("left_out") for line in lines(capsys)] == [None, 2]
    handler.close()


@pytest.mark.usefixtures("loggers")
def test_what_python_would_print_is_logged_without_what_it_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    """Of callbacks asyncio prints the arguments, of threads and tasks Python prints the message."""
    output.set_up(settings())

    def fails(text: str) -> None:
        raise ValueError(text)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(output.on_loop_failure)
        loop.call_soon(fails, "什么时候发货")
        await asyncio.sleep(0)

    asyncio.run(run())
    thread = threading.Thread(target=fails, args=("什么时候发货",), name="reader")
    thread.start()
    thread.join()
    warnings.warn("old\n什么时候发货", stacklevel=1)
    text = capsys.readouterr().err
    assert "什么时候发货" not in text
    told = [json.loads(line) for line in text.splitlines()]
    assert [line["message"] for line in told[:2]] == ["something failed that nobody waited for", "a thread failed"]
    assert [line["task"] for line in told[:2]] == ["a callback", "reader"]
    assert all("in fails" in line["traceback"] for line in told[:2])
    assert told[2]["logger"] == "py.warnings"
