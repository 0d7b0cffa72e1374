"""Tables as CSV and Excel files that no spreadsheet program takes for formulas (CWE-1236)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from openpyxl import Workbook
from openpyxl.styles import Font

from bot.desk.report import Table

_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that XML, and so an Excel file, cannot hold."""
_WIDEST = 60


def harmless(value: str | int | float) -> str | int | float:
    """A cell that is shown and never computed: text that could begin a formula gets an apostrophe before it."""
    if not isinstance(value, str):
        return value
    text = _UNFIT.sub("", value)
    return "'" + text if text.lstrip(" \n\u3000\ufeff").startswith(_STARTS) else text


def as_csv(tables: Sequence[Table]) -> bytes:
    """All tables in one file, each under its name; UTF-8 with the mark that Excel needs to see it."""
    out = io.StringIO()
    writer = csv.writer(out)
    for table in tables:
        writer.writerow([table.name])
        writer.writerow(table.head)
        writer.writerows([harmless(cell) for cell in row] for row in table.rows)
        writer.writerow([])
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(tables: Sequence[Table]) -> bytes:
    """A workbook with one sheet a table."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for table in tables:
        sheet = book.create_sheet(table.name)
        sheet.append(list(table.head))
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        for number, row in enumerate(table.rows, 2):
            for column, value in enumerate(row, 1):
                cell = sheet.cell(number, column, harmless(value))
                if isinstance(value, str):
                    cell.data_type = "s"
        for column, head in enumerate(table.head, 1):
            widest = max([len(head), *(len(str(row[column - 1])) for row in table.rows)])
            sheet.column_dimensions[sheet.cell(1, column).column_letter].width = min(2 * widest + 2, _WIDEST)
        sheet.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
