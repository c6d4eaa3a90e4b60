"""A real Prometheus of one's own, with this project's alerts. `hurry`: their time spans divided, so that minutes become seconds."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self

import aiohttp
from pydantic import BaseModel, TypeAdapter
from ruamel.yaml import YAML

from engine.errors import Unavailable

RULES: Final = Path(__file__).parents[1] / "prometheus" / "alerts.yml"
SCRAPE_S: Final = 1
READY_S: Final = 30.0  # Prometheus answers within a second on an idle machine
UNITS_S: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
SPAN: Final = re.compile(r"(?<=\[)\d+[smhd](?::\d+[smhd])?(?=\])|(?<=for: )\d+[smhd]|(?<=offset )\d+[smhd]")
"""Spans of rules and queries; not what values are compared with, which are of the engine's time."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One series at a moment."""

    labels: Mapping[str, str]
    value: float


class _Series(BaseModel):
    metric: dict[str, str]
    value: tuple[float, float]


class _Found(BaseModel):
    resultType: Literal["vector", "scalar"]  # noqa: N815 - as Prometheus names it
    result: list[_Series] | tuple[float, float]


class _Answer(BaseModel):
    status: Literal["success", "error"]
    data: _Found | None = None
    error: str = ""


class _Rule(BaseModel):
    name: str
    health: str
    lastError: str = ""  # noqa: N815 - as Prometheus names it


class _Group(BaseModel):
    rules: list[_Rule]


class _Groups(BaseModel):
    groups: list[_Group]


class _Rules(BaseModel):
    data: _Groups


class QueryFailed(Exception):
    """Prometheus does not understand a query; the text is its own."""


def hurried(text: str, hurry: int) -> str:
    """Rules or a query with every span divided by `hurry`."""

    def divided(span: str) -> str:
        return f"{max(1, int(span[:-1]) * UNITS_S[span[-1]] * 1_000 // hurry)}ms"

    return SPAN.sub(lambda found: ":".join(map(divided, found[0].split(":"))), text)


class Monitor:
    """Scrapes `targets` (HOST:PORT → the name of its service) every second. Raises `Unavailable` where there is no Prometheus."""

    def __init__(self, folder: Path, targets: Mapping[str, str], *, hurry: int = 1) -> None:
        self._folder = folder
        self._targets = targets
        self._hurry = hurry
        self._process: asyncio.subprocess.Process | None = None
        self._session: aiohttp.ClientSession | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        program = shutil.which("prometheus")
        if program is None:
            raise Unavailable("`prometheus` is not on PATH; Debian and Ubuntu have it as the package `prometheus`")
        self._folder.mkdir(parents=True)
        (self._folder / "alerts.yml").write_text(hurried(RULES.read_text("utf-8"), self._hurry), "utf-8")
        with (self._folder / "prometheus.yml").open("w", encoding="utf-8") as file:
            YAML(typ="safe", pure=True).dump(self._configuration(), file)
        with (self._folder / "prometheus.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                program, f"--config.file={self._folder / 'prometheus.yml'}", f"--storage.tsdb.path={self._folder / 'data'}",
                "--web.listen-address=127.0.0.1:0", stdout=log, stderr=log, process_group=0,
            )  # fmt: skip
        try:
            self._session = aiohttp.ClientSession()
            await self._until_ready()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End the process; its folder stays."""
        if self._session is not None:
            await self._session.close()
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)
            await self._process.wait()

    async def query(self, expression: str) -> list[Sample]:
        """What a query gives now. `$__rate_interval` is what Grafana makes of it at this scrape interval. Raises `QueryFailed`."""
        text = expression.replace("$__rate_interval", f"{4 * SCRAPE_S}s")
        answer = await self._ask("/api/v1/query", {"query": text})
        if answer.data is None:
            raise QueryFailed(f"{text}: {answer.error}")
        if answer.data.resultType == "scalar":
            return [Sample({}, TypeAdapter(tuple[float, float]).validate_python(answer.data.result)[1])]
        return [Sample(series.metric, series.value[1]) for series in answer.data.result if isinstance(series, _Series)]

    async def firing(self) -> set[str]:
        """Names of the alerts that fire now."""
        found = await self.query('ALERTS{alertstate="firing"}')
        return {sample.labels["alertname"] for sample in found}

    async def unwell(self) -> dict[str, str]:
        """Rule → why its last evaluation failed."""
        assert self._session is not None
        async with self._session.get(f"{self.url}/api/v1/rules") as answer:
            found = _Rules.model_validate(json.loads(await answer.text()))
        return {
            rule.name: rule.lastError or "it was not evaluated yet"
            for group in found.data.groups
            for rule in group.rules
            if rule.health != "ok"
        }

    def _configuration(self) -> dict[str, object]:
        targets = [{"targets": [at], "labels": {"service": service}} for at, service in self._targets.items()]
        return {
            "global": {"scrape_interval": f"{SCRAPE_S}s", "evaluation_interval": "1s"},
            "rule_files": ["alerts.yml"],
            "scrape_configs": [{"job_name": "livechat", "static_configs": targets}],
        }

    async def _until_ready(self) -> None:
        """It says in its log where it listens: a port that is chosen beforehand may be taken meanwhile."""
        end = time.monotonic() + READY_S
        log = self._folder / "prometheus.log"
        while time.monotonic() < end:
            assert self._process is not None
            if self._process.returncode is not None:
                break
            found = re.search(r"Listening on\".* address=(127\.0\.0\.1:\d+)", log.read_text("utf-8", "replace"))
            if found is not None:
                self.url = f"http://{found[1]}"
                with suppress(aiohttp.ClientError, Unavailable):
                    await self._ask("/api/v1/query", {"query": "up"})
                    return
            await asyncio.sleep(0.05)
        tail = "\n  ".join(log.read_text("utf-8", "replace").splitlines()[-8:])
        raise Unavailable(f"Prometheus does not get ready; the end of its log:\n  {tail}")

    async def _ask(self, path: str, form: Mapping[str, str]) -> _Answer:
        assert self._session is not None
        async with self._session.post(f"{self.url}{path}", data=form) as answer:
            if answer.content_type != "application/json":
                raise Unavailable(f"Prometheus answers {answer.status}")
            return _Answer.model_validate(json.loads(await answer.text()))
