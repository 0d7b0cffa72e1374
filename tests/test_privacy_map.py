"""docs/privacy.zh-CN.md names every table, every column, and settings and articles that exist."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

from bot import store
from bot.config import Settings
from bot.retention import ATTEMPT_DAYS
from bot.store.schema import metadata

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "privacy.zh-CN.md").read_text(encoding="utf-8")
SCHEMAS = [
    importlib.import_module(f"bot.store.{module.name}")
    for module in pkgutil.iter_modules(store.__path__)
    if module.name.endswith("_schema")
]
"""Importing them is what puts their tables into the metadata; a new one is found by its name."""
_ROW = re.compile(r"^\| `(\w+)` \| ([^|]*) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_ROWS = {row[0]: row[1:] for row in _ROW.findall(TEXT.partition("## 六、逐表")[2])}
_SETTING = re.compile(r"`((?:retention|console|web|telegram|wechat|server|store)\.\w+)`")
TELLING = {
    "person",
    "chat",
    "address",
    "text",
    "texts",
    "body",
    "reply",
    "password",
    "secret",
    "who",
    "author",
    "approver",
}
"""Names of columns that say something of somebody wherever they stand, but where an exception gives its reason."""
EXCEPTIONS = {("switches", "text"): "what residents are told while a channel is closed"}


def test_every_table_stands_in_the_map() -> None:
    """A new table needs a row, and a table that is gone leaves none."""
    assert set(metadata.tables) == set(_ROWS)


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_every_column_stands_in_the_map(table: str) -> None:
    """Each once, as personal or not."""
    personal, other, *_ = _ROWS[table]
    named = re.findall(r"`(\w+)`", personal) + re.findall(r"`(\w+)`", other)
    assert sorted(column.name for column in metadata.tables[table].columns) == sorted(named)


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_what_tells_of_somebody_counts_as_personal(table: str) -> None:
    """A column of such a name may not hide among the others."""
    other = set(re.findall(r"`(\w+)`", _ROWS[table][1]))
    assert set() == {name for name in other & TELLING if (table, name) not in EXCEPTIONS}


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_each_says_how_long_and_how_it_is_deleted(table: str) -> None:
    """No empty cell."""
    _, _, kept, deleted = _ROWS[table]
    assert kept.strip()
    assert deleted.strip()


def test_the_settings_exist_and_the_times_are_theirs() -> None:
    """Each setting named is one, and the defaults are those of the program."""
    settings = Settings()
    for name in set(_SETTING.findall(TEXT)):
        section, _, key = name.partition(".")
        assert hasattr(getattr(settings, section), key), name
    shown = dict(re.findall(r"^\| `([\w.]+)` \| (\d+) (?:天|小时) \|", TEXT, re.MULTILINE))
    kept = settings.retention
    assert {
        "retention.conversation_days": str(kept.conversation_days),
        "retention.question_days": str(kept.question_days),
        "retention.ticket_days": str(kept.ticket_days),
        "console.session_hours": f"{settings.console.session_hours:g}",
    } == shown
    assert f"登录尝试 {ATTEMPT_DAYS} 天" in TEXT


def test_the_articles_are_of_these_two_laws_only() -> None:
    """Nothing is cited that was not read: articles of the two laws named at the top, within their length."""
    numerals = "零一二三四五六七八九"
    known = {"个人信息保护法": 74, "法律援助法": 71}
    assert set(known) <= set(re.findall(r"《中华人民共和国(\w+)》", TEXT))
    for article in re.findall(r"第([一二三四五六七八九十]+)条", TEXT):
        tens, _, ones = article.rpartition("十")
        value = (numerals.index(tens) if tens else int("十" in article)) * 10 + (numerals.index(ones) if ones else 0)
        assert 1 <= value <= max(known.values()), article
    assert {"个人信息保护法", "法律援助法"} == set(re.findall(r"《(?:中华人民共和国)?(\w+法)》", TEXT))
