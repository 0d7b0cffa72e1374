"""A year of a busy service as rows of a SQLite file, made by SQL: fast enough for ten million exchanges.

Of the exchanges a tenth are tickets, ten of them a cluster, nine clusters in ten answered and delivered; a third came by Telegram and
have an outbox row; four texts in ten were never asked before, the others are few that come often; a tenth left a line of
the audit. Answers are short (60 characters): no page reads them, and ten million long ones fill a disk. Keys rise with the rows, and indexes are made after them.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bot.messages import Kind, Message, Reply

NOW = datetime(2026, 11, 1, tzinfo=UTC)
_CACHE_KB = 3_000_000
_YEAR = 365 * 86_400 * 1_000_000
_BASE = int(NOW.timestamp()) * 1_000_000 - _YEAR
_ROWS = "WITH RECURSIVE n(i) AS (SELECT :low UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :high) "
_PERSON = "i * 7919 % :people"
_CHANNEL = "CASE {0} % 3 WHEN 0 THEN 'web' WHEN 1 THEN 'telegram' ELSE 'wechat' END"
_NAME = "printf('c%08d', {0})"
_WHO = f"{_CHANNEL.format(_PERSON)}, printf('x%08d', i), {_NAME.format(_PERSON)}, {_NAME.format(_PERSON)}"
_ASKER = f"{_CHANNEL.format(_PERSON)}, {_NAME.format(_PERSON)}, {_NAME.format(_PERSON)}"
_AT = f"{_BASE} + i * ({_YEAR} / :all)"
_TEXT = "CASE WHEN i % 10 < 4 THEN '这是第' || i || '个问题' ELSE '问题' || (i * 7919 % (1 + i % 5000)) END"
_SAID = f"'{json.dumps(Message('web', 'c', 'c', '我的押金房东不退怎么办', Kind.TEXT, NOW, 'x').to_json(), ensure_ascii=False)}'"
_GIVEN = f"'{json.dumps(Reply('entry', '答' * 60, 'answer').to_json(), ensure_ascii=False)}'"
_NUMBER = "CASE i WHEN 100 THEN 'ER-NJSE' ELSE printf('T%08d', i) END"
"""One of them as residents have it."""
_OPEN = "i / 100 % 10 = 0"
_STATE = f"CASE WHEN {_OPEN} THEN 'new' ELSE 'answered' END"
_PROMISED = f"{_AT} + 432000000000"
_ANSWERED = f"CASE WHEN NOT ({_OPEN}) THEN {_AT} + 3600000000 + i * 7919 % 259200000000 END"
# no value comes from outside
_FILL = (
    f"INSERT INTO messages (channel, message_id, chat, person, received_at, body, done, reply) {_ROWS}"  # noqa: S608
    f"SELECT {_WHO}, {_AT}, {_SAID}, 1, {_GIVEN} FROM n",
    "INSERT INTO exchanges (channel, message_id, chat, person, at, text, kind, key, outcome, entry, confidence, nearest,"  # noqa: S608
    f" knowledge_version, took_ms, feedback) {_ROWS} SELECT {_WHO}, {_AT}, {_TEXT}, 'text',"
    " CASE i % 10 WHEN 0 THEN 'no_answer' WHEN 1 THEN 'options' ELSE 'entry' END,"
    " CASE i % 10 WHEN 0 THEN 'none' WHEN 1 THEN 'options' ELSE 'answer' END,"
    " CASE WHEN i % 10 > 1 THEN 't' || (i % 14) || '.e' || (i % 250) END, 0.9,"
    " '[[\"t' || (i % 14) || '.e1\", 0.9]]', 'v1', 1 + i * 7919 % 1000 / 100.0 + (i % 997 = 0) * 500,"
    " CASE i % 20 WHEN 3 THEN 'helpful' WHEN 7 THEN 'unhelpful' ELSE '' END FROM n",
    f"INSERT OR IGNORE INTO conversations (channel, chat, person, state, updated_at) {_ROWS}"  # noqa: S608
    f"SELECT {_CHANNEL.format('i')}, {_NAME.format('i')}, {_NAME.format('i')}, '{{}}', {_AT} FROM n WHERE i < :people",
    "INSERT INTO tickets (number, channel, chat, person, text, reason, nearest, opened_at, answered_at, state, answer,"  # noqa: S608
    f" knowledge_version, due_at, apart, owner, cluster, place, leads, by_hand, ignored) {_ROWS}"
    f"SELECT {_NUMBER}, {_ASKER}, {_TEXT}, 'none', '[]', {_AT}, {_ANSWERED}, {_STATE}, '',"
    f" 'v1', {_PROMISED}, '', '', 1 + i / 100, i, 0, 0, '' FROM n WHERE i % 10 = 0",
    "INSERT INTO clusters (id, title, state, owner, people, size, first_at, last_at, due_at, nearest, confidence, apart,"  # noqa: S608
    f" by_hand, answer, answered_at, ignored) {_ROWS} SELECT 1 + i / 100, {_TEXT}, {_STATE}, '', 1 + i / 100 * 13 % 40,"
    f" 10, {_AT}, {_AT}, {_PROMISED}, 't' || (i / 100 % 14) || '.e1', 0.4, '', 0,"
    f" CASE WHEN NOT ({_OPEN}) THEN 1 + i / 100 END, {_ANSWERED}, '' FROM n WHERE i % 100 = 0",
    f"INSERT INTO answers (id, cluster, text, author, at, correction) {_ROWS}"  # noqa: S608
    f"SELECT 1 + i / 100, 1 + i / 100, '请到社区调解。', 'wang', {_ANSWERED}, 0 FROM n WHERE i % 100 = 0 AND NOT ({_OPEN})",
    f"INSERT INTO deliveries (id, answer, cluster, ticket, channel, chat, person, outbox, at) {_ROWS}"  # noqa: S608
    f"SELECT i, 1 + i / 100, 1 + i / 100, {_NUMBER}, {_ASKER}, 2 * i, {_ANSWERED} FROM n"
    f" WHERE i % 10 = 0 AND NOT ({_OPEN})",
    "INSERT INTO outbox (id, channel, chat, ref, reply, state, attempts, created_at, due_at, note) "  # noqa: S608
    f"{_ROWS} SELECT 2 * i + (i % 10 > 0), {_CHANNEL.format(_PERSON)}, {_NAME.format(_PERSON)}, printf('x%08d', i),"
    f" {_GIVEN}, CASE WHEN i % 1000 = 0 THEN 'uncertain' WHEN i % 50 = 10 THEN 'pending' ELSE 'sent' END, 1, {_AT}, {_AT}, '' FROM n"
    f" WHERE (i % 10 = 0 AND NOT ({_OPEN})) OR (i % 10 > 0 AND {_PERSON} % 3 = 1)",
    f"INSERT INTO audit (at, who, what, about, address, detail) {_ROWS}"  # noqa: S608
    f"SELECT {_AT}, 'staff' || (i % 20), 'saw_cluster', 'cluster:' || (1 + i / 100), '10.0.0.1', '{{}}'"
    " FROM n WHERE i % 10 = 5",
)


def fill(file: Path, low: int, high: int, top: int) -> None:
    """Rows `low` to `high` of a log that will have `top`."""
    with closing(sqlite3.connect(file)) as connection:
        # a crash loses only a benchmark
        connection.executescript(
            f"PRAGMA journal_mode = OFF; PRAGMA cache_size = -{_CACHE_KB}; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY"
        )
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        values = {"low": low, "high": high, "people": max(top // 5, 1), "all": top}
        for statement in _FILL:
            connection.execute(statement, values)
        for _, made in indexes:
            connection.execute(made)
        connection.commit()
