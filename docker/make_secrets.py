"""Writes the secrets of a Compose installation, once: `make_secrets.py FOLDER`. What is there already stays as it is.

    gateway/gateway.toml     access tokens, as the gateway's settings
    viewers/viewer-key       the secret half of the keys of viewer ids; the same for every worker and gateway
    client/ROLE              the token of the demo's source, player and operator
    grafana/admin-password

Each folder is a volume of its own, so that a container sees what it needs. The files are readable by all in there, since images run
as different users.
"""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

CLIENTS = ("source", "player", "operator")
SHOP = "tea-shop"  # of rooms that these clients open
BYTES = 32  # 256 bits: nobody guesses it


def make(folder: Path) -> list[Path]:
    """The files that were missing and are there now. The settings come last: they hold the clients' tokens."""
    wanted = [folder / "client" / role for role in CLIENTS]
    wanted += [folder / "grafana" / "admin-password", folder / "viewers" / "viewer-key"]
    made = [path for path in wanted if _write(path, secrets.token_urlsafe(BYTES))]
    tokens = {role: (folder / "client" / role).read_text("ascii") for role in CLIENTS}
    settings = {folder / "gateway" / "gateway.toml": "\n".join(_access(role, token) for role, token in tokens.items())}
    return made + [path for path, text in settings.items() if _write(path, text)]


def _access(role: str, token: str) -> str:
    return f'[[gateway.tokens]]\nname = "demo-{role}"\ntoken = "{token}"\nroles = ["{role}"]\nshop = "{SHOP}"\n'


def _write(path: Path, text: str) -> bool:
    """Write a file that is missing, whole or not at all. Tells whether it did."""
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.write_text(text, "ascii")
    draft.chmod(0o444)
    draft.replace(path)
    return True


if __name__ == "__main__":
    for written in make(Path(sys.argv[1])):
        print(f"made {written}")
