"""Versions of facts: what an insertion or a script sentence says it was filled with."""

from __future__ import annotations

import hashlib
import json

from engine.pool.model import Fact


def catalogue_version(fact: Fact) -> str:
    """Version of a catalogue fact: equal content gives an equal version, whatever else changed in the pool."""
    value = fact.value if isinstance(fact.value, int | float) else dict(fact.value)
    content = json.dumps([value, fact.currency, fact.start, fact.until], ensure_ascii=False, sort_keys=True)
    return f"catalogue:{hashlib.blake2b(content.encode(), digest_size=6).hexdigest()}"


def live_version(offset: int) -> str:
    """Version of a fact that a shop event set: the event's offset."""
    return f"live:{offset}"
