"""What goes to the staff: 人工, 没帮助, and the question that is taken along."""

from __future__ import annotations

import pytest

from bot.config import Dialogue as Limits
from bot.dialogue import Dialogue
from bot.messages import Kind, Reply
from bot.recall import Recall
from bot.store.base import Ticket
from intents import Context, Match, Matcher
from tests.fakes import FakeClock, MemoryStore
from tests.sample import Talk


async def test_human_asks_for_the_question_first(talk: Talk) -> None:
    """转人工 with nothing said before asks what it is about; the next text is the ticket."""
    assert "human_ask" == (await talk.say("转人工")).key
    reply = await talk.say("我的房产证被邻居拿走了")
    assert "我的房产证被邻居拿走了" == talk.store.opened[reply.ticket or ""].text


async def test_human_after_a_question_takes_it_along(talk: Talk) -> None:
    """The last question goes to the staff without typing it again."""
    await talk.say("法律援助收费吗")
    reply = await talk.say("人工客服")
    assert ("法律援助收费吗", "human") == _of(talk.store.opened[reply.ticket or ""])


@pytest.mark.parametrize(
    ("said", "about"),
    [
        ("人工 我的房产证被邻居拿走了", "我的房产证被邻居拿走了"),
        ("转人工：继承公证怎么办", "继承公证怎么办"),
        ("人工客服，离婚房子怎么分! 急", "离婚房子怎么分! 急"),
        ("轉人工服務 離婚房子怎麼分", "離婚房子怎麼分"),
        ("我要找真人，我的房产证被邻居拿走了", "我的房产证被邻居拿走了"),
        ("我的房产证被邻居拿走了，我要找真人", "我的房产证被邻居拿走了，我要找真人"),
        ("转人工问问房产继承公证", "问问房产继承公证"),
        ("人工 欠薪", "法律援助收费吗 欠薪"),
        ("人工 转人工！", "法律援助收费吗"),
        ("人工。", "法律援助收费吗"),
        ("我要找真人", "法律援助收费吗"),
    ],
)
async def test_the_ticket_is_about_what_was_said_with_the_request(
    talk: Talk, monkeypatch: pytest.MonkeyPatch, said: str, about: str
) -> None:
    """Words with 人工 are the question, whatever was asked before; a word or two is added to it, a bare request takes it."""
    await talk.say("法律援助收费吗")
    asked = Recall.match

    async def sure(recall: Recall, matcher: Matcher, text: str, context: Context | None = None) -> Match:
        # the sample is too small to be sure that a long sentence asks for a person; the shipped knowledge is
        if ("我要找真人" in text and text != "我要找真人") or text.startswith("转人工问"):
            return Match(text, "answer", "chat.human", (), 0.9, "ranked")
        return await asked(recall, matcher, text, context)

    monkeypatch.setattr(Recall, "match", sure)
    reply = await talk.say(said)
    assert (about, "human") == _of(talk.store.opened[reply.ticket or ""])


async def test_without_a_question_it_is_asked_for(talk: Talk) -> None:
    """A word or two with 人工 is no question; 人工 said again is none either, and a menu or ticket number is what it is."""
    assert ["human_ask"] * 3 == [(await talk.say(said)).key for said in ("人工 急", "人工", "转人工")]
    assert ["menu", "human_ask", "ticket_unknown"] == [
        (await talk.say(said)).key for said in ("菜单", "人工", "查询 K7-3F9Q")
    ]
    assert {} == talk.store.opened


@pytest.mark.parametrize("said", ["好的谢谢", "你好"])
async def test_courtesy_is_not_the_question_of_a_ticket(talk: Talk, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked to write down the question, many say thanks or hello first: what comes after it is the question."""
    asked = Recall.match

    async def small(recall: Recall, matcher: Matcher, text: str, context: Context | None = None) -> Match:
        # the sample has no such small talk
        if text == said:
            return Match(text, "answer", "chat.thanks" if "谢" in said else "chat.greeting", (), 1.0, "exact")
        return await asked(recall, matcher, text, context)

    monkeypatch.setattr(Recall, "match", small)
    monkeypatch.setattr(Dialogue, "_entry", lambda *given: Reply("entry", "不客气。", "answer", given[3]))
    await talk.say("人工")
    assert ("entry", {}) == ((await talk.say(said)).key, talk.store.opened)
    reply = await talk.say("邻居把我家的墙砸了")
    assert ("邻居把我家的墙砸了", "human") == _of(talk.store.opened[reply.ticket or ""])


async def test_the_last_question_is_the_last_one_also_where_it_had_no_answer(talk: Talk) -> None:
    """人工 after a question that became a ticket is about that question, not about one before it."""
    await talk.say("法律援助收费吗")
    await talk.say("今天天气怎么样啊会下雨吗")
    reply = await talk.say("人工")
    assert "今天天气怎么样啊会下雨吗" == talk.store.opened[reply.ticket or ""].text


async def test_a_story_with_a_request_in_it_is_the_question(talk: Talk) -> None:
    """Of a text of many clauses nothing is left out, and they are not looked at one by one."""
    story = "，".join(["我在这里住了十年"] * 9)
    reply = await talk.say(f"人工 {story}")
    assert story == talk.store.opened[reply.ticket or ""].text


def _of(ticket: Ticket) -> tuple[str, str]:
    return ticket.text, ticket.reason


async def test_unhelpful_opens_a_ticket_once(talk: Talk) -> None:
    """没帮助 makes a ticket of that question; helpful only thanks; feedback on nothing is courteous."""
    await talk.say("法律援助收费吗")
    reply = await talk.say("unhelpful", Kind.FEEDBACK, ref="m1")
    assert ("法律援助收费吗", "unhelpful") == _of(talk.store.opened[reply.ticket or ""])
    assert "helpful" == (await talk.say("helpful", Kind.FEEDBACK, ref="m1")).key
    assert "feedback_lost" == (await talk.say("helpful", Kind.FEEDBACK, ref="m99")).key


async def test_small_talk_is_kept_but_not_promised(matcher: Matcher) -> None:
    """The weather gets a courteous line and no number; nobody of the staff is told; 人工 still makes a ticket of it."""
    store, clock = MemoryStore(), FakeClock()
    talk = Talk(Dialogue(lambda: matcher, store, Limits(), clock), store, clock)
    reply = await talk.say("今天天气怎么样")
    (ticket,) = store.opened.values()
    assert ("apart_chat", None, "chat") == (reply.key, reply.ticket, ticket.apart)
    assert "人工" in reply.text
    again = await talk.say("人工")
    assert ("今天天气怎么样", "") == (store.opened[again.ticket or ""].text, store.opened[again.ticket or ""].apart)
