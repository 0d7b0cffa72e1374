"""The curves of right against wrong, and of right against answers to what is outside, as a picture and a table for staff."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from intents.curve import Point, asked_of, curve
from intents.evaluate import Graded
from intents.matcher import Matcher
from intents.ranking import load_figures

_COLOURS = ("#067a3e", "#b3261e", "#2a5db0", "#8a5a00", "#5b3a8c", "#444")
_PANEL, _LEFT, _TOP, _BETWEEN, _LINE = 300, 48, 34, 76, 20


@dataclass(frozen=True, slots=True)
class Line:
    """The points of one way of asking; `shipped` is the least P of an answer in service."""

    name: str
    points: Sequence[Point]
    shipped: float
    held_out: bool = False


def lines_of(matcher: Matcher, graded: Sequence[Graded]) -> list[Line]:
    """The single questions of an evaluation by this matcher, and the phrases that the fit held out, as its figures have them."""
    names = matcher.ranker.scorer.candidates
    thresholds = matcher.fitted.thresholds
    how = "、".join(e.name for e in matcher.encoders)
    how = f"用句向量（{how}）" if how else "不用句向量"
    asked = curve(matcher.knowledge, names, asked_of(matcher, graded), thresholds)
    lines = [Line(f"检验题，{how}", asked, thresholds.answer)]
    signals = "+".join(["lexical", *(e.name for e in matcher.encoders)])
    if kept := load_figures(signals).get("curve_phrases"):
        lines.append(Line(f"逐句留出的问法，{how}", [Point(*row) for row in kept], thresholds.answer, held_out=True))
    return lines


def curve_picture(lines: Sequence[Line]) -> str:
    """One SVG of two panels, complete in itself; a ring marks what is in service, a dashed line what was held out."""
    width = 2 * (_LEFT + _PANEL) + _BETWEEN
    height = _TOP + _PANEL + 44 + _LINE * len(lines)
    panels = ("答错 %（越左越好）", lambda p: p.wrong), ("库外误答 %（越左越好）", lambda p: p.false)
    parts = [_panel(lines, _LEFT + i * (_PANEL + _BETWEEN + _LEFT // 2), name, x) for i, (name, x) in enumerate(panels)]
    for number, line in enumerate(lines):
        y = _TOP + _PANEL + 56 + _LINE * number
        parts.append(f'<path d="M{_LEFT} {y - 4}h28" {_stroke(number, line)}/>')
        parts.append(f'<text x="{_LEFT + 36}" y="{y}">{escape(line.name)}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'aria-label="答对与答错、答对与库外误答：界限从松到严"><style>text{font:13px "Noto Sans CJK SC",sans-serif;fill:#222}'
        f'</style><rect width="{width}" height="{height}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _stroke(number: int, line: Line) -> str:
    dash = ' stroke-dasharray="5 4"' if line.held_out else ""
    return f'fill="none" stroke="{_COLOURS[number % len(_COLOURS)]}" stroke-width="2"{dash}'


def _panel(lines: Sequence[Line], left: int, name: str, value: Callable[[Point], float]) -> str:
    most = max((value(p) for line in lines for p in line.points), default=0)
    step = next((s for s in (1, 2, 5, 10, 20) if most <= 6 * s), 25)
    end = step * max(1, -(-most // step))

    def at(point: Point) -> tuple[float, float]:
        return left + value(point) / end * _PANEL, _TOP + (1 - point.right / 100) * _PANEL

    parts = [f'<text x="{left}" y="{_TOP - 14}">答对 %</text>']
    for share in range(0, 101, 20):
        y = _TOP + (1 - share / 100) * _PANEL
        parts.append(f'<path d="M{left} {y:.1f}h{_PANEL}" stroke="#e5e5e5"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{share}</text>')
    for i in range(int(end / step) + 1):
        x = left + i * step / end * _PANEL
        parts.append(f'<path d="M{x:.1f} {_TOP}v{_PANEL}" stroke="#e5e5e5"/>')
        parts.append(f'<text x="{x:.1f}" y="{_TOP + _PANEL + 16}" text-anchor="middle">{i * step:g}</text>')
    parts.append(f'<text x="{left + _PANEL}" y="{_TOP + _PANEL + 34}" text-anchor="end">{escape(name)}</text>')
    for number, line in enumerate(lines):
        dots = [(*at(point), point) for point in line.points]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y, _ in dots)
        parts.append(f'<path d="M{path}" {_stroke(number, line)}/>')
        for x, y, point in dots:
            ours = point.least == line.shipped
            fill = "#fff" if ours else _COLOURS[number % len(_COLOURS)]
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{5 if ours else 2.5}" fill="{fill}" '
                f'stroke="{_COLOURS[number % len(_COLOURS)]}" stroke-width="2"><title>界限 {point.least:g}：答对 {point.right} %，'
                f"{escape(name[:-6])} {value(point)} %</title></circle>"
            )
    return "".join(parts)


def curve_tables(lines: Sequence[Line]) -> str:
    """A table a line, the row in service in bold."""
    return "".join(
        f"<h3>{escape(line.name)}</h3><table><tr><th>界限<th>答对<th>选项中有<th>答错<th>没答上<th>库外误答</tr>"
        + "".join(_row(point, point.least == line.shipped) for point in line.points)
        + "</table>"
        for line in lines
    )


def _row(point: Point, ours: bool) -> str:
    shares = point.right, point.offered, point.wrong, point.missed, point.false
    cells = "".join(f'<td class="n">{share:.1f}' for share in shares)
    least = f"<b>{point.least:g}（现用）</b>" if ours else f"{point.least:g}"
    return f"<tr><td>{least}{cells}</tr>"
