"""The server that bench.channels measures: the service's own parts, and echoes beside them.

python -m bench.channel_server DIRECTORY SECRET RECALL     prints its port, then serves until it is told to stop
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from bot.app import running_core
from bot.channels import wechat_api, wechat_webhook, wechat_xml
from bot.channels.telegram import TelegramChannel
from bot.channels.webchat import WebChat
from bot.channels.wechat import Parts, WeChatChannel
from bot.config import Dialogue, KnowledgeSettings, Limits, Settings, StoreSettings, Telegram, WeChat
from bot.dialogue import Dialogue as Talk
from bot.forms import fields
from bot.gate import Gate
from bot.memory import Work
from bot.messages import Kind, Message, Reply
from bot.serve import GC_THRESHOLDS
from bot.server import make_app, new_event_loop
from bot.store.base import Turn
from bot.store.platform import PlatformStore
from bot.store.platform_base import Knock, Opens
from bot.store.sql import SqlStore
from intents import Matcher
from intents.model import KnowledgeData

APP_ID, AES_KEY = "wx", "fawenbench" + "0123456789abcdefghijklmnopqrstuvw"


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
        wechat=WeChat(app_id=APP_ID, token=SecretStr(secret), mode="compatible", encoding_aes_key=SecretStr(AES_KEY)),
    )


class Echo:
    """What the requests cost without us: the wire format read, checked and answered, nothing in between.

    With a store it is kept before the answer as a message of that channel is in service: of WeChat the nonce and the message,
    durable; of every channel one look at what was before, then message, exchange and conversation in one durable write.
    """

    def __init__(self, wechat: WeChat, store: SqlStore | None = None) -> None:
        self._gate = wechat_webhook.Gatekeeper(wechat, utc_now)
        self._store, self._numbers = store, itertools.count()
        self._platform = None if store is None else PlatformStore(store.shared)

    def routes(self, name: str) -> list[Route]:
        """POST /NAME for JSON, /NAME-form for a form of the page, /NAME-wechat for WeChat's deliveries."""
        return [
            Route(f"/{name}", self.json, methods=["POST"]),
            Route(f"/{name}-form", self.form, methods=["POST"]),
            Route(f"/{name}-wechat", self.wechat, methods=["POST"]),
        ]

    async def json(self, request: Request) -> Response:
        """JSON in, the same JSON out."""
        body = await request.body()
        data = json.loads(body)
        await self._keep(body.decode())
        return JSONResponse({"echo": data})

    async def form(self, request: Request) -> Response:
        """A form in, its text out."""
        text = dict(await fields(request))["text"]
        await self._keep(text)
        return PlainTextResponse(text)

    async def wechat(self, request: Request) -> Response:
        """Signature and age checked, opened where it is sealed, XML read, the text sent back in the same form."""
        body = await request.body()
        delivery = self._gate.delivery(request.query_params, body)
        given = delivery.fields
        await self._keep(given["Content"], nonce=delivery.nonce)
        said = wechat_xml.text_reply(given["FromUserName"], given["ToUserName"], 0, given["Content"])
        if delivery.envelope is not None:
            said = self._gate.seal(delivery.envelope, said)
        return Response(said, media_type="text/xml")

    async def _keep(self, text: str, nonce: str = "") -> None:
        if self._store is None:
            return
        number = next(self._numbers)
        chat = f"echo-{number % 400}"
        message = Message("echo", chat, chat, text, Kind.TEXT, utc_now(), f"{chat}-{number}")
        if nonce and self._platform is not None:
            knock = Knock("echo", nonce, message.message_id, chat, message.at, Opens.MESSAGE, message)
            await self._platform.admit(knock)
        before = await self._store.before(message)
        await self._store.finish(Turn(message, Reply("echo", text, "answer"), before.state))


class EchoTalk(Talk):
    """The service's dialogue with an echo where it understands: limits, redaction, the store's rows are as in service."""

    async def _reply(self, matcher: Matcher, work: Work) -> Reply:
        return Reply("echo", work.message.text, "answer")


async def serve(directory: Path, secret: str, recall: int) -> None:
    """Serve until a signal comes; `recall` questions' matches are remembered."""
    made = settings(directory, secret)
    async with AsyncExitStack() as stack:
        core = await stack.enter_async_context(running_core(made))

        def knowledge() -> KnowledgeData:
            return core.brain.current().knowledge

        gate = Gate(made.limits, core.board.current, core.metrics)
        dialogue = Talk(core.brain.current, core.store, made.dialogue, utc_now, gate=gate, recall=recall)
        telegram = TelegramChannel(made.telegram, dialogue, core.store, knowledge, utc_now, waiting=10**9)

        client = await stack.enter_async_context(wechat_api.make_client(made.wechat))
        platform = PlatformStore(core.store.shared)
        outward = wechat_api.WeChatApi(made.wechat, client, platform, utc_now)

        def both(talk: Talk) -> list[BaseRoute]:
            # the outer channels, as bot.serve puts them together
            wechats.append(WeChatChannel(Parts(talk, core.store, platform, outward, knowledge, utc_now)))
            web = WebChat(talk, knowledge, core.store, made.web, utc_now)
            return [*web.routes(), *wechat_webhook.routes(made.wechat, wechats[-1], utc_now, lambda _: False)]

        wechats: list[WeChatChannel] = []
        echoing = EchoTalk(core.brain.current, core.store, made.dialogue, utc_now, gate=gate, recall=0)

        async def count(_: Request) -> Response:
            return JSONResponse(await core.store.counts())

        routes = [
            *Echo(made.wechat).routes("echo"),
            *Echo(made.wechat, core.store).routes("echo-kept"),
            Route("/count", count),
            Mount("/echo-talk", routes=both(echoing)),
            *both(dialogue),
            *telegram.routes(),
        ]
        app = make_app(routes, core.store, lambda: "bench", made.server.max_body)
        await _listen(app)
        await telegram.close()
        for wechat in wechats:
            await wechat.close()


async def _listen(app: ASGIApp) -> None:
    """Print the port once it listens; until a signal comes."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", access_log=False))
    # as `fawen serve` does at its start: a full collection over the knowledge takes a tenth of a second
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  uvicorn has no event for it
        await asyncio.sleep(0.05)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)  # noqa: T201  read by bench.channels
    await running


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serve(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
