"""What is written after we have stopped waiting for it, what 续 is allowed, and the last word to what cannot be answered."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.channels.wechat import LEFT_AFTER
from bot.config import Limits
from bot.errors import StoreUnavailable
from bot.gate import Gate
from bot.messages import Kind, Message
from bot.store.base import Switch
from bot.store.platform_base import Knock, Opens
from tests.channels.slow_store import SlowStore
from tests.channels.wechat_peer import PERSON, Got
from tests.channels.wechat_running import Service, Start
from tests.channels.wechat_server import FakeWeChat
from tests.fakes import FakeClock

SHORT = 0.2
"""Patience where the disk stands still, seconds."""
LONG = 60.0


async def too_late(service: Service, fields: dict[str, Any]) -> Got:
    """A delivery while the disk stands still; then it goes on, and what waited is written."""
    turn = service.store.shared.writer.turn
    await turn.acquire()
    service.channel._patience = SHORT
    got = await service.peer.deliver(fields)
    service.channel._patience = LONG
    turn.release()
    await asyncio.gather(*service.channel._background)
    return got


async def swept(service: Service, clock: FakeClock) -> int:
    """The look half a minute later."""
    clock.pass_by(seconds=LEFT_AFTER.total_seconds() + 1)
    return await service.channel.sweep()


async def keys(service: Service) -> list[str]:
    """What was recorded, newest first."""
    return [one.key for one in await service.store.exchanges("wechat")]


async def test_told_to_send_it_again_is_the_only_answer(start: Start, wechat: FakeWeChat, clock: FakeClock) -> None:
    """The disk takes the message after all: that text is its reply, what is sent again is the one that counts."""
    async with start() as service:
        asked = service.peer.fields("text", Content="今晚吃什么好呢")
        told = await too_late(service, asked)
        assert "还没有记下来" in told.text
        assert told.text == (await service.peer.deliver(asked)).text
        again = (await service.peer.says("今晚吃什么好呢")).text
        assert [True] == [ticket.number in again for ticket in await service.store.tickets()]
        assert (0, []) == (await swept(service, clock), wechat.sent)
        assert ["no_answer", "outage"] == await keys(service)


async def test_an_emergency_written_late_is_answered_once(start: Start, wechat: FakeWeChat, clock: FakeClock) -> None:
    """What to do was said at once; it is recorded, and nothing follows."""
    async with start() as service:
        asked = service.peer.fields("text", Content="救命他现在打我")
        told = await too_late(service, asked)
        assert "110" in told.text
        assert told.text == (await service.peer.deliver(asked)).text
        assert (0, []) == (await swept(service, clock), wechat.sent)
        assert 1 == (await service.store.counts())["exchanges"]


async def test_what_was_told_is_recorded_by_the_next_look(
    start: Start, wechat: FakeWeChat, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message was kept, the text could not be: the look for what was left over records it, and answers nothing."""
    async with start() as service:

        async def away(*args: object) -> None:
            raise StoreUnavailable("made to fail")

        monkeypatch.setattr(service.dialogue, "say", away)
        assert "还没有记下来" in (await too_late(service, service.peer.fields("text", Content="公证收费标准"))).text
        assert [] == await keys(service)
        monkeypatch.undo()
        assert (0, []) == (await swept(service, clock), wechat.sent)
        assert ["outage"] == await keys(service)


async def test_the_store_away_while_it_is_answered(
    start: Start, slow: list[SlowStore], wechat: FakeWeChat, clock: FakeClock
) -> None:
    """Kept, but not answered: who was told to send it again gets no second answer half a minute later."""
    async with start() as service:
        slow[0].broken = StoreUnavailable
        assert "还没有记下来" in (await service.peer.says("公证收费标准")).text
        slow[0].broken = None
        assert "以公示为准" in (await service.peer.says("公证收费标准")).text
        assert (0, []) == (await swept(service, clock), wechat.sent)
        assert ["outage", "entry"] == await keys(service)


async def test_a_retry_while_the_store_is_back_is_answered(
    start: Start, slow: list[SlowStore], wechat: FakeWeChat, clock: FakeClock
) -> None:
    """The same message delivered again before anything was recorded gets the answer, and that one is recorded."""
    async with start() as service:
        slow[0].broken = StoreUnavailable
        asked = service.peer.fields("text", Content="公证收费标准")
        await service.peer.deliver(asked)
        slow[0].broken = None
        assert "以公示为准" in (await service.peer.deliver(asked)).text
        assert (0, []) == (await swept(service, clock), wechat.sent)
        assert ["entry"] == await keys(service)


async def keep(service: Service, *texts: str) -> None:
    """Pages that were not read yet."""
    await service.platform.keep_pages("wechat", PERSON, "m0", texts, fresh=True)


async def test_a_page_turned_too_late_comes_next(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text of an outage stood in its place: the next 续 waits for the turn and shows it, none is skipped."""
    async with start() as service:
        await keep(service, "二", "三")
        turn, turn_page = service.store.shared.writer.turn, service.platform.turn_page

        async def on_a_standing_disk(*args: str) -> str | None:
            await turn.acquire()
            return await turn_page(*args)

        monkeypatch.setattr(service.platform, "turn_page", on_a_standing_disk)
        service.channel._patience = SHORT
        assert "还没有记下来" in (await service.peer.says("续")).text
        monkeypatch.undo()
        assert "还没有记下来" in (await service.peer.says("续")).text
        service.channel._patience = LONG
        next_one = asyncio.create_task(service.peer.says("续"))
        turn.release()
        texts = [(await next_one).text, *[(await service.peer.says("续")).text for _ in range(2)]]
        assert ["二", "三"] == texts[:2]
        assert "没有更多内容" in texts[2]


async def test_pages_are_turned_side_by_side(start: Start) -> None:
    """Several 续 at the same moment: each shows another page, a repeat the same."""
    async with start() as service:
        await keep(service, *"二三四五")
        turn = service.peer.fields("text", Content="续")
        both = await asyncio.gather(service.peer.deliver(turn), service.peer.deliver(turn))
        others = await asyncio.gather(*(service.peer.says("续") for _ in range(3)))
        assert ("二", "二") == (both[0].text, both[1].text)
        assert [*"三四五"] == sorted((one.text for one in others), key="三四五".index)


async def test_more_is_asked_for_within_switch_and_limits(start: Start) -> None:
    """A closed channel, a person who is too fast, a service that is full: said, and no page is turned."""
    async with start(per_minute=2) as service:
        await keep(service, "二", "三")
        closed = Switch("wechat", open=False, text="系统升级，请拨打 12348。")
        service.dialogue.gate = Gate(None, lambda: {"wechat": closed})
        assert "系统升级" in (await service.peer.says("续")).text
        service.dialogue.gate = Gate(Limits(per_second=1))
        assert ["二", True] == [
            (await service.peer.says("续")).text,
            "问的人多" in (await service.peer.says("续")).text,
        ]
        service.dialogue.gate = Gate()
        assert "三" == (await service.peer.says("续")).text
        assert "发得有点快" in (await service.peer.says("续")).text
        assert [] == await keys(service)


async def test_what_can_never_be_answered_gets_a_word(
    start: Start, wechat: FakeWeChat, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Left over, and every try fails: at the last one the person hears it, once. An outage is no try."""
    async with start() as service:
        fail: type[Exception] = RuntimeError

        async def broken(*args: object, **more: object) -> None:
            raise fail("made to fail")

        left = Message("wechat", PERSON, PERSON, "公证收费标准", Kind.TEXT, clock(), "m1")
        await service.store.receive(left)
        await service.platform.admit(Knock("wechat", "1.1", "m2", PERSON, clock(), Opens.MESSAGE))
        monkeypatch.setattr(service.dialogue, "_answer", broken)
        looks = [await swept(service, clock) for _ in range(4)]
        fail = StoreUnavailable
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                await swept(service, clock)
        assert ([0] * 4, []) == (looks, await keys(service))
        fail = RuntimeError
        assert [1, 0, 0] == [await swept(service, clock) for _ in range(3)]
        (text,) = await wechat.messages(1)
        assert ["公证收费标准" in text, "没能答上来" in text] == [True, True]
        assert await service.becomes("sent")
        assert (1, ["trouble"]) == (len(wechat.sent), await keys(service))
