"""The composition root: the only file that knows every part. Starts them in order and stops them in reverse.

settings -> store -> brain (knowledge, matcher) -> dialogue -> channels (web, Telegram) -> server
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from threadpoolctl import threadpool_limits

from bot import replies
from bot.brain import Brain, Progress, make_brain
from bot.checker import CheckProcess
from bot.config import Settings
from bot.desk.changes import Changes, Checker
from bot.desk.desk import Desk
from bot.desk.gather import Gatherer
from bot.desk.intake import Intake
from bot.dialogue import Dialogue
from bot.following import Follower, followed
from bot.gate import Gate
from bot.metrics import Metrics
from bot.replies import OfficeFacts
from bot.sharing import Sharing, sharing
from bot.store import open_store
from bot.store.desk import DeskStore
from bot.store.desk_place import PlacingStore
from bot.store.proposals import ProposalStore
from bot.store.shared import KNOWLEDGE
from bot.store.sql import SqlStore
from bot.store.switches import Switches
from bot.switching import Switchboard
from intents import Matcher

log = logging.getLogger(__name__)
FOLLOW_SECONDS = 1.0
"""How often the store is asked for new knowledge where files are not looked at."""


def utc_now() -> datetime:
    """The clock of the running service."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Core:
    """What every channel needs."""

    settings: Settings
    brain: Brain
    store: SqlStore
    dialogue: Dialogue
    desk: Desk
    gatherer: Gatherer
    changes: Changes
    board: Switchboard
    metrics: Metrics
    sharing: Sharing
    notes: tuple[tuple[str, str], ...]
    """What is switched on and off, and why: (name, Chinese sentence)."""


@asynccontextmanager
async def running_core(
    settings: Settings,
    now: Callable[[], datetime] = utc_now,
    progress: Progress | None = None,
) -> AsyncIterator[Core]:
    """Store, knowledge and dialogue, started; all closed at the end, whatever happened."""
    async with AsyncExitStack() as stack:
        # a product of a vector and a matrix is a tenth of a millisecond of one core; with two threads each waits for the
        # other, on a busy machine for 19 ms in one of a hundred (measured: bench.threads)
        stack.enter_context(threadpool_limits(1, user_api="blas"))
        store = open_store(settings.store.url.get_secret_value(), now=now)
        await store.start()
        stack.push_async_callback(_closing, "store", store.close)
        shared = await stack.enter_async_context(sharing(store))
        board = Switchboard(Switches(store.shared))
        await board.refresh()
        switching = asyncio.create_task(board.watch(), name="switches-watch")
        stack.push_async_callback(_cancel, switching)
        settings, follower = await followed(settings, store.shared)
        brain, encoder_note = await asyncio.to_thread(make_brain, settings.knowledge, progress)
        watching = brain.watch(settings.knowledge.reload_seconds)
        if follower is not None:
            watching.close()
            watching = follower.watch(settings.knowledge.reload_seconds or FOLLOW_SECONDS, brain.reload_if_changed)
            shared.ear.on(KNOWLEDGE, follower.wake)
        stack.push_async_callback(_cancel, asyncio.create_task(watching, name="knowledge-watch"))
        warming = asyncio.create_task(brain.warm(), name="encoder-warming")
        stack.push_async_callback(_cancel, warming)
        notices = partial(replies.ticket_notices, chats=settings.telegram.staff_chats)
        office = OfficeFacts(**settings.office.model_dump())
        intake = Intake(settings.dialogue.reply_days, settings.desk.hours)
        brain.prepare(intake.prepare)
        await asyncio.to_thread(intake.prepare, brain.current())
        metrics = Metrics()
        gate = Gate(settings.limits, board.current, metrics, shared.limiter)
        dialogue = Dialogue(brain.current, store, settings.dialogue, now, office, intake, gate, notices)
        desk, gatherer = make_desk(store, brain.current, now)
        base = brain.current().knowledge
        phrases = sum(len(e.questions) for e in base.entries.values())
        notes = (
            ("知识", f"{len(base.entries)} 条，{phrases} 句相似问，版本 {base.version}"),
            ("句向量", encoder_note),
        )
        checker = CheckProcess(settings.knowledge.cache_dir, settings.knowledge.encoder)
        changes = make_changes(store, brain, now, follower, checker)
        yield Core(settings, brain, store, dialogue, desk, gatherer, changes, board, metrics, shared, notes)


def make_desk(store: SqlStore, matcher: Callable[[], Matcher], now: Callable[[], datetime]) -> tuple[Desk, Gatherer]:
    """The desk on a started store, and what gathers its tickets."""
    desk = Desk(DeskStore(store.shared), lambda: matcher().knowledge, now)
    return desk, Gatherer(PlacingStore(store.shared), matcher, desk.reply)


def make_changes(
    store: SqlStore,
    brain: Brain,
    now: Callable[[], datetime],
    follower: Follower | None = None,
    checker: Checker | None = None,
) -> Changes:
    """What carries answers into the knowledge that `brain` reads, and with `follower` into the store."""
    shared, files = store.shared, brain.directory
    return Changes(
        ProposalStore(shared), DeskStore(shared), files, brain.current, brain.learn, now, follower, checker,
    )  # fmt: skip


async def _closing(name: str, close: Callable[[], object]) -> None:
    """Close one part; a failing close is logged and stops nothing."""
    try:
        result = close()
        if asyncio.iscoroutine(result):
            await result
    except Exception:
        log.exception("closing %s failed", name)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
