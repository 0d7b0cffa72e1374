"""Where the commands of `fawen review` work: the store, the desk and, where needed, the knowledge, made as they go."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from bot.cli_options import fail, settings_from
from bot.config import Settings
from bot.errors import ConsoleRefused, DeskError, FawenError, KnowledgeError

if TYPE_CHECKING:
    from bot.desk.changes import Changes
    from bot.desk.desk import Desk
    from bot.following import Follower
    from bot.store.proposals import ProposalStore
    from bot.store.sql import SqlStore
    from intents import KnowledgeBase

T = TypeVar("T")
JSON = click.option("--json", "as_json", is_flag=True, help="以 JSON 打印。")
BY = click.option("--by", default=None, help="谁做的，默认用系统登录名。")
WHY = click.option("--why", default="", help="理由，留在记录里。")


@dataclass
class Place:
    """The desk and what it stands on, made as far as a command needs it."""

    settings: Settings
    store: SqlStore
    follower: Follower | None = None
    """The copy of the knowledge that the store holds, where it does."""

    @cached_property
    def base(self) -> KnowledgeBase:
        """The knowledge, for its texts."""
        from bot.paths import knowledge_dir
        from intents import KnowledgeBase

        return KnowledgeBase.load(self.settings.knowledge.dir or knowledge_dir())

    @cached_property
    def desk(self) -> Desk:
        """Without a matcher: quick."""
        from bot.desk.desk import Desk
        from bot.store.desk import DeskStore

        return Desk(DeskStore(self.store.shared), lambda: self.base, now)

    @cached_property
    def stored(self) -> ProposalStore:
        """Proposals and publications, to look at."""
        from bot.store.proposals import ProposalStore

        return ProposalStore(self.store.shared)

    @cached_property
    def changes(self) -> Changes:
        """With a matcher: takes seconds."""
        from bot.app import make_changes
        from bot.brain import make_brain

        return make_changes(self.store, make_brain(self.settings.knowledge)[0], now, self.follower)


def now() -> datetime:
    """The clock of the command line."""
    return datetime.now(UTC)


def run(config: Path | None, work: Callable[[Place], Awaitable[T]]) -> T:
    """Do one thing at the desk; what is refused ends the program with its reason and 1, wrong settings with 2."""
    from bot.following import followed

    settings = settings_from(config)

    async def placed(store: SqlStore) -> T:
        made, follower = await followed(settings, store.shared)
        return await work(Place(made, store, follower))

    return with_store(settings, placed)


def with_store(settings: Settings, work: Callable[[SqlStore], Awaitable[T]]) -> T:
    """Do one thing with the store of some settings; ends like `run` where it is refused."""
    from bot.store import open_store

    async def whole() -> T:
        store = open_store(settings.store.url.get_secret_value(), now=now)
        await store.start()
        try:
            return await work(store)
        finally:
            await store.close()

    try:
        return asyncio.run(whole())
    except (ConsoleRefused, DeskError, KnowledgeError) as error:
        fail(str(error), 1)
    except FawenError as error:
        fail(str(error))


def who(by: str | None) -> str:
    """The name that stands in the history."""
    return by or getpass.getuser()
