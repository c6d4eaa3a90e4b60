"""The embedded log: one SQLite file, one writer process, any number of processes that only read.

`store` and `reading` are the SQL, `writer` is the one thread that writes, `head` is what the event loop knows of the newest part,
`group` divides partitions over members, and `bus`, `member`, `tail` are the asynchronous shell. All use is from one event loop.
"""

from engine.bus.embedded.bus import EmbeddedBus
from engine.bus.embedded.faults import Fault, Faults, Point

__all__ = ["EmbeddedBus", "Fault", "Faults", "Point"]
