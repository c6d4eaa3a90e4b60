"""The half of every key that never stands on the log: from the settings, or from a file beside the embedded log."""

from __future__ import annotations

import os
import secrets
from hashlib import blake2b
from pathlib import Path
from typing import Final

from engine.errors import UsageError
from engine.settings import PrivacySettings, Settings

SECRET_BYTES: Final = 32
SUFFIX: Final = ".viewer-key"
MOST_BYTES: Final = 4_096  # of a secret's file; more is a file of something else


def secret_of(settings: Settings) -> bytes:
    """The secret in force: as given, else that of the file beside the embedded log (made once, 0600).

    Raises `UsageError` where there is neither: processes that share a log on Kafka must share the secret.
    """
    given = _given(settings.privacy)
    if given is not None:
        return blake2b(given.encode(), digest_size=SECRET_BYTES).digest()
    scheme, _, rest = settings.bus.url.partition(":")
    if scheme != "sqlite":
        raise UsageError(
            "no secret to hash viewer ids with: set `privacy.viewer_key_file` (or LIVECHAT_PRIVACY__VIEWER_KEY) to the same secret for "
            "every worker and gateway"
        )
    log = Path(rest)
    return _kept(log.with_name(log.name + SUFFIX))


def check_of(secret: bytes, key: str) -> str:
    """By what a process knows whether the key of this id was made for its secret."""
    return blake2b(b"check/" + key.encode(), key=secret, digest_size=8).hexdigest()


def whole_key(secret: bytes, half: str) -> bytes:
    """Both halves together: what ids are hashed with. Neither half alone tells anything of it."""
    return blake2b(bytes.fromhex(half), key=secret, digest_size=SECRET_BYTES).digest()


def _given(settings: PrivacySettings) -> str | None:
    if settings.viewer_key_file is None:
        return None if settings.viewer_key is None else settings.viewer_key.get_secret_value()
    path = settings.viewer_key_file
    try:
        with path.open(encoding="utf-8") as file:
            found = file.read(MOST_BYTES).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(
            f"`privacy.viewer_key_file`: `{path}` cannot be read ({reason}); name the file that holds the secret"
        ) from None
    if not found:
        raise UsageError(f"`privacy.viewer_key_file`: `{path}` is empty; write a long random secret into it")
    return found


def _kept(path: Path) -> bytes:
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
                f"`{path}` does not hold a viewer key: delete it, run `livechat keys rotate`, and viewers count as new ones"
            ) from None
        return secret
    secret = secrets.token_bytes(SECRET_BYTES)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secret.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return secret
