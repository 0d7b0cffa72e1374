"""`fawen serve` and `fawen chat`: the parts of bot.app, brought to life until they are stopped."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import logging
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence

import uvicorn
from rich.console import Console
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from bot.app import Core, running_core, utc_now
from bot.channels.terminal import TerminalChat
from bot.channels.webchat import WebChat
from bot.config import Server as ServerSettings
from bot.config import Settings
from bot.console.start import console
from bot.errors import ConfigError
from bot.health import routes as health_routes
from bot.learning import Learning
from bot.logs import set_up
from bot.retention import purge_daily
from bot.saying import Say, printed, saying
from bot.server import make_app, new_event_loop
from bot.store.alone import Alone
from bot.store.locks import Lock
from bot.store.one_service import alone_on
from bot.store.sums import Sums
from bot.summing import keep_summed
from intents.model import KnowledgeData

GC_THRESHOLDS = (10_000, 20, 20)
"""A message leaves hundreds of objects that all go by themselves: with Python's 700 the search for cycles runs at every other one."""
_RECOVER_SECONDS = 10.0
"""How often a change that a killed command left half published is looked for."""
log = logging.getLogger(__name__)


def run_service(settings: Settings) -> None:
    """`run` on the fastest event loop there is. Raises what `run` raises."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(run(settings))


async def run(settings: Settings) -> None:
    """Serve until a signal comes; everything begun is finished. Raises ConfigError, KnowledgeError or StoreError at start."""
    set_up(settings.log, sys.stderr)
    refuse_early(settings)
    with alone_on(settings.store.url.get_secret_value()):
        await _run(settings, saying(settings.log))


async def _run(settings: Settings, say: Say) -> None:
    say("法问正在启动：读知识库（第一次要学习，半分钟到一分钟；以后几秒）", "")
    async with _learnt(settings, say) as core:
        # what is there now stays: a full collection over it would hold up every visitor for a twentieth of a second
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        routes: list[BaseRoute] = []
        notes = list(core.notes)
        tasks: list[Callable[[], Awaitable[None]]] = []
        health: dict[str, Callable[[], dict[str, object]]] = {}
        base = core.brain.current
        await _resumed(core, "web", functools.partial(core.dialogue.resume, "web", deliver=False))
        if settings.web.enabled:
            web = WebChat(core.dialogue, lambda: base().knowledge, core.store, settings.web, utc_now)
            routes += web.routes()
            health["web"] = dict
        notes.append(("网页", "开" if settings.web.enabled else "关（设置 web.enabled: false）"))
        if settings.console.enabled:
            pages, keep_ready = console(core, utc_now)
            routes += pages
            tasks.append(keep_ready)
        notes.append(("管理台", "开，/console" if settings.console.enabled else "关（设置 console.enabled: false）"))
        tasks.append(functools.partial(core.gatherer.run, settings.desk.gather_seconds))
        tasks.append(functools.partial(keep_summed, Sums(core.store.shared)))
        if settings.retention.enabled:
            tasks.append(functools.partial(purge_daily, core.store.shared, settings))
        tasks.append(functools.partial(core.changes.watch, _RECOVER_SECONDS))
        async with (
            _telegram(core, routes, tasks, notes, health),
            _wechat(core, routes, tasks, notes, health),
        ):
            app = _app(core, routes, health)
            await _serve(settings, app, tasks, functools.partial(announce, say, notes=notes))


def refuse_early(settings: Settings) -> None:
    """What can be told to be wrong before the first learning, which takes half a minute. Raises ConfigError."""
    telegram, wechat = settings.telegram, settings.wechat
    if telegram.on:
        from bot.channels.telegram_settings import connections, webhook_address, webhook_secret

        connections(telegram)
        if telegram.mode == "webhook":
            webhook_secret(telegram)
            webhook_address(telegram)
    if wechat.on:
        from bot.channels.wechat_webhook import Gatekeeper

        Gatekeeper(wechat, utc_now)


@contextlib.asynccontextmanager
async def _learnt(settings: Settings, say: Say) -> AsyncIterator[Core]:
    """The core; that its knowledge is being learnt is said where it takes long."""
    with Learning(say) as learning:
        async with running_core(settings, progress=learning) as core:
            learning.end()
            yield core


def _app(core: Core, routes: list[BaseRoute], channels: Mapping[str, Callable[[], dict[str, object]]]) -> Starlette:
    """The application with the pages on its own state; `channels` that run say how they are."""

    def version() -> str:
        return core.brain.current().knowledge.version

    def states() -> dict[str, dict[str, object]]:
        switches = core.board.current()
        return {
            name: {"open": name not in switches or switches[name].open, **state()} for name, state in channels.items()
        }

    pages = health_routes(
        core.store, version, states, core.metrics, core.settings.server.metrics_token.get_secret_value(),
        lambda: core.brain.reloads, core.brain.refused,
    )  # fmt: skip
    server, frames = core.settings.server, core.settings.web.embed_origins
    written = core.dialogue.traditional.text
    return make_app(routes, core.store, version, server.max_body, pages, server.hsts_seconds, written, frames)


async def _resume(channel: str, resume: Callable[[], Awaitable[int]]) -> None:
    if count := await resume():
        log.warning("%s: answered %d messages that a stop had left unanswered", channel, count)


async def _resumed(core: Core, channel: str, resume: Callable[[], Awaitable[int]]) -> None:
    """Answer what a stop left unanswered: now, and on several machines whenever another one falls silent."""
    await _resume(channel, resume)
    core.sharing.keeper.care(functools.partial(_resume, channel, resume))


@contextlib.asynccontextmanager
async def _telegram(
    core: Core,
    routes: list[BaseRoute],
    tasks: list[Callable[[], Awaitable[None]]],
    notes: list[tuple[str, str]],
    health: dict[str, Callable[[], dict[str, object]]],
) -> AsyncIterator[None]:
    settings = core.settings.telegram
    if not settings.on:
        notes.append(("Telegram", "关（没有设置 telegram.token）"))
        yield
        return
    from bot.channels.telegram import TelegramChannel
    from bot.channels.telegram_updates import CHANNEL

    poller = Alone(core.store.shared, Lock.POLLING, "telegram polling")
    channel = TelegramChannel(
        settings, core.dialogue, core.store, lambda: core.brain.current().knowledge, utc_now, alone=poller.run
    )
    if settings.mode == "webhook":
        routes += channel.routes()
    await _resumed(core, CHANNEL, channel.resume)
    core.sharing.keeper.care(channel.sender.recover)

    async def share() -> None:
        channel.pace.shared_by(len(await core.store.replicas.alive()))

    core.sharing.keeper.care(share)
    if (batches := core.store.shared.batches) is not None:
        channel.pace.agree(batches.turns.ask)
    tasks += [channel.sender.run, channel.run]
    health[CHANNEL] = channel.health
    notes.append(("Telegram", f"开（{'webhook，回调 /telegram' if settings.mode == 'webhook' else '长轮询'}）"))
    try:
        yield
    finally:
        await channel.close()


@contextlib.asynccontextmanager
async def _wechat(
    core: Core,
    routes: list[BaseRoute],
    tasks: list[Callable[[], Awaitable[None]]],
    notes: list[tuple[str, str]],
    health: dict[str, Callable[[], dict[str, object]]],
) -> AsyncIterator[None]:
    settings = core.settings.wechat
    if not settings.on:
        notes.append(("微信", "关（没有设置 wechat.app_id 和 wechat.token）"))
        yield
        return
    from bot.channels import wechat_api, wechat_webhook
    from bot.channels.wechat import Parts, WeChatChannel
    from bot.channels.wechat_messages import CHANNEL
    from bot.desk.sender import Sender
    from bot.store.platform import PlatformStore

    def base() -> KnowledgeData:
        return core.brain.current().knowledge

    def chosen(key: str) -> bool:
        return key in base().entries or any(topic.id == key for topic in base().topics)

    platform = PlatformStore(core.store.shared)
    async with wechat_api.make_client(settings) as client:
        api = wechat_api.WeChatApi(settings, client, platform, utc_now)
        channel = WeChatChannel(Parts(core.dialogue, core.store, platform, api, base, utc_now))
        routes += wechat_webhook.routes(settings, channel, utc_now, chosen)
        tasks.append(channel.watch)
        health[CHANNEL] = channel.health
        if settings.app_secret.get_secret_value():
            sender = Sender(CHANNEL, core.store, channel.send)
            core.sharing.keeper.care(sender.recover)
            tasks.append(sender.run)
            notes.append(("微信", f"开（{settings.mode}，回调 /wechat）"))
        else:
            notes.append(("微信", "开，只能当场回复（没有设置 wechat.app_secret，工单的答复等对方下次发消息时带上）"))
        try:
            yield
        finally:
            await channel.close()


async def _serve(
    settings: Settings,
    app: object,
    tasks: list[Callable[[], Awaitable[None]]],
    listening: Callable[[str], None],
) -> None:
    server = _Server(uvicorn_config(settings.server, app), listening)
    running = [asyncio.create_task(_guarded(task)) for task in tasks]
    try:
        await server.serve()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    if not server.started:
        raise ConfigError(
            f"地址 {settings.server.host}:{settings.server.port} 用不了（可能已被占用）。"
            "请换一个 server.port，例如 FAWEN_SERVER__PORT=8001。"
        )


def uvicorn_config(server: ServerSettings, app: object) -> uvicorn.Config:
    """How the pages are served. The address and scheme of a visitor are what the connection says, unless it comes from a
    proxy of `trusted_proxies`, whose X-Forwarded-For (its last address that is no such proxy) and -Proto are believed."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]  # a Starlette application
        host=server.host,
        port=server.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        proxy_headers=bool(server.trusted_proxies),
        forwarded_allow_ips=list(server.trusted_proxies),
    )


async def _guarded(task: Callable[[], Awaitable[None]]) -> None:
    """A background part that ends by an unforeseen error is started again: it never dies silently."""
    while True:
        try:
            await task()
            return
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("a background part stopped; starting it again in 5 s")
            await asyncio.sleep(5)


class _Server(uvicorn.Server):
    """Tells its address once it listens."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[str], None]) -> None:
        super().__init__(config)
        self._listening = listening

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on a signal, but do not raise it again at the end as uvicorn does: the store must still be closed."""
        loop = asyncio.get_running_loop()
        caught = (signal.SIGINT, signal.SIGTERM)
        for sig in caught:
            loop.add_signal_handler(sig, self.handle_exit, sig, None)
        try:
            yield
        finally:
            for sig in caught:
                loop.remove_signal_handler(sig)

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]  # passed through unchanged
        if not self.started:
            return
        port = self.servers[0].sockets[0].getsockname()[1] if self.servers else self.config.port
        self._listening(f"http://{self.config.host}:{port}/")


def announce(say: Say, address: str, notes: Sequence[tuple[str, str]]) -> None:
    """Say where the service is and what of it is on and off."""
    say(f"  {address}", "法问已启动")
    for name, note in notes:
        say(f"  {name}：{note}", "")
    say("  按 Ctrl+C 停止", "")


async def run_terminal(settings: Settings) -> None:
    """Talk on the terminal until the input ends."""
    async with _learnt(settings, printed(Console(stderr=True, highlight=False))) as core:
        console = Console()

        def lines() -> str | None:
            try:
                return console.input("[bold]您> [/bold]")
            except EOFError:
                return None

        await TerminalChat(core.dialogue, lambda: core.brain.current().knowledge, utc_now, console).talk(lines)
