"""Law texts at hand (`--laws DIR`, one Markdown file a law) -> whether a cited article stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from intents.model import Entry, KnowledgeData

Laws = dict[str, set[str]]
"""Title of each text -> its articles."""
ONLY = {"中山市公共法律服务促进和保障办法": frozenset(f"第{n}条" for n in "一二三四五")}
"""Documents of which only these articles were checked against the text; of others one says 办法提出."""
_NUMERAL = "[一二三四五六七八九十百千零]+"
_ARTICLE = re.compile(rf"^(第{_NUMERAL}条(?:之[一二三四五六七八九十])?)[\s　]", re.M)
_HEADING = re.compile(r"^# +(.+)$", re.M)
_CITED = re.compile(rf"《([^》]+)》(第{_NUMERAL}条(?:之[一二三四五六七八九十])?(?:[、和]第{_NUMERAL}条)*)")
_EACH = re.compile(rf"第{_NUMERAL}条(?:之[一二三四五六七八九十])?")


def read_laws(directory: Path) -> Laws:
    """Title of each text (its first headings, joined) -> the articles that stand in it."""
    found: Laws = {}
    for path in sorted(directory.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        titles = _HEADING.findall(text)
        articles = set(_ARTICLE.findall(text))
        for n in (1, 2):
            found.setdefault(" ".join(titles[:n]), articles)
    return found


def wrong_articles(base: KnowledgeData, entry: Entry, laws: Laws) -> Iterator[tuple[int | None, str, bool]]:
    """(number of the source, or None for the answer's own words; message; whether it is certain)."""
    for i, ref in enumerate(entry.sources):
        source = base.sources[ref.source]
        allowed = ONLY.get(source.title)
        if allowed and ref.article and ref.article not in allowed:
            said = f"《{source.short}》只核对到第五条，不能引{ref.article}。请改写成“办法提出”，不写条号。"
            yield i, said, True
        if not laws or not source.law_text or not ref.article:
            continue
        if source.law_text not in laws:
            yield i, f"法律文本目录里没有《{source.law_text}》。", False
        elif ref.article not in laws[source.law_text]:
            yield i, f"《{source.short}》里没有{ref.article}。请核对条号。", True
    by_name = {name: s for s in base.sources.values() if s.status == "in_force" for name in (s.short, s.title)}
    for found in _CITED.finditer(entry.answer):
        cited = by_name.get(found.group(1))
        if cited is None or cited.law_text not in laws:
            continue
        for article in _EACH.findall(found.group(2)):
            if article not in laws[cited.law_text]:
                yield None, f"回答里写的《{cited.short}》{article}，法律文本里没有。请核对条号。", True
