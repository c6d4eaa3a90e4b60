"""Rows and panels, as short as a table: what a dashboard shows stands in `coverage.py`, `health.py` and `gaps.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from grafana_foundation_sdk.builders import common as look
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import prometheus, stat, timeseries
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement, StackingMode, VisibilityMode
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
)

SOURCE: Final = DataSourceRef(type_val="prometheus", uid="prometheus")
WIDTH: Final = 24  # of a row, in Grafana's columns
RANGE: Final = "$__rate_interval"
RUNBOOKS: Final = ("Runbooks", "docs/runbooks/README.md")
Unit = Literal["short", "s", "cps", "percentunit", "bytes", "reqps"]


@dataclass(frozen=True, slots=True)
class Query:
    """A query and what its series are called; `{{label}}` stands for a label's value."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """What is shown. `text`: what it means, and the page that says what to do."""

    title: str
    text: str
    queries: Sequence[Query]
    unit: Unit = "short"
    steps: Sequence[tuple[float, str]] = ()
    """(from, colour): of the one number, where it is one."""
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Panels side by side. `numbers`: each is one number of the moment."""

    title: str
    panels: Sequence[Panel]
    numbers: bool = False


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard. `uid` is its address and its file's name."""

    uid: str
    title: str
    text: str
    rows: Sequence[Row]
    pages: Sequence[tuple[str, str]] = field(default_factory=tuple)
    """(title, path in this project) of pages that explain it."""


def dashboard(board: Board, docs: str) -> build.Dashboard:
    """`docs`: address of the project's files, to which links lead."""
    found = (
        build.Dashboard(board.title)
        .uid(board.uid)
        .description(board.text)
        .tags(["livechat"])
        .readonly()
        .refresh("10s")
        .time("now-1h", "now")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(
            build.DashboardLink("Livechat")
            .type(DashboardLinkType.DASHBOARDS)
            .tags(["livechat"])
            .as_dropdown(True)
            .keep_time(True)
        )
    )
    for title, path in board.pages:
        found = found.link(
            build.DashboardLink(title).type(DashboardLinkType.LINK).icon("doc").url(f"{docs}{path}").target_blank(True)
        )
    for row in board.rows:
        found = found.with_row(build.Row(row.title))
        span = WIDTH // len(row.panels)
        for panel in row.panels:
            found = found.with_panel(_number(panel, span) if row.numbers else _lines(panel, span))
    return found


def _queries(panel: Panel) -> list[prometheus.Dataquery]:
    return [
        prometheus.Dataquery().expr(query.expr).legend_format(query.legend).ref_id(chr(ord("A") + number))
        for number, query in enumerate(panel.queries)
    ]


def _number(panel: Panel, span: int) -> stat.Panel:
    steps = [
        Threshold(value=None, color="green"),
        *(Threshold(value=value, color=color) for value, color in panel.steps),
    ]
    found = (
        stat.Panel().title(panel.title).description(panel.text).datasource(SOURCE).unit(panel.unit).span(span).height(4)
    )
    found = found.thresholds(build.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
    for query in _queries(panel):
        found = found.with_target(query)
    return found


def _lines(panel: Panel, span: int) -> timeseries.Panel:
    found = (
        timeseries.Panel()
        .title(panel.title)
        .description(panel.text)
        .datasource(SOURCE)
        .unit(panel.unit)
        .span(span)
        .height(8)
    )
    found = found.min(0).line_width(1).fill_opacity(20 if panel.stacked else 5).show_points(VisibilityMode.NEVER)
    found = found.legend(
        look.VizLegendOptions().show_legend(True).placement(LegendPlacement.BOTTOM).display_mode(LegendDisplayMode.LIST)
    )
    if panel.stacked:
        found = found.stacking(look.StackingConfig().mode(StackingMode.NORMAL).group("A"))
    for query in _queries(panel):
        found = found.with_target(query)
    return found
