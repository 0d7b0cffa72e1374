"""The log: JSON or text, the mark of the message through all layers, and no number of a person, on any channel."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.channels.webchat import WebChat
from bot.config import Dialogue as Limits
from bot.config import LogSettings, Settings, Web
from bot.desk.sender import Sender
from bot.dialogue import Dialogue
from bot.errors import ConfigError, StoreUnavailable
from bot.logs import TextLines, about, attend, mark, set_up
from bot.messages import Reply
from bot.server import make_app
from bot.store.base import Turn
from bot.store.sql import SqlStore
from intents import Matcher
from tests.channels.running import a_store, becomes
from tests.channels.test_telegram_webhook import hooked, update
from tests.fakes import FakeClock, MemoryStore
from tests.logwatch import CARD_ID, LANDLINE, PHONE, Leaks, Watch

ROOT = Path(__file__).resolve().parent.parent
PLANT = f"公证收费标准，我的电话 {PHONE}，身份证 {CARD_ID}，家里 {LANDLINE}"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What the service would have written so far, as JSON."""
    stream = io.StringIO()
    handler = set_up(LogSettings(format="json"), stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


class BugStore(MemoryStore):
    """A store that keeps nothing and says what it was to keep, as a careless program would not be allowed to."""

    async def finish(self, turn: Turn) -> Reply:
        """Fails with what it holds in its hands."""
        raise RuntimeError(f"cannot write {turn.message.text}")


def _app(store: MemoryStore, matcher: Matcher) -> httpx.AsyncClient:
    dialogue = Dialogue(lambda: matcher, store, Limits(), FakeClock())
    web = WebChat(dialogue, lambda: matcher.knowledge, store, Web(), FakeClock())
    app = make_app(web.routes(), store, lambda: "v", 64_000)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://t")


def test_a_json_line_says_what_and_about_which_message(lines: Lines) -> None:
    """Time, level, logger, message; the mark inside, none outside; an error with its traceback, on one line."""
    log = logging.getLogger("bot.here")
    with about("web", "m1"):
        log.warning("two %s", "words")
    try:
        raise ValueError("bad\nvalue")
    except ValueError:
        log.exception("it failed")
    first, second = lines()
    assert ("warning", "bot.here", "two words") == (first["level"], first["logger"], first["message"])
    assert (mark("web", "m1"), False) == (first["message_id"], "message_id" in second)
    assert "ValueError: bad\nvalue" in second["error"]
    assert first["at"].endswith("+00:00")


def test_text_lines_carry_the_mark() -> None:
    """In brackets; a stroke where there is none."""
    record = logging.LogRecord("bot.here", logging.INFO, "", 0, "said", None, None)
    assert TextLines().format(record).endswith("INFO bot.here [-] said")
    with about("web", "m1"):
        assert TextLines().format(record).endswith(f"[{mark('web', 'm1')}] said")


def test_a_mark_is_the_same_everywhere_and_names_nobody() -> None:
    """The same for the same message, another for another channel or message; nothing of the id can be read in it."""
    assert mark("web", "42") == mark("web", "42")
    assert 3 == len({mark("web", "42"), mark("wechat", "42"), mark("web", "43")})
    assert PHONE not in mark("web", PHONE)


def test_the_level_is_a_setting() -> None:
    """Below it nothing is written; a wrong one is named."""
    stream = io.StringIO()
    handler = set_up(LogSettings(level="error"), stream)
    logging.getLogger("bot.here").warning("not this")
    logging.getLogger("bot.here").error("this")
    logging.getLogger().removeHandler(handler)
    logging.getLogger().setLevel(logging.INFO)
    assert ["this"] == [line.rsplit("] ", 1)[1] for line in stream.getvalue().splitlines()]
    with pytest.raises(ConfigError, match=r"log\.format"):
        Settings.load(None, {"FAWEN_LOG__FORMAT": "xml"})


def test_a_number_that_slips_in_is_struck_out(lines: Lines, leaks: Leaks) -> None:
    """The last line of defence, tracebacks included; the watch sees the record before that, and complains."""
    try:
        raise ValueError(f"not {CARD_ID}")
    except ValueError:
        logging.getLogger("bot.here").exception("call %s", PHONE)
    (line,) = lines()
    assert "call 〔号码〕" == line["message"]
    assert CARD_ID not in line["error"]
    assert 1 == len(leaks.taken())


@pytest.mark.parametrize("written", [PHONE, "139-1234 5678", "11010519491231002x", "0760 88776655"])
def test_the_watch_sees_a_number_however_it_is_written(written: str, leaks: Leaks) -> None:
    """In the arguments, in the text, in an error; and nothing where there is none."""
    log = logging.getLogger("bot.here")
    log.warning("about %s", written)
    log.info("about " + written)  # noqa: G003  # as a careless line would
    try:
        raise ValueError(written)
    except ValueError:
        log.exception("failed")
    log.warning("about %s", "138")
    assert 3 == len(leaks.taken())


@pytest.mark.parametrize(("said", "code"), [(PHONE, 1), ("nothing", 0)])
def test_a_leak_fails_the_suite(tmp_path: Path, said: str, code: int) -> None:
    """A suite of one test that logs a planted number fails and says so; the same without it passes."""
    test = tmp_path / "test_leak.py"
    test.write_text(f"import logging\n\ndef test_it():\n    logging.getLogger('bot.x').warning('from {said}')\n")
    options = ["-q", "-p", "no:cacheprovider", "-p", "tests.conftest", "--rootdir", str(tmp_path)]
    command = [sys.executable, "-m", "pytest", *options, str(test)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (code, bool(code)) == (done.returncode, "a person's number in the log" in done.stdout), done.stdout


@pytest.mark.parametrize("way", ["page", "api"])
async def test_page_and_api_log_no_number(way: str, sample_matcher: Matcher, lines: Lines, watch: Watch) -> None:
    """Answered, with the database away, and with a bug that shouts what it holds: lines are written, none with a number,
    each with the mark of its message."""
    before = watch.seen
    for name, store in (("well", MemoryStore()), ("away", MemoryStore()), ("bug", BugStore())):
        store.broken = name == "away"
        async with _app(store, sample_matcher) as client:
            if way == "page":
                await client.post("/say", data={"text": PLANT, "id": name}, headers={"sec-fetch-site": "same-origin"})
            else:
                await client.post("/api/chat", json={"session": "s", "text": PLANT, "id": name})
    assert watch.seen >= before + 2
    marked = [line["message_id"] for line in lines()]
    assert 2 == len(set(marked))
    assert [] == [line for line in lines() if PHONE in str(line)]


async def test_telegram_logs_no_number(
    sample_matcher: Matcher, lines: Lines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Received, answered, sent in vain: every line about the message has its mark, none a number."""
    async with a_store(tmp_path) as store:
        whole = SqlStore.finish
        broken = [StoreUnavailable("away"), RuntimeError("bug")]

        async def finish(self: SqlStore, turn: Turn) -> Reply:
            if broken:
                raise broken.pop(0)
            return await whole(self, turn)

        monkeypatch.setattr(SqlStore, "finish", finish)
        async with hooked(store, sample_matcher) as (channel, client):
            assert 200 == (await client.post("/telegram", json=update(PLANT))).status_code
            assert await becomes(store, "pending")

            async def refuse(chat: str, reply: Reply, ref: str) -> None:
                raise RuntimeError("no way out")

            await Sender("telegram", store, refuse).once()
            (exchange,) = await store.exchanges("telegram")
            assert channel.sender is not None
    found = [line for line in lines() if line["logger"] in ("bot.channels.telegram", "bot.desk.sender")]
    assert ["bot.channels.telegram", "bot.channels.telegram", "bot.desk.sender"] == [line["logger"] for line in found]
    assert {mark("telegram", exchange.message_id)} == {line["message_id"] for line in found}
    assert PHONE not in exchange.text


async def test_tasks_that_a_message_starts_carry_its_mark(lines: Lines) -> None:
    """What is started while working on it is about it too; the next message has its own."""

    async def below() -> None:
        logging.getLogger("bot.below").warning("below")

    for name in ("a", "b"):
        attend("web", name)
        await asyncio.create_task(below())
    assert [mark("web", "a"), mark("web", "b")] == [line["message_id"] for line in lines()]
