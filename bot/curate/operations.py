"""One row of a workbook -> one operation on the data of a knowledge directory; what cannot be done raises EditError.

An operation knows the row it came from, so that whatever is wrong with it can be named as sheet and row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from bot.curate import sheets
from bot.curate.edit import entries_of, one_line, place_entry, update_entry
from bot.curate.sheets import AGAINST, PAIRS, QUESTIONS, SOURCES, TESTS, names, source_key
from bot.curate.workbook import SheetRow
from bot.errors import EditError
from intents.model import NO_ENTRY
from intents.schema import ENTRY_KEYS

_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?\Z")
LISTS = {QUESTIONS: "questions", AGAINST: "not_questions", SOURCES: "sources", PAIRS: "confusable"}
"""Sheets with one row an item, and the key of the list they stand for."""
NEW_TESTS = "# 检验题。题目不能与 entries 里的相似问相同。\ntests:\n"


@dataclass
class State:
    """The data of the files while operations are applied; nothing is on disk yet."""

    topics: dict[str, Any]
    tests: dict[str, Any]
    today: date

    def fields(self, entry: str) -> dict[str, Any]:
        """The fields of an entry. Raises EditError when there is none of that id."""
        topic, _, name = entry.partition(".")
        held = entries_of(self.topics[topic]).get(name) if topic in self.topics else None
        if held is None:
            raise EditError(f"没有编号为“{entry}”的条目。请改正编号；要加新条目，请在“条目”表里也加一行。")
        return held

    def known(self, entry: str) -> bool:
        """Whether there is an entry of that id."""
        topic, _, name = entry.partition(".")
        return topic in self.topics and name in entries_of(self.topics[topic])

    def held(self, owner: str, key: str) -> list[Any]:
        """The items of a list of an entry, or the test questions of a file."""
        data = self.tests.get(owner, {}) if key == "tests" else self.fields(owner)
        return list(data.get(key) or ())

    def stored(self, question: str) -> str:
        """The entry that has this very question among its 相似问; "" when none has."""
        for topic, data in self.topics.items():
            for name, raw in entries_of(data).items():
                if question in (raw.get("questions") or ()):
                    return f"{topic}.{name}"
        return ""


@dataclass(frozen=True)
class Operation:
    """What one row asks for: an item added, replaced (`old`), taken out (`new` is None), or fields set."""

    row: SheetRow
    entry: str
    """The entry it belongs to; for a test question its file."""
    key: str
    """`questions`, `sources` ... for an item; `fields`, `entry` (a new one) or `tests`."""
    old: Any = None
    new: Any = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    children: tuple[SheetRow, ...] = ()
    """For a new entry the rows of its 相似问."""

    def describe(self) -> str:
        """One line for staff."""
        what = self.row.sheet
        if self.key == "entry":
            return f"{self.entry} 新条目：{self.fields['title']}（{len(self.fields['questions'])} 句相似问）"
        if self.key == "fields":
            parts = [f"{c}改为“{_short(self.row.cells[c])}”" for c, k in sheets.FIELDS.items() if k in self.fields]
            return f"{self.entry} {'；'.join(parts)}"
        if self.new is None:
            return f"{self.entry} {what}删去“{_short(_text(self.old))}”"
        if self.old is None:
            return f"{self.entry} {what}增加“{_short(_text(self.new))}”"
        return f"{self.entry} {what}“{_short(_text(self.old))}”改为“{_short(_text(self.new))}”"

    def apply(self, state: State) -> None:
        """Change the data. Raises EditError when it cannot be done; then nothing has changed."""
        if self.key == "entry":
            topic, _, name = self.entry.partition(".")
            if topic not in state.topics:
                raise EditError(
                    f"没有主题文件 entries/{topic}.yaml。编号应当是 主题.条目，主题：{'、'.join(state.topics)}。"
                )
            place_entry(state.topics[topic], name, self.fields, state.today)
        elif self.key == "fields":
            state.fields(self.entry)
            topic, _, name = self.entry.partition(".")
            update_entry(state.topics[topic], name, self.fields)
        elif self.key == "tests":
            self._test(state)
        else:
            self._item(state)

    def _item(self, state: State) -> None:
        topic, _, name = self.entry.partition(".")
        items = list(state.fields(self.entry).get(self.key) or ())
        changed = _replaced(items, self.old, self.new)
        if self.key == "questions" and not changed:
            raise EditError("这是条目的最后一句相似问，不能删。不再使用的条目请把状态改成“草稿”。")
        update_entry(state.topics[topic], name, {self.key: changed})

    def _test(self, state: State) -> None:
        if self.new is not None:
            for target in (self.new["entry"], *self.new.get("also", ())):
                if not state.known(target) and target != NO_ENTRY:
                    raise EditError(f"没有编号为“{target}”的条目，请改正。")
            if owner := state.stored(self.new["q"]):
                raise EditError(f"这道检验题就是“{owner}”的一句相似问，考不出什么。请换个说法。")
        data = state.tests.setdefault(self.entry, {"tests": []})
        changed = _replaced(list(data.get("tests") or ()), self.old, self.new)
        if not changed:
            raise EditError(f"这是 tests/{self.entry}.yaml 的最后一道检验题，不能删。")
        data["tests"] = changed


def _replaced(items: list[Any], old: Any, new: Any) -> list[Any]:
    if new is not None and new in items:
        raise EditError(f"已经有“{_short(_text(new))}”，没有再加一次。")
    if old is None:
        return [*items, new]
    if old not in items:
        raise EditError(f"导出以后“{_short(_text(old))}”已被别人删去或改写，请重新导出再改。")
    at = items.index(old)
    return [*items[:at], *([] if new is None else [new]), *items[at + 1 :]]


def item_of(row: SheetRow) -> Any:
    """The list item or test question that a row describes. Raises EditError naming the cell."""
    cells = row.cells
    if row.sheet in (QUESTIONS, AGAINST):
        return one_line(cells[row.sheet])
    if row.sheet == SOURCES:
        ref = {"source": cells["来源"], "article": cells.get("条号", ""), "part": cells.get("部分", "")}
        if not ref["source"]:
            raise EditError("“来源”是空的，请写 sources.yaml 里的键，如 legal_aid_law。")
        return {key: value for key, value in ref.items() if value}
    if row.sheet == PAIRS:
        if not cells["易混条目"] or not cells["反问"]:
            raise EditError("“易混条目”和“反问”都要写。")
        return {"entry": cells["易混条目"], "ask": one_line(cells["反问"])}
    test: dict[str, Any] = {"q": one_line(cells["题目"]), "entry": cells["应到条目"]}
    if not test["entry"]:
        raise EditError("“应到条目”是空的，请写条目编号。")
    also = names(cells.get("也算对", ""))
    return {**test, "also": also} if also else test


def key_of(sheet: str, item: Any) -> str:
    """How an item stands in the hidden column 原文."""
    if sheet == SOURCES:
        return source_key(item)
    if sheet == PAIRS:
        return str(item["entry"])
    return sheets.plain(item["q"] if sheet == TESTS else item)


def fields_of(row: SheetRow, columns: tuple[str, ...]) -> dict[str, Any]:
    """The values of some columns of an 条目 row as the format wants them. Raises EditError naming the cell."""
    return {sheets.FIELDS[column]: _value(column, row.cells[column]) for column in columns}


def _value(column: str, cell: str) -> Any:
    if not cell and ENTRY_KEYS[sheets.FIELDS[column]].required:
        raise EditError(f"“{column}”不能为空，请写上。")
    if column in ("核对日期", "下次核对", "生效日期", "失效日期"):
        return _day(column, cell) if cell else None
    if column == "相关条目":
        return names(cell)
    if column == "问的方面":
        return _named(column, cell, sheets.ASPECTS) if cell else None
    if column == "状态":
        return _named(column, cell, sheets.STATUS)
    return cell if column == "回答" else " ".join(cell.split())


def _named(column: str, cell: str, known: Mapping[str, str]) -> str:
    if cell in known:
        return cell
    for key, name in known.items():
        if name == cell:
            return key
    raise EditError(f"“{column}”写着“{cell}”，只能是：{'、'.join(known.values())}。")


def _day(column: str, cell: str) -> date:
    found = _DAY.match(cell)
    try:
        if found:
            return date(*(int(part) for part in found.groups()))
    except ValueError:
        pass
    raise EditError(f"“{column}”写着“{cell}”，不是日期。请写成 2026-11-23。")


def new_fields(row: SheetRow, children: list[SheetRow]) -> dict[str, Any]:
    """The fields of a new entry: its row of 条目, and its 相似问. Raises EditError when it lacks one."""
    columns = tuple(c for c in sheets.FIELDS if row.cells.get(c))
    fields = {k: v for k, v in fields_of(row, columns).items() if v}
    questions = [one_line(child.cells[QUESTIONS]) for child in children]
    if not questions:
        raise EditError("新条目在“相似问”表里一句也没有，请加上（至少 15 句）。")
    return {**fields, "questions": list(dict.fromkeys(questions))}


def _text(item: Any) -> str:
    if isinstance(item, dict):
        return str(item.get("q") or (source_key(item) if "source" in item else item.get("ask", "")))
    return str(item)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 40 else flat[:40] + "…"
