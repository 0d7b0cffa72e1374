"""What is prefilled: a new entry from a cluster, a regression question, the files of a change that is taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bot.curate.files import read_text
from bot.desk.operations import without
from bot.errors import DeskConflict, DeskRefused
from bot.privacy import redact
from bot.store.desk_base import ClusterPage, Publication
from intents import Matcher
from intents.validate import TITLE_LENGTH

REVIEW_DAYS = 182
"""Half a year until the next review."""
MOST_QUESTIONS = 20
_TOPICS_WITHOUT_LAW = ("chat", "safety")


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """A new entry as staff fill it in; `Changes.draft` prefills it from a cluster."""

    entry: str
    """`<topic>.<name>`; a prefilled one ends in `.` and needs a name: lower-case letters, digits, underscore."""
    title: str
    questions: tuple[str, ...]
    answer: str
    """The staff answer without personal data."""
    sources: tuple[dict[str, str], ...]
    """`{"source": id, "article": "第四十一条"}` or with `part`; prefilled from the nearest entry of the topic."""
    reviewed: date
    review_after: date
    status: str = "published"

    def fields(self) -> dict[str, Any]:
        """As the format names them; what could name a person is taken out of title and questions."""
        return {
            "title": redact(self.title).strip(),
            "questions": [redact(question).strip() for question in self.questions],
            "answer": self.answer,
            "sources": [dict(source) for source in self.sources],
            "reviewed": self.reviewed,
            "review_after": self.review_after,
            "status": self.status,
        }


def draft(page: ClusterPage, matcher: Matcher, today: date) -> EntryDraft:
    """A new entry from an answered cluster."""
    base = matcher.knowledge
    near = page.row.nearest[0] if page.row.nearest else ""
    entry = base.entries.get(near)
    topic = entry.topic if entry and entry.topic not in _TOPICS_WITHOUT_LAW else ""
    sources = entry.sources if entry and topic else ()
    cited = tuple(
        {"source": s.source, **({"article": s.article} if s.article else {}), **({"part": s.part} if s.part else {})}
        for s in sources
    )
    questions = [q for q in _different(matcher, (redact(t.text) for t in page.tickets)) if not stored_in(matcher, q)]
    return EntryDraft(
        entry=f"{topic}.",
        title=redact(page.row.title)[:TITLE_LENGTH],
        questions=tuple(questions[:MOST_QUESTIONS]),
        answer=redact(page.answer.text if page.answer else ""),
        sources=cited,
        reviewed=today,
        review_after=today + timedelta(days=REVIEW_DAYS),
    )


def stored_in(matcher: Matcher, question: str) -> str:
    """The entry that has this very question; empty when none has."""
    found = matcher.match(question)
    return found.entry or "" if found.reason == "exact" else ""


def refuse_stored(matcher: Matcher, question: str) -> None:
    """Raises DeskRefused when there is nothing in it, or an entry has it already."""
    if not matcher.normalizer.plain(question):
        raise DeskRefused("问题是空的，请写上一句话。")
    if owner := stored_in(matcher, question):
        raise DeskRefused(f"“{question}”已经是条目“{owner}”的相似问。")


def regression(matcher: Matcher, questions: Sequence[str], asked: Iterable[str]) -> str:
    """A test question for an accepted gap: one that people asked and that is not stored word for word.

    Where all were asked in the stored words, the question as a polite person begins it.
    """
    stored = {matcher.normalizer.plain(q) for q in questions}
    for text in asked:
        said = " ".join(redact(text).split())
        if matcher.normalizer.plain(said) not in stored and not stored_in(matcher, said):
            return said
    return f"您好，我想问一下，{questions[0]}"


def _different(matcher: Matcher, texts: Iterable[str]) -> list[str]:
    """Texts that differ in more than marks and width, in order."""
    seen: dict[str, str] = {}
    for text in texts:
        said = " ".join(text.split())
        seen.setdefault(matcher.normalizer.plain(said), said)
    seen.pop("", None)
    return list(seen.values())


def taken_back(directory: Path, done: Publication) -> dict[str, tuple[str | None, str | None]]:
    """The files now and with the publication undone. Raises DeskConflict naming a file whose lines have changed."""
    found: dict[str, tuple[str | None, str | None]] = {}
    for path, (before, after) in done.files.items():
        now = read_text(directory / path) if (directory / path).exists() else None
        undone = without(now or "", before or "", after or "")
        if undone is None:
            raise DeskConflict(f"{path} 里同一处后来又改过，不能自动撤回。请在知识页面手工改回。")
        found[path] = (now, undone if undone or before is not None else None)
    return found
