"""One writer with group commit: what waits together is written in one transaction and made durable by one commit.

Each write has a savepoint of its own, so that one that fails (a ticket number taken) never fails its neighbours. A
future is resolved only after the commit: what was acknowledged survives a power loss.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.errors import StoreConflict, StoreUnavailable
from bot.store.failures import failure, unfit

log = logging.getLogger(__name__)

T = TypeVar("T")
Write = Callable[[AsyncConnection], Awaitable[Any]]
WAITING = 10_000
"""Writes that may wait; more is refused at once, so that memory stays flat when the database stands still."""
GROUP = 256
_MOST_TRIES = 3


class Writer:
    """Runs writes one group after another on one connection at a time."""

    def __init__(self, engine: AsyncEngine, shown: str) -> None:
        """`shown` names the database in errors, without its password."""
        self._engine, self._shown = engine, shown
        self._queue: asyncio.Queue[tuple[Write, asyncio.Future[Any]]] = asyncio.Queue(WAITING)
        self._task: asyncio.Task[None] | None = None
        self.turn = asyncio.Lock()
        """Held while a group is written: SQLite has one writer at a time, and waiting here is fair."""

    def start(self) -> None:
        """Begin writing."""
        self._task = asyncio.create_task(self._run(), name="store-writer")

    async def close(self) -> None:
        """Write what waits, then stop; safe to call twice."""
        task, self._task = self._task, None
        if task is None:
            return
        await self._queue.join()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def write(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run one write durably; its result. Raises what the write raised, StoreRefused for a value, or StoreUnavailable."""
        if self._task is None:
            raise StoreUnavailable(f"store {self._shown} is closed")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait((work, future))
        except asyncio.QueueFull:
            raise StoreUnavailable(f"store {self._shown}: {WAITING} writes are waiting, try again later") from None
        return await future

    async def _run(self) -> None:
        while True:
            group = [await self._queue.get()]
            while len(group) < GROUP and not self._queue.empty():
                group.append(self._queue.get_nowait())
            try:
                async with self.turn:
                    await self._commit(group)
            finally:
                for _ in group:
                    self._queue.task_done()

    async def _commit(self, group: list[tuple[Write, asyncio.Future[Any]]]) -> None:
        results: list[tuple[asyncio.Future[Any], Any, BaseException | None]] = []
        try:
            async with self._engine.begin() as connection:
                for work, future in group:
                    results.append((future, *await _one(connection, work, self._shown)))
        except (SQLAlchemyError, OSError) as error:
            if _collided(error):
                log.warning("store %s: a group of %d writes met another process's: one by one", self._shown, len(group))
                await self._singly(group)
                return
            log.error("store %s: a group of %d writes failed: %s", self._shown, len(group), type(error).__name__)
            for _, future in group:
                tell(future, None, failure(self._shown, "written", error))
            return
        for future, value, problem in results:
            tell(future, value, problem)

    async def _singly(self, group: list[tuple[Write, asyncio.Future[Any]]]) -> None:
        """Each write in a transaction of its own: nothing of the group was written. They must bear being run again."""
        for work, future in group:
            for attempt in range(_MOST_TRIES):
                try:
                    async with self._engine.begin() as connection:
                        value, problem = await _one(connection, work, self._shown)
                except (SQLAlchemyError, OSError) as error:
                    value, problem = None, failure(self._shown, "written", error)
                    if _collided(error) and attempt < _MOST_TRIES - 1:
                        continue
                tell(future, value, problem)
                break


def tell(future: asyncio.Future[Any], value: Any, problem: BaseException | None) -> None:
    """Give who waits for a write its value or what went wrong; nobody may be waiting any more."""
    if future.done():
        return
    if problem is not None:
        future.set_exception(problem)
    else:
        future.set_result(value)


def _collided(error: Exception) -> bool:
    """Whether the database gave way to another process and asks to be tried again (SQLSTATE class 40)."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return isinstance(state, str) and state in ("40001", "40P01")


async def _one(connection: AsyncConnection, work: Write, shown: str) -> tuple[Any, BaseException | None]:
    """One write in a savepoint: what it gave, or why it failed alone. Raises SQLAlchemyError where the group fails."""
    savepoint = await connection.begin_nested()
    try:
        value = await work(connection)
    except IntegrityError:
        await savepoint.rollback()
        return None, StoreConflict("a row with this key exists")
    except SQLAlchemyError as error:
        if not unfit(error):
            raise
        await savepoint.rollback()
        return None, failure(shown, "written", error)
    except Exception as error:
        # whatever one write thinks of (a conflict, a bug) is told to who asked for it, and its neighbours go on
        await savepoint.rollback()
        return None, error
    await savepoint.commit()
    return value, None
