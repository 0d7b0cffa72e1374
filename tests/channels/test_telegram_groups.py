"""A group: each member has a conversation of their own, the replies go to all, and some buttons are the asker's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.store.sql import SqlStore
from intents import Matcher
from tests.channels.bot_api import BotApi, labels, running_bot_api
from tests.channels.golden import GROUP, mention, pressed
from tests.channels.running import a_channel, alive
from tests.waiting import until

ANN, BEN = 42, 43


class Group:
    """Members of a group who write to the bot one after another."""

    def __init__(self, api: BotApi) -> None:
        self.api, self._number = api, 100

    async def says(self, person: int, text: str) -> dict[str, Any]:
        """A member mentions the bot; what is sent then."""
        self._number += 1
        said = {**mention(f"@fawen_test_bot {text}".strip()), "message_id": self._number}
        self.api.add("message", said | {"from": _member(person)})
        return await self._next()

    async def presses(self, person: int, shown: dict[str, Any], label: str) -> dict[str, Any]:
        """A member presses a button; what is sent then."""
        self._press(person, shown, label)
        return await self._next()

    async def presses_in_vain(self, person: int, shown: dict[str, Any], label: str) -> str:
        """A member presses a button; what only this member sees."""
        before = len(self.api.alerts)
        self._press(person, shown, label)
        assert await until(lambda: len(self.api.alerts) > before)
        return self.api.alerts[-1]

    def _press(self, person: int, shown: dict[str, Any], label: str) -> None:
        button = pressed(labels(shown)[label], GROUP, shown["id"])
        self.api.add("callback_query", button | {"from": _member(person)})

    async def _next(self) -> dict[str, Any]:
        count = len(self.api.sent) + 1
        return (await self.api.wait(count))[count - 1]


def _member(person: int) -> dict[str, Any]:
    return {"id": person, "is_bot": False, "first_name": f"街坊{person}"}


@pytest.fixture
async def group(store: SqlStore, sample_matcher: Matcher) -> AsyncIterator[Group]:
    async with running_bot_api() as api, alive(a_channel(api.url, store, sample_matcher)):
        yield Group(api)


async def test_follow_ups_are_of_each_member(group: Group, store: SqlStore) -> None:
    """What Ben asked in between is not what Ann goes on about; everything is sent to the group, as a reply to its question."""
    await group.says(ANN, "继承公证怎么办")
    await group.says(BEN, "法律援助收费吗")
    fee = await group.says(ANN, "那收费呢")
    assert "以公示为准" in fee["text"]
    assert {-500} == {said["chat"] for said in group.api.sent}
    assert [101, 102, 103] == [said["reply_to"] for said in group.api.sent]
    await group.says(BEN, "人工")
    (ticket,) = await store.tickets()
    assert ("法律援助收费吗", "43", "-500") == (ticket.text, ticket.person, ticket.chat)


async def test_none_of_these_is_the_askers(group: Group, store: SqlStore) -> None:
    """Ben's 都不是 under Ann's options says nothing about her question, and is not written down; hers does."""
    options = await group.says(ANN, "收费还是免费")
    asked = len(await store.exchanges())
    assert "这里要由提问的人来点。您有问题，请直接向我提问。" == await group.presses_in_vain(BEN, options, "都不是")
    assert asked == len(await store.exchanges())
    assert "换个说法" in (await group.presses(ANN, options, "都不是"))["text"]


async def test_an_option_is_everybodys(group: Group, store: SqlStore) -> None:
    """Who presses an entry is answered below it and goes on from there; the asker's conversation stays as it was."""
    options = await group.says(ANN, "收费还是免费")
    answer = await group.presses(BEN, options, "公证收费")
    assert (-500, options["id"], "以公示为准。") == (
        answer["chat"], answer["reply_to"], answer["text"].partition("\n")[0],
    )  # fmt: skip
    assert "notary.fee" == ((await store.conversation("telegram", "-500/43")) or {})["entry"]
    assert "收费还是免费" == ((await store.conversation("telegram", "-500/42")) or {})["asked"]
    assert "43" == (await store.exchanges())[0].person


async def test_the_thumbs_are_the_askers(group: Group, store: SqlStore) -> None:
    """Ben's 没帮助 under Ann's answer opens no ticket; Ann's does, and the ticket is hers."""
    answer = await group.says(ANN, "公证收费标准")
    assert "提问的人" in await group.presses_in_vain(BEN, answer, "没帮助")
    assert ([], [""]) == (await store.tickets(), [e.feedback for e in await store.exchanges()])
    await group.presses(ANN, answer, "没帮助")
    assert [("公证收费标准", "42")] == [(t.text, t.person) for t in await store.tickets()]


async def test_our_name_alone_is_greeted(group: Group) -> None:
    """“@bot” and nothing else: who this is and the topics."""
    greeting = await group.says(ANN, "")
    assert "法问" in greeting["text"]
    assert ["法律援助", "公证"] == list(labels(greeting))


async def test_forgetting_is_of_one_member(group: Group, store: SqlStore) -> None:
    """Ben's 确认删除 after Ann asked to delete hers deletes nothing of hers."""
    await group.says(ANN, "继承公证怎么办")
    await group.says(ANN, "删除我的记录")
    await group.says(BEN, "确认删除")
    assert 2 == len([e for e in await store.exchanges() if e.person == "42"])
    await group.says(ANN, "确认删除")
    assert ["确认删除"] == [e.text for e in await store.exchanges() if e.person == "42"]
