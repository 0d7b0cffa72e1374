"""PostgreSQL's short way: what waits at the same moment is one statement, by arrays, committed by itself.

Through SQLAlchemy every message took some twenty statements there and back, one group after another on one connection.
Here one kind of work (`Batch`) has one statement for all who wait; while it runs the next ones gather. Rows are written in
the order of their keys everywhere, so that two processes never wait for each other. A group that fails is written one by
one: a failing one never fails its neighbours. Nobody hears of a write before it is committed.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import StoreConflict, StoreUnavailable
from bot.store.connect import encoded
from bot.store.failures import failure
from bot.store.line import connect, hang_up
from bot.store.schema import Utc, micros
from bot.store.writer import WAITING, tell

log = logging.getLogger(__name__)

Row = TypeVar("Row")
Answer = TypeVar("Answer")
GROUP = 64
"""Rows of one statement."""
STATEMENT_SECONDS = 30.0
"""After so long without an answer the connection counts as cut."""
_MOST_TRIES = 3
# every statement here finds its rows by an index, and is planned once a connection: a plan that was made while the tables
# were empty must not read them whole later
_SESSION = "SET jit = off; SET plan_cache_mode = force_generic_plan; " + "; ".join(
    f"SET enable_{way} = off" for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin")
)


class Line:
    """A connection of its own for some batches, one statement at a time; opened when it is needed."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine, self._turn = engine, asyncio.Lock()
        self._connection: Any = None

    @asynccontextmanager
    async def use(self) -> AsyncIterator[Any]:
        """The asyncpg connection. Raises one of bot.store.line.failures; after that a new one is opened."""
        async with self._turn:
            if self._connection is None or self._connection.is_closed():
                self._connection = await connect(self._engine)
                await self._connection.execute(_SESSION)
            try:
                yield self._connection
            except BaseException as error:
                if not _refused(error):
                    await self.close()
                raise

    async def close(self) -> None:
        """Hang up; safe to call twice."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await hang_up(connection)


class Batch(Generic[Row, Answer]):
    """One kind of work: `await ask(row)` gives its answer once it is committed."""

    def __init__(
        self,
        line: Line,
        shown: str,
        work: Callable[[Any, Sequence[Row]], Awaitable[Sequence[Answer]]],
        keys: Callable[[Row], tuple[Hashable, ...]] = lambda row: (),
    ) -> None:
        """`work` is one statement on a connection for these rows: their answers in the same order. Two rows that have one of
        `keys` in common are never in one statement: the second waits for the next."""
        self._line, self._shown, self._work, self._keys = line, shown, work, keys
        self._waiting: deque[tuple[Row, asyncio.Future[Answer]]] = deque()
        self._pump: asyncio.Task[None] | None = None
        self._open = False

    def start(self) -> None:
        """Begin to take rows."""
        self._open = True

    async def close(self) -> None:
        """Write what waits, take no more; safe to call twice."""
        self._open = False
        if self._pump is not None:
            await self._pump

    async def ask(self, row: Row) -> Answer:
        """What the statement gives for this row. Raises StoreConflict for a key that exists, StoreRefused for a value,
        StoreUnavailable."""
        if not self._open:
            raise StoreUnavailable(f"store {self._shown} is closed")
        if len(self._waiting) >= WAITING:
            raise StoreUnavailable(f"store {self._shown}: {WAITING} rows are waiting, try again later")
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, future))
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._run(), name="store-batch")
        return await future

    async def _run(self) -> None:
        while self._waiting:
            # who became ready in the same turn of the loop goes along
            await asyncio.sleep(0)
            await self._settle(self._group())

    def _group(self) -> list[tuple[Row, asyncio.Future[Answer]]]:
        group: list[tuple[Row, asyncio.Future[Answer]]] = []
        held: set[Hashable] = set()
        passed: list[tuple[Row, asyncio.Future[Answer]]] = []
        while self._waiting and len(group) < GROUP:
            one = self._waiting.popleft()
            keys = self._keys(one[0])
            # also behind one that waits itself: the order within a key stays
            (passed if held.intersection(keys) else group).append(one)
            held.update(keys)
        self._waiting.extendleft(reversed(passed))
        return group

    async def _settle(self, group: Sequence[tuple[Row, asyncio.Future[Answer]]], attempt: int = 1) -> None:
        """Tell everybody of a group what became of it; nobody is left waiting, whatever happens."""
        answers: Sequence[Answer | None] = [None] * len(group)
        problem: Exception | None = None
        try:
            async with self._line.use() as connection:
                async with asyncio.timeout(STATEMENT_SECONDS):
                    answers = await self._work(connection, [row for row, _ in group])
        except Exception as error:
            if _refused(error) and (len(group) > 1 or (_collided(error) and attempt < _MOST_TRIES)):
                for one in group:
                    await self._settle([one], attempt + 1)
                return
            problem = self._told(error)
        for (_, future), answer in zip(group, answers, strict=True):
            tell(future, answer, problem)

    def _told(self, error: Exception) -> Exception:
        if _conflict(error):
            return StoreConflict("a row with this key exists")
        log.error("store %s: a statement failed: %s", self._shown, type(error).__name__)
        return failure(self._shown, "used", error)


class Columns:
    """Columns of a table as arrays for unnest; values go through the same types as everywhere else."""

    def __init__(self, *columns: sa.Column[Any]) -> None:
        self._columns = [(c.name, *_array(c.type), _default(c)) for c in columns]
        self.names = ", ".join(c.name for c in columns)

    def unnest(self, name: str, first: int = 1) -> str:
        """The arrays as rows of this name, with parameters from this number on."""
        arrays = ", ".join(f"${n}::{kind}[]" for n, (_, kind, _, _) in enumerate(self._columns, first))
        return f"unnest({arrays}) AS {name} ({self.names})"

    @property
    def count(self) -> int:
        """How many parameters they are."""
        return len(self._columns)

    def arrays(self, rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        """One list a column, in their order; what a row lacks has the default of its column, or none."""
        found = []
        for name, _, make, default in self._columns:
            values = [row.get(name, default) for row in rows]
            found.append(values if make is None else [None if v is None else make(v) for v in values])
        return found


def _array(kind: sa.types.TypeEngine[Any]) -> tuple[str, Callable[[Any], Any] | None]:
    """Name of a column's type in PostgreSQL, and what brings a value into its form."""
    if isinstance(kind, Utc):
        return "bigint", micros
    if isinstance(kind, sa.JSON):
        return "json", encoded
    if isinstance(kind, sa.String):
        return "text", None
    return kind.dialect_impl(postgresql.dialect()).compile(postgresql.dialect()), None  # type: ignore[no-untyped-call]


def _default(column: sa.Column[Any]) -> Any:
    return column.default.arg if isinstance(column.default, sa.ColumnDefault) else None


def _refused(error: BaseException) -> bool:
    """Whether it is the statement that failed, and not the connection."""
    import asyncpg

    gone = (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.InsufficientResourcesError)
    return isinstance(error, (asyncpg.PostgresError, asyncpg.DataError)) and not isinstance(error, gone)


def _collided(error: BaseException) -> bool:
    """Whether the database gave way to another process and asks to be tried again (SQLSTATE class 40)."""
    import asyncpg

    return isinstance(error, asyncpg.TransactionRollbackError)


def _conflict(error: BaseException) -> bool:
    import asyncpg

    return isinstance(error, asyncpg.IntegrityConstraintViolationError)
