"""Offices of other places, other scripts, links, abuse: what the bot says where it is not asked about what it knows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.config import Dialogue as Limits
from bot.dialogue import Dialogue
from bot.elsewhere import place
from bot.replies import OfficeFacts
from bot.scripts import latin_only, nothing_said
from intents import Matcher
from tests.fakes import FakeClock, MemoryStore
from tests.sample import Talk


@pytest.fixture
def talk(matcher: Matcher) -> Talk:
    clock, store = FakeClock(), MemoryStore()
    office = OfficeFacts(address="中山市某路 1 号", phone="0760-1")
    return Talk(Dialogue(lambda: matcher, store, Limits(), clock, office), store, clock)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("佛山司法局地址", "佛山"),
        ("珠海怎么申请法律援助", "珠海"),
        ("香港的公证处在哪", "香港"),
        ("佛山公证处出的公证书在中山能用吗", ""),
        ("我在广州打工怎么申请中山的法援", ""),
        ("深圳的房子在这边能公证吗", ""),
        ("司法局地址", ""),
    ],
)
def test_the_place_that_is_asked_about(text: str, where: str) -> None:
    assert where == place(text)


async def test_our_address_is_not_given_for_another_bureau(talk: Talk) -> None:
    reply = await talk.say("佛山司法局的地址在哪")
    assert reply.key == "elsewhere_contact"
    assert "佛山" in reply.text
    assert "某路" not in reply.text
    assert "某路" in (await talk.say("司法局地址在哪")).text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("广州公证处电话多少", "我只了解中山"),
        ("惠州的公证处在哪里", "我只了解中山"),
        ("香港怎么申请法律援助", "有自己的法律"),
    ],
)
async def test_an_answer_says_what_it_holds_for(talk: Talk, text: str, says: str) -> None:
    reply = await talk.say(text)
    assert reply.key in ("entry", "options")
    assert says in reply.text.splitlines()[0]


@pytest.mark.parametrize("text", ["https://mp.example.com/s/abc", "www.example.com", "2026"])
async def test_a_link_or_a_number_is_no_ticket(talk: Talk, text: str) -> None:
    assert nothing_said(text)
    assert ("say_question", {}) == ((await talk.say(text)).key, talk.store.opened)


def test_numbers_that_people_call_say_something() -> None:
    assert not any(map(nothing_said, ("12348", "110", "60天", "A", "")))


async def test_who_writes_english_is_told_in_english(talk: Talk) -> None:
    reply = await talk.say("can I get a lawyer for free, my boss did not pay me")
    assert reply.ticket
    assert "Answers are in Chinese only" in reply.text


async def test_keys_in_a_row_are_told_no_language(talk: Talk) -> None:
    assert "apart_nonsense" == (await talk.say("asdfghjkl")).key
    assert [True, False, False] == list(map(latin_only, ("falv yuanzhu", "APP上怎么办", "📎 1")))


@pytest.mark.parametrize("text", ["滚", "你妈死了"])
async def test_abuse_is_asked_for_the_matter(talk: Talk, text: str) -> None:
    assert ("apart_abuse", {}) == ((await talk.say(text)).key, talk.store.opened)


@pytest.mark.parametrize("text", ["别再叫我打12348了", "什么都叫我打12345", "又是让我打热线"])
async def test_who_is_tired_of_hotlines_is_not_told_of_them(talk: Talk, text: str) -> None:
    assert (await talk.say(text)).entry == "chat.unhappy"


async def test_the_question_of_an_emergency_is_told_no_place(talk: Talk) -> None:
    message = replace(talk.message("🆘"), text="🆘")
    assert (await talk.dialogue.handle(message)).entry == "safety.violence"
