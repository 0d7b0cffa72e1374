"""What the format cannot see: wording, near doubles, overdue dates, cited articles. Complements `intents.validate`.

| code            | finding                                                                    |
|-----------------|----------------------------------------------------------------------------|
| promise         | an answer promises an outcome                                              |
| phone           | a run of digits that looks like a telephone number and is on no list       |
| near_duplicate  | two entries hold almost the same question                                  |
| few_questions   | fewer questions than the manual asks for                                   |
| overdue         | the day of the next review is past                                         |
| no_article      | the cited article does not stand in the law's text (`--laws DIR`)          |
| superseded      | an answer rests on a law that is no longer in force                        |
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
from rapidfuzz import fuzz, process

from intents.errors import Problem
from intents.knowledge import KnowledgeBase
from intents.model import Entry
from intents.normalize import Normalizer

LEAST_QUESTIONS = 15
NEAR = 94
"""rapidfuzz ratio from which two questions count as the same."""
PUBLIC_NUMBERS = frozenset(
    [
        "12348",
        "12345",
        "12356",
        "12355",
        "12368",
        "12338",
        "12333",
        "12309",
        "96110",
        "12388",
        "12380",
        "110",
        "119",
        "120",
        "122",
        "12306",
        "12329",
        "12366",
    ]
)
_PHONE = re.compile(
    r"(?<![\d.〔第])(?:0\d{2,3}[-—\s]?[2-8]\d{6,7}|1[3-9]\d{9}|400[-\s]?\d{3}[-\s]?\d{4}|1[12]\d|12\d{3}|9[56]\d{3}|[2-8]\d{6,7})"
    r"(?![\d年元件个号条〕.])"
)
_PROMISE = re.compile(
    r"一定能|肯定会|肯定能|必定|保证(?:您|能|可以|办成|胜诉)|包(?:您|你|办成|赢)|百分之百|绝对(?:能|可以|会)|稳赢|必胜"
)
_ARTICLE = re.compile(r"^(第[一二三四五六七八九十百千零]+条(?:之[一二三四五六七八九十])?)[\s　]", re.M)
_HEADING = re.compile(r"^# +(.+)$", re.M)


def lint(base: KnowledgeBase, today: date, laws: Path | None = None) -> list[Problem]:
    """Every finding, in the order of the entries. `laws` is a directory of law texts in Markdown."""
    articles = read_laws(laws) if laws else {}
    found: list[Problem] = []
    for entry in base.entries.values():
        found += _entry(entry, today)
        found += _sources(base, entry, articles)
    found += near_duplicates(base)
    return found


def read_laws(directory: Path) -> dict[str, set[str]]:
    """Title of each text (its first headings, joined) -> the articles that stand in it."""
    found: dict[str, set[str]] = {}
    for path in sorted(directory.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        titles = _HEADING.findall(text)
        articles = set(_ARTICLE.findall(text))
        for n in (1, 2):
            found.setdefault(" ".join(titles[:n]), articles)
    return found


def _problem(entry: Entry, message: str, code: str, severe: bool = True) -> Problem:
    return Problem(entry.path, entry.line, f"{entry.id}：{message}", "error" if severe else "warning", code)


def _entry(entry: Entry, today: date) -> Iterator[Problem]:
    if found := _PROMISE.search(entry.answer):
        yield _problem(entry, f"回答里有许诺的话“{found.group()}”。请改成说明条件和办法。", "promise")
    for number in _PHONE.findall(entry.answer):
        if number not in PUBLIC_NUMBERS:
            yield _problem(entry, f"“{number}”像电话号码，但不在允许的热线名单里。核实不了就删去。", "phone")
    if len(entry.questions) < LEAST_QUESTIONS:
        said = f"只有 {len(entry.questions)} 句相似问，至少要 {LEAST_QUESTIONS} 句。"
        yield _problem(entry, said, "few_questions", severe=False)
    if entry.review_after and today > entry.review_after:
        said = f"核对期限 {entry.review_after} 已过，居民现在看不到这条回答。请核对后改日期。"
        yield _problem(entry, said, "overdue", severe=False)


def _sources(base: KnowledgeBase, entry: Entry, laws: dict[str, set[str]]) -> Iterator[Problem]:
    for ref in entry.sources:
        source = base.sources[ref.source]
        if source.status == "superseded":
            yield _problem(entry, f"依据《{source.short}》已被替代，不能作答案依据。", "superseded")
        if not laws or not source.law_text or not ref.article:
            continue
        if source.law_text not in laws:
            yield _problem(entry, f"法律文本目录里没有《{source.law_text}》。", "no_article", severe=False)
        elif ref.article not in laws[source.law_text]:
            yield _problem(entry, f"《{source.short}》里没有{ref.article}。请核对条号。", "no_article")


def near_duplicates(base: KnowledgeBase) -> list[Problem]:
    """Pairs of questions of different entries that are nearly the same; compared only where their lengths allow it."""
    normalizer = Normalizer(base.lexicon)
    rows = [(normalizer(q), q, e) for e in base.entries.values() for q in e.questions]
    rows = sorted((r for r in rows if len(r[0]) >= 6), key=lambda r: (len(r[0]), r[0]))
    forms = [r[0] for r in rows]
    lengths = np.array([len(f) for f in forms])
    found = []
    for start in range(0, len(rows), 400):
        stop = min(start + 400, len(rows))
        # ratio = 2 x common / (a + b) >= NEAR needs b <= a x (200 - NEAR) / NEAR
        last = int(np.searchsorted(lengths, lengths[stop - 1] * (200 - NEAR) / NEAR, "right"))
        scores = process.cdist(
            forms[start:stop], forms[start:last], scorer=fuzz.ratio, score_cutoff=NEAR, dtype=np.uint8, workers=-1
        )
        for i, j in zip(*np.nonzero(scores), strict=True):
            first, second = rows[start + int(i)], rows[start + int(j)]
            if i < j and first[2].id != second[2].id:
                said = f"“{first[1]}”和 {second[2].id} 的“{second[1]}”几乎一样。请留一处，或写成易混条目。"
                found.append(_problem(first[2], said, "near_duplicate", severe=False))
    return found
