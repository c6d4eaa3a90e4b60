"""Decisions for the tests of insight."""

from __future__ import annotations

from dataclasses import replace

from engine.events.outputs import Decision, Reason

NOW = 1_767_225_600_000  # 2026-01-01T00:00:00Z, the start of a step of any window
HASH = "ab" * 16


def decision(reason: Reason = "no_reply", **fields: object) -> Decision:
    """A decision that a worker could have written, at `NOW` unless told otherwise."""
    base = Decision(
        id=HASH,
        room="r1",
        shop="tea",
        source="demo",
        comment="c1",
        viewer="v1",
        text="能放多久",
        norm="能放多久",
        language="zh",
        reason=reason,
        sent=NOW,
        decided=NOW,
        deadline=NOW + 45_000,
        pool=HASH,
        model=HASH,
        intent="product.shelf_life",
        on_script=True,
    )
    return replace(base, **fields)  # type: ignore[arg-type]  # a shorthand for tests
