"""Charts as plotly figures (plain data for its script), each titled with what it shows to be the case.

Dark, middle and light grey-safe tones with a pattern for what went wrong: they stay apart in greyscale and for the
colour-blind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.desk.report import CHANNELS, Report
from bot.store.reports import Outcomes
from intents.model import KnowledgeData

_DIRECT, _OFFERED, _NONE = "#067A3E", "#9CC9AE", "#B3261E"
_NAMES = (("direct", "直接答", _DIRECT), ("offered", "给选项", _OFFERED), ("none", "没答上", _NONE))
_FONT = {"family": "PingFang SC, Noto Sans CJK SC, Microsoft YaHei, sans-serif", "size": 14, "color": "#111111"}
MOST_TOPICS = 14


def charts(report: Report, base: KnowledgeData) -> list[dict[str, Any]]:
    """Figures with a title, an id and what a reader of the page without the script is told; none without questions."""
    if not report.outcomes.total:
        return []
    topics = {t.id: t.title for t in base.topics}
    named = [(topics.get(t, "不在各主题内"), o) for t, o in report.topics[:MOST_TOPICS]]
    ways = [(CHANNELS.get(c, c), o) for c, o in report.channels]
    return [
        {"id": "days", "title": trend(report), "figure": _by_day(report)},
        {"id": "topics", "title": _worst("主题", named), "figure": _bars(named)},
        {"id": "channels", "title": _busiest(ways), "figure": _bars(ways)},
    ]


def trend(report: Report) -> str:
    """What happened to the share of unanswered questions."""
    now, before = report.outcomes.share("none"), report.before.share("none")
    shown = f"{100 * now:.0f} %"
    if not report.before.total:
        return f"未答率 {shown}"
    if round(100 * now) == round(100 * before):
        return f"未答率与上一期持平，{shown}"
    return f"未答率由 {100 * before:.0f} % {'下降' if now < before else '上升'}到 {shown}"


def _worst(what: str, rows: Sequence[tuple[str, Outcomes]]) -> str:
    name, worst = max(rows, key=lambda row: row[1].none)
    if not worst.none:
        return f"各{what}都没有答不上的问题"
    return f"“{name}”答不上的最多，{worst.none} 次"


def _busiest(rows: Sequence[tuple[str, Outcomes]]) -> str:
    name, most = rows[0]
    total = sum(o.total for _, o in rows)
    return f"{100 * most.total / total:.0f} % 的提问来自{name}"


def _by_day(report: Report) -> dict[str, Any]:
    days = [d.isoformat() for d, _ in report.days]
    data = [
        {
            "type": "bar", "name": name, "x": days, "y": [getattr(o, key) for _, o in report.days],
            "marker": _marker(key, colour), "hovertemplate": "%{x} " + name + " %{y} 次<extra></extra>",
        }
        for key, name, colour in _NAMES
    ]  # fmt: skip
    layout = _layout() | {"xaxis": {"type": "date", "tickformat": "%m-%d", "fixedrange": True, "showgrid": False}}
    return {"data": data, "layout": layout}


def _bars(rows: Sequence[tuple[str, Outcomes]]) -> dict[str, Any]:
    names = [name for name, _ in reversed(rows)]
    data = [
        {
            "type": "bar", "orientation": "h", "name": name, "y": names,
            "x": [getattr(o, key) for _, o in reversed(rows)], "marker": _marker(key, colour),
            "text": [str(getattr(o, key) or "") for _, o in reversed(rows)], "textposition": "inside", "textangle": 0,
            "insidetextanchor": "middle", "textfont": {"color": "#111111" if key == "offered" else "#FFFFFF"},
            "hovertemplate": "%{y} " + name + " %{x} 次<extra></extra>",
        }
        for key, name, colour in _NAMES
    ]  # fmt: skip
    layout = _layout() | {
        "height": 130 + 34 * len(rows),
        "xaxis": {"rangemode": "tozero", "fixedrange": True, "gridcolor": "#E3E3E3"},
        "yaxis": {"automargin": True, "fixedrange": True},
    }
    return {"data": data, "layout": layout}


def _marker(key: str, colour: str) -> dict[str, Any]:
    return {"color": colour}


def _layout() -> dict[str, Any]:
    return {
        "barmode": "stack", "font": _FONT, "margin": {"l": 48, "r": 16, "t": 8, "b": 40}, "height": 280,
        "paper_bgcolor": "#FFFFFF", "plot_bgcolor": "#FFFFFF", "dragmode": False, "bargap": 0.25,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        "yaxis": {"rangemode": "tozero", "fixedrange": True, "gridcolor": "#E3E3E3"},
    }  # fmt: skip
