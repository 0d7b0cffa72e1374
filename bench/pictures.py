"""The figures of `make bench` as SVG: quality against time, and time against size, both with a logarithmic time axis."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any

_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 760, 440, 64, 48, 24, 52


def _page(title: str, parts: Sequence[str]) -> str:
    style = "text{font:13px sans-serif;fill:#222}.t{font-size:16px;font-weight:600}.a{stroke:#999}.g{stroke:#e5e5e5}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"><style>{style}</style>'
    ground = f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>'
    return f'{head}{ground}<text class="t" x="{_LEFT}" y="26">{html.escape(title)}</text>{"".join(parts)}</svg>\n'


class _Axis:
    """Value -> pixel, linear or logarithmic."""

    def __init__(self, low: float, high: float, start: float, end: float, log: bool) -> None:
        self._f = math.log10 if log else float
        self._low, self._span = self._f(low), self._f(high) - self._f(low)
        self._start, self._length = start, end - start

    def __call__(self, value: float) -> float:
        return self._start + (self._f(value) - self._low) / self._span * self._length


def _decades(low: float, high: float) -> list[float]:
    return [10.0**e for e in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]


def _frame(x: _Axis, y: _Axis, xs: Sequence[float], ys: Sequence[float], x_name: str, y_name: str) -> list[str]:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    parts = []
    for value in xs:
        parts.append(f'<line class="g" x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{_TOP}" y2="{bottom}"/>')
        parts.append(f'<text x="{x(value):.1f}" y="{bottom + 18}" text-anchor="middle">{value:g}</text>')
    for value in ys:
        parts.append(f'<line class="g" x1="{_LEFT}" x2="{right}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g}</text>')
    parts.append(f'<line class="a" x1="{_LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>')
    parts.append(f'<text x="{right}" y="{_HEIGHT - 10}" text-anchor="end">{html.escape(x_name)}</text>')
    parts.append(f'<text x="{_LEFT}" y="{_TOP - 6}">{html.escape(y_name)}</text>')
    return parts


_Box = tuple[float, float, float, float]


def _free(x: float, y: float, width: float, taken: Sequence[_Box]) -> _Box:
    """Where a name beside, above or below its point covers nothing else: left, top, right, bottom."""
    tried = [
        (left, y + down - 7, left + width, y + down + 7)
        for down in (0, 15, -15, 30, -30)
        for left in (x + 9, x - 9 - width)
    ]

    def hidden(box: _Box) -> int:
        inside = box[0] > 0 and box[2] < _WIDTH - _RIGHT and box[1] > _TOP - 8
        return sum(box[0] < t[2] and t[0] < box[2] and box[1] < t[3] and t[1] < box[3] for t in taken) + 9 * (
            not inside
        )

    return min(tried, key=hidden)


def quality(systems: Sequence[tuple[str, float, float]]) -> str:
    """(name, median ms, top-1 %) of each system."""
    times = [t for _, t, _ in systems]
    xs = _decades(min(times), max(times))
    x = _Axis(xs[0], xs[-1], _LEFT, _WIDTH - _RIGHT, True)
    y = _Axis(0, 100, _HEIGHT - _BOTTOM, _TOP, False)
    parts = _frame(x, y, xs, range(0, 101, 20), "median ms a question", "top-1 %")
    places = [(x(time), y(share)) for _, time, share in systems]
    taken = [(a - 6, b - 6, a + 6, b + 6) for a, b in places]
    for (name, _, _), (at, height) in zip(systems, places, strict=True):
        ours = name.startswith("fawen")
        box = _free(at, height, 6.4 * len(name), taken)
        taken.append(box)
        parts.append(f'<circle cx="{at:.1f}" cy="{height:.1f}" r="5" fill="{"#067A3E" if ours else "#777"}"/>')
        middle = (box[0] + box[2]) / 2
        parts.append(f'<text x="{middle:.1f}" y="{box[3] - 3:.1f}" text-anchor="middle">{html.escape(name)}</text>')
    return _page("Quality against time: the project's own test questions, none of them stored", parts)


def scale(rows: Sequence[dict[str, Any]]) -> str:
    """Rows of bench.scale.rows."""
    series = (
        ("fawen p50", "p50", "#067A3E"),
        ("fawen p99", "p99", "#2F4A7A"),
        ("rapidfuzz ratio", "rapidfuzz", "#777"),
    )
    parts = _curves(rows, series, "stored phrases", "ms a question")
    return _page("Time against size: cost grows far slower than the knowledge", parts)


def growth(rows: Sequence[dict[str, Any]]) -> str:
    """Rows of bench.growth.measure."""
    series = (
        ("a message", "message", "#067A3E"),
        ("queue", "待办, processor", "#2F4A7A"),
        ("30 days", "报表, 30 days, processor", "#B3261E"),
    )
    return _page(
        "Cost as the log grows, SQLite: processor time", _curves(rows, series, "exchanges in the log", "milliseconds")
    )


def memory(rows: Sequence[dict[str, float]]) -> str:
    """Rows of bench.memory: `messages` so far, in thousands, and `rss` in MB."""
    most, high = rows[-1]["messages"], max(r["rss"] for r in rows)
    step = 10 ** math.floor(math.log10(high))
    top = step * math.ceil(high / step)
    x = _Axis(0, most, _LEFT, _WIDTH - _RIGHT, False)
    y = _Axis(0, top, _HEIGHT - _BOTTOM, _TOP, False)
    marks = [most * part / 5 for part in range(6)]
    parts = _frame(x, y, marks, [top * part / 4 for part in range(5)], "thousand messages", "MB of the process")
    points = " ".join(f"{x(r['messages']):.1f},{y(r['rss']):.1f}" for r in rows)
    parts.append(f'<polyline points="{points}" fill="none" stroke="#067A3E" stroke-width="2"/>')
    return _page("Memory of the service while it answers", parts)


def _curves(rows: Sequence[dict[str, Any]], series: Sequence[tuple[str, str, str]], across: str, up: str) -> list[str]:
    """Both axes logarithmic, `size` across; a series is its name, its key in the rows and its colour."""
    sizes = [r["size"] for r in rows]
    values = [r[key] for r in rows for _, key, _ in series]
    xs, ys = _decades(min(sizes), max(sizes)), _decades(min(values), max(values))
    x = _Axis(xs[0], xs[-1], _LEFT, _WIDTH - 130, True)
    y = _Axis(ys[0], ys[-1], _HEIGHT - _BOTTOM, _TOP, True)
    parts = _frame(x, y, xs, ys, across, up)
    for name, key, colour in series:
        points = " ".join(f"{x(r['size']):.1f},{y(r[key]):.1f}" for r in rows)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{x(sizes[-1]) + 8:.1f}" y="{y(rows[-1][key]) + 4:.1f}">{name}</text>')
    return parts
