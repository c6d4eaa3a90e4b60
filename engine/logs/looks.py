"""How lines look: ours and those of libraries, for people or as JSON."""

from __future__ import annotations

import logging
import traceback
from datetime import UTC, datetime
from typing import Final, Literal

import structlog
from structlog.typing import EventDict, WrappedLogger

from engine.logs.lines import HOUSE, Line, sentence, told
from engine.printable import harmless, json_text

Format = Literal["console", "json"]
MOST_CAUSES: Final = 10


def formatter(form: Format) -> logging.Formatter:
    """Lines of ours and of others, in one form."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_taken_apart],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _json if form == "json" else _console],
        pass_foreign_args=True,
        use_get_message=False,
    )


def _taken_apart(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """A record of `logging` → time, level, logger, message, fields, failure."""
    del logger
    record: logging.LogRecord = event["_record"]
    args = event["positional_args"]  # the record has none any more
    source: logging.LogRecord | Line = record.msg if isinstance(record.msg, Line) else record
    event = {name: event[name] for name in ("_record", "_from_structlog")}
    event |= {"time": record.created, "level": method, "logger": record.name}
    if isinstance(source, Line):
        event |= {"message": source.event, "fields": dict(source.fields)}
    else:
        event |= {"message": first_line(record.msg, args), "fields": {}}
    if record.exc_info and record.exc_info[1] is not None:
        event["failure"] = failure(record.exc_info[1])
    return event


def first_line(message: object, args: object) -> str:
    """Of a library's line. What follows the first one describes objects, and their contents with them."""
    try:
        return (str(message) % args if args else str(message)).partition("\n")[0]
    except (TypeError, ValueError, KeyError):
        return str(message).partition("\n")[0]


def _json(logger: WrappedLogger, method: str, event: EventDict) -> str:
    """One object a line: `time` (UTC), `level`, `logger`, `message`, the fields, and the `traceback` where there is one."""
    del logger, method
    moment = datetime.fromtimestamp(event["time"], UTC).isoformat(timespec="milliseconds")
    line = {"time": moment, "level": event["level"], "logger": event["logger"], "message": event["message"]}
    line |= event["fields"]
    if "failure" in event:
        line["traceback"] = event["failure"]
    return json_text(line)


def _console(logger: WrappedLogger, method: str, event: EventDict) -> str:
    """`12:00:00 INFO    worker: sentence (field=value)`, in local time."""
    del logger, method
    moment = datetime.fromtimestamp(event["time"]).astimezone().strftime("%H:%M:%S")
    part = event["logger"].removeprefix(f"{HOUSE}.").partition(".")[0]
    text = harmless(sentence(event["message"], event["fields"]))
    line = f"{moment} {event['level'].upper():<8}{part}: {text}"
    return f"{line}\n{harmless(event['failure'])}" if "failure" in event else line


def failure(error: BaseException) -> str:
    """The traceback of an error and of its causes: every place, and the messages that quote no one."""
    parts: list[str] = []
    found: BaseException | None = error
    while found is not None and len(parts) < MOST_CAUSES:
        frames = "".join(traceback.format_tb(found.__traceback__)).rstrip("\n")
        parts.append(f"{frames}\n{type(found).__name__}: {told(found)}".lstrip("\n"))
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)
    return "\nwhich came of:\n".join(parts)
