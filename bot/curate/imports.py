"""A workbook -> what would change in a knowledge directory; each bad row is named and left out, none is lost.

plan = plan_import(directory, read_workbook(path), today)
plan.changes, plan.skipped          for staff to read
write_plan(directory, plan)         every file, or none when the base would have errors
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from bot.curate import sheets
from bot.curate.files import apply, check_with, read_text
from bot.curate.layout import rewrite
from bot.curate.operations import LISTS, NEW_TESTS, Operation, State, fields_of, item_of, key_of, new_fields
from bot.curate.sheets import ENTRIES, ORIGINAL, PRINT, QUESTIONS, REMOVE, TESTS, TopicFile
from bot.curate.workbook import SheetRow, Sheets
from bot.errors import EditError, KnowledgeError
from intents.errors import Problem
from intents.model import NO_ENTRY
from intents.yamlfile import parse

_YES = frozenset(["是", "y", "yes", "1", "true", "√", "删", "删去"])


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that was left out, and why."""

    row: SheetRow
    reason: str

    def __str__(self) -> str:
        return f"表“{self.row.sheet}”第 {self.row.number} 行：{self.reason}"


@dataclass
class Plan:
    """What an import would do."""

    changes: list[Operation] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """About whole sheets."""
    texts: dict[str, tuple[str, str]] = field(default_factory=dict)
    """{file: (text now, text afterwards)} of the files that change."""


def plan_import(directory: Path, book: Sheets, today: date) -> Plan:
    """Compare every row with the knowledge. Raises EditError when a file of the directory is no sound YAML, and
    KnowledgeError when the base has errors that no row has caused: they come first."""
    topics, tests = sheets.topic_files(directory), sheets.test_files(directory)
    plan = Plan(faults=list(book.faults))
    wanted = list(_operations(book.rows, _state(topics, tests, today), plan.skipped))
    while True:
        state, done = _state(topics, tests, today), []
        for operation in wanted:
            try:
                operation.apply(state)
                done.append(operation)
            except EditError as error:
                _skip(plan, operation, str(error))
        plan.texts = _texts(topics, tests, state)
        plan.changes = done
        after = {name: text for name, (_, text) in plan.texts.items()}
        problems = [p for p in check_with(directory, after) if p.severity == "error"] if after else []
        if not problems:
            break
        blamed = {id(o): (o, p) for p in problems for o in _blame(p, done, directory, after)}
        if not blamed:
            raise KnowledgeError(problems)
        for operation, problem in blamed.values():
            _skip(plan, operation, problem.message)
        wanted = [operation for operation in done if id(operation) not in blamed]
    order = list(sheets.LAYOUT)
    plan.skipped.sort(key=lambda s: (order.index(s.row.sheet), s.row.number))
    return plan


def write_plan(directory: Path, plan: Plan) -> None:
    """Write every changed file. Raises KnowledgeError or EditError; then nothing was written."""
    apply(directory, plan.texts)


def _skip(plan: Plan, operation: Operation, reason: str) -> None:
    plan.skipped.append(Skipped(operation.row, reason))
    said = f"新条目“{operation.entry}”没有建成，原因见表“条目”第 {operation.row.number} 行。"
    plan.skipped.extend(Skipped(row, said) for row in operation.children)


def _state(topics: dict[str, TopicFile], tests: dict[str, TopicFile], today: date) -> State:
    return State(
        {name: copy.deepcopy(file.data) for name, file in topics.items()},
        {name: copy.deepcopy(file.data) for name, file in tests.items()},
        today,
    )


def _texts(topics: dict[str, TopicFile], tests: dict[str, TopicFile], state: State) -> dict[str, tuple[str, str]]:
    found = {}
    for folder, files, data in (("entries", topics, state.topics), ("tests", tests, state.tests)):
        for name, changed in data.items():
            before = files[name].text if name in files else ""
            if name in files and changed == files[name].data:
                continue
            found[f"{folder}/{name}.yaml"] = (before, rewrite(before or NEW_TESTS, changed, f"{folder}/{name}.yaml"))
    return found


def _operations(rows: list[SheetRow], now: State, skipped: list[Skipped]) -> Iterator[Operation]:
    """What each row asks for, entries first; rows that ask for nothing give nothing."""
    order = list(sheets.LAYOUT)
    sound = []
    for row in sorted(rows, key=lambda r: (order.index(r.sheet), r.number)):
        if row.fault:
            skipped.append(Skipped(row, row.fault))
        elif row.sheet != TESTS and not row.cells["编号"]:
            skipped.append(Skipped(row, "“编号”是空的，请写条目编号。"))
        else:
            sound.append(row)
    fresh: dict[str, list[SheetRow]] = {
        r.cells["编号"]: [] for r in sound if r.sheet == ENTRIES and not now.known(r.cells["编号"])
    }
    for row in sound:
        if row.sheet == QUESTIONS and row.cells["编号"] in fresh:
            fresh[row.cells["编号"]].append(row)
    originals = _originals(sound)
    for row in sound:
        entry = row.cells.get("编号", "")
        try:
            if row.sheet == ENTRIES and entry in fresh:
                fields = new_fields(row, fresh[entry])
                yield Operation(row, entry, "entry", fields=fields, children=tuple(fresh[entry]))
            elif row.sheet == ENTRIES:
                yield from _entry_operation(row, now)
            elif not (row.sheet == QUESTIONS and entry in fresh):
                yield from _item_operation(row, now, originals[id(row)], entry in fresh)
        except EditError as error:
            skipped.append(Skipped(row, str(error)))
            if row.sheet == ENTRIES and entry in fresh:
                said = f"新条目“{entry}”没有建成，原因见表“条目”第 {row.number} 行。"
                skipped.extend(Skipped(child, said) for child in fresh[entry])


def _originals(rows: list[SheetRow]) -> dict[int, str]:
    """The 原文 each row stands for. Rows copied from one another carry the same: it belongs to the one that still says
    it, else to the first; the copies are new rows."""
    groups: dict[tuple[str, str, str], list[SheetRow]] = {}
    found = {}
    for row in rows:
        original = row.cells.get(ORIGINAL, "")
        found[id(row)] = ""
        if original:
            groups.setdefault((row.sheet, _owner(row), original), []).append(row)
    for (_, _, original), group in groups.items():
        holder = next((row for row in group if _key(row) == original), group[0])
        found[id(holder)] = original
    return found


def _key(row: SheetRow) -> str:
    try:
        return key_of(row.sheet, item_of(row))
    except EditError:
        return ""


def _owner(row: SheetRow) -> str:
    """The entry of a row; for a test question its file, which a new row may leave to be told by the entry."""
    if row.sheet != TESTS:
        return row.cells["编号"]
    target = row.cells["应到条目"]
    return row.cells.get("文件") or ("outside" if target == NO_ENTRY else target.partition(".")[0])


def _entry_operation(row: SheetRow, now: State) -> Iterator[Operation]:
    entry, print_ = row.cells["编号"], row.cells.get(PRINT)
    if print_ == sheets.digest(row.cells):
        return
    raw = now.fields(entry)
    columns = tuple(sheets.changed_columns(row.cells, raw))
    if columns and print_ and print_ != sheets.digest(sheets.shown_fields(raw)):
        raise EditError("导出以后别人也改过这个条目。请重新导出，再改一次。")
    if columns:
        yield Operation(row, entry, "fields", fields=fields_of(row, columns))


def _item_operation(row: SheetRow, now: State, original: str, new_entry: bool) -> Iterator[Operation]:
    """An item added, replaced or taken out."""
    item, owner = item_of(row), _owner(row)
    key = "tests" if row.sheet == TESTS else LISTS[row.sheet]
    held = [] if new_entry else now.held(owner, key)
    wanted = original or key_of(row.sheet, item)
    old = next((x for x in held if key_of(row.sheet, x) == wanted), None)
    if row.cells.get(REMOVE, "").lower() in _YES:
        if old is None:
            raise EditError("要删去的这一行在知识库里找不到，可能已经删了。")
        yield Operation(row, owner, key, old=old)
    elif old is None and original:
        raise EditError("导出以后这一行已被别人删去或改写，没有改动。要加回来，请把它写成新的一行。")
    elif old != item:
        yield Operation(row, owner, key, old=old, new=item)


def _blame(problem: Problem, done: list[Operation], directory: Path, after: dict[str, str]) -> list[Operation]:
    """The operations that caused a problem: those that wrote its line, else all of its entry."""
    text = after.get(problem.path) or read_text(directory / problem.path)
    here = parse(text, problem.path).at(problem.line)
    said = {_bare(value) for _, value in here if isinstance(value, str)}
    same = [o for o in done if o.key in ("questions", "entry") and said & set(map(_bare, _said(o)))]
    if same:
        return same[-1:]
    keys, value = here[0] if here else ((), None)
    if len(keys) < 2 or keys[0] != "entries":
        return []
    entry = f"{Path(problem.path).stem}.{keys[1]}"
    own = [o for o in done if o.entry == entry]
    field_name = str(keys[2]) if len(keys) > 2 else ""
    close = [o for o in own if (o.new is not None and o.new == value) or field_name in o.fields]
    return close or [o for o in own if o.key == field_name] or own


def _said(operation: Operation) -> list[str]:
    return list(operation.fields.get("questions", ())) if operation.key == "entry" else [str(operation.new)]


def _bare(text: Any) -> str:
    return re.sub(r"\W", "", str(text)).lower()
