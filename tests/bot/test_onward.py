"""继续 and 依据是什么: words that ask for more of the answer before, and never become a ticket."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.config import Dialogue as Limits
from bot.dialogue import Dialogue
from bot.messages import NONE_OF_THESE, Kind
from intents import Matcher
from tests.fakes import FakeClock, MemoryStore
from tests.sample import Talk

ONWARD = [
    "继续",
    "请继续",
    "繼續講",
    "接着说",
    "然后呢",
    "还有呢？",
    "接下来呢",
    "说详细点",
    "后来呢",
    "下一步呢",
    "更多",
]
BASIS = [
    "依据是什么",
    "哪条法律规定的",
    "根据什么？",
    "法律依据呢",
    "有什么法律依据吗",
    "依据呢",
    "根据哪条",
    "是哪部法律规定的",
    "谁说的",
    "有冇法律依據",
]


@pytest.fixture
def shipped_talk(matcher: Matcher) -> Talk:
    """On the shipped knowledge, whose entries name what is related to them."""
    store, clock = MemoryStore(), FakeClock()
    return Talk(Dialogue(lambda: matcher, store, Limits(), clock), store, clock)


@pytest.mark.parametrize("said", ONWARD)
async def test_more_of_nothing_is_asked_back(talk: Talk, said: str) -> None:
    """With nothing said before there is nothing to go on with: it is asked what is meant, and no ticket is opened."""
    assert ("say_question", {}) == ((await talk.say(said)).key, talk.store.opened)


@pytest.mark.parametrize("said", ONWARD)
async def test_an_answer_is_gone_on_from_by_what_is_related(shipped_talk: Talk, matcher: Matcher, said: str) -> None:
    """An answer has no second part: what has to do with it is offered, with 都不是 below."""
    await shipped_talk.say("法律援助收费吗")
    reply = await shipped_talk.say(said)
    related = set(matcher.knowledge.entries["legal_aid.cost"].related)
    *offered, last = [option.id for option in reply.options]
    assert ("go_on", NONE_OF_THESE, {}) == (reply.key, last, shipped_talk.store.opened)
    assert "法律援助收费吗" in reply.text
    assert offered
    assert set(offered) <= related
    assert offered[0] == (await shipped_talk.say("1")).entry


async def test_an_answer_without_relations_is_all_there_is(talk: Talk) -> None:
    """Said so, with the way to a person; the question before is what 人工 takes along."""
    await talk.say("法律援助收费吗")
    assert ("go_on_ask", ()) == ((reply := await talk.say("继续")).key, reply.options)
    assert "法律援助收费吗" == talk.store.opened[(await talk.say("人工")).ticket or ""].text


async def test_open_options_are_shown_again(talk: Talk) -> None:
    """What was asked back waits for a choice."""
    talk.store.states["web", "visit-1"] = {"options": ["notary.fee", "legal_aid.cost"], "asked": "收不收钱"}
    for said in ("继续", "这是哪条规定的"):
        reply = await talk.say(said)
        assert ["notary.fee", "legal_aid.cost", NONE_OF_THESE] == [option.id for option in reply.options]


async def test_an_emergency_is_told_once_more(talk: Talk) -> None:
    """Who is in danger gets the number again, and no menu."""
    await talk.say("他现在又打我了")
    reply = await talk.say("然后呢")
    assert ("safety.violence", ["110"], ()) == (reply.entry, [call.number for call in reply.calls], reply.options)


@pytest.mark.parametrize("said", BASIS)
async def test_the_basis_is_what_the_last_answer_cites(talk: Talk, said: str) -> None:
    """Its sources and month, whatever a question of the same words would be alone; also with thanks in between."""
    await talk.say("法律援助收费吗")
    reply = await talk.say(said)
    assert ("basis", "legal_aid.cost", "2026-11") == (reply.key, reply.entry, reply.checked)
    assert [("法律援助法", "第二条")] == [(c.short, c.article) for c in reply.sources]
    assert "法律援助收费吗" in reply.text
    assert not reply.feedback
    assert {} == talk.store.opened


async def test_the_basis_of_a_chosen_option(talk: Talk) -> None:
    await talk.say("notary.fee", Kind.CHOICE)
    assert ("basis", "notary.fee") == ((reply := await talk.say("依据是什么")).key, reply.entry)


@pytest.mark.parametrize("said", BASIS)
async def test_the_basis_of_nothing_is_a_question(talk: Talk, said: str) -> None:
    """With no answer before, or a long time ago, nothing is cited."""
    assert "basis" != (await talk.say(said)).key
    await talk.say("法律援助收费吗")
    talk.clock.pass_by(minutes=11)
    assert "basis" != (await talk.say(said)).key


@pytest.mark.parametrize(
    "said",
    ["凭什么", "凭什么罚我", "根据什么标准罚款", "哪个", "然后去哪里", "继续教育", "接下来怎么申请", "哪条路去公证处"],
)
async def test_what_asks_something_of_its_own_is_understood(talk: Talk, said: str) -> None:
    await talk.say("法律援助收费吗")
    assert (await talk.say(said)).key not in ("basis", "go_on", "go_on_ask")


async def test_another_of_two_is_the_other(talk: Talk) -> None:
    """“我说的是另一个” after one of two offered; after an answer that was not offered it asks for other words."""
    for said in ("我说的是另一个", "不是这个，是另一个", "另外一个"):
        talk.store.states["web", "visit-1"] = {"options": ["notary.fee", "legal_aid.cost"], "asked": "收不收钱"}
        await talk.say("1")
        assert "legal_aid.cost" == (await talk.say(said)).entry
    await talk.say("公证收费标准")
    assert "rephrase" == (await talk.say("我说的是另一个")).key


async def test_the_second_one_with_a_particle_is_a_choice(talk: Talk) -> None:
    """“那第二个呢” chooses like 第二个, and opens no ticket where nothing is offered."""
    talk.store.states["web", "visit-1"] = {"options": ["notary.fee", "legal_aid.cost"], "asked": "收不收钱"}
    assert "legal_aid.cost" == (await talk.say("那第二个呢")).entry
    assert {} == talk.store.opened


@pytest.mark.parametrize(("channel", "key"), [("terminal", "all_shown"), ("telegram", "more_by_button")])
async def test_the_rest_of_an_answer_is_nobodys_question(talk: Talk, channel: str, key: str) -> None:
    """续 says where the rest is, on the terminal too; what is open stays open."""
    message = replace(talk.message("續"), channel=channel)
    talk.store.states[channel, message.conversation] = {"options": ["notary.fee", "legal_aid.cost"]}
    assert key == (await talk.dialogue.handle(message)).key
    assert ["notary.fee", "legal_aid.cost"] == talk.store.states[channel, message.conversation]["options"]
    assert {} == talk.store.opened
