"""How long a test waits for what has to come, s: a guard against hanging, ample for a machine under load. No test asserts a time."""

from typing import Final

PATIENCE_S: Final = 120.0
