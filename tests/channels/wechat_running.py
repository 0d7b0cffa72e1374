"""Our side, running: the application on a real port with a durable store, the sender, and what the tests look into."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from pydantic import SecretStr

from bot.channels import wechat_webhook
from bot.channels.wechat import Parts, WeChatChannel
from bot.channels.wechat_api import WeChatApi, make_client
from bot.channels.wechat_messages import CHANNEL
from bot.config import Dialogue as Limits
from bot.config import WeChat
from bot.desk.sender import Sender
from bot.dialogue import Dialogue
from bot.server import make_app
from bot.store.platform import PlatformStore
from bot.store.sql import SqlStore
from intents import Matcher
from tests.channels.wechat_peer import KEY, TOKEN, Peer
from tests.channels.wechat_server import APP_ID, FakeWeChat


class Impatient(WeChatChannel):
    """Gives up on an answer when the store under it hangs, not by the clock: the machine of the tests may be busy."""

    hangs: Callable[[str], Awaitable[None]]
    """Returns when the answer to this chat is stuck."""

    async def _ready(self, task: asyncio.Task[str], chat: str, until: float) -> bool:
        stuck = asyncio.ensure_future(self.hangs(chat))
        await asyncio.wait({task, stuck}, return_when=asyncio.FIRST_COMPLETED)
        stuck.cancel()
        return task.done()


@dataclass
class Service:
    """The running service and WeChat's side of it."""

    settings: WeChat
    store: SqlStore
    platform: PlatformStore
    dialogue: Dialogue
    channel: WeChatChannel
    api: WeChatApi
    sender: Sender
    peer: Peer
    url: str

    async def state(self) -> dict[str, int]:
        """Rows of the outbox by state."""
        return {k.removeprefix("outbox_"): v for k, v in (await self.store.counts()).items() if k.startswith("outbox_")}

    async def becomes(self, state: str, count: int = 1, seconds: float = 10.0) -> bool:
        """Wait until so many messages of the outbox have this state; False when they do not in time."""
        for _ in range(int(seconds * 50)):
            if (await self.state()).get(state) == count:
                return True
            await asyncio.sleep(0.02)
        return False


def settings(url: str, **more: Any) -> WeChat:
    """Settings that fit the peer."""
    return WeChat.model_validate(
        {"app_id": APP_ID, "app_secret": "test-synthetic-secret", "token": TOKEN, "encoding_aes_key": KEY, "api_base": url, **more}
    )  # fmt: skip


Start = Callable[..., contextlib.AbstractAsyncContextManager[Service]]
"""Starts a service with more settings; see `running`."""


@contextlib.asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """An application on a free port, over real HTTP."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            app, log_config=None, lifespan="off", timeout_graceful_shutdown=2, timeout_keep_alive=120
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server._serve([listening]))  # `serve` would take over the signals of the test run
        for _ in range(1000):
            if server.started:
                break
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def running(
    matcher: Matcher,
    clock: Callable[[], datetime],
    wechat: FakeWeChat,
    path: Path,
    *,
    send: bool = True,
    patience: float = 60.0,
    impatient: bool = False,
    per_minute: int = 1000,
    wrap: Callable[[SqlStore], Any] = lambda store: store,
    **more: Any,
) -> AsyncIterator[Service]:
    """The service on a database file; leaving the context stops it. Patience is longer than
    in earnest, because the machine of the tests may be busy. `wrap` may put something around the store."""
    made = settings(wechat.url, **more)
    store = SqlStore(f"sqlite+aiosqlite:///{path}/fawen.db", now=clock)
    await store.start()
    platform = PlatformStore(store.shared)
    wrapped = wrap(store)
    dialogue = Dialogue(lambda: matcher, wrapped, Limits(per_minute=per_minute), clock)
    async with make_client(made) as client:
        api = WeChatApi(made, client, platform, clock)
        parts = Parts(dialogue, store, platform, api, lambda: matcher.knowledge, clock)
        channel = (Impatient if impatient else WeChatChannel)(parts, patience, 30.0)
        if isinstance(channel, Impatient):
            channel.hangs = wrapped.hangs
        base = matcher.knowledge
        choices = {*base.entries, *(t.id for t in base.topics)}
        routes = wechat_webhook.routes(made, channel, clock, choices.__contains__)
        app = make_app(routes, store, lambda: "v", 65536)
        sender = Sender(CHANNEL, store, channel.send, idle=0.02)
        task = asyncio.create_task(sender.run()) if send else None
        async with serving(app) as url, httpx.AsyncClient(base_url=url, timeout=60) as peer_client:
            peer = Peer(peer_client, clock, made.mode)
            yield Service(made, store, platform, dialogue, channel, api, sender, peer, url)
        if task:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await channel.close()
    await store.close()


def secret(value: str) -> SecretStr:
    """A setting that hides itself."""
    return SecretStr(value)
