"""Edits that change no words, albums with words, people who write as a channel: each gets one answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from telegram import Update

from bot.channels.telegram_poll import to_update
from bot.store.sql import SqlStore
from intents import Matcher
from tests.channels.bot_api import BotApi, labels
from tests.channels.golden import ATTACHMENTS, GROUP, US, mention, message
from tests.channels.running import Held, a_channel, alive
from tests.waiting import until

UNKNOWN = "今晚吃什么好呢我该问谁"
WORDLESS = "我现在只看得懂文字"


def edited(body: dict[str, Any], after: int = 5, **changed: Any) -> dict[str, Any]:
    """The message as Telegram brings it after an edit."""
    return {**body, "edit_date": body["date"] + after, **changed}


NO_PREVIEW: dict[str, Any] = {"link_preview_options": {"is_disabled": True}}


@pytest.mark.parametrize("body", [message(UNKNOWN), mention(f"@fawen_test_bot {UNKNOWN}")])
async def test_an_edit_that_leaves_the_words_is_no_question(
    api: BotApi, store: SqlStore, sample_matcher: Matcher, body: dict[str, Any]
) -> None:
    """Only the preview is gone: no second answer, no second ticket; then other words, and those again without preview."""
    async with alive(a_channel(api.url, store, sample_matcher)):
        api.add("message", body)
        await api.wait(1)
        api.add("edited_message", edited(body, **NO_PREVIEW))
        other = edited(body, 9, text=body["text"].replace(UNKNOWN, "公证收费标准"))
        api.add("edited_message", other)
        await api.wait(2)
        last = api.add("edited_message", edited(other, 12, **NO_PREVIEW))
        assert await until(lambda: last + 1 in api.offsets)
        await asyncio.sleep(0.1)
    assert ["公证收费标准", UNKNOWN] == [e.text for e in await store.exchanges("telegram")]
    assert (2, 1) == (len(api.sent), len(await store.tickets()))


async def test_the_words_are_compared_as_they_are_kept(store: SqlStore, api: BotApi, sample_matcher: Matcher) -> None:
    """Without personal data, and whether or not the message was answered yet; an edit that comes twice is answered once."""
    channel = a_channel(api.url, store, sample_matcher)
    body = message("我的电话是13800138000，公证收费标准")
    other = edited(body, 9, text="继承公证怎么办")
    batch = [("message", body), ("edited_message", edited(body, **NO_PREVIEW)), ("edited_message", other)]
    updates = [to_update({"update_id": number, kind: one}) for number, (kind, one) in enumerate(batch, 1)]
    whole: list[Update] = [update for update in updates if update is not None]
    await channel.take([*whole, whole[-1]])
    await channel.take(whole)
    assert await until(lambda: channel.health()["waiting"] == 0)
    assert ["123456-1", "123456-3"] == sorted(e.message_id for e in await store.exchanges("telegram"))
    await channel.close()


@pytest.mark.parametrize("worded", [0, 1])
async def test_an_album_with_words_gets_one_answer(
    api: BotApi, store: SqlStore, sample_matcher: Matcher, worded: int
) -> None:
    """The words stand with one of its pictures; the others are not complained of."""
    photo = ATTACHMENTS["photo"]
    for number in range(3):
        words: dict[str, Any] = {"caption": "公证收费标准"} if number == worded else {}
        api.add("message", message(number=number + 1, media_group_id="9", **words, **photo))
    api.add("message", message(number=7, media_group_id="10", **photo))
    async with alive(a_channel(api.url, store, sample_matcher)):
        assert await until(lambda: 5 in api.offsets)
        said = sorted(m["text"][:9] for m in await api.wait(2))
        await asyncio.sleep(0.1)
    assert ["以公示为准。", WORDLESS] == [text.splitlines()[0] for text in said]
    assert 2 == len(api.sent)


async def test_the_words_of_an_album_may_come_with_the_next_updates(
    api: BotApi, store: SqlStore, sample_matcher: Matcher
) -> None:
    """Its pictures are on disk by then and waiting; they are recorded and get no word of their own."""
    time, photo = Held(), ATTACHMENTS["photo"]
    api.add("message", message(number=1, media_group_id="9", **photo))
    api.add("message", message(number=2, media_group_id="9", **photo))
    async with alive(a_channel(api.url, store, sample_matcher, time=time)) as channel:
        assert await until(lambda: 3 in api.offsets)
        api.add("message", message(number=3, media_group_id="9", caption="公证收费标准", **photo))
        (said,) = await api.wait(1)
        time.go.set()
        assert await until(lambda: channel.health()["waiting"] == 0)
        await asyncio.sleep(0.1)
    assert "以公示为准。" == said["text"].splitlines()[0]
    assert 1 == len(api.sent)
    assert [] == await store.left_over("telegram")


async def test_a_stop_between_the_pictures_of_an_album_costs_no_word(
    api: BotApi, store: SqlStore, sample_matcher: Matcher
) -> None:
    """The picture that comes after it finds its album answered."""
    photo = ATTACHMENTS["photo"]
    async with alive(a_channel(api.url, store, sample_matcher)):
        first = api.add("message", message(number=1, media_group_id="9", caption="公证收费标准", **photo))
        await api.wait(1)
        assert await until(lambda: first + 1 in api.offsets)
    async with alive(a_channel(api.url, store, sample_matcher)) as channel:
        last = api.add("message", message(number=2, media_group_id="9", **photo))
        assert await until(lambda: last + 1 in api.offsets)
        assert await until(lambda: channel.health()["waiting"] == 0)
    counts = await store.counts()
    assert (1, 1) == (len(api.sent), sum(counts[name] for name in counts if name.startswith("outbox_")))


async def test_an_album_without_words_gets_its_word_after_a_moment(
    api: BotApi, store: SqlStore, sample_matcher: Matcher
) -> None:
    """One for all its pictures, in a group too, and nobody else waits meanwhile."""
    time, photo = Held(), ATTACHMENTS["photo"]
    ours = {**message("旧", GROUP), "from": US}
    for number in (1, 2, 3):
        api.add("message", message("", GROUP, number=number, media_group_id="9", reply_to_message=ours, **photo))
    api.add("message", mention("@fawen_test_bot 公证收费标准"))
    async with alive(a_channel(api.url, store, sample_matcher, time=time)):
        (first,) = await api.wait(1)
        time.go.set()
        said = (await api.wait(2))[1]
        await asyncio.sleep(0.1)
    assert "以公示为准。" == first["text"].splitlines()[0]
    assert said["text"].startswith(WORDLESS)
    assert 2 == len(api.sent)


async def test_who_writes_as_a_channel_is_answered(api: BotApi, store: SqlStore, sample_matcher: Matcher) -> None:
    """As a reply like any other; buttons that are the asker's are anybody's, who presses is never the channel."""
    account = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}
    channel = {"id": -100999, "type": "channel", "title": "某频道"}
    body = {**mention("@fawen_test_bot 公证收费标准"), "from": account, "sender_chat": channel}
    api.add("message", body)
    async with alive(a_channel(api.url, store, sample_matcher)):
        (said,) = await api.wait(1)
    assert (GROUP["id"], 11) == (said["chat"], said["reply_to"])
    assert not any(data.endswith("-100999") for data in labels(said).values())
