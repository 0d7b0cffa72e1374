"""The only file that knows openpyxl: rows -> .xlsx and back. Cells are text, dates or numbers, never formulas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from bot.curate.sheets import ASPECTS, LAYOUT, NOTES, STATUS, Column, plain
from bot.errors import EditError

_HEAD = PatternFill("solid", fgColor="E3ECE6")
_NOTE = PatternFill("solid", fgColor="F2F2F2")
_RISKY = re.compile(r"^[=+\-@\t\r]")
"""Beginnings that a spreadsheet would take for a formula (OWASP, CSV injection)."""
REASON = "没有导入的原因"
MOST_BYTES = 200 * 1024 * 1024
"""Unpacked size of a workbook; ten thousand entries with thirty questions each take less than half."""
MOST_FILES, MOST_ROWS, MOST_COLUMNS = 1_000, 500_000, 100


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row as read: `number` as Excel counts, `cells` by column name, `fault` in Chinese when it is unreadable."""

    sheet: str
    number: int
    cells: Mapping[str, str]
    fault: str = ""


@dataclass
class Sheets:
    """A workbook as read; `faults` are about whole sheets."""

    rows: list[SheetRow] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def write_workbook(path: Path, rows: Mapping[str, Iterable[Mapping[str, Any]]], notes: Sequence[str] = NOTES) -> None:
    """Write a workbook with a page of notes first. Raises EditError when the file cannot be written."""
    book = Workbook()
    for sheet in book.worksheets:
        book.remove(sheet)
    cover = book.create_sheet("说明")
    cover.column_dimensions["A"].width = 110
    for number, note in enumerate(notes, 1):
        cell = cover.cell(number, 1)
        _fill(cell, note)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    for name, columns in LAYOUT.items():
        given = list(rows.get(name, ()))
        extra = (Column(REASON, 60, note=True),) if any(REASON in row for row in given) else ()
        _sheet(book.create_sheet(name), (*columns, *extra), given)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        book.save(path)
    except OSError as error:
        raise EditError(
            f"{path} 写不进去（{error.strerror or error}）。文件可能正在 Excel 里开着，请关掉再试。"
        ) from None


def _sheet(sheet: Worksheet, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> None:
    for at, column in enumerate(columns, 1):
        cell = sheet.cell(1, at)
        _fill(cell, column.name)
        cell.font, cell.fill = Font(bold=True), _NOTE if column.note else _HEAD
        dimension = sheet.column_dimensions[get_column_letter(at)]
        dimension.width, dimension.hidden = column.width, column.hidden
    wrapped = Alignment(wrap_text=True, vertical="top")
    for number, row in enumerate(rows, 2):
        for at, column in enumerate(columns, 1):
            cell = sheet.cell(number, at)
            _fill(cell, row.get(column.name))
            if not column.hidden:
                cell.alignment = wrapped
            if column.note:
                cell.fill = _NOTE
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{max(len(rows) + 1, 2)}"
    _choices(sheet, columns, "状态", STATUS.values())
    _choices(sheet, columns, "问的方面", ASPECTS.values())
    _choices(sheet, columns, "删去", ["是"])


def _choices(sheet: Worksheet, columns: Sequence[Column], name: str, values: Iterable[str]) -> None:
    """A drop-down list in a column."""
    for at, column in enumerate(columns, 1):
        if column.name == name:
            rule = DataValidation(type="list", formula1=f'"{",".join(values)}"', allow_blank=True)
            letter = get_column_letter(at)
            rule.add(f"{letter}2:{letter}20000")
            sheet.add_data_validation(rule)


def _fill(cell: Any, value: Any) -> None:
    """Put a value into a cell; a text stays a text whatever it begins with."""
    if value is None or value == "":
        return
    if isinstance(value, date):
        cell.value, cell.number_format = value, "yyyy-mm-dd"
    elif isinstance(value, int | float):
        cell.value = value
    else:
        text = ILLEGAL_CHARACTERS_RE.sub("\ufffd", str(value))
        cell.value = text
        cell.data_type, cell.number_format = "s", "@"
        if _RISKY.match(text):
            cell.quotePrefix = True


def read_workbook(path: Path) -> Sheets:
    """The rows of the known sheets. Raises EditError when the file is no workbook; bad cells are kept as faults."""
    try:
        _check_size(path)
        book = load_workbook(path)
    except FileNotFoundError:
        raise EditError(f"没有这个文件：{path}。") from None
    except (InvalidFileException, BadZipFile, KeyError, ValueError, OSError) as error:
        raise EditError(f"{path} 不是能读的 Excel 文件（{error}）。请在 Excel 里另存为 .xlsx。") from None
    found = Sheets()
    known = [sheet for sheet in book.worksheets if sheet.title in LAYOUT]
    if not known:
        raise EditError(f"{path} 里没有认识的表。表名应当是：{'、'.join(LAYOUT)}。先用 fawen export --xlsx 导出一份。")
    for sheet in known:
        _read_sheet(sheet, found)
    return found


def _check_size(path: Path) -> None:
    """A workbook is a ZIP: a few kilobytes may unpack to gigabytes. The sizes are those that the archive declares; it
    cannot give more than it declares. Raises EditError, BadZipFile, OSError."""
    with ZipFile(path) as archive:
        inside = archive.infolist()
    unpacked = sum(one.file_size for one in inside)
    if unpacked > MOST_BYTES or len(inside) > MOST_FILES:
        raise EditError(
            f"{path} 解开后有 {unpacked // 1_048_576} MB、{len(inside)} 个文件，不像知识表（最多 {MOST_BYTES // 1_048_576} MB、"
            f"{MOST_FILES} 个），没有读。请重新用 fawen export --xlsx 导出一份再改。"
        )


def _read_sheet(sheet: Worksheet, found: Sheets) -> None:
    if sheet.max_row > MOST_ROWS or sheet.max_column > MOST_COLUMNS:
        found.faults.append(
            f"表“{sheet.title}”有 {sheet.max_row} 行、{sheet.max_column} 列（最多 {MOST_ROWS} 行、{MOST_COLUMNS} 列），"
            "整张表没有读。多半是很远的地方有一个多余的格子，请删去。"
        )
        return
    lines = sheet.iter_rows()
    head = next(lines, ())
    places = {plain(cell.value): at for at, cell in enumerate(head) if plain(cell.value)}
    lost = [c.name for c in LAYOUT[sheet.title] if c.required and c.name not in places]
    if lost:
        found.faults.append(f"表“{sheet.title}”第一行缺少列“{'”“'.join(lost)}”，整张表没有读。请改回列名。")
        return
    wanted = [c.name for c in LAYOUT[sheet.title] if c.name in places and not c.note]
    for line in lines:
        cells = {name: line[places[name]] for name in wanted}
        texts = {name: plain(cell.value) for name, cell in cells.items()}
        if any(text for name, text in texts.items()):
            found.rows.append(SheetRow(sheet.title, int(line[0].row or 0), texts, _fault(cells)))


def _fault(cells: Mapping[str, Any]) -> str:
    for name, cell in cells.items():
        if isinstance(cell, Cell) and cell.data_type == "f":
            return f"“{name}”一格是公式，请改成文字（先输入一个单引号 '）。"
        if isinstance(cell, Cell) and cell.data_type == "e":
            return f"“{name}”一格是错误值 {cell.value}，请改成文字。"
    return ""
