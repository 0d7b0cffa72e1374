"""The short way to a SQLite file for what every message needs: seen before?, receive, conversation, finish.

Through SQLAlchemy and a thread each of these takes milliseconds of processor time, most of it in between. Here the
statements are SQLite's own, a few microseconds each on pages in memory, said on the event loop; what may wait (the disk at
COMMIT, and a BEGIN that another process holds up) is said in a thread. One commit for all that wait, and nobody hears of
a write before it. A turn that brings a late answer along goes the general way; both ways share one turn to write.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect

from bot.errors import StoreConflict, StoreUnavailable
from bot.messages import Message, Reply
from bot.store.base import Before, Progress, Receipt
from bot.store.connect import BUSY_SECONDS, decoded, encoded
from bot.store.schema import Utc, conversations, exchanges, messages, micros, outbox, tickets
from bot.store.writer import WAITING, tell

log = logging.getLogger(__name__)

T = TypeVar("T")
Waiting = tuple[Callable[[sqlite3.Connection], Any], asyncio.Future[Any]]
"""A write, which may be run again from the beginning, and who waits for it."""
GROUP = 64
"""Writes of one transaction; together a few milliseconds of the event loop."""
PACE = 0.004
"""Seconds from the beginning of one transaction to that of the next while several write at once: each costs the event loop
and the disk as much as two writes. Who writes alone is never kept waiting."""
_SAME = "channel = ? AND message_id = ?"
_BEFORE = """SELECT (SELECT reply FROM messages WHERE channel = ?1 AND message_id = ?2 AND done),
    (SELECT state FROM conversations WHERE channel = ?1 AND chat = ?3),
    EXISTS (SELECT 1 FROM deliveries WHERE channel = ?1 AND chat = ?4)"""
_BEGIN = "BEGIN IMMEDIATE"


class Insert:
    """An INSERT in SQLite's own words; values go through the same types as everywhere else."""

    def __init__(self, table: sa.Table, tail: str = "") -> None:
        dialect = sqlite.dialect()
        columns = [c for c in table.columns if c.name != "id"]
        self._columns = [
            (c.name, c.default.arg if isinstance(c.default, sa.ColumnDefault) else None, _binding(c.type, dialect))
            for c in columns
        ]
        marks = ", ".join("?" * len(columns))
        # names come from the schema, never from outside
        self.sql = f"INSERT INTO {table.name} ({', '.join(c.name for c in columns)}) VALUES ({marks}) {tail}"  # noqa: S608  # nosec B608

    def values(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        """The row in the order of the statement."""
        values = []
        for name, default, make in self._columns:
            value = row.get(name, default)
            values.append(value if make is None or value is None else make(value))
        return tuple(values)


def _binding(kind: sa.types.TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """What brings a value into the form SQLite keeps; None where it is taken as it is."""
    if isinstance(kind, sa.JSON):
        return encoded
    if isinstance(kind, Utc):
        return micros
    # text is text: SQLAlchemy's own check of each string costs more than the statement
    return None if isinstance(kind, sa.String) else kind.dialect_impl(dialect).bind_processor(dialect)


@dataclass(frozen=True)
class Rows:
    """What a plain turn writes, as bot.store.rows makes it."""

    message: Mapping[str, Any]
    """Columns of `messages`, done, with its reply."""
    exchange: Mapping[str, Any]
    conversation: Mapping[str, Any]
    ticket: Mapping[str, Any] | None
    outgoing: tuple[Mapping[str, Any], ...]
    """The reply, where it is to be delivered, and notices to staff."""


class FastPath:
    """One connection to write with, one to read with; `turn` is shared with the general writer."""

    def __init__(self, path: str, shown: str, turn: asyncio.Lock) -> None:
        self._path, self._shown, self._turn = path, shown, turn
        self._queue: asyncio.Queue[Waiting] = asyncio.Queue(WAITING)
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "store-fast")
        self._receive = Insert(messages, "ON CONFLICT DO NOTHING")
        self._done = Insert(
            messages,
            "ON CONFLICT (channel, message_id) DO UPDATE SET done = 1, reply = excluded.reply WHERE NOT messages.done",
        )
        self._exchange, self._ticket, self._outgoing = Insert(exchanges), Insert(tickets), Insert(outbox)
        keep = "person = excluded.person, state = excluded.state, updated_at = excluded.updated_at"
        self._keep = Insert(conversations, f"ON CONFLICT (channel, chat) DO UPDATE SET {keep}")  # nosec B608

    def start(self) -> None:
        """Open the file; the schema must stand."""
        self._write, self._read = self._open(), self._open()
        self._wait(0)
        self._task = asyncio.create_task(self._run(), name="store-fast")

    async def close(self) -> None:
        """Write what waits, then close; safe to call twice."""
        task, self._task = self._task, None
        if task is None:
            return
        await self._queue.join()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        self._thread.shutdown()
        self._write.close()
        self._read.close()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        # FULL: a commit that was acknowledged survives a power loss
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        return connection

    def before(self, message: Message) -> Before:
        """See Store."""
        row = self.one_row(_BEFORE, message.channel, message.message_id, message.conversation, message.chat)
        assert row is not None  # a SELECT without FROM has one row
        reply, state, late = row
        return Before(
            Reply.from_json(decoded(reply)) if reply else None, decoded(state) if state else {}, late=bool(late)
        )

    def seen(self, channel: str, message_id: str) -> Reply | None:
        """The reply given before."""
        row = self.one_row(f"SELECT reply FROM messages WHERE {_SAME} AND done", channel, message_id)  # noqa: S608  # nosec B608
        return Reply.from_json(decoded(row[0])) if row and row[0] else None

    def conversation(self, channel: str, name: str) -> dict[str, Any] | None:
        """See Store."""
        row = self.one_row("SELECT state FROM conversations WHERE channel = ? AND chat = ?", channel, name)
        return dict(decoded(row[0])) if row else None

    def ticket_exists(self, number: str) -> bool:
        """Whether a ticket has this number."""
        return self.one_row("SELECT 1 FROM tickets WHERE number = ?", number) is not None

    def one_row(self, sql: str, *values: object) -> tuple[Any, ...] | None:
        """The first row of a query by an index: it runs on the event loop. Raises StoreUnavailable."""
        if self._task is None:
            raise StoreUnavailable(f"store {self._shown} is closed")
        try:
            row: tuple[Any, ...] | None = self._read.execute(sql, values).fetchone()
        except sqlite3.Error as error:
            raise StoreUnavailable(f"store {self._shown} cannot be read ({type(error).__name__}): check it") from error
        return row

    async def receive(self, row: Mapping[str, Any]) -> Receipt:
        """See Store."""
        values = self._receive.values(row)

        def work(connection: sqlite3.Connection) -> Receipt:
            if connection.execute(self._receive.sql, values).rowcount:
                return Receipt(Progress.NEW)
            done, reply = _found(connection, "done, reply", row)
            if not done:
                return Receipt(Progress.PENDING)
            return Receipt(Progress.DONE, Reply.from_json(decoded(reply)) if reply else None)

        return await self.write(work)

    async def finish(self, rows: Rows, reply: Reply) -> Reply:
        """See Store, for a plain turn."""
        message, exchange = self._done.values(rows.message), self._exchange.values(rows.exchange)
        kept = self._keep.values(rows.conversation)
        ticket = self._ticket.values(rows.ticket) if rows.ticket is not None else None
        outgoing = [self._outgoing.values(row) for row in rows.outgoing]

        def work(connection: sqlite3.Connection) -> Reply:
            if not connection.execute(self._done.sql, message).rowcount:
                return Reply.from_json(decoded(_found(connection, "reply", rows.message)[0]))
            if ticket is not None:
                connection.execute(self._ticket.sql, ticket)
            connection.execute(self._exchange.sql, exchange)
            connection.execute(self._keep.sql, kept)
            for row in outgoing:
                connection.execute(self._outgoing.sql, row)
            return reply

        return await self.write(work)

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """One write, in a transaction with the others that wait; its result once it is durable. Raises StoreUnavailable.

        `work` may be run twice, the first time undone: it only reads and writes through its connection.
        """
        if self._task is None:
            raise StoreUnavailable(f"store {self._shown} is closed")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait((work, future))
        except asyncio.QueueFull:
            raise StoreUnavailable(f"store {self._shown}: {WAITING} writes are waiting, try again later") from None
        return await future

    async def _run(self) -> None:
        clock, busy, last = asyncio.get_running_loop().time, False, 0.0
        while True:
            group = [await self._queue.get()]
            if busy and (rest := last + PACE - clock()) > 0:
                await asyncio.sleep(rest)
            last = clock()
            while len(group) < GROUP and not self._queue.empty():
                group.append(self._queue.get_nowait())
            busy = len(group) > 1
            try:
                async with self._turn:
                    await self._commit(group)
            finally:
                for _ in group:
                    self._queue.task_done()

    async def _commit(self, group: Sequence[Waiting]) -> None:
        loop = asyncio.get_running_loop()
        try:
            results = await self._written(group)
            await loop.run_in_executor(self._thread, self._write.execute, "COMMIT")
        except (sqlite3.Error, OSError) as error:
            with contextlib.suppress(sqlite3.Error):
                self._write.rollback()
            log.error("store %s: a group of %d writes failed: %s", self._shown, len(group), type(error).__name__)
            failure = StoreUnavailable(f"store {self._shown} cannot be written ({type(error).__name__}): check it")
            results = [(future, None, failure) for _, future in group]
        for future, value, problem in results:
            tell(future, value, problem)

    async def _written(self, group: Sequence[Waiting]) -> list[tuple[asyncio.Future[Any], Any, Exception | None]]:
        """Every write of a group, in an open transaction. Where one fails all begin again, each in a savepoint of its own:
        savepoints always would be two statements more for every write, and nearly none fails."""
        await self._begin()
        try:
            return [(future, work(self._write), None) for work, future in group]
        except (sqlite3.IntegrityError, ValueError):
            self._write.rollback()
        await self._begin()
        return [(future, *self._one(work)) for work, future in group]

    async def _begin(self) -> None:
        """Take the lock to write: at once where it is free, as it nearly always is, else in a thread that waits for it."""
        try:
            self._write.execute(_BEGIN)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            await asyncio.get_running_loop().run_in_executor(self._thread, self._begin_patiently)

    def _begin_patiently(self) -> None:
        self._wait(BUSY_SECONDS)
        try:
            self._write.execute(_BEGIN)
        finally:
            self._wait(0)

    def _wait(self, seconds: float) -> None:
        self._write.execute(f"PRAGMA busy_timeout={int(1000 * seconds)}")

    def _one(self, work: Callable[[sqlite3.Connection], T]) -> tuple[T | None, Exception | None]:
        """One write in a savepoint of its own: a failing one never fails its neighbours."""
        self._write.execute("SAVEPOINT one")
        try:
            value = work(self._write)
        except (sqlite3.IntegrityError, ValueError) as error:
            self._write.execute("ROLLBACK TO one")
            self._write.execute("RELEASE one")
            known = isinstance(error, ValueError)
            return None, error if known else StoreConflict("a row with this key exists")
        self._write.execute("RELEASE one")
        return value, None


def _found(connection: sqlite3.Connection, columns: str, row: Mapping[str, Any]) -> tuple[Any, ...]:
    query = f"SELECT {columns} FROM messages WHERE {_SAME}"  # noqa: S608  # nosec B608  # columns are written above
    found: tuple[Any, ...] = connection.execute(query, (row["channel"], row["message_id"])).fetchone()
    return found
