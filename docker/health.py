#!/usr/bin/env python3
"""The health check of a container: `health /healthz` (it lives) or `health /readyz` (it is ready) asks the process beside it.

Ends with 0 where the answer is 200, else with 1 and one line that says what came. It goes through no proxy.
"""

from __future__ import annotations

import http.client
import os
import sys
from collections.abc import Mapping, Sequence

PATHS = ("/healthz", "/readyz")
TIMEOUT_S = 3.0  # below the 5 s after which a container's check counts as failed
SHOWN = 300  # characters of an answer; the log of a health check is read by people


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Ask `arguments[0]` on the port of LIVECHAT_HTTP__LISTEN; the exit code."""
    if len(arguments) != 1 or arguments[0] not in PATHS:
        print(f"usage: health {'|'.join(PATHS)}", file=sys.stderr)
        return 1
    port = int(environment.get("LIVECHAT_HTTP__LISTEN", "127.0.0.1:8701").rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", arguments[0])
        answer = connection.getresponse()
        told = answer.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        print(f"no answer on port {port}: {error}", file=sys.stderr)
        return 1
    finally:
        connection.close()
    print(f"{answer.status} {told[:SHOWN]}")
    return 0 if answer.status == http.client.OK else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
