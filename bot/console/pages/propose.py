"""Changes of the knowledge as staff fill them in: a question for an entry, a new entry, an edit."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Any

from starlette.responses import Response

from bot.console.house import House, Visit
from bot.desk.changes import EntryDraft
from bot.errors import ConsoleRefused, DeskError, DeskNotFound
from bot.store.desk_base import Proposal
from intents.model import Entry

_DAY = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d\d)(\d\d))")
"""The field says the same to the browser (templates/parts.html, `day`)."""


async def question_form(house: House, visit: Visit) -> Response:
    """Choose the entry; the question is the cluster's own."""
    return await _question_form(house, visit)


async def _question_form(house: House, visit: Visit, error: str = "") -> Response:
    page = await house.desk.cluster(visit.number("cluster"))
    await house.note(visit, "saw_cluster", f"cluster:{page.row.id}")
    base = house.matcher().knowledge
    near = [(base.entries[i], c) for i, c in (page.tickets[0].nearest if page.tickets else ()) if i in base.entries]
    chosen = visit.form.get("entry") or visit.query("entry") or (near[0][0].id if near else "")
    return await house.page(
        visit, "propose_question.html", 422 if error else 200, page=page, near=near, chosen=chosen, error=error,
        question=visit.form.get("question", page.row.title), why=visit.form.get("why", ""), entries=base.entries,
    )  # fmt: skip


async def question(house: House, visit: Visit) -> Response:
    """Add one question to an entry."""
    cluster, form = visit.number("cluster"), visit.form
    entry = form.get("other", "").strip() or form.get("entry", "").strip()
    try:
        made = await house.changes.propose_question(
            cluster, entry, form.get("question", "").strip(), visit.who, form.get("why", "").strip()
        )
    except DeskError as error:
        return await _question_form(house, visit, str(error))
    return await _proposed(house, visit, made)


async def entry_form(house: House, visit: Visit) -> Response:
    """A new entry, prefilled from the answer that staff gave."""
    draft = await house.changes.draft(visit.number("cluster"))
    return await _entry_form(house, visit, _filled(draft))


async def _entry_form(house: House, visit: Visit, values: dict[str, str], error: str = "") -> Response:
    base = house.matcher().knowledge
    return await house.page(
        visit, "propose_entry.html", 422 if error else 200, values=values, error=error, sources=base.sources,
        cluster=visit.number("cluster"), topics=base.topics,
    )  # fmt: skip


async def entry(house: House, visit: Visit) -> Response:
    """Propose the new entry; what is unfit is said and nothing typed is lost."""
    names = ("entry", "title", "questions", "answer", "sources", "reviewed", "review_after", "why")
    values = {name: visit.form.get(name, "").strip() for name in names}
    try:
        draft = EntryDraft(
            values["entry"], values["title"], _lines(values["questions"]), values["answer"], _sources(values["sources"]),
            _day("核对日期", values["reviewed"]), _day("下次核对", values["review_after"]),
        )  # fmt: skip
        made = await house.changes.propose_entry(visit.number("cluster"), draft, visit.who, values["why"])
    except (DeskError, ConsoleRefused) as error:
        return await _entry_form(house, visit, values, str(error))
    return await _proposed(house, visit, made)


async def edit_form(house: House, visit: Visit) -> Response:
    """An entry's fields to change."""
    entry = _entry(house, visit)
    values = {
        "title": entry.title,
        "questions": "\n".join(entry.questions),
        "not_questions": "\n".join(entry.not_questions),
        "answer": entry.answer.strip(),
        "sources": _source_lines([{"source": s.source, "article": s.article, "part": s.part} for s in entry.sources]),
        "reviewed": entry.reviewed.isoformat() if entry.reviewed else "",
        "review_after": entry.review_after.isoformat() if entry.review_after else "",
        "status": entry.status,
        "why": "",
    }
    return await _edit_form(house, visit, entry, values)


async def _edit_form(house: House, visit: Visit, entry: Entry, values: dict[str, str], error: str = "") -> Response:
    return await house.page(
        visit, "propose_edit.html", 422 if error else 200, entry=entry, values=values, error=error,
        sources=house.matcher().knowledge.sources,
    )  # fmt: skip


async def edit(house: House, visit: Visit) -> Response:
    """Propose the fields that differ from the entry in force."""
    entry = _entry(house, visit)
    names = (
        "title", "questions", "not_questions", "answer", "sources", "reviewed", "review_after", "status", "why",
    )  # fmt: skip
    values = {name: visit.form.get(name, "").strip() for name in names}
    try:
        made = await house.changes.propose_edit(entry.id, _changed(entry, values), visit.who, values["why"])
    except (DeskError, ConsoleRefused) as error:
        return await _edit_form(house, visit, entry, values, str(error))
    return await _proposed(house, visit, made)


def _changed(entry: Entry, values: dict[str, str]) -> dict[str, Any]:
    if not values["why"]:
        raise ConsoleRefused("请写明为什么改，例如“条例修订，第三条的期限变了”。")
    now = [
        {k: v for k, v in (("source", s.source), ("article", s.article), ("part", s.part)) if v} for s in entry.sources
    ]
    wanted: list[tuple[str, Any, Any]] = [
        ("title", values["title"], entry.title),
        ("questions", list(_lines(values["questions"])), list(entry.questions)),
        ("not_questions", list(_lines(values["not_questions"])), list(entry.not_questions)),
        ("answer", values["answer"], entry.answer.strip()),
        ("sources", list(_sources(values["sources"])), now),
        ("reviewed", _day("核对日期", values["reviewed"]), entry.reviewed),
        ("review_after", _day("下次核对", values["review_after"]), entry.review_after),
        ("status", values["status"], entry.status),
    ]
    found = {name: new for name, new, old in wanted if new != old}
    if not found:
        raise ConsoleRefused("没有改动任何一项。")
    return found


async def _proposed(house: House, visit: Visit, made: Proposal) -> Response:
    await house.note(visit, "proposed", f"proposal:{made.id}", entry=made.entry)
    return visit.to(f"/review/{made.id}", "proposed")


def _entry(house: House, visit: Visit) -> Entry:
    found = house.matcher().knowledge.entries.get(visit.word("entry"))
    if found is None:
        raise DeskNotFound(f"没有条目“{visit.word('entry')}”。请从知识列表里打开。")
    return found


def _filled(draft: EntryDraft) -> dict[str, str]:
    return {
        "entry": draft.entry.removeprefix("."),
        "title": draft.title,
        "questions": "\n".join(draft.questions),
        "answer": draft.answer,
        "sources": _source_lines(draft.sources),
        "reviewed": draft.reviewed.isoformat(),
        "review_after": draft.review_after.isoformat(),
        "why": "",
    }


def _source_lines(sources: Any) -> str:
    return "\n".join(" ".join(filter(None, (s["source"], s.get("article", "") or s.get("part", "")))) for s in sources)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _sources(text: str) -> tuple[dict[str, str], ...]:
    """One source a line: its id, a space, the article (第…条) or part."""
    found = []
    for line in _lines(text):
        source, _, rest = line.partition(" ")
        rest = rest.strip()
        key = "article" if rest.startswith("第") and "条" in rest else "part"
        found.append({"source": source, **({key: rest} if rest else {})})
    return tuple(found)


def _day(name: str, text: str) -> date:
    """A day as people write it: 2026-11-23, 2026/11/23, 2026.11.23, 2026年11月23日 or 20261123."""
    found = _DAY.fullmatch(unicodedata.normalize("NFKC", text))
    try:
        if found is None:
            raise ValueError(text)
        year, month, day = map(int, filter(None, found.groups()))
        return date(year, month, day)
    except ValueError:
        raise ConsoleRefused(f"“{name}”要写成 2026-11-23 这样，现在是“{text}”。") from None
