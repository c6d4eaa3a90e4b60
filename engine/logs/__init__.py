"""Log lines: a sentence that never changes, and fields from a closed set, on stderr, for people or as JSON for machines.

A module takes its logger by `log = logs.get(__name__)`; whoever handles something for a room, a partition or a client binds that with
`logs.bound`, and every line below it tells it. No line holds what a viewer wrote, a viewer's id or a secret: no field is for them, and
of an error that nobody raised on purpose only its type and its place are told, since its message may quote anything. Of lines of one
kind the first few in ten seconds are told, of the others their number. Lines of libraries look like ours; they are told from
`warning` on, whatever the level, since below it they print what they send.

    lines.py     a line: its sentence, its fields, and who logs it
    looks.py     how lines look
    repeats.py   which lines are told
    output.py    where lines go
"""

from engine.logs.lines import Log, bind, bound, get

__all__ = ["Log", "bind", "bound", "get"]
