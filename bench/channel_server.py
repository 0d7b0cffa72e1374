"""The server that bench.channels measures: the service's own parts, and an echo beside them.

python -m bench.channel_server DIRECTORY SECRET RECALL     prints its port, then serves until it is told to stop
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.app import running_core
from bot.channels import wechat_api, wechat_webhook
from bot.channels.telegram import TelegramChannel
from bot.channels.webchat import WebChat
from bot.channels.wechat import Parts, WeChatChannel
from bot.config import Dialogue, KnowledgeSettings, Limits, Settings, StoreSettings, Telegram, WeChat
from bot.dialogue import Dialogue as Talk
from bot.gate import Gate
from bot.server import make_app
from bot.store.platform import PlatformStore


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


def settings(directory: Path, secret: str) -> Settings:
    """Limits out of the way, everything else as in service; sentence vectors off."""
    return Settings(
        store=StoreSettings(url=SecretStr(f"sqlite+aiosqlite:///{directory}/bench.db")),
        knowledge=KnowledgeSettings(encoder="off"),
        dialogue=Dialogue(per_minute=10**9),
        limits=Limits(per_second=10**9, in_work=10**9),
        telegram=Telegram(
            token=SecretStr("1:x"), base_url="http://127.0.0.1:9", mode="webhook", webhook_secret=SecretStr(secret)
        ),
        wechat=WeChat(app_id="wx", token=SecretStr(secret), mode="plain"),
    )


async def echo(request: Request) -> Response:
    """The same parsing and the same kind of answer, with nothing in between."""
    return JSONResponse({"echo": await request.json()})


async def serve(directory: Path, secret: str, recall: int) -> None:
    """Serve until a signal comes; `recall` questions' matches are remembered."""
    made = settings(directory, secret)
    async with AsyncExitStack() as stack:
        core = await stack.enter_async_context(running_core(made))
        gate = Gate(made.limits, core.board.current, core.metrics)
        dialogue = Talk(core.brain.current, core.store, made.dialogue, utc_now, gate=gate, recall=recall)
        telegram = TelegramChannel(
            made.telegram, dialogue, core.store, lambda: core.brain.current().knowledge, utc_now, waiting=10**9
        )

        client = await stack.enter_async_context(wechat_api.make_client(made.wechat))
        platform = PlatformStore(core.store.shared)
        outward = wechat_api.WeChatApi(made.wechat, client, platform, utc_now)
        parts = Parts(dialogue, core.store, platform, outward, lambda: core.brain.current().knowledge, utc_now)
        wechat = WeChatChannel(parts)

        web = WebChat(dialogue, lambda: core.brain.current().knowledge, core.store, made.web, utc_now)

        async def count(_: Request) -> Response:
            return JSONResponse(await core.store.counts())

        routes = [
            Route("/echo", echo, methods=["POST"]),
            Route("/count", count),
            *web.routes(),
            *telegram.routes(),
            *wechat_webhook.routes(made.wechat, wechat, utc_now, set),
        ]
        app = make_app(routes, core.store, lambda: "bench", made.server.max_body)
        config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", access_log=False)
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110  uvicorn has no event for it
            await asyncio.sleep(0.05)
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)  # noqa: T201  read by bench.channels
        await running
        await telegram.close()
        await wechat.close()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
