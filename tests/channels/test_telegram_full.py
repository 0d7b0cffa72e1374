"""More than is answered at once: what was fetched, what a stop left; and what comes later: the rest of an answer, which has a
button, and updates that are numbered anew."""

from __future__ import annotations

from dataclasses import replace

from bot.store.sql import SqlStore
from intents import Matcher
from tests.channels.bot_api import BotApi
from tests.channels.golden import PRIVATE, message
from tests.channels.running import a_channel, alive
from tests.fakes import FakeClock, a_message
from tests.waiting import until


def question(text: str, person: int) -> dict[str, object]:
    """A private message of a person."""
    return message(text, {**PRIVATE, "id": person})


async def test_an_emergency_that_was_fetched_waits_for_no_room(
    api: BotApi, store: SqlStore, sample_matcher: Matcher
) -> None:
    """Where no more may be taken in, of what came with one request the emergency is answered, and nothing acknowledged."""
    api.add("message", question("公证收费标准", 1))
    api.add("message", question("他现在又打我了", 2))
    async with alive(a_channel(api.url, store, sample_matcher, waiting=0)):
        (said,) = await api.wait(1)
        assert not api.offsets
    assert 2 == said["chat"]
    assert said["text"].startswith("☎ 110 报警")


async def test_all_that_a_stop_left_is_answered(api: BotApi, store: SqlStore, sample_matcher: Matcher) -> None:
    """Also more than the store gives at a time."""
    one = replace(a_message("公证收费标准", FakeClock()), channel="telegram")
    for number in range(1003):
        await store.receive(replace(one, message_id=f"123456-{number}"))
    channel = a_channel(api.url, store, sample_matcher)
    assert 1003 == await channel.resume()
    assert [] == await store.left_over("telegram")
    await channel.close()


async def test_the_rest_of_an_answer_has_a_button(api: BotApi, store: SqlStore, sample_matcher: Matcher) -> None:
    """续 says so and opens no ticket."""
    api.add("message", question("续", 1))
    async with alive(a_channel(api.url, store, sample_matcher)):
        (said,) = await api.wait(1)
    assert "“下一页”的按钮" in said["text"]
    assert 0 == (await store.counts())["tickets"]


async def test_numbers_that_begin_anew_are_taken(api: BotApi, store: SqlStore, sample_matcher: Matcher) -> None:
    """After a week of silence Telegram numbers at random: what comes then may have a smaller number than what was before."""
    api.add("message", question("继承公证怎么办", 1), update_id=900)
    async with alive(a_channel(api.url, store, sample_matcher)):
        await api.wait(1)
        assert await until(lambda: 901 in api.offsets)
        assert await until(lambda: "offset" not in api.fields["getUpdates"][-1])
        api.add("message", question("公证收费标准", 1), update_id=5)
        assert 2 == len(await api.wait(2))
        assert await until(lambda: 6 in api.offsets)
