"""The worker: owns partitions, turns their inputs into decisions, exactly once.

The loop: `service` ownership and turns · `intake` bytes → records · `ahead` past a backlog · `share` fair shares · `understand` texts in a
thread · `partition` entries in, an immutable batch out · `standing` where it stands · `output` effects → bytes · `sending` a commit on its
way. What lasts (in the form of `engine.journal`): `snapshots` · `restore`. Around it: `library` pools and models · `shops`,
`following` topics read whole · `metering` · `watchdog`, `standstill` of readers · `seams` what tests put in.
"""

from engine.worker.service import Worker

__all__ = ["Worker"]
