"""Decisions → what one edit would close: the key by which comments are one gap, or by which they are one wording of it."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from engine.events.outputs import GAP_REASONS, Decision, Reason

UNREAD: Final[frozenset[Reason]] = frozenset({"unknown_intent", "low_confidence", "ambiguous"})
"""It was not understood: such comments are one gap by the meaning of their words, whichever of these reasons each got."""
LANGUAGE_MISSING: Final = "language_missing"
"""Where gaps are counted by reason, what lacks no reply but only its translation."""
_BY_FACT: Final = frozenset({"fact_missing", "fact_expired", "fact_out_of_bounds"})
_GAPS: Final = frozenset(GAP_REASONS)


@dataclass(frozen=True, slots=True)
class GapKey:
    """What one edit would close. Decisions with equal keys are one gap; with a `norm`, one wording, which may be part of a larger gap."""

    shop: str
    reason: Reason
    language_missing: bool = False
    intent: str | None = None
    product: str | None = None
    norm: str | None = None
    wanted: str | None = None

    @property
    def id(self) -> str:
        """Hash of the key: the same on any machine and after any restart."""
        parts = (self.shop, self.reason, "1" if self.language_missing else "", self.intent, self.product, self.norm)
        text = "\0".join("\x01" if part is None else part for part in (*parts, self.wanted))
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def gap_key(decision: Decision) -> GapKey | None:
    """The gap that the decision belongs to; None where it is none: answered, chatter, missed for time, or no product off script."""
    reason, shop = decision.reason, decision.shop
    if reason not in _GAPS:
        return None
    if reason == "no_product" and not decision.on_script:
        return None  # nothing is on screen: no edit could tell which product is meant
    if reason == "unsupported_language":
        return GapKey(shop, reason, wanted=decision.language)
    if reason == "not_sold" and decision.wanted is not None:
        return GapKey(shop, reason, wanted=decision.wanted)  # one good, whatever is asked about it
    if reason in _BY_FACT and decision.wanted is not None:
        return GapKey(shop, reason, product=decision.product, wanted=decision.wanted)  # one fact, whatever needs it
    if reason in UNREAD or decision.intent is None:
        return wording_key(shop, decision.norm) if decision.norm else None
    return GapKey(
        shop, reason, decision.language_missing, decision.intent, decision.product,
        wanted=decision.wanted if reason == "guard_blocked" else None,
    )  # fmt: skip


def wording_key(shop: str, norm: str) -> GapKey:
    """The key of what was not understood, by its normal form."""
    return GapKey(shop, "unknown_intent", norm=norm)
