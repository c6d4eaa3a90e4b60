"""Certificates for one test: an authority, and what it signs. Made by openssl, which every Java machine has beside it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NAMES: Final = "subjectAltName=DNS:localhost,IP:127.0.0.1"


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate with its key, as PEM files; `both` holds the two, as Kafka wants them."""

    certificate: Path
    key: Path
    both: Path


class Authority:
    """Signs certificates that are good for a day."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._key = folder / f"{name}.key"
        self.certificate = folder / f"{name}.pem"
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "1",
                 "-subj", f"/CN={name}", "-keyout", self._key, "-out", self.certificate)  # fmt: skip

    def sign(self, name: str) -> Signed:
        """A certificate of this machine's addresses."""
        made = Signed(*(self._folder / f"{name}.{ending}" for ending in ("pem", "key", "both.pem")))
        request, extensions = self._folder / f"{name}.csr", self._folder / f"{name}.ext"
        extensions.write_text(NAMES + "\n")
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-subj", f"/CN={name}",
                 "-keyout", made.key, "-out", request)  # fmt: skip
        _openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial",
                 "-days", "1", "-extfile", extensions, "-out", made.certificate)  # fmt: skip
        made.both.write_bytes(made.key.read_bytes() + made.certificate.read_bytes())
        return made


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
