"""Who may do what: tokens, their roles and rooms."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from engine.events.wire import ClientRole, OpenRoom, ShopRequest
from engine.settings import GatewaySettings, Token

EVERY_ROLE: Final[tuple[ClientRole, ...]] = ("source", "player", "operator", "observer")


def matches(pattern: str, name: str) -> bool:
    """Whether a room pattern (`*`, `abc*` or a name) covers a room's name, or a narrower pattern."""
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


@dataclass(frozen=True, slots=True)
class Access:
    """What a token permits."""

    name: str
    roles: tuple[ClientRole, ...]
    rooms: tuple[str, ...]
    shop: str | None

    def covers(self, rooms: Iterable[str]) -> bool:
        """Whether all these rooms (or patterns) lie within the token's."""
        return "*" in self.rooms or all(any(matches(pattern, room) for pattern in self.rooms) for room in rooms)

    def may_change_shop(self, shop: str) -> bool:
        """Facts, marks, modes and kills of a shop: the token's own shop, or any for a token of all rooms that names no shop."""
        return shop == self.shop if self.shop is not None else self.covers(("*",))

    def refusal(self, request: ShopRequest | OpenRoom) -> str | None:
        """Why this token may not do this to a shop, as a sentence; None where it may."""
        if isinstance(request, OpenRoom):
            if self.shop is None or request.shop is None or request.shop == self.shop:
                return None
            return f"this token opens rooms of shop `{self.shop}` only"
        if request.type == "kill":
            if request.scope == "room":
                return None if self.covers((request.target,)) else f"this token does not cover room `{request.target}`"
            if request.scope == "*":
                everything = self.shop is None and self.covers(("*",))
                return None if everything else "this token does not cover every room and shop"
            shop = request.target
        else:
            shop = request.shop
        return None if self.may_change_shop(shop) else f"this token does not cover shop `{shop}`"


class Authenticator:
    """Finds a token's access in constant time: every known token is compared, by digest."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._open = settings.open
        self._known: Sequence[tuple[bytes, Access]] = tuple(
            (_digest(token.token.get_secret_value()), _access(token)) for token in settings.tokens
        )

    def access(self, token: str) -> Access | None:
        """The access of `token`; None for an unknown one. With `open` set an unknown one may do everything."""
        digest = _digest(token)
        found: Access | None = None
        for known, access in self._known:
            if hmac.compare_digest(known, digest):
                found = access
        if found is None and self._open:
            return Access("open", EVERY_ROLE, ("*",), None)
        return found


def _access(token: Token) -> Access:
    return Access(token.name, token.roles, token.rooms, token.shop)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
