"""`python -m engine.cli`: the same as `livechat`; the demo starts its processes so."""

from engine.cli.main import run

run()
