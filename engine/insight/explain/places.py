"""Where an edit is made. Without the shop's folder: the files by their usual names; with it: the file and line that holds the entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from engine.pool.load import Loaded

INTENTS: Final = "intents/"


@dataclass(frozen=True, slots=True)
class Places:
    """`intents`, `products`: id → file:line."""

    intents: Mapping[str, str] = field(default_factory=dict)
    products: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, loaded: Loaded) -> Places:
        """The places of a shop's files as read."""
        catalogue = loaded.catalogue
        return cls(
            {name: merged.spot().problem("", "").place for name, merged in loaded.intents.items()},
            {name: catalogue.problem("", "", "products", name).place for name in loaded.pool.products},
        )

    def intent(self, name: str | None) -> str:
        """Where the intent stands."""
        return self.intents.get(name or "", INTENTS)

    def product(self, name: str | None) -> str:
        """Where the product stands."""
        return self.products.get(name or "", "catalogue.yaml")
