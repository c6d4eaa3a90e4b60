"""Programs that check the files of an installation, where the machine has them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

REQUIRED = "LIVECHAT_REQUIRE_OPS"


def tool(name: str) -> str:
    """The path of a program; without it the test is left out, or fails where `REQUIRED` is set."""
    found = shutil.which(name)
    if found is None:
        if os.environ.get(REQUIRED):
            pytest.fail(f"{name} is not on PATH, and {REQUIRED} is set")
        pytest.skip(f"{name} is not on PATH")
    return found


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """What a program said; it may have failed."""
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, check=False)
