"""The server that bench.channels measures: the service's own parts, and an echo beside them.

python -m bench.channel_server DIRECTORY SECRET RECALL     prints its port, then serves until it is told to stop
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.app import running_core
from bot.channels import api
from bot.channels.telegram import TelegramChannel
from bot.config import Dialogue, KnowledgeSettings, Limits, Settings, StoreSettings, Telegram
from bot.dialogue import Dialogue as Talk
from bot.gate import Gate
from bot.server import make_app


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
    )


async def echo(request: Request) -> Response:
    """The same parsing and the same kind of answer, with nothing in between."""
    return JSONResponse({"echo": await request.json()})


async def serve(directory: Path, secret: str, recall: int) -> None:
    """Serve until a signal comes; `recall` questions' matches are remembered."""
    made = settings(directory, secret)
    async with running_core(made) as core:
        gate = Gate(made.limits, core.board.current, core.metrics)
        dialogue = Talk(core.brain.current, core.store, made.dialogue, utc_now, gate=gate, recall=recall)
        telegram = TelegramChannel(
            made.telegram, dialogue, core.store, lambda: core.brain.current().knowledge, utc_now, waiting=10**9
        )

        async def count(_: Request) -> Response:
            return JSONResponse(await core.store.counts())

        routes = [
            Route("/echo", echo, methods=["POST"]),
            Route("/count", count),
            *api.routes(dialogue, utc_now),
            *telegram.routes(),
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


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
