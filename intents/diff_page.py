"""The answer diff as one page of its own: grouped, counted, old and new side by side; nothing is loaded from outside."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

from intents.diff import KINDS, Change

_PIECES = re.compile(r"[^，。；：！？\n]*[，。；：！？\n]?")
_HINTS = {
    "outcome": "原来能答的现在反问或答不上，或者反过来。先看这些。",
    "entry": "换了另一个条目来答。看看是不是您要的。",
    "answer": "还是同一个条目，只是回答的文字改了。",
}
_STYLE = """
*{box-sizing:border-box}body{margin:0 auto;max-width:1080px;padding:16px;color:#111;background:#f5f6f5;
font:16px/1.6 "PingFang SC","Noto Sans CJK SC","Microsoft YaHei",sans-serif}
h1{font-size:22px;margin:8px 0}h2{font-size:18px;margin:28px 0 4px}p{margin:4px 0;color:#595959}
nav{display:flex;flex-wrap:wrap;gap:8px;margin:12px 0}
nav a{background:#fff;border:1px solid #d5dad6;border-radius:8px;padding:6px 14px;color:#2f4a7a;text-decoration:none}
nav b{font-size:20px;color:#111}
article{background:#fff;border:1px solid #d5dad6;border-radius:8px;margin:12px 0;overflow:hidden}
article h3{font-size:16px;font-weight:600;margin:0;padding:12px 16px;overflow-wrap:anywhere}
.from{font-weight:400;font-size:13px;color:#595959;border:1px solid #d5dad6;border-radius:10px;padding:0 8px;margin-left:8px;
white-space:nowrap}
.pair{display:grid;grid-template-columns:1fr 1fr;border-top:1px solid #e6e9e6}
.pair>div{padding:10px 16px;min-width:0}.pair>div+div{border-left:1px solid #e6e9e6}
.pair h4{margin:0 0 4px;font-size:13px;font-weight:400;color:#595959;overflow-wrap:anywhere}
.pair h4 b{color:#111}
.said{white-space:pre-wrap;overflow-wrap:anywhere}.none{color:#595959}
del{background:#fbe3e1;text-decoration:none;border-bottom:2px solid #b3261e}
ins{background:#dcf1e3;text-decoration:none;border-bottom:2px solid #067a3e}
@media(max-width:640px){.pair{grid-template-columns:1fr}.pair>div+div{border-left:0;border-top:1px dashed #d5dad6}}
@media print{body{background:#fff}article{break-inside:avoid}}
"""


def html_page(changes: Sequence[Change], asked: int, origins: Mapping[str, str] | None = None, names: str = "") -> str:
    """The page; `origins` says of a question where it comes from (检验题, 居民问过 3 次), `names` what was compared."""
    origins = origins or {}
    groups = {kind: [c for c in changes if c.kind == kind] for kind in KINDS}
    links = "".join(f'<a href="#{kind}"><b>{len(rows)}</b> {KINDS[kind]}</a>' for kind, rows in groups.items() if rows)
    parts = [
        f'<h2 id="{kind}">{KINDS[kind]}（{len(rows)}）</h2><p>{_HINTS[kind]}</p>'
        + "".join(_card(c, origins) for c in rows)
        for kind, rows in groups.items()
        if rows
    ]
    body = f"<nav>{links}</nav>{''.join(parts)}" if parts else "<p>没有变化，可以放心发布。</p>"
    return (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><title>回答变化</title>'
        f"<style>{_STYLE}</style><h1>{asked} 个问题里，{len(changes)} 个的回答有变化</h1>"
        f"<p>{html.escape(names)}</p>{body}</html>\n"
    )


def _card(change: Change, origins: Mapping[str, str]) -> str:
    origin = origins.get(change.text, "")
    mark = f'<span class="from">{html.escape(origin)}</span>' if origin else ""
    old, new = _marked(change.old_answer, change.new_answer, change.kind == "answer")
    return (
        f'<article><h3>{html.escape(change.text)}{mark}</h3><div class="pair">'
        f"<div><h4>原来：<b>{html.escape(change.old)}</b></h4>{old}</div>"
        f"<div><h4>现在：<b>{html.escape(change.new)}</b></h4>{new}</div></div></article>"
    )


def _marked(old: str, new: str, same_entry: bool) -> tuple[str, str]:
    """Both texts as HTML; within one entry what went and what came is marked, clause by clause."""
    if not same_entry:
        return _whole(old), _whole(new)
    first, second = _PIECES.findall(old), _PIECES.findall(new)
    went, came = [], []
    for kind, a, b, c, d in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        gone, fresh = html.escape("".join(first[a:b])), html.escape("".join(second[c:d]))
        went.append(gone if kind == "equal" or not gone else f"<del>{gone}</del>")
        came.append(fresh if kind == "equal" or not fresh else f"<ins>{fresh}</ins>")
    return f'<div class="said">{"".join(went)}</div>', f'<div class="said">{"".join(came)}</div>'


def _whole(text: str) -> str:
    if not text:
        return '<div class="said none">没有答案，会转给工作人员。</div>'
    return f'<div class="said">{html.escape(text)}</div>'
