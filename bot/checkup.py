"""The part of `fawen doctor` that looks at this machine and the settings as a whole; bot.doctor runs it.

Each check is given what it looks at, so that tests can give something else, and gives its findings: Chinese, the value and
the remedy. Nothing here changes anything.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import shutil
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import sqlalchemy as sa

from bot.brain import make_encoders
from bot.config import Settings, secrets_in
from bot.errors import FawenError, KnowledgeError, StoreError, StoreUnavailable
from bot.paths import knowledge_dir
from bot.store.connect import newest, parse_url, stored_revision
from bot.store.schema import switches
from bot.store.sql import SqlStore
from intents import KnowledgeBase

LEAST_DISK = 1_000_000_000
"""Bytes that should be free where data is written."""
_WIDE = {4: 16, 6: 48}
"""IP version -> shortest prefix that a trusted network should have."""
_OLD = datetime(2026, 1, 1, tzinfo=UTC)
"""No clock that is right shows less."""
_CLOCKS_APART = 5.0


@dataclass(frozen=True)
class Finding:
    """One line of the doctor."""

    good: bool
    name: str
    said: str

    def __str__(self) -> str:
        return f"{'✓' if self.good else '✗'} {self.name}：{self.said}"


def check_config(settings: Settings, path: Path | None) -> Iterator[Finding]:
    """Who may read the settings file, and what it holds that should be elsewhere."""
    name = "设置文件"
    if path is None:
        yield Finding(True, name, "没有，用默认值和环境变量")
        return
    held = secrets_in(path)
    mode = stat.S_IMODE(path.stat().st_mode)
    if held:
        yield Finding(False, name, f"{'、'.join(held)} 直接写在 {path} 里。请移到环境变量或文件（见运维手册“密钥”）。")
    if held and mode & 0o007:
        yield Finding(False, name, f"{path} 里有密钥，权限却是 {mode:03o}，谁都能读。请 chmod 600 {path}。")
    if mode & 0o022:
        yield Finding(False, name, f"{path} 的权限是 {mode:03o}，别的用户能改。请 chmod 600 {path}。")
    if not held and not mode & 0o022:
        yield Finding(True, name, f"{path} 读得懂，里面没有密钥")


async def check_schema(settings: Settings) -> list[Finding]:
    """Can the database be reached, and is its schema the one of this program."""
    url = parse_url(settings.store.url.get_secret_value())
    shown = url.render_as_string(hide_password=True)
    try:
        found = await stored_revision(url)
    except StoreUnavailable as error:
        return [Finding(False, "数据库结构", str(error))]
    if found is None:
        return [Finding(True, "数据库结构", f"{shown} 还是空的，第一次启动时建好")]
    if found == newest():
        return [Finding(True, "数据库结构", f"{shown} 是最新的（{found}）")]
    said = f"{shown} 的版本是 {found}，程序要 {newest()}。"
    return [
        Finding(False, "数据库结构", f"{said}先 fawen backup；fawen serve 启动时会自动升级，比程序新则请升级程序。")
    ]


def check_disk(settings: Settings, free: int | None = None) -> Iterator[Finding]:
    """Room where data and what was learnt are written, and who may read the data; `free` stands in for the disk."""
    database = _database(settings)
    places = {"数据库": database.parent if database else None, "缓存": settings.knowledge.cache_dir}
    for what, place in places.items():
        if place is None:
            continue
        there = next(one for one in (place.absolute(), *place.absolute().parents) if one.exists())
        left = shutil.disk_usage(there).free if free is None else free
        enough = left >= LEAST_DISK
        more = "" if enough else "，不到 1 GB。请清理或扩容，满了就什么都记不下来。"
        yield Finding(enough, "磁盘", f"{what}所在的 {there} 还剩 {left / 1e9:.1f} GB{more}")
    if database and database.exists() and (mode := stat.S_IMODE(database.stat().st_mode)) & 0o077:
        yield Finding(
            False, "数据库文件", f"{database} 的权限是 {mode:03o}，别的用户能读到居民的提问。请 chmod 600 {database}*。"
        )


def _database(settings: Settings) -> Path | None:
    """SQLite's file."""
    url = parse_url(settings.store.url.get_secret_value())
    return Path(url.database) if url.drivername.startswith("sqlite") and url.database else None


def check_knowledge(settings: Settings) -> Iterator[Finding]:
    """Does the knowledge load; which sentence vectors there are."""
    directory = settings.knowledge.dir or knowledge_dir()
    try:
        base = KnowledgeBase.load(directory)
        yield Finding(True, "知识库", f"{directory} 读得懂，{len(base.entries)} 条（版本 {base.version}）")
    except KnowledgeError as error:
        errors = [problem for problem in error.problems if problem.severity == "error"]
        said = f"{directory} 有 {len(errors)} 处错误，第一处：{errors[0]}"
        yield Finding(False, "知识库", f"{said}。全部错误请看 fawen check。")
    try:
        yield Finding(True, "句向量", make_encoders(settings.knowledge.encoder, settings.knowledge.cache_dir)[1])
    except FawenError as error:
        yield Finding(False, "句向量", str(error))


async def check_writing(store: SqlStore) -> list[Finding]:
    """Does the database take writes; nothing is changed by asking."""
    engine = store.shared.engine.execution_options(write=True)
    try:
        async with engine.connect() as connection:
            await connection.execute(sa.update(switches).where(sa.false()).values(text=""))
            await connection.rollback()
    except (sa.exc.SQLAlchemyError, OSError) as error:
        said = (
            f"{store.shared.shown} 写不进去（{type(error).__name__}）。请检查权限、磁盘，PostgreSQL 是不是只读的备机。"
        )
        return [Finding(False, "数据库", said)]
    return [Finding(True, "数据库", "能读能写")]


def check_place(settings: Settings) -> Iterator[Finding]:
    """Can SQLite's file, which is not there yet, be made where it shall be."""
    database = _database(settings)
    if database is None:
        return
    place = database.absolute().parent
    good = place.is_dir() and os.access(place, os.W_OK)
    more = "可以写" if good else "不存在，或者没有权限写。请建好目录，归服务的用户所有。"
    yield Finding(good, "数据库", f"{place} {more}")


async def check_clock(store: SqlStore, now: datetime) -> list[Finding]:
    """Is the clock of this machine possible, and does it agree with the database server's."""
    if now < _OLD:
        return [
            Finding(False, "本机时钟", f"现在是 {now:%Y-%m-%d}，不可能。请打开时间同步（timedatectl set-ntp true）。")
        ]
    if not store.shared.postgres:
        return [Finding(True, "本机时钟", f"{now:%Y-%m-%d %H:%M} UTC")]
    async with store.shared.reading() as connection:
        there = (await connection.execute(sa.select(sa.func.clock_timestamp()))).scalar_one()
    apart = abs((there - now).total_seconds())
    good = apart <= _CLOCKS_APART
    more = "" if good else "，两边都请打开时间同步（timedatectl set-ntp true）。"
    return [Finding(good, "本机时钟", f"与数据库服务器相差 {apart:.0f} 秒{more}")]


async def check_port(settings: Settings) -> list[Finding]:
    """Is the port free, or is it our service that listens there."""
    host, port = settings.server.host, settings.server.port
    where = f"{host}:{port}"
    problem = await asyncio.to_thread(_bind, host, port)
    if problem is None:
        return [Finding(True, "端口", f"{where} 空着，可以启动")]
    near = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  # nosec B104  # compared, not bound
    try:
        async with httpx.AsyncClient(timeout=5) as client:
            said = (await client.get(f"http://{near}:{port}/healthz")).json()
        if isinstance(said, dict) and said.get("status") == "ok" and "channels" in said:
            return [Finding(True, "端口", f"{where} 上法问正在运行")]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        pass
    return [
        Finding(
            False, "端口", f"{where} 用不了（{problem}）。请换一个 server.port，或停掉占用它的程序（ss -ltnp 看得到）。"
        )
    ]


def _bind(host: str, port: int) -> str | None:
    """Why one cannot listen there; None when one can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError as error:
            return error.strerror or type(error).__name__
    return None


def check_outside(settings: Settings) -> Iterator[Finding]:
    """Public addresses by HTTPS, cookies for it and for frames of other sites, and which proxies are believed."""
    public = {
        "telegram.webhook_url": settings.telegram.webhook_url,
        "wechat.callback_url": settings.wechat.callback_url,
    }
    given = {key: urlsplit(value) for key, value in public.items() if value}
    outside = {key: url for key, url in given.items() if url.hostname not in ("127.0.0.1", "::1", "localhost")}
    for key, url in outside.items():
        good = url.scheme == "https"
        more = (
            "是 https"
            if good
            else f"写的是 {url.scheme or '没有协议的地址'}，平台只认 https。请配好证书，改成 https://…"
        )
        yield Finding(good, "公网地址", f"{key} {more}")
    open_to_all = settings.server.host in ("0.0.0.0", "::")  # noqa: S104  # nosec B104  # compared, not bound
    if outside or open_to_all:
        for key, on in (
            ("web.secure_cookies", settings.web.secure_cookies),
            ("console.secure_cookies", settings.console.secure_cookies),
        ):
            if not on:
                yield Finding(False, "Cookie", f"{key} 是 false。对外服务应当用 https，并把它设成 true。")
    if settings.web.embed_origins and not settings.web.secure_cookies:
        yield Finding(
            False, "嵌入", f"web.embed_origins 里有 {'、'.join(settings.web.embed_origins)}，web.secure_cookies 却是 false："
            "嵌在别的域名的网站里，浏览器不收它的 cookie，每一句都成了新的会话。请用 https 提供聊天网页，并把 web.secure_cookies 设成 true。",
        )  # fmt: skip
    yield from _proxies(settings)


def _proxies(settings: Settings) -> Iterator[Finding]:
    trusted = settings.server.trusted_proxies
    wide = [one for one in map(ipaddress.ip_network, trusted) if one.prefixlen < _WIDE[one.version]]
    if wide:
        names = "、".join(str(one) for one in wide)
        yield Finding(
            False,
            "反向代理",
            f"server.trusted_proxies 里的 {names} 太宽，里面谁都能冒充访客地址。请只写代理自己的地址。",
        )
    else:
        said = f"信任 {'、'.join(trusted)} 报来的访客地址" if trusted else "不信任任何代理报来的访客地址"
        yield Finding(True, "反向代理", said)


async def whole(settings: Settings, config: Path | None) -> list[Finding]:
    """What can be looked at without opening the store."""
    found = [*check_config(settings, config)]
    try:
        found += await check_schema(settings)
        found += check_disk(settings)
    except StoreError as error:
        found.append(Finding(False, "数据库", str(error)))
    found += await asyncio.to_thread(lambda: [*check_knowledge(settings)])
    found += await check_port(settings)
    found += check_outside(settings)
    return found
