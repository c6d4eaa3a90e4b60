"""A process of the demo: a command of `livechat` that ends when the demo is gone, however that went (`kill -9` included).

    python -m engine.cli.demo.actor COMMAND …

Its stdin is a pipe whose other end the demo alone holds: where that ends, there is no demo. It works on every system, and a process
that is started before the demo dies cannot miss it.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

STOP_S: Final = 10.5  # for a process to end in an orderly way; `serve` promises 10 s
AGAIN_S: Final = 0.5  # after which a command that has not begun is asked again
FOLDER: Final = "DEMO_FOLDER"
"""Environment variable: the temporary folder that this process removes where the demo is no more there to do so."""


def act(run: Callable[[], None]) -> None:
    """`run`, until the demo is gone; then it is asked to end, and killed with its children where it does not."""
    alone = threading.Event()
    folder = os.environ.pop(FOLDER, None)
    try:
        signal.signal(signal.SIGTERM, _leave)  # until the command has its own handler
        threading.Thread(target=_watch, args=(alone, folder), name="demo", daemon=True).start()
        run()
    finally:
        if alone.is_set():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            _remove(folder)


def _leave(number: int, _: object) -> None:
    sys.exit(128 + number)


def _watch(alone: threading.Event, folder: str | None) -> None:
    while os.read(0, 1):
        pass  # nothing is ever written
    alone.set()
    end = time.monotonic() + STOP_S
    os.kill(os.getpid(), signal.SIGTERM)
    while time.monotonic() < end:
        time.sleep(AGAIN_S)
        if signal.getsignal(signal.SIGTERM) is _leave:  # what imports may swallow an exit
            os.kill(os.getpid(), signal.SIGTERM)
    _remove(folder)
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _remove(folder: str | None) -> None:
    if folder is not None:
        shutil.rmtree(Path(folder), ignore_errors=True)


if __name__ == "__main__":
    from engine.cli.main import run

    act(run)
