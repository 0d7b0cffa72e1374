"""Retries, slow answers and crashes: one record and one reply for each message, whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.channels.wechat import LEFT_AFTER
from bot.channels.wechat_messages import understand
from bot.config import Limits
from bot.errors import StoreUnavailable
from bot.gate import Gate
from bot.messages import Reply
from bot.store.base import Switch
from tests.channels.slow_store import SlowStore
from tests.channels.wechat_running import Service, Start
from tests.channels.wechat_server import FakeWeChat
from tests.fakes import FakeClock
from tests.logwatch import CARD_ID, PHONE

SHORT = 0.2
"""Patience where something hangs for ever, seconds."""


async def until(condition: Callable[[], bool]) -> bool:
    """Wait for something; False when it does not come in ten seconds."""
    for _ in range(1000):
        if condition():
            return True
        await asyncio.sleep(0.01)
    return False


@pytest.mark.parametrize("mode", ["plain", "safe"])
async def test_three_tries_get_the_same_reply_counted_once(start: Start, mode: str) -> None:
    """Each with a new nonce and time, as messages and as events."""
    async with start(mode=mode) as service:
        peer = service.peer
        asked = peer.fields("text", Content="法律援助收不收费啊我想找人问问")
        clicked = peer.fields("event", Event="CLICK", EventKey="notary")
        for fields in (asked, clicked):
            got = [await peer.deliver(fields) for _ in range(3)]
            assert ([200] * 3, 1) == ([g.status for g in got], len({g.text for g in got}))
            assert got[0].text
        counts = await service.store.counts()
        assert (2, 2) == (counts["messages"], counts["exchanges"])


async def test_two_events_of_one_second_are_two(start: Start) -> None:
    """Sender and time are the same, what was done is not."""
    async with start() as service:
        for name, key in (("CLICK", "notary"), ("CLICK", "legal_aid"), ("SCAN", "notary")):
            assert (await service.peer.event(name, key)).text
        assert 3 == (await service.store.counts())["exchanges"]


async def test_tries_at_the_same_moment(start: Start, slow: list[SlowStore]) -> None:
    """The second and third come while the first is in work: one question to the dialogue, three equal answers."""
    async with start() as service:
        slow[0].gate.clear()
        asked = service.peer.fields("text", Content="今晚吃什么")
        tries = [asyncio.create_task(service.peer.deliver(asked)) for _ in range(3)]
        assert await until(lambda: slow[0].calls == 1)
        await asyncio.sleep(0.1)
        slow[0].gate.set()
        got = [await t for t in tries]
        assert 1 == slow[0].calls
        assert 1 == len({g.text for g in got})
        (ticket,) = await service.store.tickets()
        assert ticket.number in got[0].text


async def test_a_slow_answer_comes_as_a_customer_message(
    start: Start, slow: list[SlowStore], wechat: FakeWeChat
) -> None:
    """`success` in time; the message and the debt on disk before it; retries get `success`; the answer once, with the question."""
    async with start(impatient=True) as service:
        slow[0].gate.clear()
        asked = service.peer.fields("text", Content="公证收费标准")
        assert "success" == (await service.peer.deliver(asked)).body
        assert ["公证收费标准"] == [m.text for m in await service.store.left_over("wechat")]
        assert "success" == (await service.peer.deliver(asked)).body
        slow[0].gate.set()
        (text,) = await wechat.messages(1)
        assert "您刚才问的“公证收费标准”：" in text
        assert "以公示为准" in text
        assert "success" == (await service.peer.deliver(asked)).body
        assert await service.becomes("sent")
        assert (1, 1) == (len(wechat.sent), (await service.store.counts())["exchanges"])


async def test_what_is_owed_holds_no_personal_number(
    start: Start, slow: list[SlowStore], tmp_path: Path, wechat: FakeWeChat
) -> None:
    """The message is redacted on this way to the disk as well."""
    async with start(impatient=True) as service:
        slow[0].gate.clear()
        await service.peer.says("打13812345678，公证收费标准")
        slow[0].gate.set()
        await wechat.messages(1)
    assert not any(b"13812345678" in file.read_bytes() for file in list_files(tmp_path))


def list_files(path: Path) -> list[Path]:
    return list(path.glob("fawen.db*"))


async def test_a_crash_after_success_loses_nothing(
    start: Start, slow: list[SlowStore], wechat: FakeWeChat, clock: FakeClock
) -> None:
    """Acknowledged, then the process dies before the answer: the next one answers and brings it."""
    async with start(impatient=True) as service:
        slow[0].gate.clear()
        assert "success" == (await service.peer.says("公证收费标准")).body
        for task in service.channel._working.values():
            task.cancel()
    clock.pass_by(seconds=LEFT_AFTER.total_seconds() + 1)
    async with start() as service:
        assert 1 == await service.channel.sweep()
        assert 0 == await service.channel.sweep()
        (text,) = await wechat.messages(1)
        assert "以公示为准" in text
        assert await service.becomes("sent")
        assert (1, 1) == (len(wechat.sent), (await service.store.counts())["exchanges"])


async def test_a_crash_before_any_answer(start: Start, wechat: FakeWeChat, clock: FakeClock) -> None:
    """Received, and then nothing: a retry is answered at once; without one the answer is brought after half a minute."""
    async with start() as service:
        for number, text in ((1, "公证收费标准"), (2, "法律援助收费吗")):
            fields = service.peer.fields("text", Content=text, MsgId=number)
            message = understand({k: str(v) for k, v in fields.items()}, lambda _: False).message
            assert message is not None
            await service.store.receive(message)
        again = service.peer.fields("text", Content="公证收费标准", MsgId=1)
        assert "以公示为准" in (await service.peer.deliver(again)).text
        assert 0 == await service.channel.sweep()
        await service.peer.says("法律援助是什么")
        clock.pass_by(seconds=LEFT_AFTER.total_seconds() + 1)
        assert 1 == await service.channel.sweep()
        (text,) = await wechat.messages(1)
        assert "不收费" in text


async def test_a_message_is_on_disk_before_it_is_thought_about(start: Start, slow: list[SlowStore]) -> None:
    """With the note of its delivery, and without personal data."""
    async with start() as service:
        slow[0].gate.clear()
        asking = asyncio.create_task(service.peer.says(f"公证收费标准，电话 {PHONE}"))
        await slow[0].hangs("")
        (kept,) = await service.store.left_over("wechat")
        assert ("公证收费标准" in kept.text, PHONE in kept.text) == (True, False)
        slow[0].gate.set()
        assert "以公示为准" in (await asking).text
        assert [] == await service.store.left_over("wechat")


async def test_more_at_once_than_there_is_room_for(start: Start) -> None:
    """Who is turned away is told so and not written down; who waits at the door takes up room already."""
    async with start() as service:
        service.dialogue.gate = Gate(Limits(in_work=3, per_second=100))
        got = await asyncio.gather(*(service.peer.says("公证收费标准", f"o{n}") for n in range(10)))
        texts = ["以公示为准" in one.text for one in got]
        assert [200] * 10 == [one.status for one in got]
        assert 3 == sum(texts)
        assert (3, 3) == ((await service.store.counts())["messages"], (await service.store.counts())["exchanges"])


async def test_a_message_that_cannot_be_answered(
    start: Start, slow: list[SlowStore], caplog: pytest.LogCaptureFixture
) -> None:
    """A bug gives a courteous text and a record, not an error; the next message is answered."""
    async with start() as service:
        slow[0].broken = RuntimeError
        slow[0].calls = 0

        class Once(RuntimeError):
            """Fails the dialogue, then lets the record through."""

            def __init__(self, text: str) -> None:
                super().__init__(text)
                slow[0].broken = None

        slow[0].broken = Once
        got = await service.peer.says(f"公证收费标准，电话 {PHONE}，身份证 {CARD_ID}")
        assert (200, True) == (got.status, "没能答上来" in got.text)
        assert ["trouble"] == [e.key for e in await service.store.exchanges("wechat")]
        assert "以公示为准" in (await service.peer.says("公证收费标准")).text
    assert "could not be answered" in caplog.text
    assert PHONE not in caplog.text


async def test_the_store_away_before_the_message_is_kept(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is acknowledged that is not on disk: the person is told to send it again."""
    async with start() as service:

        async def away(knock: object) -> None:
            raise StoreUnavailable("made to fail")

        monkeypatch.setattr(service.platform, "admit", away)
        got = await service.peer.says("公证收费标准")
        assert (200, True) == (got.status, "还没有记下来" in got.text)
        spoken = await service.peer.deliver(service.peer.fields("voice", MediaId="m", Recognition="救命，他现在打我。"))
        for danger in (spoken, await service.peer.says("救命他现在打我")):
            assert ("110" in danger.text, "还没有记下来" in danger.text) == (True, False)
        assert 0 == (await service.store.counts())["messages"]


async def test_the_door_hangs(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """When not even the nonce can be written in time, the person is told so, and a mere event gets `success`."""
    async with start(patience=SHORT) as service:

        async def hang(knock: object) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(service.platform, "admit", hang)
        assert "还没有记下来" in (await service.peer.says("公证收费标准")).text
        assert "110" in (await service.peer.says("救命他现在打我")).text
        assert "success" == (await service.peer.event("VIEW", "http://example.com")).body
        assert 0 == (await service.store.counts())["messages"]


async def test_the_debt_cannot_be_written(
    start: Start, slow: list[SlowStore], wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too slow and not even the debt on disk: no `success`, but in an emergency the number; when all comes back, the answers
    are brought after all."""
    async with start(impatient=True) as service:
        slow[0].gate.clear()
        owe = service.platform.owe

        async def fail(message: object) -> None:
            raise StoreUnavailable("made to fail")

        monkeypatch.setattr(service.platform, "owe", fail)
        assert "110" in (await service.peer.says("救命他现在打我")).text
        assert "还没有记下来" in (await service.peer.says("公证收费标准")).text
        monkeypatch.setattr(service.platform, "owe", owe)
        slow[0].gate.set()
        brought = await wechat.messages(2)
        assert [1, 1] == [sum(words in text for text in brought) for words in ("以公示为准", "请马上报警")]


async def test_pages_that_cannot_be_kept(start: Start, wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer stands but its pages cannot be written: it is owed and comes later, once."""
    async with start(send=False) as service:
        long = Reply("late_answer", "申请人应当如实提交材料，并承担相应的责任。" * 60, "answer", ticket="K7-3F9Q")
        keep = service.platform.keep_pages

        async def fail(*args: object, **more: object) -> None:
            raise StoreUnavailable("made to fail")

        monkeypatch.setattr(service.platform, "keep_pages", fail)
        await park(service, long)
        assert "success" == (await service.peer.says("公证收费标准")).body
        monkeypatch.setattr(service.platform, "keep_pages", keep)
        assert 1 == await service.sender.once()
        assert 1 == await service.sender.once()
        texts = await wechat.messages(2)
        assert ["申请人" in texts[0], "以公示为准" in texts[1]] == [True, True]
        assert 1 == (await service.store.counts())["exchanges"]


async def park(service: Service, reply: Reply) -> None:
    """Something in the outbox that the sender may not send now."""
    await service.store.enqueue("wechat", service.peer.fields()["FromUserName"], reply, "K7-3F9Q")
    assert 1 == await service.sender.once()
    assert {"pending": 1} == await service.state()


async def test_what_waits_comes_with_the_next_message(start: Start, wechat: FakeWeChat) -> None:
    """Outside 48 hours nothing is sent; with the next message it comes before the answer, the same for a retry, once."""
    async with start(send=False) as service:
        late = Reply("late_answer", "工作人员答复：请带户口本。", "answer", ticket="K7-3F9Q")
        await park(service, late)
        asked = service.peer.fields("text", Content="公证收费标准")
        first, again = await service.peer.deliver(asked), await service.peer.deliver(asked)
        assert first.text == again.text
        assert first.text.index("请带户口本") < first.text.index("以公示为准")
        assert "请带户口本" not in (await service.peer.says("公证收费标准")).text
        assert [] == wechat.sent
        assert {"sent": 1} == await service.state()


@pytest.mark.parametrize("sort", ["text", "voice"])
async def test_what_waits_comes_when_more_is_asked_for(start: Start, wechat: FakeWeChat, sort: str) -> None:
    """续 with no page to turn brings what waits, in pages, the same for a retry; only then is there nothing more."""
    async with start(send=False) as service:
        long = "".join(f"第 {n} 件，申请人应当如实提交材料。" for n in range(60))
        await park(service, Reply("late_answer", f"工作人员答复：{long}", "answer", ticket="K7-3F9Q"))

        def more() -> dict[str, object]:
            return service.peer.fields(sort, **({"Content": "续"} if sort == "text" else {"Recognition": "继续。"}))

        asked = more()
        first, again = await service.peer.deliver(asked), await service.peer.deliver(asked)
        assert (True, first.text) == (first.text.startswith("工作人员答复：第 0 件"), again.text)
        assert "第 59 件" in (await service.peer.deliver(more())).text
        assert "没有更多内容" in (await service.peer.deliver(more())).text
        assert ([], {"sent": 1}) == (wechat.sent, await service.state())
        assert 0 == (await service.store.counts())["exchanges"]


async def test_an_emergency_stands_alone(start: Start) -> None:
    """What waits goes on waiting beside an emergency."""
    async with start(send=False) as service:
        await park(service, Reply("late_answer", "请带户口本。", "answer"))
        assert "户口本" not in (await service.peer.says("救命他现在打我")).text
        assert "户口本" in (await service.peer.says("公证收费标准")).text


async def test_a_closed_channel_says_so(start: Start) -> None:
    """The kill switch holds here too; an emergency is answered all the same."""
    async with start(send=False) as service:
        closed = Switch("wechat", open=False, text="系统升级，请拨打 12348。")
        service.dialogue.gate = Gate(None, lambda: {"wechat": closed})
        assert "系统升级" in (await service.peer.says("公证收费标准")).text
        assert "110" in (await service.peer.says("救命他现在打我")).text
