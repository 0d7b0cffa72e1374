"""The answer diff: which questions get another outcome from another knowledge base, before it is published."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from intents.matcher import Match, Matcher


@dataclass(frozen=True, slots=True)
class Change:
    """One question whose outcome, entry or answer text differs."""

    text: str
    old: str
    new: str
    kind: str
    """`entry` when another entry answers, `outcome` when answered, asked back or not known changes, `answer` when the
    same entry says something else."""


def compare(old: Matcher, new: Matcher, texts: Iterable[str], tick: Callable[[], None] | None = None) -> list[Change]:
    """The changes, in the order of the texts; each text once."""
    found = []
    for text in dict.fromkeys(texts):
        before, after = old.match(text), new.match(text)
        kind = _kind(old, new, before, after)
        if kind:
            found.append(Change(text, _shown(before), _shown(after), kind))
        if tick:
            tick()
    return found


def _kind(old: Matcher, new: Matcher, before: Match, after: Match) -> str:
    if before.outcome != after.outcome:
        return "outcome"
    if before.entry != after.entry or (before.outcome == "options" and before.options != after.options):
        return "entry"
    if before.entry and old.knowledge.entries[before.entry].answer != new.knowledge.entries[before.entry].answer:
        return "answer"
    return ""


def _shown(match: Match) -> str:
    if match.outcome == "options":
        return "选项：" + "、".join(match.options)
    return match.entry or "没有答案"


KINDS = {"outcome": "结果变了", "entry": "换了条目", "answer": "回答改了"}


def html_page(changes: Sequence[Change], asked: int) -> str:
    """A page of its own, the changes grouped by kind; nothing is loaded from outside."""
    parts = []
    for kind, title in KINDS.items():
        rows = [c for c in changes if c.kind == kind]
        if rows:
            cells = "".join(
                f"<tr><td>{html.escape(c.text)}</td><td>{html.escape(c.old)}</td><td>{html.escape(c.new)}</td></tr>"
                for c in rows
            )
            head = "<tr><th>问题</th><th>原来</th><th>现在</th></tr>"
            parts.append(f"<h2>{title}（{len(rows)}）</h2><table>{head}{cells}</table>")
    body = "".join(parts) or "<p>没有变化。</p>"
    style = (
        "body{font:16px/1.5 sans-serif;margin:24px;color:#111}table{border-collapse:collapse;width:100%}"
        "td,th{border:1px solid #ccc;padding:6px 8px;text-align:left;vertical-align:top}th{background:#f2f2f2}"
    )
    return (
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>回答变化</title><style>{style}</style>'
        f"<h1>{asked} 个问题里，{len(changes)} 个的回答有变化</h1>{body}</html>"
    )
