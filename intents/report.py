"""The evaluation as one HTML file: figures, a confusion picture, a reliability picture, every miss; nothing from outside."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from intents.curve_page import Line, curve_picture, curve_tables
from intents.evaluate import IN_SCOPE, Graded, Tally, confusions, reliability, tally

_COLOURS = {
    "right": "#067a3e", "offered": "#8bc9a5", "wrong": "#b3261e", "missed": "#e6b8b4", "kept": "#067a3e",
    "false": "#b3261e", "good": "#067a3e", "answered": "#b3261e", "other": "#e6b8b4",
}  # fmt: skip
_NAMES = {
    "right": "答对", "offered": "选项中有", "wrong": "答错", "missed": "没答上", "kept": "没有误答", "false": "误答",
    "good": "给了合适的选项", "answered": "直接答了", "other": "选项不合适",
}  # fmt: skip
_STYLE = """
body{font:15px/1.6 "PingFang SC","Noto Sans CJK SC",sans-serif;max-width:1000px;margin:24px auto;padding:0 16px;color:#111}
h1{font-size:22px}h2{font-size:17px;margin-top:32px}table{border-collapse:collapse;width:100%}
td,th{border-bottom:1px solid #e3e3e3;padding:4px 8px;text-align:left;vertical-align:top}td.n{text-align:right}
.bar{display:flex;height:14px;border-radius:3px;overflow:hidden;min-width:260px;background:#eee}
.bar i{display:block}.key span{display:inline-block;margin-right:16px}.key i{display:inline-block;width:12px;height:12px;margin-right:4px}
svg{max-width:100%;height:auto}small{color:#595959}
"""


def html_report(graded: Sequence[Graded], version: str, seconds: float, lines: Sequence[Line] = ()) -> str:
    """The page; `version` of the knowledge, `seconds` that matching took, `lines` for the curves."""
    files = tally(graded, lambda g: g.case.file)
    topics = tally((g for g in graded if g.case.kind == "question"), lambda g: g.case.entry.partition(".")[0])
    parts = [
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>检验报告</title>',
        f"<style>{_STYLE}</style><h1>检验报告</h1>",
        f"<p>知识库版本 {escape(version)}，{len(graded)} 题，用时 {seconds:.1f} 秒。</p>{_key()}",
        "<h2>按文件</h2>" + _table(files),
        "<h2>按主题</h2>" + _table(topics),
        "<h2>把握与实际</h2><p>横轴是回答时的把握，纵轴是其中答对的比例；落在斜线上最好。</p>" + _reliability(graded),
        "<h2>严一点、松一点会怎样</h2><p>横着看：答错（左）、把库外的问题误答成条目（右）；竖着看：答对。每个点是一个界限："
        "把握到了它才直接答。带圈的是现用的界限，虚线是逐句留出的标准问和相似问。</p>" + curve_picture(lines),
        f"<details><summary>数字</summary>{curve_tables(lines)}</details>",
        "<h2>答错时，把什么当成了什么</h2>" + _confusion_picture(graded) + _confusion_table(graded),
        "<h2>没答上的题</h2>" + _missed(graded),
    ]
    return "\n".join(parts) + "</html>\n"


def _key() -> str:
    shown = [*IN_SCOPE, "kept", "false"]
    return '<p class="key">' + "".join(
        f'<span><i style="background:{_COLOURS[k]}"></i>{_NAMES[k]}</span>' for k in shown
    ) + "</p>"  # fmt: skip


def _table(tallies: Sequence[Tally]) -> str:
    rows = []
    for t in tallies:
        bars = "".join(
            f'<i style="width:{t.share(k)}%;background:{_COLOURS[k]}"></i>' for k in _COLOURS if k in t.counts
        )
        words = "，".join(f"{_NAMES[k]} {t.share(k)} %" for k in _COLOURS if k in t.counts)
        rows.append(f'<tr><td>{escape(t.name)}<td class="n">{t.total}<td><div class="bar">{bars}</div><td>{words}</tr>')
    return "<table><tr><th>名称<th>题数<th><th>结果</tr>" + "".join(rows) + "</table>"


def _reliability(graded: Sequence[Graded]) -> str:
    points = reliability(graded)
    size, pad = 300, 30
    dots = "".join(
        f'<circle cx="{pad + x * size:.1f}" cy="{pad + (1 - y) * size:.1f}" r="{3 + min(n, 400) ** 0.5 / 2:.1f}" '
        f'fill="#067a3e" fill-opacity=".7"><title>把握 {x:.2f}，答对 {y:.2f}，{n} 题</title></circle>'
        for x, y, n in points
    )
    return (
        f'<svg viewBox="0 0 {size + 2 * pad} {size + 2 * pad}" width="360" role="img" aria-label="把握与实际">'
        f'<rect x="{pad}" y="{pad}" width="{size}" height="{size}" fill="none" stroke="#999"/>'
        f'<line x1="{pad}" y1="{pad + size}" x2="{pad + size}" y2="{pad}" stroke="#999" stroke-dasharray="4"/>{dots}'
        f'<text x="{pad}" y="{size + 2 * pad - 8}" font-size="12">把握 0</text>'
        f'<text x="{pad + size - 8}" y="{size + 2 * pad - 8}" font-size="12">1</text></svg>'
    )


def _confusion_picture(graded: Sequence[Graded]) -> str:
    """A square of topics: how often a question of the row was answered from the column."""
    pairs = [
        (g.case.entry.partition(".")[0], (g.match.entry or "").partition(".")[0])
        for g in graded
        if g.grade in ("wrong", "false")
    ]
    names = sorted({name for pair in pairs for name in pair})
    if not names:
        return "<p>没有答错的题。</p>"
    cell, left = 34, 120
    most = max(pairs.count(p) for p in pairs)
    body = []
    for y, row in enumerate(names):
        body.append(f'<text x="{left - 8}" y="{left + y * cell + 22}" font-size="12" text-anchor="end">{row}</text>')
        body.append(
            f'<text transform="translate({left + y * cell + 20},{left - 8}) rotate(-60)" font-size="12">{row}</text>'
        )
        for x, column in enumerate(names):
            count = pairs.count((row, column))
            shade = 0.12 + 0.88 * count / most if count else 0.03
            at = f'x="{left + x * cell}" y="{left + y * cell}" width="{cell - 2}" height="{cell - 2}"'
            body.append(f'<rect {at} fill="#b3261e" fill-opacity="{shade:.2f}"/>')
            if count:
                body.append(f'<text x="{left + x * cell + 16}" y="{left + y * cell + 21}" font-size="12" '
                            f'text-anchor="middle">{count}</text>')  # fmt: skip
    # the last column's slanted name reaches beyond it
    size, slant = left + len(names) * cell, 50
    return (
        f'<svg viewBox="0 0 {size + slant} {size}" width="{size + slant}" role="img" aria-label="混淆图：行是应答的主题，列是答成的主题">'
        + "".join(body)
        + "</svg>"
    )


def _confusion_table(graded: Sequence[Graded]) -> str:
    rows = "".join(
        f"<tr><td>{escape(asked)}<td>{escape(given)}<td>{'<br>'.join(map(escape, texts[:4]))}</tr>"
        for asked, given, texts in confusions(graded)
    )
    return f"<table><tr><th>应当是<th>答成<th>题目</tr>{rows}</table>" if rows else ""


def _missed(graded: Sequence[Graded]) -> str:
    rows = "".join(
        f"<tr><td>{escape(g.case.entry)}<td>{escape(' / '.join((*g.case.before, g.case.text)))}"
        f"<td>{escape(g.match.entry or '、'.join(g.match.options) or '（无）')}</tr>"
        for g in graded
        if g.grade == "missed"
    )
    return f"<table><tr><th>应当是<th>题目<th>给出的</tr>{rows}</table>" if rows else "<p>没有。</p>"
