"""Queries that several panels ask."""

from __future__ import annotations

from ops.grafana.parts import RANGE


def share(part: str, whole: str, span: str) -> str:
    """Share of what was counted within `span`; nothing where nothing was."""
    return f"sum(increase({part}[{span}])) / (sum(increase({whole}[{span}])) > 0)"


def of_asked(outcome: str) -> str:
    """Share of the last hour's questions that ended so."""
    return share(f'livechat_asked_total{{outcome="{outcome}"}}', "livechat_asked_total", "1h")


def per_second(counter: str, by: str) -> str:
    return f"sum by ({by}) (rate({counter}[{RANGE}]))"


def some(query: str) -> str:
    """Only the series that are not 0: of a label with dozens of values few are."""
    return f"{query} > 0"


def lately(counter: str, by: str = "") -> str:
    """Within five minutes."""
    return f"sum{f' by ({by})' if by else ''} (increase({counter}[5m]))"


def quantile(part: float, histogram: str) -> str:
    return f"histogram_quantile({part}, sum by (le) (rate({histogram}_bucket[{RANGE}])))"


def life(part: float, end: str) -> str:
    """Of gaps that ended so within a day."""
    return f'histogram_quantile({part}, sum by (le) (increase(livechat_gap_life_seconds_bucket{{end="{end}"}}[1d])))'
