"""The worker: owns partitions, turns their inputs into decisions, exactly once."""

from engine.worker.service import Worker

__all__ = ["Worker"]
