"""Threats that no other test holds, from docs/security.md: injection, what calls out, what is loaded, what is remembered."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import numpy as np
import pytest
import sqlalchemy as sa

from bot.app import make_desk
from bot.channels.webchat import WebChat
from bot.config import Dialogue as Limits
from bot.config import Web
from bot.dialogue import Dialogue
from bot.limits import RateLimit
from bot.messages import Reply
from bot.server import make_app
from bot.store.accounts import Accounts
from bot.store.base import Ticket, Turn
from bot.store.desk_base import Filter, Page
from bot.store.sql import SqlStore
from intents import Matcher
from intents.model_cache import LearntCache
from tests.databases import a_database
from tests.fakes import FakeClock, MemoryStore, a_message
from tests.sample import ROOT, service_environ

EVIL = (
    "'; DROP TABLE tickets; --", "' OR '1'='1", '" OR ""="', "%' UNION SELECT password FROM users --", "\\'; --", "{{7*7}}", "%s%n$1 :text",
)  # fmt: skip
"""What would be more than text if it were ever put into a statement or a template."""


# ---- injection --------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlStore]:
    """An empty store of each kind."""
    url = f"sqlite+aiosqlite:///{tmp_path}/fawen.db"
    if request.param == "postgresql":
        url = a_database(request.getfixturevalue("postgres"))
    made = SqlStore(url, now=FakeClock())
    await made.start()
    yield made
    await made.close()


async def test_text_is_never_sql(store: SqlStore) -> None:
    """Statements in every field that a stranger fills are kept as they were typed, and do nothing."""
    clock = FakeClock()
    for number, evil in enumerate(EVIL):
        message = replace(a_message(evil, clock, number), chat=evil, person=evil, message_id=f"{evil}{number}")
        ticket = Ticket(f"K7-{number}F9Q", "web", evil, evil, evil, "none", (), clock())
        await store.finish(
            Turn(message, Reply("no_answer", evil, "none", ticket=ticket.number), {"asked": evil}, ticket)
        )
    for number, evil in enumerate(EVIL):
        found = await store.ticket(f"K7-{number}F9Q")
        assert (evil, evil) == ((found.text, found.chat) if found else None)
        assert [evil] == [message.text for message, _ in await store.history("web", evil)]
        assert await store.ticket(evil) is None
        assert await Accounts(store.shared).user(evil) is None
    assert 0 == await store.forget("web", "' OR 1=1 --")
    assert len(EVIL) == (await store.counts())["tickets"]
    async with store.shared.engine.connect() as connection:
        assert {"tickets", "users"} <= set(await connection.run_sync(lambda c: sa.inspect(c).get_table_names()))


async def test_a_search_is_never_sql(store: SqlStore, sample_matcher: Matcher) -> None:
    """Filters of the queue take any words and find those words only: no statement, no wildcard."""
    clock = FakeClock()
    desk, gatherer = make_desk(store, lambda: sample_matcher, clock)
    for number, evil in enumerate((*EVIL, "一般的问题")):
        ticket = Ticket(f"K7-{number}F9Q", "web", "c", "p", evil, "none", (), clock())
        await store.finish(Turn(a_message(evil, clock, number), Reply("no_answer", "", "none"), {}, ticket))
    await gatherer.once()
    everything = (await desk.clusters(Filter(states=()), Page(50, 0))).total
    assert everything > 1
    for evil in EVIL:
        found = await desk.clusters(Filter(states=(), text=evil), Page(50, 0))
        assert 0 < found.total < everything, evil
        assert 0 == (await desk.clusters(Filter(states=(), text=evil + "§"), Page(50, 0))).total
        assert 0 == (await desk.clusters(Filter(states=(), owner=evil), Page(50, 0))).total
    assert 0 == (await desk.clusters(Filter(states=(), text="一_的问题"), Page(50, 0))).total


async def test_a_template_in_a_question_is_text(sample_matcher: Matcher) -> None:
    """{{7*7}} in a bubble stays what it is: pages are filled, never made, from what people say."""
    store = MemoryStore()
    dialogue = Dialogue(lambda: sample_matcher, store, Limits(), FakeClock())
    web = WebChat(dialogue, lambda: sample_matcher.knowledge, store, Web(), FakeClock())
    app = make_app(web.routes(), store, lambda: "v", 65_536)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t") as client:
        said = await client.post("/say", data={"text": "{{7*7}} {%raw%}"}, headers={"x-fawen": "bubbles"})
    assert ("{{7*7}}" in said.text, "49" in said.text) == (True, False)


# ---- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/static/../chat.html", "/static/%2e%2e/chat.html", "/static/..%2fchat.html", "/static//etc/passwd",
     "/static/%2fetc%2fpasswd", "/static/..%5cchat.html", "/static/%00", "/static/", "/static/../../webchat.py"],
)  # fmt: skip
async def test_files_beside_the_static_ones_are_not_there(path: str, sample_matcher: Matcher) -> None:
    """Only what lies in the directory is served, however the way out of it is written."""
    store = MemoryStore()
    dialogue = Dialogue(lambda: sample_matcher, store, Limits(), FakeClock())
    web = WebChat(dialogue, lambda: sample_matcher.knowledge, store, Web(), FakeClock())
    app = make_app(web.routes(), store, lambda: "v", 65_536)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t") as client:
        request = client.build_request("GET", "http://t/")
        request.url = request.url.copy_with(raw_path=path.encode())
        said = await client.send(request)
    assert (404, False) == (said.status_code, "root:" in said.text)


# ---- what calls out, what is loaded -----------------------------------------------------------------------------------

CALLERS = {
    "bot/channels/telegram.py", "bot/channels/telegram_commands.py", "bot/channels/telegram_poll.py", "bot/channels/telegram_send.py",
    "bot/channels/telegram_updates.py", "bot/channels/telegram_view.py", "bot/channels/wechat_api.py", "bot/checkup.py", "bot/doctor.py",
    "bot/doctor_telegram.py", "bot/store/alone.py", "bot/store/batch.py", "bot/store/line.py", "bot/store/connect.py",
}  # fmt: skip
_NETWORK = re.compile(
    r"^(httpx|telegram|aiohttp|requests|urllib\.request|http\.client|socket|smtplib|asyncpg|websockets)\b"
)


def _imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_only_the_named_files_call_out() -> None:
    """No page, no message and no answer makes the service fetch an address: what can call at all is this list, and each
    takes its address from the settings."""
    sources = [*(ROOT / "bot").rglob("*.py"), *(ROOT / "intents").rglob("*.py")]
    calling = {p.relative_to(ROOT).as_posix() for p in sources if any(_NETWORK.match(name) for name in _imported(p))}
    assert set() == calling - CALLERS


def test_a_cache_runs_nothing(tmp_path: Path) -> None:
    """A pickle put into the cache directory is not opened; the weights are learnt anew."""
    ran = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (os.mkdir, (str(ran),))

    cache = LearntCache(tmp_path, ())
    np.savez(cache.path("0" * 12), weights=np.array([Evil()], dtype=object))
    assert None is cache.load("0" * 12)
    assert not ran.exists()


# ---- memory and secrets -----------------------------------------------------------------------------------------------


def test_strangers_are_forgotten() -> None:
    """However many names a flood invents, what is remembered of them stays bounded."""
    limit, at = RateLimit(1, timedelta(minutes=1)), FakeClock()()
    for number in range(60_000):
        limit.allow(number, at)
    assert len(limit._buckets) <= 50_000


def test_no_secret_leaves_by_the_log(tmp_path: Path) -> None:
    """A whole run with every secret set and every platform out of reach: none of them is printed, nor a question."""
    secrets = {
        "FAWEN_TELEGRAM__TOKEN": "123456:plantedtelegramtoken", "FAWEN_TELEGRAM__WEBHOOK_SECRET": "plantedwebhooksecret",
        "FAWEN_WECHAT__TOKEN": "plantedwechattoken", "FAWEN_WECHAT__APP_SECRET": "plantedappsecret",
        "FAWEN_WECHAT__ENCODING_AES_KEY": "plantedaeskey" + "A" * 30, "FAWEN_SERVER__METRICS_TOKEN": "plantedmetricstoken",
    }  # fmt: skip
    platforms = {
        "FAWEN_TELEGRAM__BASE_URL": "http://127.0.0.1:9",
        "FAWEN_TELEGRAM__MODE": "webhook",
        "FAWEN_WECHAT__APP_ID": "wx1",
        "FAWEN_WECHAT__API_BASE": "http://127.0.0.1:9",
    }
    environ = service_environ(tmp_path, **secrets, **platforms)
    said = _one_run(tmp_path, environ)
    assert "Telegram" in said
    assert [] == [name for name, value in secrets.items() if value.rpartition(":")[2] in said]
    assert "13912345678" not in said
    assert "planted question" not in said


def _one_run(home: Path, environ: dict[str, str]) -> str:
    """Everything that `fawen serve` prints from its start to its end, with some requests in between."""
    command = [sys.executable, "-m", "bot", "serve"]
    with subprocess.Popen(command, cwd=home, env=environ, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                break
        else:
            raise AssertionError("fawen serve did not start:\n" + "".join(said))
        with httpx.Client(base_url=found.group(), timeout=30) as client:
            text = "planted question 我的电话 13912345678"
            assert 200 == client.post("/api/chat", json={"session": "s1", "text": text}).status_code
            assert 403 == client.post("/telegram", json={}).status_code
            assert 403 == client.get("/wechat?signature=x&timestamp=1&nonce=n&echostr=planted question").status_code
            assert 200 == client.get("/metrics", headers={"authorization": "Bearer plantedmetricstoken"}).status_code
            assert 404 == client.get("/nothing?q=13912345678").status_code
        process.terminate()
        said.append(process.stderr.read())
        assert 0 == process.wait(60)
    return "".join(said)
