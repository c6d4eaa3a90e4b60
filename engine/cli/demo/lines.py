"""The story as plain lines: without a terminal, or where they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from rich.console import Console

from engine.cli.demo.story import Beat, BeatKind, Story

IDLE_EVERY_MS: Final = (
    10_000  # how often a line tells how many comments asked nothing; each by itself would bury the rest
)

LABELS: Final[dict[BeatKind, str]] = {
    "segment": "segment",
    "sentence": "says",
    "reply": "REPLY",
    "cut": "CUT",
    "insertion": "inserts",
    "post": "posts",
    "posted": "CHAT",
    "handoff": "HANDOFF",
    "withdrawn": "withdraws",
    "waits": "comment",
    "decided": "comment",
    "gap": "GAP",
    "alert": "ALERT",
}


class Lines:
    """Prints beats as they come."""

    def __init__(self, story: Story, console: Console, *, shop: str, speed: float, seconds: float) -> None:
        self._story = story
        self._console = console
        self._idle = 0
        self._idle_told: int | None = None
        pace = f"{speed:g} times as quick as life" if speed != 1 else "in real time"
        self._print(f"{shop}: script and comments {pace}, for {seconds:g} s")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing has to be put back."""

    def show(self, beats: Sequence[Beat], now: int, elapsed_s: float) -> None:
        """What just happened."""
        del elapsed_s
        if self._idle_told is None:
            self._idle_told = now
        for beat in beats:
            if beat.idle:
                self._idle += 1
            elif beat.kind in LABELS:
                self._line(beat.at, LABELS[beat.kind], _words(beat))
        if self._idle and now - self._idle_told >= IDLE_EVERY_MS:
            last = self._story.chatter[-1]
            self._line(now, "comments", f"{self._idle} that ask nothing, such as {last}")
            self._idle, self._idle_told = 0, now

    def _line(self, at: int, label: str, words: str) -> None:
        self._print(f"{max(0, at - (self._story.begun or at)) / 1_000:6.1f}s  {label:<9} {words}")

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False)


def _words(beat: Beat) -> str:
    if beat.kind == "reply":
        return f"▶ {beat.text}  ({beat.detail})"
    if beat.kind == "posted":
        return f"✎ {beat.text}  (in the chat of {beat.detail})"
    if beat.kind == "waits":
        return f"{beat.text}  → waits, {beat.detail}"
    if beat.kind == "decided":
        return f"{beat.text}  → {beat.detail}"
    return f"{beat.text}  ({beat.detail})" if beat.detail else beat.text
