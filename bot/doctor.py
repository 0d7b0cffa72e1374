"""`fawen doctor`: a list of small checks, each one Chinese line with its remedy; others add theirs to `CHECKS`.

A check takes a Surroundings and gives the findings it has; an unforeseen error in one is a finding too.
"""

from __future__ import annotations

import logging
import secrets
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from bot.channels import wechat_api
from bot.channels.wechat_codes import PlatformSaid
from bot.channels.wechat_crypto import sign
from bot.channels.wechat_pages import seconds
from bot.channels.wechat_webhook import WINDOW_SECONDS, Gatekeeper
from bot.checkup import Finding, check_clock, check_place, check_writing, whole
from bot.config import Settings
from bot.errors import ConfigError, DeliveryError, FawenError, StoreError
from bot.store import open_store
from bot.store.connect import parse_url, stored_revision
from bot.store.platform import PlatformStore
from bot.store.sql import SqlStore

log = logging.getLogger(__name__)

SKEW_WARNING = timedelta(seconds=60)
_CALLBACK_SECONDS = 5.0


@dataclass(frozen=True)
class Surroundings:
    """What a check may look at."""

    settings: Settings
    store: SqlStore
    now: Callable[[], datetime]
    blank: bool = False
    """The service never started on its database: `store` stands in for it."""


Check = Callable[[Surroundings], Awaitable[list[Finding]]]


async def check_store(around: Surroundings) -> list[Finding]:
    """Does the database answer, and take writes."""
    looked = [*check_place(around.settings)] if around.blank else await check_writing(around.store)
    return [*looked, *await check_clock(around.store, around.now())]


async def check_wechat_settings(around: Surroundings) -> list[Finding]:
    """Are WeChat's settings complete."""
    wechat, name = around.settings.wechat, "微信设置"
    given = {
        "wechat.app_id": wechat.app_id,
        "wechat.token": wechat.token.get_secret_value(),
        "wechat.app_secret": wechat.app_secret.get_secret_value(),
    }
    if not any(given.values()):
        return [Finding(True, "微信", "没有启用（没有设置 wechat.app_id 和 wechat.token）")]
    missing = "、".join(key for key, value in given.items() if not value)
    found = (
        [Finding(False, name, f"还缺 {missing}。请从微信开发者平台抄到设置里（见运维手册“接入微信公众号”）。")]
        if missing
        else []
    )
    try:
        Gatekeeper(wechat, around.now)
    except ConfigError as error:
        found.append(Finding(False, name, str(error)))
    if wechat.mode != "safe":
        found.append(
            Finding(
                False,
                name,
                f"wechat.mode 是 {wechat.mode}，消息不加密或不全加密。建议在微信开发者平台和这里都改成安全模式（safe）。",
            )
        )
    return found or [Finding(True, name, f"完整（{wechat.mode}）")]


async def check_wechat_token(around: Surroundings) -> list[Finding]:
    """Does WeChat give out an access token, and do its clock and ours agree."""
    wechat = around.settings.wechat
    if not wechat.app_id or not wechat.app_secret.get_secret_value():
        return []
    name = "微信 access_token"
    async with wechat_api.make_client(wechat) as client:
        api = wechat_api.WeChatApi(wechat, client, PlatformStore(around.store.shared), around.now)
        try:
            await api.fetch(force=False)
            found = [Finding(True, name, "能取到")]
        except PlatformSaid as error:
            found = [Finding(False, name, str(error))]
        except DeliveryError as error:
            found = [Finding(False, name, f"连接不上 {wechat.api_base}（{error}）。请检查网络、代理和防火墙。")]
    return found + _clock(api.skew)


def _clock(skew: timedelta | None) -> list[Finding]:
    if skew is None:
        return []
    off = round(abs(skew.total_seconds()))
    way = "慢" if skew > timedelta(0) else "快"
    if abs(skew) < SKEW_WARNING:
        return [Finding(True, "时钟", f"与微信相差 {off} 秒")]
    return [
        Finding(False, "时钟", f"本机比微信{way} {off} 秒，超过 {WINDOW_SECONDS} 秒会拒收所有消息。请打开时间同步（timedatectl set-ntp true）。")
    ]  # fmt: skip


async def check_wechat_callback(around: Surroundings) -> list[Finding]:
    """Does the callback answer as WeChat asks it."""
    wechat, name = around.settings.wechat, "微信回调"
    if not wechat.on:
        return []
    server = around.settings.server
    local = f"http://{'127.0.0.1' if server.host in ('0.0.0.0', '::') else server.host}:{server.port}/wechat"  # noqa: S104  # nosec B104  # compared, not bound
    url = wechat.callback_url or local
    timestamp, nonce, echo = str(seconds(around.now())), secrets.token_hex(5), secrets.token_hex(8)
    signature = sign(wechat.token.get_secret_value(), timestamp, nonce)
    query = {"signature": signature, "timestamp": timestamp, "nonce": nonce, "echostr": echo}
    try:
        async with httpx.AsyncClient(timeout=_CALLBACK_SECONDS) as client:
            response = await client.get(url, params=query)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return [
            Finding(
                False,
                name,
                f"{url} 没有应答（{type(error).__name__}）。请确认 fawen serve 正在运行，反向代理把 /wechat 转给了它。",
            )
        ]
    if response.status_code == 200 and response.text == echo:
        where = "" if wechat.callback_url else "（只查了本机；设置 wechat.callback_url 后连公网地址一起查）"
        return [Finding(True, name, f"{url} 应答正确{where}")]
    if response.status_code == 403:
        return [
            Finding(False, name, f"{url} 拒绝了校验。请确认正在运行的服务用的是同一个 wechat.token，且两边时钟一致。")
        ]
    return [
        Finding(False, name, f"{url} 应答 HTTP {response.status_code}，内容不对。请检查反向代理是不是转到了别的程序。")
    ]


async def check_telegram(around: Surroundings) -> list[Finding]:
    """Does Telegram know the token, and does the webhook stand as set."""
    # the library is slow to import: only who asks pays
    from bot.doctor_telegram import telegram_findings

    return await telegram_findings(around.settings.telegram)


CHECKS: Sequence[Check] = (
    check_store, check_telegram, check_wechat_settings, check_wechat_token, check_wechat_callback,
)  # fmt: skip


async def examine(around: Surroundings, checks: Sequence[Check] = CHECKS) -> list[Finding]:
    """Every finding of every check."""
    found: list[Finding] = []
    for check in checks:
        try:
            found += await check(around)
        except FawenError as error:
            found.append(Finding(False, check.__name__.removeprefix("check_"), str(error)))
        except Exception as error:
            log.exception("%s failed", check.__name__)
            found.append(
                Finding(False, check.__name__.removeprefix("check_"), f"检查没能做完（{type(error).__name__}）。")
            )
    return found


@asynccontextmanager
async def opened(settings: Settings, now: Callable[[], datetime], url: str = "") -> AsyncIterator[SqlStore]:
    """The store of the settings, or of `url`, for a command. Raises StoreError."""
    store = open_store(url or settings.store.url.get_secret_value(), now=now)
    try:
        await store.start()
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def _looked_at(settings: Settings, now: Callable[[], datetime]) -> AsyncIterator[Surroundings]:
    """The store of the settings, as it is; beside an empty one another that is thrown away: whoever runs the doctor must not
    make a database that the service's user then cannot write. Raises StoreError."""
    if await stored_revision(parse_url(settings.store.url.get_secret_value())) is not None:
        async with opened(settings, now) as store:
            yield Surroundings(settings, store, now)
        return
    with tempfile.TemporaryDirectory(prefix="fawen-doctor-") as place:
        async with opened(settings, now, f"sqlite+aiosqlite:///{place}/fawen.db") as store:
            yield Surroundings(settings, store, now, blank=True)


async def doctor(settings: Settings, now: Callable[[], datetime], config: Path | None = None) -> list[Finding]:
    """All checks: first what concerns settings and machine, then what needs the store.

    A store of another version is not opened: that would bring it up to date. Nothing is made or changed.
    """
    found = await whole(settings, config)
    if any(not one.good for one in found if one.name in ("数据库结构", "数据库")):
        return [*found, Finding(False, "渠道", "数据库好了以后才能检查微信等渠道，请再运行一次 fawen doctor。")]
    try:
        async with _looked_at(settings, now) as around:
            return [*found, *await examine(around)]
    except StoreError as error:
        return [*found, Finding(False, "数据库", str(error))]
