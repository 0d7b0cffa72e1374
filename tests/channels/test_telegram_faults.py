"""Telegram over real HTTP, with faults by script: nothing lost, nothing doubled, and what is wrong is said."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from bot.channels.telegram_poll import Contact, Poller
from bot.config import Limits
from bot.errors import StoreUnavailable
from bot.gate import Gate
from bot.messages import Reply
from bot.store.base import Switch
from bot.store.sql import SqlStore
from intents import Matcher
from tests.channels.bot_api import BotApi, labels
from tests.channels.golden import GROUP, PRIVATE, mention, message, pressed
from tests.channels.running import FastTime, a_channel, a_store, alive, becomes
from tests.waiting import until


class Watched(Gate):
    """A gate that notes when it let somebody in, how often it did not, and how many were in work at once."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self.let_in: list[datetime] = []
        self.refused = self.most = 0

    async def full(self, at: datetime) -> bool:
        """See Gate."""
        full = await super().full(at)
        if full:
            self.refused += 1
        else:
            self.let_in.append(at)
        return full

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """See Gate."""
        with super().working():
            self.most = max(self.most, self.in_work)
            yield


def question(text: str, person: int = 42) -> dict[str, object]:
    """A private message of somebody."""
    return message(text, {**PRIVATE, "id": person}) | {"from": {"id": person, "is_bot": False, "first_name": "甲"}}


async def test_an_update_is_acknowledged_only_when_it_is_on_disk(
    api: BotApi, store: SqlStore, sample_matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the store is away no offset goes out and nothing is lost; once it is back everything is answered once."""
    channel = a_channel(api.url, store, sample_matcher)
    whole, refusals = store.receive, iter(range(3))

    async def away(received: object) -> object:
        if next(refusals, None) is not None:
            raise StoreUnavailable("away")
        return await whole(received)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(store, "receive", away)
    api.add("message", question("继承公证怎么办"))
    async with alive(channel):
        await api.wait(1)
        assert await until(lambda: bool(api.offsets))
    assert [2] == sorted(set(api.offsets))
    assert api.calls["getUpdates"] >= 4
    assert 1 == len(api.sent)


async def test_a_crash_after_storing_answers_once(api: BotApi, tmp_path: Path, sample_matcher: Matcher) -> None:
    """Killed between storing and answering: the next start answers it, and the repeated update changes nothing."""
    number = api.add("message", question("继承公证怎么办"))
    async with a_store(tmp_path) as store:
        channel = a_channel(api.url, store, sample_matcher)
        (update,) = await channel.bot.get_updates()
        incoming = channel._read(update)
        assert incoming is not None
        assert incoming.message is not None
        await channel._dialogue.accept(incoming.message)
        await channel.close()
    async with a_store(tmp_path) as store:
        again = a_channel(api.url, store, sample_matcher)
        assert 1 == await again._dialogue.resume("telegram", deliver=True)
        async with alive(again):
            assert await until(lambda: number + 1 in api.offsets)
            await api.wait(1)
            assert await becomes(store, "sent")
        assert 1 == len(await store.exchanges("telegram"))
    assert 1 == len(api.sent)


async def test_order_within_a_chat_when_updates_come_doubled_and_reordered(
    api: BotApi, store: SqlStore, sample_matcher: Matcher
) -> None:
    """A batch that comes backwards and twice is answered once each, in the order it was written."""
    api.shuffle = lambda batch: [*reversed(batch), *batch]
    for text in ("法律援助是什么", "公证收费标准", "继承公证怎么办"):
        api.add("message", question(text))
    async with alive(a_channel(api.url, store, sample_matcher)):
        said = [m["text"][:4] for m in await api.wait(3)]
        await asyncio.sleep(0.1)
    assert ["法律援助", "以公示为", "带材料去"] == said
    assert 3 == len(api.sent)


async def test_a_slow_chat_holds_up_no_other(api: BotApi, store: SqlStore, sample_matcher: Matcher) -> None:
    """While Telegram is slow to take one chat's answer, another chat gets its own."""
    api.faults["sendMessage"] = ["slow"]
    api.add("message", question("法律援助是什么", 1))
    api.add("message", question("公证收费标准", 2))
    async with alive(a_channel(api.url, store, sample_matcher)):
        said = await api.wait(2)
    slow = int(api.fields["sendMessage"][0]["chat_id"])
    assert [3 - slow, slow] == [m["chat"] for m in said]


@pytest.mark.parametrize(
    ("fault", "state", "arrived"),
    [
        ("lost", "uncertain", 1),
        (502, "uncertain", 0),
        (500, "uncertain", 0),
        ("reset", "uncertain", 0),
        (403, "failed", 0),
        (400, "failed", 0),
    ],
)
async def test_what_becomes_of_a_send_that_fails(
    api: BotApi, store: SqlStore, sample_matcher: Matcher, fault: str | int, state: str, arrived: int
) -> None:
    """Refused is not repeated; unknown is recorded as uncertain and never repeated, whether or not it had arrived."""
    api.faults["sendMessage"] = [fault]
    api.add("message", question("公证收费标准"))
    async with alive(a_channel(api.url, store, sample_matcher)):
        assert await becomes(store, state)
        await asyncio.sleep(0.1)
    assert (1, arrived) == (api.calls["sendMessage"], len(api.sent))


@pytest.mark.parametrize("fault", [(429, 7), 401, 404])
async def test_a_send_that_was_certainly_not_made_waits_for_another_try(
    api: BotApi, store: SqlStore, sample_matcher: Matcher, fault: int | tuple[int, int]
) -> None:
    """Flood limit and a refused token put the answer back; it is not lost and not sent twice."""
    api.faults["sendMessage"] = [fault]
    api.add("message", question("公证收费标准"))
    channel = a_channel(api.url, store, sample_matcher)
    async with alive(channel):
        assert await until(lambda: api.calls["sendMessage"] == 1)
        assert await becomes(store, "pending")
        store._now.pass_by(minutes=2)  # type: ignore[attr-defined]  # the store's fake clock
        channel.contact._clock.time += 120  # type: ignore[attr-defined]  # the channel's
        assert await becomes(store, "sent")
    assert 1 == len(api.sent)


async def test_no_network_at_all(store: SqlStore, sample_matcher: Matcher) -> None:
    """Nothing listens: the channel keeps trying with growing pauses, says what is wrong, and the answer waits."""
    channel = a_channel("http://127.0.0.1:9", store, sample_matcher)
    async with alive(channel):
        assert await until(lambda: channel.contact.problem != "")
    assert channel.contact.problem.startswith("连不上 Telegram")
    assert channel.health()["contact_age"] is None


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (401, "401：令牌不对"),
        (404, "404：地址或令牌"),
        (409, "409：另有程序"),
        (502, "连不上"),
        ((429, 5), "要求等 5 秒"),
    ],
)
async def test_what_is_wrong_is_said_in_one_sentence(
    api: BotApi, store: SqlStore, sample_matcher: Matcher, fault: int | tuple[int, int], words: str
) -> None:
    """The health page names the cause and the remedy, and all is well again afterwards."""
    channel = a_channel(api.url, store, sample_matcher)
    api.chaos = lambda method: fault if method == "getUpdates" else None
    async with alive(channel):
        assert await until(lambda: words in channel.contact.problem)
        api.chaos = lambda method: None
        assert await until(lambda: channel.contact.problem == "")


async def test_who_no_longer_polls_has_no_problem(api: BotApi, store: SqlStore, sample_matcher: Matcher) -> None:
    """Another replica polls now: what was wrong here must not ring for ever."""
    channel = a_channel(api.url, store, sample_matcher)
    api.chaos = lambda method: 502 if method == "getUpdates" else None
    polling = asyncio.create_task(channel.poller.run())
    assert await until(lambda: channel.health()["problem"] != "")
    polling.cancel()
    await asyncio.gather(polling, return_exceptions=True)
    assert ("", False) == (channel.health()["problem"], channel.health()["receiving"])
    await channel.close()


async def test_a_registered_webhook_is_removed_for_polling(
    api: BotApi, store: SqlStore, sample_matcher: Matcher
) -> None:
    """409 because of a webhook heals itself."""
    channel = a_channel(api.url, store, sample_matcher)
    sentence, _ = await _explained(channel.poller, "Conflict: can't use getUpdates method while webhook is active")
    assert "已自动撤销" in sentence
    assert 1 == api.calls["deleteWebhook"]
    await channel.close()


async def _explained(poller: Poller, words: str) -> tuple[str, float]:
    from telegram.error import Conflict

    pause = await poller._explained(Conflict(words), 0)
    return poller._contact.problem, pause


async def test_polling_that_stands_still_is_started_again(
    api: BotApi, sample_matcher: Matcher, store: SqlStore
) -> None:
    """A loop that hangs where no timeout reaches is noticed and replaced; messages come in again."""
    channel, time = a_channel(api.url, store, sample_matcher), FastTime()
    taken: list[int] = []

    async def take(updates: object) -> None:
        taken.append(1)
        if len(taken) == 1:
            await asyncio.Event().wait()

    poller = Poller(
        channel.bot, channel._fetching, take, Contact(time), asyncio.get_running_loop().time, time.sleep, stall=0.2
    )
    api.add("message", question("公证收费标准"))
    running = asyncio.create_task(poller.run())
    assert await until(lambda: len(taken) > 1)
    assert poller.restarts >= 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await channel.close()


async def test_an_update_nobody_can_read_blocks_none(api: BotApi, store: SqlStore, sample_matcher: Matcher) -> None:
    """It is passed over and acknowledged; what comes behind it is answered."""
    api.add("message", {"message_id": "eleven"})
    last = api.add("message", question("公证收费标准"))
    async with alive(a_channel(api.url, store, sample_matcher)):
        assert 1 == len(await api.wait(1))
        assert await until(lambda: last + 1 in api.offsets)


async def test_a_long_answer_is_turned_in_place(api: BotApi, store: SqlStore, sample_matcher: Matcher) -> None:
    """下一页 edits the same message; pressing twice changes nothing; a page nobody knows any more is said courteously."""
    await store.enqueue("telegram", "42", Reply("ticket_answered", "这是一句话。" * 1200, "answer"), "K7-3F9Q")
    async with alive(a_channel(api.url, store, sample_matcher)):
        (first,) = await api.wait(1)
        for _ in range(2):
            api.add("callback_query", pressed(labels(first)["下一页"], number=first["id"]))
        assert await until(lambda: len(api.alerts) == 2)
        api.add("callback_query", pressed("p:2:gone"))
        assert await until(lambda: len(api.alerts) == 3)
    assert ["第 2 页，共 2 页"] == [e["text"].splitlines()[-1] for e in api.edits]
    assert ["上一页"] == list(labels(api.edits[0]))
    assert ["", "", "这个按钮已经失效，请重新提问。"] == api.alerts
    assert [] == await store.exchanges("telegram")


async def test_a_page_that_cannot_be_turned_now_is_said(
    api: BotApi, store: SqlStore, sample_matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While Telegram has us wait, or the store is away, whoever presses is asked to press again later."""
    await store.enqueue("telegram", "42", Reply("ticket_answered", "这是一句话。" * 1200, "answer"), "K7-3F9Q")
    channel = a_channel(api.url, store, sample_matcher)
    async with alive(channel):
        (first,) = await api.wait(1)
        channel.pace.hold(30)
        api.add("callback_query", pressed(labels(first)["下一页"], number=first["id"]))
        assert await until(lambda: len(api.alerts) == 1)

        async def away(*asked: object) -> None:
            raise StoreUnavailable("away")

        monkeypatch.setattr(store, "reply_sent", away)
        api.add("callback_query", pressed(labels(first)["下一页"], number=first["id"]))
        assert await until(lambda: len(api.alerts) == 2)
    assert (["请稍后再点。"] * 2, []) == (api.alerts, api.edits)


async def test_groups_are_answered_only_when_meant_and_as_a_reply(
    api: BotApi, store: SqlStore, sample_matcher: Matcher
) -> None:
    """Talk is left alone; a mention is answered with a pointer to the message."""
    api.add("message", message("继承公证怎么办", GROUP))
    api.add("message", {**mention("@fawen_test_bot 公证收费标准"), "message_id": 55})
    async with alive(a_channel(api.url, store, sample_matcher)):
        (said,) = await api.wait(1)
        await asyncio.sleep(0.1)
    assert (-500, 55) == (said["chat"], said["reply_to"])
    assert 1 == len(api.sent)


async def test_staff_hear_of_a_ticket_and_may_ask(api: BotApi, store: SqlStore, sample_matcher: Matcher) -> None:
    """A ticket is told to the staff chat, /queue and /stats answer there; elsewhere /queue is only explained away."""
    channel = a_channel(api.url, store, sample_matcher, staff_chats=(-500,))
    async with alive(channel):
        api.add("message", question("今天天气怎么样啊会下雨吗", 7))
        await api.wait(2)
        (ticket,) = await store.tickets()
        notice = next(m["text"] for m in api.sent if m["chat"] == -500)
        api.add("message", message("/queue", GROUP))
        api.add("message", message("/stats", GROUP, 12))
        api.add("message", question("/queue", 7))
        said = await api.wait(5)
    assert notice.startswith(f"新工单 {ticket.number}（Telegram）\n今天天气怎么样啊会下雨吗")
    queue, stats = [m["text"] for m in said if m["chat"] == -500][1:]
    # written at 14:13 UTC; staff read the time of Zhongshan
    assert queue.startswith(f"待办 1 件，最早的在前：\n{ticket.number}（Telegram，09-21 22:13）")
    assert "工单 1 件，其中待处理 1 件" in stats
    assert "怎么用" in next(m["text"] for m in said[2:] if m["chat"] == 7)
    scopes = [fields.get("scope", "") for fields in api.fields["setMyCommands"]]
    assert [False, True] == ["-500" in scope for scope in scopes]


async def test_what_staff_asked_before_a_crash_is_answered(
    api: BotApi, tmp_path: Path, sample_matcher: Matcher
) -> None:
    """Killed between storing and answering: the next start answers with the queue, and in other chats with the help."""
    api.add("message", message("/queue", GROUP))
    api.add("message", question("/queue", 7))
    async with a_store(tmp_path) as store:
        channel = a_channel(api.url, store, sample_matcher, staff_chats=(-500,))
        for update in await channel.bot.get_updates():
            incoming = channel._read(update)
            assert incoming is not None
            assert incoming.message is not None
            await channel._dialogue.accept(incoming.message)
        await channel.close()
    async with a_store(tmp_path) as store:
        again = a_channel(api.url, store, sample_matcher, staff_chats=(-500,))
        assert (2, 0) == (await again.resume(), await again.resume())
        async with alive(again, receive=False):
            said = {m["chat"]: m["text"] for m in await api.wait(2)}
    assert "没有待办工单。" == said[-500]
    assert "怎么用" in said[7]


async def test_a_closed_channel_says_so(api: BotApi, store: SqlStore, sample_matcher: Matcher) -> None:
    """The operator's words, recorded and answered once; an emergency is answered all the same."""
    gate = Gate(switches=lambda: {"telegram": Switch("telegram", False, "系统维护到今晚八点。")})
    api.add("message", question("公证收费标准", 1))
    api.add("message", question("他现在又打我了", 2))
    async with alive(a_channel(api.url, store, sample_matcher, gate)):
        said = {m["chat"]: m["text"] for m in await api.wait(2)}
    assert "系统维护到今晚八点。" == said[1]
    assert said[2].startswith("☎ 110 报警")


async def test_too_many_at_once_wait_or_get_a_text(api: BotApi, store: SqlStore, sample_matcher: Matcher) -> None:
    """Polling takes in no more than may wait, nothing is answered before there is room for it, and everything is."""
    gate, time = Watched(Limits(per_second=1, in_work=2)), FastTime()
    for person in range(1, 41):
        api.add("message", question("公证收费标准", person))
    async with alive(a_channel(api.url, store, sample_matcher, gate, waiting=5, time=time, now=time.now)):
        said = await api.wait(40, 30)
    assert {"以公示为准。"} == {m["text"].splitlines()[0] for m in said}
    assert 40 == len({m["chat"] for m in said})
    # by the clock of the gate one a second
    assert 40 == len(gate.let_in)
    assert 39 <= (gate.let_in[-1] - gate.let_in[0]).total_seconds() + 1e-3
    assert 1 <= gate.most <= 2


async def test_messages_in_work_are_counted(api: BotApi, store: SqlStore, sample_matcher: Matcher) -> None:
    """While as many are in work as may be, whoever they are, a message waits; an emergency does not."""
    gate = Watched(Limits(in_work=1))
    async with alive(a_channel(api.url, store, sample_matcher, gate)):
        with gate.working():
            api.add("message", question("公证收费标准", 1))
            assert await until(lambda: gate.refused > 3)
            api.add("message", question("他现在又打我了", 1))
            (first,) = await api.wait(1)
            assert first["text"].startswith("☎ 110 报警")
            assert 1 == len(api.sent)
        assert "以公示为准。" == (await api.wait(2))[1]["text"].splitlines()[0]
