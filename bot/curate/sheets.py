"""What the workbook looks like to staff: its sheets, their columns, and the rows of a knowledge directory.

One row an entry, one row a question, a source, a confusable pair, a test question. Columns that only explain are not
read back. Two hidden columns tell an edited row from a new one: 原文 (the row's text at export) and 指纹 (a digest of
the entry's row at export), so that rows may be sorted, copied and left out without harm.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from bot.curate.edit import entries_of
from bot.curate.files import read_text
from bot.curate.layout import read_data
from intents.validate import sources_line

ENTRIES, QUESTIONS, AGAINST, SOURCES, PAIRS, TESTS = "条目", "相似问", "反例问", "依据", "易混", "检验题"
PRINT, ORIGINAL, REMOVE = "指纹", "原文", "删去"
STATUS = {"published": "已发布", "draft": "草稿"}
ASPECTS = {
    "fee": "费用", "time": "时间", "where": "地点", "how": "办法", "materials": "材料", "agent": "代办",
    "online": "网上", "home": "上门", "refused": "被拒", "complaint": "投诉", "withdraw": "撤回", "dishonest": "造假",
    "verify": "核查", "optional": "自愿", "effect": "效力", "validity": "有效期", "limit": "期限",
    "eligibility": "条件", "appeal": "不服", "privacy": "公开与隐私", "what": "是什么",
}  # fmt: skip
"""As the manual names them."""
FIELDS = {
    "标题": "title", "回答": "answer", "问的方面": "aspect", "相关条目": "related", "核对日期": "reviewed",
    "下次核对": "review_after", "状态": "status", "生效日期": "valid_from", "失效日期": "valid_to",
}  # fmt: skip
"""Columns of 条目 that are read back, and the keys they stand for."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its width in characters, whether it only explains, whether it is hidden."""

    name: str
    width: int
    note: bool = False
    hidden: bool = False
    required: bool = False
    """Whether the sheet cannot be read without it."""


def _id() -> Column:
    return Column("编号", 26, required=True)


_TITLE = Column("条目标题", 24, note=True)
_TAIL = (Column(REMOVE, 7), Column(ORIGINAL, 12, hidden=True))
LAYOUT: dict[str, tuple[Column, ...]] = {
    ENTRIES: (
        _id(), Column("主题", 12, note=True), Column("标题", 26), Column("回答", 80), Column("问的方面", 10),
        Column("相关条目", 30), Column("核对日期", 12), Column("下次核对", 12), Column("状态", 9),
        Column("生效日期", 12), Column("失效日期", 12), Column("字节数", 8, note=True), Column(PRINT, 12, hidden=True),
    ),
    QUESTIONS: (_id(), _TITLE, Column("相似问", 80, required=True), *_TAIL),
    AGAINST: (_id(), _TITLE, Column("反例问", 80, required=True), *_TAIL),
    SOURCES: (
        _id(), _TITLE, Column("来源", 26, required=True), Column("来源全称", 40, note=True), Column("条号", 14),
        Column("部分", 20), *_TAIL,
    ),
    PAIRS: (_id(), _TITLE, Column("易混条目", 26, required=True), Column("反问", 60, required=True), *_TAIL),
    TESTS: (
        Column("文件", 16), Column("题目", 80, required=True), Column("应到条目", 28, required=True),
        Column("也算对", 40), *_TAIL,
    ),
}  # fmt: skip
NOTES = (
    "法问知识库。改完保存成 .xlsx，再运行：fawen import --xlsx 文件 --dry-run（先看会改什么），确认后去掉 --dry-run。",
    "1. 改一句：直接改那一格。加一句：在最后另起一行，或复制一行再改，写好编号。删一句：在“删去”一列写“是”。",
    "2. 从表里拿走一行不会删掉知识库里的内容，所以可以只留要改的行，也可以随意排序、筛选。",
    "3. 加新条目：在“条目”里加一行，编号写成 主题.条目（如 notary.translation），再在“相似问”“依据”里各加几行。",
    "4. 条目不能删；不再使用的，把状态改成“草稿”。",
    "5. 灰色的列只供查看，改了也不会导入。请不要改列名，也不要取消隐藏的两列去改它们。",
    "6. 单元格只写文字，不写公式；以 = + - @ 开头的话会按文字保存。",
    "7. 紧急电话和紧急规则、背景问题、反问（asks）、词表不在表里，仍在 YAML 文件里改。",
)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TopicFile:
    """One entries/<topic>.yaml as it is on disk."""

    topic: str
    name: str
    text: str
    data: Any


def topic_files(directory: Path) -> dict[str, TopicFile]:
    """Every topic's file. Raises EditError when one is no sound YAML or holds no entries."""
    found = {}
    for path in sorted((directory / "entries").glob("*.yaml")):
        text, name = read_text(path), f"entries/{path.name}"
        data = read_data(text, name)
        entries_of(data)
        found[path.stem] = TopicFile(path.stem, name, text, data)
    return found


def test_files(directory: Path) -> dict[str, TopicFile]:
    """Every tests/<name>.yaml that holds single questions (`tests:`)."""
    found = {}
    for path in sorted((directory / "tests").glob("*.yaml")):
        text, name = read_text(path), f"tests/{path.name}"
        data = read_data(text, name)
        if isinstance(data, dict) and isinstance(data.get("tests"), list):
            found[path.stem] = TopicFile(path.stem, name, text, data)
    return found


def rows_of(directory: Path) -> dict[str, list[Row]]:
    """The rows of every sheet, in the order of the files; keys are column names, values texts, dates or numbers."""
    sources = read_data(read_text(directory / "sources.yaml"), "sources.yaml")["sources"]
    rows: dict[str, list[Row]] = {name: [] for name in LAYOUT}
    for file in topic_files(directory).values():
        for name, raw in entries_of(file.data).items():
            entry = f"{file.topic}.{name}"
            about = {"编号": entry, "条目标题": raw.get("title", "")}
            rows[ENTRIES].append(_entry_row(entry, file.data["topic"]["title"], raw, sources))
            rows[QUESTIONS] += [{**about, "相似问": q, ORIGINAL: q} for q in raw.get("questions") or ()]
            rows[AGAINST] += [{**about, "反例问": q, ORIGINAL: q} for q in raw.get("not_questions") or ()]
            rows[SOURCES] += [{**about, **_source_row(ref, sources)} for ref in raw.get("sources") or ()]
            rows[PAIRS] += [
                {**about, "易混条目": c["entry"], "反问": c["ask"], ORIGINAL: c["entry"]}
                for c in raw.get("confusable") or ()
            ]
    rows[TESTS] = [
        _test_row(file.topic, test) for file in test_files(directory).values() for test in file.data["tests"]
    ]
    return rows


def _entry_row(entry: str, topic: str, raw: Mapping[str, Any], sources: Mapping[str, Any]) -> Row:
    row: Row = {"编号": entry, "主题": topic, **shown_fields(raw)}
    row["字节数"] = len((str(raw.get("answer", "")).strip() + sources_line(dict(raw), dict(sources))).encode())
    row[PRINT] = digest(row)
    return row


def shown_fields(raw: Mapping[str, Any]) -> Row:
    """The read-back columns of 条目 for an entry's fields."""
    row: Row = {column: raw.get(key) for column, key in FIELDS.items()}
    row["回答"] = str(raw.get("answer", "")).strip()
    row["问的方面"] = ASPECTS.get(raw.get("aspect", ""), raw.get("aspect") or "")
    row["相关条目"] = "\n".join(raw.get("related") or ())
    row["状态"] = STATUS.get(raw.get("status", ""), raw.get("status") or "")
    return row


def _source_row(ref: Mapping[str, Any], sources: Mapping[str, Any]) -> Row:
    return {
        "来源": ref.get("source", ""),
        "来源全称": (sources.get(ref.get("source", "")) or {}).get("title", ""),
        "条号": ref.get("article", ""),
        "部分": ref.get("part", ""),
        ORIGINAL: source_key(ref),
    }


def source_key(ref: Mapping[str, Any]) -> str:
    """How one source of an entry is recognised again."""
    return " ".join(str(ref[key]) for key in ("source", "article", "part") if ref.get(key))


def _test_row(file: str, test: Mapping[str, Any]) -> Row:
    also = "\n".join(test.get("also") or ())
    return {"文件": file, "题目": test["q"], "应到条目": test["entry"], "也算对": also, ORIGINAL: test["q"]}


def plain(value: Any) -> str:
    """A cell's value as text: dates as 2026-11-23, whole numbers without a point, no space around."""
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()[:10]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "\n".join(line.rstrip() for line in str(value).replace("\r\n", "\n").split("\n")).strip()


def digest(row: Mapping[str, Any], columns: Sequence[str] = tuple(FIELDS)) -> str:
    """Twelve hex digits over the read-back cells of an entry's row."""
    return hashlib.blake2b("\x1f".join(plain(row.get(c)) for c in columns).encode(), digest_size=6).hexdigest()


def names(cell: str) -> list[str]:
    """The ids in a cell, one a line or separated by commas, 、 or blanks."""
    return cell.replace("，", " ").replace("、", " ").replace(",", " ").replace("；", " ").split()


def changed_columns(row: Mapping[str, str], raw: Mapping[str, Any]) -> Iterator[str]:
    """The read-back columns of a row that differ from the entry; a column that the sheet lacks does not count."""
    shown = shown_fields(raw)
    for column in FIELDS:
        if column in row and _comparable(column, row[column]) != _comparable(column, plain(shown[column])):
            yield column


def _comparable(column: str, cell: str) -> Any:
    return names(cell) if column == "相关条目" else cell
