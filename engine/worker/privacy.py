"""Viewer ids are hashed on the way in: with a secret, and with a key that changes with each period."""

from __future__ import annotations

import os
import secrets
from hashlib import blake2b
from pathlib import Path

from engine.errors import UsageError
from engine.events.topics import DAY_MS
from engine.settings import Settings

SECRET_BYTES = 32
CACHED_VIEWERS = 65_536  # a busy process sees some ten thousand viewers an hour; about 10 MB
KEY_FILE_SUFFIX = ".viewer-key"


class ViewerHasher:
    """Viewer id and log time → 16 hexadecimal characters, equal for a viewer within one period."""

    def __init__(self, secret: bytes, period_days: int) -> None:
        self._secret = secret
        self._period_ms = period_days * DAY_MS
        self._period = -1
        self._key = b""
        self._known: dict[str, str] = {}

    def __call__(self, viewer: str, logged: int) -> str:
        period = logged // self._period_ms
        if period != self._period:
            self._period = period
            self._key = blake2b(str(period).encode(), key=self._secret, digest_size=SECRET_BYTES).digest()
            self._known = {}
        found = self._known.get(viewer)
        if found is None:
            if len(self._known) >= CACHED_VIEWERS:
                self._known = {}
            found = blake2b(viewer.encode(), key=self._key, digest_size=8).hexdigest()
            self._known[viewer] = found
        return found


def viewer_hasher(settings: Settings) -> ViewerHasher:
    """The hasher in force. Its secret comes from the settings, else from a file beside the embedded log (made once, 0600).

    Raises `UsageError` where there is neither: workers that share a Kafka log must share the secret.
    """
    days = settings.privacy.viewer_key_days
    given = settings.privacy.viewer_key
    if given is not None:
        return ViewerHasher(blake2b(given.get_secret_value().encode(), digest_size=SECRET_BYTES).digest(), days)
    scheme, _, rest = settings.bus.url.partition(":")
    if scheme != "sqlite":
        raise UsageError(
            "no secret to hash viewer ids with: set `privacy.viewer_key` (LIVECHAT_PRIVACY__VIEWER_KEY) to the same value for every worker"
        )
    log = Path(rest)
    return ViewerHasher(_kept_secret(log.with_name(log.name + KEY_FILE_SUFFIX)), days)


def _kept_secret(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        try:
            secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except ValueError:
            secret = b""
        if len(secret) != SECRET_BYTES:
            raise UsageError(
                f"`{path}` does not hold a viewer key: delete it, and a new one is made (viewers then count as new ones)"
            ) from None
        return secret
    secret = secrets.token_bytes(SECRET_BYTES)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secret.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return secret
