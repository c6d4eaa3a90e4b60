"""The gaps as an operator asks for them: from the topic, since a ring holds only the latest changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.bus.port import Bus
from engine.errors import RecordError
from engine.events import wire
from engine.events.codec import decode
from engine.events.gaps import Gap
from engine.gateway.auth import matches

PAGE_BYTES: Final = 256 * 1024  # of records in one answer, which stays far below what a client takes in one frame


async def page_of_gaps(bus: Bus, request: wire.ListGaps, scope: Sequence[str]) -> wire.Gaps:
    """The next page of those shops that the client may see. Raises `BusError`."""
    held = await bus.latest_per_key("gaps", 0)
    found: list[Gap] = []
    size = 0
    for key in sorted(held):
        value, shop = held[key].value, key.partition("/")[0]
        if value is None or (request.after is not None and key <= request.after):
            continue
        if not any(matches(pattern, shop) for pattern in scope) or request.shop not in (None, shop):
            continue
        try:
            gap = decode("gaps", value)
        except RecordError:
            continue  # whoever reads the topic to write it tells of it
        if found and size + len(value) > PAGE_BYTES:
            return wire.Gaps(id=request.id, gaps=tuple(found), after=found[-1].key())
        size += len(value)
        found.append(gap)
    return wire.Gaps(id=request.id, gaps=tuple(found))
