"""The workbook: untouched it changes nothing; edits, additions and removals do what staff meant; bad rows are named."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from bot.cli import main
from bot.curate.imports import Plan, plan_import, write_plan
from bot.curate.sheets import LAYOUT, rows_of
from bot.curate.workbook import read_workbook, write_workbook
from bot.errors import EditError, KnowledgeError
from intents import KnowledgeBase
from tests.sample import ROOT, write_sample

DAY = date(2026, 11, 25)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """The sample knowledge with comments, a test file, and questions that look like formulas."""
    found = write_sample(tmp_path / "knowledge")
    path = found / "entries" / "notary.yaml"
    text = path.read_text(encoding="utf-8").replace("  fee:\n", "  # 公证费的注释\n  fee:\n")
    text = text.replace(
        "      - 做个公证多少钱\n", '      - 做个公证多少钱   # 行尾\n      - "=1+1等于几"\n      - "-1 块钱"\n'
    )
    path.write_text(text, encoding="utf-8")
    (found / "tests").mkdir()
    (found / "tests" / "notary.yaml").write_text(
        "# 题\ntests:\n  - {q: 公证贵不贵, entry: notary.fee}\n", encoding="utf-8"
    )
    return found


def _exported(base: Path, change: Callable[[openpyxl.Workbook], None] | None = None) -> Path:
    path = base.parent / "k.xlsx"
    write_workbook(path, rows_of(base))
    if change:
        book = openpyxl.load_workbook(path)
        change(book)
        book.save(path)
    return path


def _plan(base: Path, change: Callable[[openpyxl.Workbook], None] | None = None) -> Plan:
    return plan_import(base, read_workbook(_exported(base, change)), DAY)


def _at(sheet: Worksheet, text: str, column: str) -> str:
    """The address of a cell: the row that holds `text`, the column of that name."""
    letters = {c.value: get_column_letter(at) for at, c in enumerate(sheet[1], 1)}
    row = next(r[0].row for r in sheet.iter_rows() if any(c.value == text for c in r))
    return f"{letters[column]}{row}"


def _files(base: Path) -> dict[str, bytes]:
    return {p.relative_to(base).as_posix(): p.read_bytes() for p in sorted(base.rglob("*.yaml"))}


def test_an_untouched_export_of_the_whole_base_changes_nothing(tmp_path: Path) -> None:
    """Export and import of the shipped knowledge: no change, no skipped row, not one byte."""
    path = tmp_path / "k.xlsx"
    write_workbook(path, rows_of(ROOT / "knowledge"))
    plan = plan_import(ROOT / "knowledge", read_workbook(path), DAY)
    assert ([], [], [], {}) == (plan.changes, plan.skipped, plan.faults, plan.texts)


def test_sorted_and_missing_rows_change_nothing(base: Path) -> None:
    """Staff may sort a sheet and keep only some rows: what is not there is not deleted."""

    def change(book: openpyxl.Workbook) -> None:
        sheet = book["相似问"]
        rows = [[c.value for c in r] for r in sheet.iter_rows(min_row=2)]
        sheet.delete_rows(2, len(rows))
        for row in rows[5:0:-1]:
            sheet.append(row)
        book.remove(book["依据"])

    plan = _plan(base, change)
    assert ([], [], {}) == (plan.changes, plan.skipped, plan.texts)


def test_edits_additions_and_removals(base: Path) -> None:
    """A question edited, one added, one marked for removal, an answer and a date changed: written, comments kept."""

    def change(book: openpyxl.Workbook) -> None:
        sheet = book["相似问"]
        sheet[_at(sheet, "公证收费标准", "相似问")] = "公证怎么收费"
        sheet[_at(sheet, "房产继承要公证吗", "删去")] = "是"
        sheet.append(["notary.fee", None, "公证费找谁问"])
        sheet = book["条目"]
        sheet[_at(sheet, "notary.fee", "回答")] = "先看公示。\n再问窗口。"
        sheet[_at(sheet, "notary.fee", "下次核对")] = "2027/6/1"
        book["检验题"].append([None, "公证处收钱多不多", "notary.fee"])

    plan = _plan(base, change)
    assert ([], 5) == (plan.skipped, len(plan.changes))
    write_plan(base, plan)
    found = KnowledgeBase.load(base).entries
    assert ("公证怎么收费", "做个公证多少钱", "=1+1等于几", "-1 块钱", "公证费找谁问") == found["notary.fee"].questions
    assert ("继承公证怎么办", "老人去世房子公证") == found["notary.inheritance"].questions
    assert ("先看公示。\n再问窗口。", date(2027, 6, 1)) == (
        found["notary.fee"].answer,
        found["notary.fee"].review_after,
    )
    text = (base / "entries" / "notary.yaml").read_text(encoding="utf-8")
    assert ("  # 公证费的注释\n  fee:\n" in text, "做个公证多少钱   # 行尾\n" in text) == (True, True)
    assert "# 题\ntests:\n  - {q: 公证贵不贵, entry: notary.fee}\n  - {q: 公证处收钱多不多, entry: notary.fee}\n" == (
        base / "tests" / "notary.yaml"
    ).read_text(encoding="utf-8")


def test_a_copied_row_is_a_new_question(base: Path) -> None:
    """Copying a row in Excel and changing its words adds a question; the old one stays."""

    def change(book: openpyxl.Workbook) -> None:
        sheet = book["相似问"]
        row = sheet[_at(sheet, "公证收费标准", "相似问")].row
        copied = [c.value for c in sheet[row]]
        copied[2] = "公证费明细"
        sheet.append(copied)

    plan = _plan(base, change)
    assert ["notary.fee 相似问增加“公证费明细”"] == [c.describe() for c in plan.changes]


def test_a_new_entry(base: Path) -> None:
    """A row in 条目 with its questions and sources becomes a draft at the end of its topic."""

    def change(book: openpyxl.Workbook) -> None:
        book["条目"].append(["notary.translation", None, "公证书翻译", "看使用地的要求。"])
        for question in ("公证书要翻译吗", "英文公证书哪里做"):
            book["相似问"].append(["notary.translation", None, question])
        book["依据"].append(["notary.translation", None, "legal_aid_law", None, "第二条"])

    plan = _plan(base, change)
    write_plan(base, plan)
    found = KnowledgeBase.load(base).entries["notary.translation"]
    assert ("draft", ("公证书要翻译吗", "英文公证书哪里做"), "第二条") == (
        found.status,
        found.questions,
        found.sources[0].article,
    )


def test_a_formula_stays_text_both_ways(base: Path) -> None:
    """No exported cell is a formula, whatever it begins with; a formula that comes in is refused by name."""
    book = openpyxl.load_workbook(_exported(base))
    cells = [c for sheet in book.worksheets for row in sheet.iter_rows() for c in row]
    risky = [c for c in cells if isinstance(c.value, str) and c.value[0] in "=-"]
    assert {"=1+1等于几", "-1 块钱"} == {c.value for c in risky}
    assert {("s", True)} == {(c.data_type, c.quotePrefix) for c in risky}

    def change(changed: openpyxl.Workbook) -> None:
        changed["相似问"].append(["notary.fee", None, '=HYPERLINK("http://example.com","点")'])

    plan = _plan(base, change)
    assert (1, True) == (len(plan.skipped), "是公式" in plan.skipped[0].reason)


@pytest.mark.parametrize(
    ("sheet", "row", "said"),
    [
        ("相似问", ["notary.nothing", None, "一句"], "没有编号为“notary.nothing”"),
        ("相似问", [None, None, "一句"], "“编号”是空的"),
        ("相似问", ["notary.fee", None, None], "问题是空的"),
        ("相似问", ["notary.fee", None, "法援是干什么的"], "一句话只能属于一个条目"),
        ("相似问", ["legal_aid.what", None, "做个公证多少钱"], "一句话只能属于一个条目"),
        ("相似问", ["notary.fee", None, "晚饭吃什么好"], "一句话只能属于一个条目"),
        ("条目", ["notary.fee2", None, "新条目", "回答。"], "一句也没有"),
        ("条目", ["weather.rain", None, "新条目", "回答。"], "一句也没有"),
        ("依据", ["notary.fee", None, "no_law", None, "第一条"], "没有来源“no_law”"),
        ("依据", ["notary.fee", None, "legal_aid_law", None, "41条"], "条号"),
        ("易混", ["notary.fee", None, "notary.nothing", "是哪个？"], "不存在的条目"),
        ("检验题", [None, "做个公证多少钱", "notary.fee"], "就是“notary.fee”的一句相似问"),
        ("检验题", [None, "新的一题", "notary.nothing"], "没有编号为“notary.nothing”"),
    ],
)
def test_a_bad_row_is_named_and_the_good_ones_go_in(base: Path, sheet: str, row: list[str | None], said: str) -> None:
    """The bad row is reported with sheet, number and reason; a good row beside it is imported all the same."""

    def change(book: openpyxl.Workbook) -> None:
        book["相似问"].append(["notary.fee", None, "公证费找谁问"])
        book[sheet].append(row)

    plan = _plan(base, change)
    assert ["notary.fee 相似问增加“公证费找谁问”"] == [c.describe() for c in plan.changes]
    assert [(sheet, True)] == [(s.row.sheet, said in s.reason) for s in plan.skipped]
    write_plan(base, plan)
    assert "公证费找谁问" in KnowledgeBase.load(base).entries["notary.fee"].questions


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("标题", "字" * 30, "标题超过"),
        ("回答", "长" * 700, "超过 2000 字节"),
        ("回答", None, "不能为空"),
        ("核对日期", "昨天", "不是日期"),
        ("核对日期", date(2030, 1, 1), "早于核对日期"),
        ("状态", "上线", "只能是"),
        ("问的方面", "价钱", "只能是"),
        ("相关条目", "notary.nothing", "不存在的条目"),
    ],
)
def test_a_bad_field_is_named(base: Path, column: str, value: object, said: str) -> None:
    """What the format forbids in an entry's row is named with the row; nothing of it is written."""

    def change(book: openpyxl.Workbook) -> None:
        sheet = book["条目"]
        sheet[_at(sheet, "notary.fee", column)].value = value

    plan = _plan(base, change)
    assert ([], {}, 1) == (plan.changes, plan.texts, len(plan.skipped))
    assert said in plan.skipped[0].reason


def test_an_old_export_does_not_undo_what_others_did(base: Path) -> None:
    """Rows nobody touched leave newer files alone; a touched row of a changed entry is a conflict, named."""
    path = _exported(base)
    file = base / "entries" / "notary.yaml"
    text = file.read_text(encoding="utf-8").replace("以公示为准。", "以窗口公示为准。")
    file.write_text(text.replace("      - 公证收费标准\n", ""), encoding="utf-8")
    plan = plan_import(base, read_workbook(path), DAY)
    assert ([], ["导出以后这一行已被别人删去或改写"]) == (plan.changes, [s.reason[:16] for s in plan.skipped])
    book = openpyxl.load_workbook(path)
    book["条目"][_at(book["条目"], "notary.fee", "回答")] = "我的回答。"
    book.save(path)
    plan = plan_import(base, read_workbook(path), DAY)
    assert ([], True) == (plan.changes, any("导出以后别人也改过" in s.reason for s in plan.skipped))


def test_rows_left_out_can_be_mended_and_imported(base: Path) -> None:
    """The command writes them to a workbook with the reason; mended there, they go in. Exit codes 1 and 0."""

    def change(book: openpyxl.Workbook) -> None:
        book["相似问"].append(["notary.feee", None, "公证费找谁问"])

    path, runner = _exported(base, change), CliRunner()
    before = _files(base)
    done = runner.invoke(main, ["import", "--xlsx", str(path), "--knowledge", str(base), "--dry-run", "--json"])
    report = json.loads(done.output)
    assert (1, True, "相似问", None) == (
        done.exit_code,
        report["dry_run"],
        report["skipped"][0]["sheet"],
        report["skipped_file"],
    )
    done = runner.invoke(main, ["import", "--xlsx", str(path), "--knowledge", str(base)])
    aside = path.with_name("k-未导入.xlsx")
    assert (1, before, True) == (done.exit_code, _files(base), str(aside) in done.output)
    book = openpyxl.load_workbook(aside)
    assert "没有编号为" in str(book["相似问"][_at(book["相似问"], "notary.feee", "没有导入的原因")].value)
    book["相似问"]["A2"] = "notary.fee"
    book.save(aside)
    done = runner.invoke(main, ["import", "--xlsx", str(aside), "--knowledge", str(base)])
    assert (0, True) == (done.exit_code, "公证费找谁问" in KnowledgeBase.load(base).entries["notary.fee"].questions)


def test_the_command_exports(base: Path) -> None:
    """`fawen export` writes every sheet with a frozen header."""
    path = base.parent / "out" / "all.xlsx"
    done = CliRunner().invoke(main, ["export", "--xlsx", str(path), "--knowledge", str(base)])
    book = openpyxl.load_workbook(path)
    assert (0, ["说明", *LAYOUT]) == (done.exit_code, book.sheetnames)
    assert {"B2"} == {str(sheet.freeze_panes) for sheet in book.worksheets[1:]}


def test_what_is_no_workbook_is_named(base: Path) -> None:
    """A missing file, a text file, a workbook without our sheets, a sheet without its column."""
    for name, said in (("none.xlsx", "没有这个文件"), ("text.xlsx", "不是能读的 Excel")):
        (base.parent / "text.xlsx").write_text("不是表格", encoding="utf-8")
        with pytest.raises(EditError, match=said):
            read_workbook(base.parent / name)
    openpyxl.Workbook().save(base.parent / "other.xlsx")
    with pytest.raises(EditError, match="没有认识的表"):
        read_workbook(base.parent / "other.xlsx")

    def change(book: openpyxl.Workbook) -> None:
        book["相似问"]["C1"] = "问题"

    plan = _plan(base, change)
    assert ["表“相似问”第一行缺少列“相似问”，整张表没有读。请改回列名。"] == plan.faults


def test_a_base_that_is_broken_already_is_left_alone(base: Path) -> None:
    """Errors that no row caused stop the import before anything is written."""
    file = base / "entries" / "legal_aid.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("status: published", "status: 上线"), encoding="utf-8")
    before = _files(base)

    def change(book: openpyxl.Workbook) -> None:
        book["相似问"].append(["notary.fee", None, "公证费找谁问"])

    with pytest.raises(KnowledgeError, match="status"):
        _plan(base, change)
    assert before == _files(base)
