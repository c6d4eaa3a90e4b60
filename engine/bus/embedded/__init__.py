"""The embedded log: one SQLite file, one writer process, any number of processes that only read.

`layout` says how records lie in the file, `store` and `reading` are the SQL, `writer` is the one thread that writes, `sweep` the
upkeep, `head` what the event loop knows of the newest part, `group` divides partitions over members, and `log`, `bus`, `member`,
`tail` are the asynchronous shell (`waiting`: its one way to wait). `claim` keeps a second writer out, `failures` turns SQLite's
errors into ours, `faults` is the seam for tests. All use is from one event loop.
"""

from engine.bus.embedded.bus import EmbeddedBus
from engine.bus.embedded.faults import Fault, Faults, Point

__all__ = ["EmbeddedBus", "Fault", "Faults", "Point"]
