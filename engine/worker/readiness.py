"""How far a worker is with each of its partitions, for whoever asks `/readyz`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.worker.partition import PartitionWorker

NAMED = 3  # partitions that a sentence names; all of them stand beside it


class PartitionReadiness(BaseModel):
    """One partition that the group gave to this worker."""

    model_config = ConfigDict(frozen=True)

    partition: int
    state: Literal["restoring", "catching up", "ready"] = Field(
        description="restoring: its rooms are read from snapshots and journal; catching up: they stand as their last owner left them, "
        "and what came since is read; ready: it caught up once."
    )
    lease: int | None = Field(default=None, description="The number of this owner; not known while it is restoring.")
    seq: int | None = Field(default=None, description="The last journal entry that it stands at.")
    rooms: int | None = Field(default=None, description="Rooms that it holds.")
    lag: dict[str, int] | None = Field(default=None, description="Records to be read, by topic; at most a second old.")


def partitions(
    restoring: Collection[int], serving: Mapping[int, PartitionWorker], lag: Mapping[int, Mapping[str, int]]
) -> tuple[PartitionReadiness, ...]:
    """All of a worker's partitions, in order."""
    found = [PartitionReadiness(partition=partition, state="restoring") for partition in restoring]
    found += [
        PartitionReadiness(
            partition=partition,
            state="ready" if worker.ready else "catching up",
            lease=worker.lease,
            seq=worker.standing.seq,
            rooms=worker.room_count,
            lag=dict(lag[partition]) if partition in lag else None,
        )
        for partition, worker in serving.items()
    ]
    return tuple(sorted(found, key=lambda one: one.partition))


def waits_for(found: Sequence[PartitionReadiness], shop: str | None, *, has_pool: bool) -> str:
    """Why a worker is not ready. `shop`: the default one; `has_pool`: its pool is live and loaded."""
    if shop is None or not has_pool:
        whose = "no shop is live" if shop is None else f"no pool of the shop `{shop}` is live and loaded"
        return f"{whose} yet: a publisher publishes them (`livechat serve --roles publisher --shop DIR`)"
    if not found:
        return "the group has given it no partition; a worker more than there are partitions stays without"
    late = [one for one in found if one.state != "ready"]
    if not late:
        return "it is about to be"
    named = [f"partition {one.partition} is {one.state}{_behind(one)}" for one in late[:NAMED]]
    more = [f"{len(late) - NAMED} more are not ready"] if len(late) > NAMED else []
    return ", ".join(named + more)


def _behind(one: PartitionReadiness) -> str:
    return f" ({sum(one.lag.values())} records to be read)" if one.lag else ""
