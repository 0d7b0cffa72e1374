"""What WeChat's channel keeps, on SQLite and on PostgreSQL: replays are seen, debts brought once, quotas never overspent."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.messages import Kind, Message, Reply
from bot.store.base import OutboxState, Turn
from bot.store.platform import PlatformStore
from bot.store.platform_base import Admitted, Allowance, Credential, Knock, Opens
from bot.store.sql import SqlStore
from tests.fakes import FakeClock

CHANNEL = "wechat"
FIVE = Allowance(Opens.MESSAGE, 5, timedelta(hours=48))
THREE = Allowance(Opens.ACTION, 3, timedelta(minutes=1))


@pytest.fixture
def platform(store: SqlStore) -> PlatformStore:
    return PlatformStore(store.shared)


def message(clock: FakeClock, number: int = 1, text: str = "继承公证怎么办") -> Message:
    return Message(CHANNEL, "o1", "o1", text, Kind.TEXT, clock(), f"m{number}")


def knock(clock: FakeClock, nonce: str = "1.n", message_id: str = "m1", opens: Opens | None = Opens.MESSAGE) -> Knock:
    return Knock(CHANNEL, nonce, message_id, "o1", clock(), opens)


def reply(text: str = "带材料去公证处。") -> Reply:
    return Reply(key="entry", text=text, outcome="answer")


async def finish(store: SqlStore, given: Message, text: str = "带材料去公证处。") -> None:
    await store.finish(Turn(given, reply(text), {}))


async def test_a_nonce_belongs_to_one_message(platform: PlatformStore, clock: FakeClock) -> None:
    """The same nonce with the same message is a retry; with another one it is a replay."""
    assert await platform.admit(knock(clock)) == Admitted()
    assert await platform.admit(knock(clock)) == Admitted()
    assert await platform.admit(knock(clock, message_id="m2")) == Admitted(replayed=True)


async def test_a_nonce_wears_out(platform: PlatformStore, clock: FakeClock) -> None:
    """WeChat tries three times within fifteen seconds; a fifth delivery, or one after a minute, is somebody else's."""
    tries = [await platform.admit(knock(clock)) for _ in range(5)]
    assert [False] * 4 + [True] == [t.replayed for t in tries]
    await platform.admit(knock(clock, "2.n", "m2"))
    clock.pass_by(seconds=61)
    assert (await platform.admit(knock(clock, "2.n", "m2"))).replayed


async def test_what_is_known_of_a_delivery(store: SqlStore, platform: PlatformStore, clock: FakeClock) -> None:
    """Received before, owed, something waiting, pages kept: each is seen at the door."""
    first = message(clock)
    await store.receive(first)
    assert await platform.admit(knock(clock)) == Admitted(known=True)
    await platform.owe(first)
    await store.enqueue(CHANNEL, "o1", reply(), "K7-3F9Q")
    await platform.keep_pages(CHANNEL, "o1", "m0", ["二"], fresh=True)
    assert await platform.admit(knock(clock, "2.n")) == Admitted(False, True, True, True, True)


async def test_a_message_is_kept_with_its_delivery(store: SqlStore, platform: PlatformStore, clock: FakeClock) -> None:
    """Once admitted it cannot be forgotten; a replay brings nothing in, and a retry nothing twice."""
    first = replace(knock(clock), message=message(clock))
    assert [Admitted(), Admitted(known=True)] == [await platform.admit(first), await platform.admit(first)]
    assert [message(clock)] == await store.left_over(CHANNEL)
    forged = replace(knock(clock, message_id="m2"), message=message(clock, 2))
    assert (await platform.admit(forged)).replayed
    await finish(store, message(clock))
    assert await platform.admit(first) == Admitted(known=True)
    assert [] == await store.left_over(CHANNEL)


async def test_owing_keeps_the_message_too(store: SqlStore, platform: PlatformStore, clock: FakeClock) -> None:
    """A message that is owed an answer is on disk, even if nothing else of it was written."""
    await platform.owe(message(clock))
    await platform.owe(message(clock))
    assert [m.message_id for m in await store.left_over(CHANNEL)] == ["m1"]
    assert await platform.unanswered(CHANNEL, clock()) == []
    clock.pass_by(seconds=1)
    assert [m.message_id for m in await platform.unanswered(CHANNEL, clock())] == ["m1"]


async def test_an_owed_reply_is_brought_once(store: SqlStore, platform: PlatformStore, clock: FakeClock) -> None:
    """However many ask at the same time: one row in the outbox, with the question in brief."""
    asked = message(clock, text="继承公证怎么办" * 10)
    assert not await platform.bring(CHANNEL, "m1", 7)
    await platform.owe(asked)
    assert not await platform.bring(CHANNEL, "m1", 7)
    await finish(store, asked)
    assert await platform.unbrought(CHANNEL) == ["m1"]
    done = await asyncio.gather(*(platform.bring(CHANNEL, "m1", 7) for _ in range(10)))
    assert [True] == [d for d in done if d]
    assert await platform.unbrought(CHANNEL) == []
    (row,) = await store.take(CHANNEL)
    assert ("o1", "m1", "继承公证怎么办…") == (row.chat, row.ref, row.reply.extra["asked"])


async def test_a_reply_that_is_not_owed_is_never_brought(
    store: SqlStore, platform: PlatformStore, clock: FakeClock
) -> None:
    await finish(store, message(clock))
    assert not await platform.bring(CHANNEL, "m1", 7)
    assert await store.take(CHANNEL) == []


async def test_what_waits_goes_with_one_reply(store: SqlStore, platform: PlatformStore, clock: FakeClock) -> None:
    """Oldest first, at most so many, the same again for a repeat, and never by the sender as well."""
    for n in range(3):
        await store.enqueue(CHANNEL, "o1", reply(f"答{n}"), f"r{n}")
    await store.enqueue(CHANNEL, "o2", reply("别人的"), "r9")

    async def attach(message_id: str, fresh: bool) -> list[str]:
        return [r.text for r in await platform.attach(CHANNEL, "o1", message_id, fresh, 2)]

    assert await attach("m0", fresh=False) == []
    assert await attach("m1", fresh=True) == ["答0", "答1"]
    assert await attach("m1", fresh=True) == ["答0", "答1"]
    assert await attach("m1", fresh=False) == ["答0", "答1"]
    assert sorted(o.reply.text for o in await store.take(CHANNEL)) == ["别人的", "答2"]


async def test_what_is_being_sent_is_not_attached(store: SqlStore, platform: PlatformStore) -> None:
    await store.enqueue(CHANNEL, "o1", reply(), "r")
    (taken,) = await store.take(CHANNEL)
    assert await platform.attach(CHANNEL, "o1", "m1", True, 2) == []
    await store.settle(taken.id, OutboxState.FAILED)
    assert len(await platform.attach(CHANNEL, "o1", "m1", True, 2)) == 1


async def test_attached_to_a_reply_that_is_owed_waits_again(
    store: SqlStore, platform: PlatformStore, clock: FakeClock
) -> None:
    """What would have gone out with an answer that came too late is sent before it, not lost."""
    await store.enqueue(CHANNEL, "o1", reply("先前的"), "r")
    asked = message(clock)
    await platform.attach(CHANNEL, "o1", "m1", True, 2)
    await platform.owe(asked)
    await finish(store, asked)
    await platform.bring(CHANNEL, "m1", 7)
    (first,) = await store.take(CHANNEL)
    await store.settle(first.id, OutboxState.SENT)
    (second,) = await store.take(CHANNEL)
    assert ("先前的", "带材料去公证处。") == (first.reply.text, second.reply.text)


async def test_pages_are_turned_once_for_each_message(platform: PlatformStore) -> None:
    """A repeated 续 shows the same page; the next 续 the next one; then there is none."""
    await platform.keep_pages(CHANNEL, "o1", "m1", ["二", "三"], fresh=True)
    turned = await asyncio.gather(*(platform.turn_page(CHANNEL, "o1", "m2") for _ in range(5)))
    assert ["二"] * 5 == turned
    assert await platform.turn_page(CHANNEL, "o1", "m3") == "三"
    assert await platform.turn_page(CHANNEL, "o1", "m4") is None
    assert await platform.turn_page(CHANNEL, "o2", "m5") is None


async def test_what_waits_becomes_pages(store: SqlStore, platform: PlatformStore) -> None:
    """Oldest first, at most so many, once: a repeat changes nothing, and the sender has only what is left."""
    for n in range(3):
        await store.enqueue(CHANNEL, "o1", reply(f"答{n}"), f"r{n}")

    async def lay_out(message_id: str, chat: str = "o1") -> None:
        await platform.lay_out(CHANNEL, chat, message_id, 2, lambda given: [one.text for one in given])

    await lay_out("m1", "o2")
    await asyncio.gather(lay_out("m1"), lay_out("m1"))
    assert [await platform.turn_page(CHANNEL, "o1", m) for m in ("m1", "m1", "m2")] == ["答0", "答0", "答1"]
    await lay_out("m1")
    assert await platform.turn_page(CHANNEL, "o1", "m3") is None
    assert ["答2"] == [one.reply.text for one in await store.take(CHANNEL)]


async def test_a_late_repeat_does_not_bring_old_pages_back(platform: PlatformStore) -> None:
    """Pages of a newer answer, and turned ones, stay as they are when an older message comes once more."""
    await platform.keep_pages(CHANNEL, "o1", "m1", ["二"], fresh=True)
    await platform.turn_page(CHANNEL, "o1", "m2")
    await platform.keep_pages(CHANNEL, "o1", "m1", ["二"], fresh=False)
    assert await platform.turn_page(CHANNEL, "o1", "m3") is None
    await platform.keep_pages(CHANNEL, "o1", "m4", ["新"], fresh=True)
    assert await platform.turn_page(CHANNEL, "o1", "m5") == "新"


async def test_pages_of_a_repeat_take_the_place_of_older_ones(
    store: SqlStore, platform: PlatformStore, clock: FakeClock
) -> None:
    """A process died before it kept them: what was kept or turned since the message came stays, what is older does not."""
    await platform.keep_pages(CHANNEL, "o1", "m0", ["旧"], fresh=True)
    for number in (1, 2):
        clock.pass_by(seconds=1)
        await store.receive(message(clock, number))
    await platform.keep_pages(CHANNEL, "o1", "m1", ["二", "三"], fresh=False)
    clock.pass_by(seconds=1)
    assert await platform.turn_page(CHANNEL, "o1", "m3") == "二"
    for number in (1, 2):
        await platform.keep_pages(CHANNEL, "o1", f"m{number}", ["又"], fresh=False)
    assert await platform.turn_page(CHANNEL, "o1", "m4") == "三"


async def test_pages_of_a_customer_message_come_before_those_not_read(platform: PlatformStore) -> None:
    """None is lost, however many come; the last of the new ones says that there is more, if there is."""
    await platform.add_pages(CHANNEL, "o1", "out:1", ["甲二", "甲三"], "…")
    await platform.turn_page(CHANNEL, "o1", "m1")
    await asyncio.gather(*(platform.add_pages(CHANNEL, "o1", f"out:{n}", [f"{n}二", f"{n}三"], "…") for n in (2, 3)))
    turned = [await platform.turn_page(CHANNEL, "o1", f"t{n}") for n in range(6)]
    assert turned[4:] == ["甲三", None]
    assert turned[:4] in (["3二", "3三…", "2二", "2三…"], ["2二", "2三…", "3二", "3三…"])


async def test_what_is_laid_out_swallows_no_page(store: SqlStore, platform: PlatformStore) -> None:
    """Pages that came between the look and the writing stay behind what was laid out."""
    await store.enqueue(CHANNEL, "o1", reply("等"), "r")
    await platform.add_pages(CHANNEL, "o1", "out:1", ["甲二"], "")
    await platform.lay_out(CHANNEL, "o1", "m1", 2, lambda given: [one.text for one in given])
    assert ["等", "甲二", None] == [await platform.turn_page(CHANNEL, "o1", f"t{n}") for n in range(3)]


async def test_a_page_that_was_not_shown_is_the_next_one_again(platform: PlatformStore, clock: FakeClock) -> None:
    """Once; not a page that was shown, and none of an answer that has been put away since."""
    await platform.keep_pages(CHANNEL, "o1", "m1", ["二", "三"], fresh=True)
    clock.pass_by(seconds=1)
    assert await platform.turn_page(CHANNEL, "o1", "m2") == "二"
    for message_id in ("m2", "m2", "m9"):
        await platform.put_back(CHANNEL, "o1", message_id)
    assert ["二", "二"] == [await platform.turn_page(CHANNEL, "o1", "m3") for _ in range(2)]
    clock.pass_by(seconds=1)
    assert await platform.turn_page(CHANNEL, "o1", "m4") == "三"
    await platform.put_back(CHANNEL, "o1", "m3")
    assert await platform.turn_page(CHANNEL, "o1", "m5") is None
    clock.pass_by(seconds=1)
    await platform.keep_pages(CHANNEL, "o1", "m6", ["新"], fresh=True)
    await platform.put_back(CHANNEL, "o1", "m4")
    assert ["新", None] == [await platform.turn_page(CHANNEL, "o1", f"n{n}") for n in range(2)]


async def test_five_messages_after_a_message(platform: PlatformStore, clock: FakeClock) -> None:
    """Twenty at once spend five; a newer message opens five again; 48 hours close it."""
    await platform.admit(knock(clock))
    spent = await asyncio.gather(*(platform.spend(CHANNEL, "o1", [THREE, FIVE]) for _ in range(20)))
    assert [Opens.MESSAGE] * 5 == [s for s in spent if s]
    clock.pass_by(minutes=1)
    await platform.admit(knock(clock, "2.n", "m2"))
    assert await platform.spend(CHANNEL, "o1", [THREE, FIVE]) is Opens.MESSAGE
    clock.pass_by(hours=48)
    assert await platform.spend(CHANNEL, "o1", [THREE, FIVE]) is None
    assert await platform.spend(CHANNEL, "stranger", [THREE, FIVE]) is None


async def test_three_messages_in_the_minute_after_a_click(platform: PlatformStore, clock: FakeClock) -> None:
    """They are used first, because they end first; a click opens no 48 hours."""
    await platform.admit(knock(clock, opens=Opens.ACTION))
    spent = [await platform.spend(CHANNEL, "o1", [THREE, FIVE]) for _ in range(4)]
    assert [Opens.ACTION] * 3 + [None] == spent
    clock.pass_by(seconds=1)
    await platform.admit(knock(clock, "2.n", "m2", Opens.ACTION))
    await platform.admit(knock(clock, "3.n", "m3", Opens.MESSAGE))
    assert await platform.spend(CHANNEL, "o1", [THREE, FIVE]) is Opens.ACTION
    clock.pass_by(minutes=1)
    assert await platform.spend(CHANNEL, "o1", [THREE, FIVE]) is Opens.MESSAGE


async def test_a_repeated_delivery_opens_nothing_anew(
    store: SqlStore, platform: PlatformStore, clock: FakeClock
) -> None:
    await platform.admit(knock(clock))
    await store.receive(message(clock))
    for _ in range(5):
        await platform.spend(CHANNEL, "o1", [FIVE])
    await platform.admit(knock(clock, "2.n"))
    assert await platform.spend(CHANNEL, "o1", [FIVE]) is None


async def test_refund_and_exhaust(platform: PlatformStore, clock: FakeClock) -> None:
    """What was certainly not sent is given back; what the platform calls spent is spent."""
    await platform.admit(knock(clock))
    for _ in range(5):
        await platform.spend(CHANNEL, "o1", [FIVE])
    await platform.refund(CHANNEL, "o1", Opens.MESSAGE)
    assert await platform.spend(CHANNEL, "o1", [FIVE]) is Opens.MESSAGE
    clock.pass_by(seconds=1)
    await platform.admit(knock(clock, "2.n", "m2"))
    await platform.exhaust(CHANNEL, "o1")
    assert await platform.spend(CHANNEL, "o1", [FIVE]) is None


async def test_a_credential_is_kept_and_hidden(platform: PlatformStore, clock: FakeClock) -> None:
    """The last one counts, 512 characters and more fit, and printing it shows nothing."""
    assert await platform.credential("wechat:wx1") is None
    await platform.keep_credential("wechat:wx1", Credential("old", clock()))
    token = Credential("t" * 600, clock())
    await platform.keep_credential("wechat:wx1", token)
    assert await platform.credential("wechat:wx1") == token
    assert "ttt" not in repr(token)


async def test_a_new_token_is_forced_by_one_process(platform: PlatformStore, clock: FakeClock) -> None:
    """Of many at the same moment one may; after the spacing one more; the kept token is not touched."""
    two = timedelta(minutes=2)
    asked = await asyncio.gather(*(platform.may_force("wechat:wx1", two) for _ in range(8)))
    assert [True] == [a for a in asked if a]
    assert await platform.credential("wechat:wx1") is None
    clock.pass_by(minutes=2)
    assert await platform.may_force("wechat:wx1", two)
    assert not await platform.may_force("wechat:wx1", two)


async def test_tidying_forgets_old_nonces_only(platform: PlatformStore, clock: FakeClock) -> None:
    await platform.admit(knock(clock))
    clock.pass_by(hours=1)
    await platform.admit(knock(clock, "2.n", "m2"))
    assert await platform.tidy(clock() - timedelta(minutes=30)) == 1
    assert (await platform.admit(knock(clock, "2.n", "m3"))).replayed
    assert not (await platform.admit(knock(clock, "1.n", "m3"))).replayed


async def test_after_a_week_nobody_is_named(store: SqlStore, platform: PlatformStore, clock: FakeClock) -> None:
    """Pages, quotas and debts that are settled go; a debt that is open stays."""
    await platform.admit(knock(clock))
    await platform.keep_pages(CHANNEL, "o1", "m1", ["二"], fresh=True)
    for number in (1, 2):
        await platform.owe(message(clock, number))
    await finish(store, message(clock))
    await platform.bring(CHANNEL, "m1", 7)
    clock.pass_by(days=7, seconds=1)
    assert 4 == await platform.tidy(clock() - timedelta(hours=1))
    await finish(store, message(clock, 2))
    assert ["m2"] == await platform.unbrought(CHANNEL)


async def test_a_person_who_writes_has_what_waits_tried_at_once(
    store: SqlStore, platform: PlatformStore, clock: FakeClock
) -> None:
    """What was put off for hours holds up nothing that comes after it."""
    await store.enqueue(CHANNEL, "o1", reply("先前的"), "r")
    (first,) = await store.take(CHANNEL)
    await store.settle(first.id, OutboxState.PENDING, 6 * 3600)
    await platform.owe(message(clock))
    await finish(store, message(clock))
    assert await platform.bring(CHANNEL, "m1", 7)
    assert ["先前的"] == [o.reply.text for o in await store.take(CHANNEL)]
