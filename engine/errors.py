"""The exception tree. Errors hold data; their sentence says what to do next.

LivechatError                      everything that the engine raises on purpose
├── UsageError                     a command or setting is wrong (exit code 2)
├── PoolError                      intent files, catalogue, script or guard lists are wrong: all problems at once (exit code 2)
├── RecordError                    bytes on a topic or a socket are not a valid record
├── BusError                       the bus cannot do what was asked
│   ├── BusUnavailable             it may work later: disk full, broker away (exit code 3)
│   ├── BusGone                    it was away for longer than a worker waits (exit code 3)
│   ├── BusInUse                   another process owns the embedded log (exit code 3)
│   ├── BusDamaged                 what is stored cannot be trusted (exit code 4)
│   ├── Fenced                     another owner took the partition: throw away what was computed
│   └── RecordTooLarge             a record is above the bus's limit
├── RestoreError                   journal and snapshots do not add up (exit code 4)
├── PortInUse                      another process listens there (exit code 3)
├── ProtocolError                  the peer broke the WebSocket protocol; carries the close code
└── Unavailable                    a server cannot be reached or refused us (exit code 3)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command."""

    OK = 0
    FAILED = 1  # the command ran, and the answer is no (a check failed, a test line is not understood)
    USAGE = 2  # a wrong option, setting or pool file
    UNAVAILABLE = 3  # something needed is away or in use; trying later may help
    DAMAGED = 4  # what is stored cannot be trusted; a person has to look
    STALLED = 5  # the watchdog ended a process that no longer made progress
    INTERRUPTED = 130  # Ctrl-C
    TERMINATED = 143  # SIGTERM, or the terminal was closed, before the end of what has one


class LivechatError(Exception):
    """Base of all errors raised on purpose."""

    exit_code: Exit = Exit.FAILED


class UsageError(LivechatError):
    """A command, option or setting is wrong."""

    exit_code = Exit.USAGE


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a file: where it is, what is wrong, what to do.

    `line` and `column` count from 1; 0 means that the whole file is meant.
    """

    file: str
    line: int
    column: int
    message: str
    remedy: str

    @property
    def place(self) -> str:
        """Where it is, as editors take it."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def __str__(self) -> str:
        return f"{self.place}: {self.message} → {self.remedy}"


class PoolError(LivechatError):
    """Pool files are wrong. Holds every problem of the run, sorted by place."""

    exit_code = Exit.USAGE

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__(self.problems)

    def __str__(self) -> str:
        count = len(self.problems)
        head = f"{count} problem{'s' if count != 1 else ''} in the pool files:"
        return "\n".join([head, *(f"  {problem}" for problem in self.problems)])


class RecordError(LivechatError):
    """Bytes that are not a valid record of their kind."""

    def __init__(self, kind: str, detail: str) -> None:
        self.kind = kind
        self.detail = detail
        super().__init__(kind, detail)

    def __str__(self) -> str:
        return f"not a valid {self.kind}: {self.detail}"


class BusError(LivechatError):
    """The bus cannot do what was asked."""

    exit_code = Exit.UNAVAILABLE


class BusUnavailable(BusError):
    """The bus cannot be reached or written now; what was committed stays."""


class BusGone(BusError):
    """The bus did not serve for longer than a worker waits: `seconds`, and why at last."""

    def __init__(self, seconds: float, reason: str) -> None:
        self.seconds = seconds
        self.reason = reason
        super().__init__(seconds, reason)

    def __str__(self) -> str:
        return (
            f"the log has not served this worker for {self.seconds:.0f} s (`bus.kafka.give_up_s`), so it ends to be started again: "
            f"{self.reason}"
        )


class BusInUse(BusError):
    """Another process writes to this embedded log. `holder`: its id; `told`: what to do."""

    def __init__(self, path: str, holder: str, told: str = "") -> None:
        self.path = path
        self.holder = holder
        self.told = told
        super().__init__(path, holder, told)

    def __str__(self) -> str:
        remedy = self.told or "stop it first, or give this one its own file in `bus.url`"
        return f"process {self.holder} writes the log `{self.path}`: {remedy}"


class BusDamaged(BusError):
    """What is stored cannot be trusted."""

    exit_code = Exit.DAMAGED


class Fenced(BusError):
    """Another owner has the partition; `lease` is the stale one."""

    def __init__(self, partition: int, lease: int) -> None:
        self.partition = partition
        self.lease = lease
        super().__init__(partition, lease)

    def __str__(self) -> str:
        return f"partition {self.partition} has a newer owner than lease {self.lease}"


class RecordTooLarge(BusError):
    """A record is above the bus's limit, in bytes."""

    exit_code = Exit.FAILED

    def __init__(self, topic: str, size: int, limit: int) -> None:
        self.topic = topic
        self.size = size
        self.limit = limit
        super().__init__(topic, size, limit)

    def __str__(self) -> str:
        return f"a record of {self.size} bytes for `{self.topic}` is above the limit of {self.limit} bytes"


class RestoreError(LivechatError):
    """Journal and snapshots of a partition do not add up."""

    exit_code = Exit.DAMAGED


class PortInUse(LivechatError):
    """Another process listens at `listen`, which `setting` names."""

    exit_code = Exit.UNAVAILABLE

    def __init__(self, listen: str, setting: str) -> None:
        self.listen = listen
        self.setting = setting
        super().__init__(listen, setting)

    def __str__(self) -> str:
        return f"another process listens on {self.listen}: end it, or set `{self.setting}` to another port"


class ProtocolError(LivechatError):
    """The peer broke the WebSocket protocol. `code` is the documented close code."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(code, reason)

    def __str__(self) -> str:
        return f"{self.reason} (close code {self.code})"


class Unavailable(LivechatError):
    """A server cannot be reached, or refused this client."""

    exit_code = Exit.UNAVAILABLE
