"""Several questions in one message: one answer, the others below it to choose from."""

from __future__ import annotations

from bot.channels import wechat_pages
from intents import Matcher
from tests.sample import Talk


async def test_what_else_was_asked_is_offered_below_the_answer(talk: Talk) -> None:
    reply = await talk.say("我问下法律援助收费吗？还有一个，继承公证怎么办？")
    assert ("entry", "legal_aid.cost") == (reply.key, reply.entry)
    assert ["notary.inheritance"] == [o.id for o in reply.options]
    assert "您还问到的" in reply.text
    assert reply.text.startswith("不收费。")
    assert reply.feedback


async def test_it_is_chosen_by_its_number(talk: Talk) -> None:
    await talk.say("我问下法律援助收费吗？还有一个，继承公证怎么办？")
    assert "notary.inheritance" == (await talk.say("1")).entry


async def test_wechat_numbers_it(talk: Talk, sample_matcher: Matcher) -> None:
    reply = await talk.say("我问下法律援助收费吗？还有一个，继承公证怎么办？")
    (page,) = wechat_pages.pages(sample_matcher.knowledge, [reply])
    assert "您还问到的" in page
    assert "1. 继承公证" in page


async def test_a_single_question_offers_nothing_else(talk: Talk) -> None:
    assert () == (await talk.say("我问下法律援助收费吗")).options
