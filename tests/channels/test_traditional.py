"""Who asks in Traditional characters is answered in them on Telegram and WeChat; staff chats and what is stored stay as written."""

from __future__ import annotations

from pathlib import Path

import httpx

from bot.channels.telegram_view import TEXT_UNITS, keyboard, pages, units
from bot.channels.webchat import WebChat
from bot.channels.wechat_pages import BYTES, size
from bot.channels.wechat_pages import pages as wechat_pages
from bot.config import Dialogue as Limits
from bot.config import Web
from bot.dialogue import Dialogue
from bot.messages import Option, Reply
from bot.server import make_app
from bot.traditional import Traditional, marked
from intents import Matcher
from tests.channels.bot_api import BotApi, labels, running_bot_api
from tests.channels.golden import PRIVATE, message
from tests.channels.running import a_channel, a_store, alive, becomes
from tests.channels.wechat_running import running
from tests.channels.wechat_server import running_wechat
from tests.fakes import FakeClock, MemoryStore

STAFF = 777


async def _sent(api: BotApi, texts: list[str], path: Path, matcher: Matcher, chat: int = 5) -> list[dict[str, object]]:
    """What the bot sends to one person who writes these texts one after another."""
    async with a_store(path) as store:
        channel = a_channel(api.url, store, matcher, staff_chats=[STAFF])
        async with alive(channel):
            for number, text in enumerate(texts, 1):
                api.add("message", message(text, {**PRIVATE, "id": chat}, number))
                assert await becomes(store, "sent", number)
    return api.sent


async def test_telegram_answers_in_the_writing_of_the_question(tmp_path: Path, sample_matcher: Matcher) -> None:
    """Answer, sources and buttons are Traditional; a text that could be either keeps it; Simplified ends it."""
    async with running_bot_api() as api:
        first, menu, last = await _sent(api, ["繼承公證怎麼辦", "OK", "继承公证怎么办"], tmp_path, sample_matcher)
    assert "帶材料去公證處" in str(first["text"])
    assert {"有幫助", "沒幫助"} == set(labels(first))
    assert Traditional().written(str(menu["text"]))
    assert "带材料去公证处" in str(last["text"])


async def test_staff_chats_stay_as_they_are(tmp_path: Path, sample_matcher: Matcher) -> None:
    """The notice of a ticket reaches staff in Simplified characters, with the question as it was asked."""
    async with running_bot_api() as api, a_store(tmp_path) as store:
        channel = a_channel(api.url, store, sample_matcher, staff_chats=[STAFF])
        async with alive(channel):
            api.add("message", message("今天天氣怎麼樣啊會下雨嗎", {**PRIVATE, "id": 5}, 1))
            assert await becomes(store, "sent", 2)
    said = {int(str(one["chat"])): str(one["text"]) for one in api.sent}
    assert "今天天氣怎麼樣啊會下雨嗎" in said[STAFF]
    assert "新工单" in said[STAFF]
    assert Traditional().written(said[5])


async def test_wechat_answers_in_the_writing_of_the_question(tmp_path: Path, sample_matcher: Matcher) -> None:
    """Answer and the lines around it are Traditional, and the typed forms of buttons are understood."""
    clock = FakeClock()
    async with running_wechat() as wechat, running(sample_matcher, clock, wechat, tmp_path) as service:
        said = []
        for number, text in enumerate(("繼承公證怎麼辦", "有幫助", "菜單", "继承公证怎么办"), 1):
            got = await service.peer.deliver(service.peer.fields("text", "o1", Content=text, MsgId=number))
            said.append(got.text)
        stored = await service.store.exchanges("wechat")
    assert ["帶材料去公證處" in said[0], "請回復“有幫助”或“沒幫助”" in said[0]] == [True, True]
    assert ["helpful", "menu", "entry"] == [e.key for e in reversed(stored)][1:]
    assert Traditional().written(said[2])
    assert "带材料去公证处" in said[3]


async def test_the_api_answers_in_the_writing_of_the_session(sample_matcher: Matcher) -> None:
    """A choice, a number and a repeated message after a Traditional question too, until something is written in Simplified."""
    store, clock = MemoryStore(), FakeClock()
    dialogue = Dialogue(lambda: sample_matcher, store, Limits(), clock)
    web = WebChat(dialogue, lambda: sample_matcher.knowledge, store, Web(), clock)
    transport = httpx.ASGITransport(make_app(web.routes(), store, lambda: "v", 65_536))
    asked = [
        {"text": "繼承公證怎麼辦"}, {"choice": "notary"}, {"text": "1"}, {"choice": "notary.fee", "id": "a"},
        {"choice": "notary.fee", "id": "a"}, {"text": "继承公证怎么办"}, {"choice": "notary.fee"},
    ]  # fmt: skip
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        said = [(await client.post("/api/chat", json={"session": "s", **one})).json() for one in asked]
        other = (await client.post("/api/chat", json={"session": "t", "choice": "notary.fee"})).json()
    written = Traditional().written
    assert [True] * 5 + [False] * 3 == [written(one["text"]) for one in (*said, other)]
    assert all(written(option["title"]) for option in said[1]["options"])
    assert "notary.fee" == said[3]["entry"]


def test_converted_pages_keep_their_limits(sample_matcher: Matcher) -> None:
    """Conversion comes after cutting on Telegram and before it on WeChat; no limit is broken by either."""
    base, convert = sample_matcher.knowledge, Traditional().text
    long = marked(Reply("entry", "请带上户口簿和身份证去办理。" * 700, "answer", options=(Option("a.b", "公证费"),)))
    shown = pages(base, long, convert)
    assert all(units(page) <= TEXT_UNITS and "請帶上" in page for page in shown)
    board = keyboard(base, long, "1", 1, 1, convert)
    assert board is not None
    assert ["公證費"] == [button.text for row in board.inline_keyboard for button in row]
    cut = wechat_pages(base, [long], convert=convert)
    assert all(size(page) <= BYTES and "請帶上" in page for page in cut)
    assert "续" not in "".join(cut)


def test_reconsideration_is_written_as_in_the_law() -> None:
    """行政复议法 is 行政復議法 in Traditional characters, not 行政複議法; other words with 复 keep their own character."""
    assert "依《行政復議法》申請復議，帶複印件" == Traditional().text("依《行政复议法》申请复议，带复印件")
