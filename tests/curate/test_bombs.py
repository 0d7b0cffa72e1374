"""Files that are small and stand for something enormous are refused before they are unpacked."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from bot.curate.sheets import LAYOUT
from bot.curate.workbook import MOST_BYTES, MOST_FILES, read_workbook
from bot.errors import EditError
from intents import KnowledgeBase, yamlfile
from intents.errors import KnowledgeError
from tests.sample import write_sample


def test_a_workbook_that_unpacks_to_too_much(tmp_path: Path) -> None:
    """A ZIP of zeros: kilobytes on disk, more than the limit unpacked."""
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/sheet.xml", "w") as inside:
        for _ in range(MOST_BYTES // 1_048_576 + 1):
            inside.write(b"\0" * 1_048_576)
    assert path.stat().st_size < MOST_BYTES // 100
    with pytest.raises(EditError, match="没有读"):
        read_workbook(path)


def test_a_workbook_of_countless_files(tmp_path: Path) -> None:
    """Each empty, too many together."""
    path = tmp_path / "many.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(MOST_FILES + 1):
            archive.writestr(str(number), b"")
    with pytest.raises(EditError, match=str(MOST_FILES + 1)):
        read_workbook(path)


def test_an_archive_cannot_give_more_than_it_declares(tmp_path: Path) -> None:
    """A bomb with a forged size is broken, not unpacked: what the check counts is what can come out."""
    path = tmp_path / "liar.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"\0" * 1_000_000)
    raw = path.read_bytes().replace((1_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    path.write_bytes(raw)
    with pytest.raises(EditError, match="不是能读的 Excel 文件"):
        read_workbook(path)


def test_a_cell_at_the_end_of_the_world(tmp_path: Path) -> None:
    """One cell in the last row and column would make seventeen billion of them; the sheet is named and left out."""
    book, path = Workbook(), tmp_path / "far.xlsx"
    sheet = book.active
    assert sheet is not None
    sheet.title = next(iter(LAYOUT))
    sheet.cell(1_048_576, 16_384, "x")
    book.save(path)
    found = read_workbook(path)
    assert ([], 1) == (found.rows, len(found.faults))
    assert "1048576 行" in found.faults[0]


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml"])
def test_entities_in_a_workbook(part: str, tmp_path: Path) -> None:
    """XML inside is read without entities."""
    book, path, evil = Workbook(), tmp_path / "good.xlsx", tmp_path / "evil.xlsx"
    book.save(path)
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(evil, "w") as target:
        for name in source.namelist():
            target.writestr(name, bomb if name == part else source.read(name))
    with pytest.raises(EditError, match="不是能读的 Excel 文件|没有认识的表"):
        read_workbook(evil)


LAUGHS = "a: &a [哈, 哈]\n" + "".join(
    f"{c}: &{c} [*{p}, *{p}, *{p}]\n" for p, c in zip("abcdefghijklm", "bcdefghijklmn", strict=True)
)


@pytest.mark.parametrize("text", [LAUGHS, "&a [*a]", "&a {自己: *a}"])
def test_references_in_yaml(text: str) -> None:
    """A list that holds lists that hold lists, or itself, is one problem with its line, not the end of the memory."""
    found = yamlfile.parse(text, "x.yaml")
    assert "alias" in {problem.code for problem in found.problems}


def test_a_reference_to_a_word_is_a_word() -> None:
    """Only collections can explode; a text used twice stays what it is."""
    found = yamlfile.parse("a: &a 文字\nb: *a\n", "x.yaml")
    assert ({"a": "文字", "b": "文字"}, []) == (found.data, found.problems)


@pytest.mark.parametrize(
    "text", ["!!python/object/apply:os.system [echo]", "[" * 100_000, "a: !!python/name:os.system x", LAUGHS]
)
def test_a_file_of_the_knowledge_cannot_run_or_explode(text: str, tmp_path: Path) -> None:
    """Whatever stands in a file, the base is refused with the file's name; nothing runs."""
    directory = write_sample(tmp_path / "knowledge")
    (directory / "entries" / "notary.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(KnowledgeError, match=r"notary\.yaml"):
        KnowledgeBase.load(directory)
