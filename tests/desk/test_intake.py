"""What a ticket keeps of the moment, what is promised, and how late answers come with the next message."""

from __future__ import annotations

import gc
import weakref
from datetime import UTC, datetime

import pytest

from bot.config import Dialogue as Limits
from bot.desk.intake import Intake
from bot.desk.promise import due, shown
from bot.dialogue import Dialogue
from bot.messages import Kind, Reply
from bot.store.base import Late
from intents import Matcher
from tests.fakes import FakeClock, MemoryStore
from tests.sample import Talk


@pytest.mark.parametrize(
    ("asked", "days", "expected"),
    [
        (datetime(2026, 11, 23, 2, 0, tzinfo=UTC), 3, "11月26日"),  # Monday morning
        (datetime(2026, 11, 27, 2, 0, tzinfo=UTC), 3, "12月2日"),  # Friday: Saturday and Sunday do not count
        (datetime(2026, 11, 28, 2, 0, tzinfo=UTC), 1, "11月30日"),  # Saturday
        (datetime(2026, 11, 23, 17, 0, tzinfo=UTC), 1, "11月25日"),  # Tuesday one o'clock in Zhongshan
    ],
)
def test_a_promise_counts_working_days_in_zhongshan(asked: datetime, days: int, expected: str) -> None:
    """Monday to Friday, to the end of the day there."""
    assert expected == shown(due(asked, days))
    assert due(asked, days).utcoffset() == asked.utcoffset()


async def test_the_promise_says_number_day_and_hours(sample_matcher: Matcher) -> None:
    """Ticket and reply agree on the number; the day and, where set, the working hours are said; the state tells both."""
    store, clock = MemoryStore(), FakeClock()
    intake = Intake(3, "周一至周五 9:00 至 17:30")
    talk = Talk(Dialogue(lambda: sample_matcher, store, Limits(), clock, intake=intake), store, clock)
    reply = await talk.say("今天天气怎么样啊会下雨吗")
    ticket = store.opened[reply.ticket or ""]
    assert (ticket.due_at, ticket.knowledge_version) == (due(clock(), 3), sample_matcher.knowledge.version)
    assert all(word in reply.text for word in (ticket.number, "11月26日", "9:00 至 17:30"))
    assert "11月26日" in (await talk.say(f"查询 {ticket.number}")).text


async def test_hours_that_are_not_set_are_not_said(talk: Talk) -> None:
    """No empty line, no brace."""
    reply = await talk.say("今天天气怎么样啊会下雨吗")
    assert ("上班时间" in reply.text, "{" in reply.text, "\n\n" in reply.text) == (False, False, False)


async def test_what_is_set_apart_is_kept_but_not_promised(talk: Talk) -> None:
    """The ticket is on disk with its kind; the reply asks to say it differently, without a number."""
    reply = await talk.say("qwertyuiop")
    (ticket,) = talk.store.opened.values()
    assert ("apart_nonsense", None, "nonsense") == (reply.key, reply.ticket, ticket.apart)


async def test_who_asks_for_a_person_is_never_set_apart(talk: Talk) -> None:
    """转人工 first, then anything: it is queued."""
    await talk.say("转人工")
    reply = await talk.say("qwertyuiop")
    assert "" == talk.store.opened[reply.ticket or ""].apart


async def test_late_answers_come_before_the_reply_once(talk: Talk) -> None:
    """With the next message, marked in the same turn; not again with the one after."""
    talk.store.waiting.append(Late(7, "K7-3F9Q", Reply("late_answer", "房子的事：可以。", "answer")))
    reply = await talk.say("法律援助收费吗")
    assert (True, "不收费。", (7,)) == (
        reply.text.startswith("房子的事：可以。"), reply.text[-4:], talk.store.turns[-1].late,
    )  # fmt: skip
    assert "不收费。" == (await talk.say("法律援助收费吗")).text


async def test_an_emergency_stands_alone(talk: Talk) -> None:
    """No late answer before the number to call."""
    talk.store.waiting.append(Late(7, "K7-3F9Q", Reply("late_answer", "房子的事：可以。", "answer")))
    reply = await talk.say("他现在又打我了")
    assert ("safety.violence", ()) == (reply.entry, talk.store.turns[-1].late)
    assert "房子" not in reply.text


async def test_a_late_answer_somebody_else_took_is_left_out(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a sender takes it in between, the turn is made again without it."""
    from bot.errors import StoreConflict
    from bot.store.base import Turn

    talk.store.waiting.append(Late(7, "K7-3F9Q", Reply("late_answer", "房子的事：可以。", "answer")))
    finish = talk.store.finish

    async def taken(turn: Turn) -> Reply:
        if turn.late:
            talk.store.waiting.clear()
            raise StoreConflict("taken")
        return await finish(turn)

    monkeypatch.setattr(talk.store, "finish", taken)
    assert "不收费。" == (await talk.say("法律援助收费吗", Kind.TEXT)).text


async def test_what_sorts_tickets_can_be_learnt_beforehand(sample_matcher: Matcher) -> None:
    """Prepared for a coming version, the one in force goes on being sorted; and a matcher that is gone leaves nothing."""
    store, clock, intake = MemoryStore(), FakeClock(), Intake(3)
    coming = Matcher(sample_matcher.knowledge)
    gone = weakref.ref(coming)
    intake.prepare(coming)
    for matcher in (sample_matcher, coming):
        talk = Talk(Dialogue(lambda m=matcher: m, store, Limits(), clock, intake=intake), store, clock)  # type: ignore[misc]
        assert "apart_nonsense" == (await talk.say("qwertyuiop")).key
    del coming, matcher, talk
    gc.collect()
    assert gone() is None
