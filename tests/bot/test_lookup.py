"""A ticket is found by its number; guessing numbers is not worth the while."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

import pytest

from bot import typed
from bot.config import Retention
from bot.lookup import CHANNEL_MISSES, PERSON_MISSES
from bot.messages import Kind, Message
from bot.store.base import Ticket
from bot.store.numbers import new_number, parse_number
from tests.sample import Talk

_TIMES = count()


def _numbers(many: int, taken: str) -> list[str]:
    """Well-formed numbers that nobody has."""
    made = []
    for n in range(many + 1):
        body = iter((n % 31, n // 31, 0, 0, 0))
        made.append(new_number(lambda alphabet, body=body: alphabet[next(body)]))  # type: ignore[misc]
    return [number for number in made if number != taken][:many]


async def _guess(talk: Talk, number: str, visit: str, channel: str = "web") -> str:
    """The key of what a stranger hears in this visit."""
    message = Message(channel, visit, visit, f"查询 {number}", Kind.TEXT, talk.clock(), f"{visit}-{next(_TIMES)}")
    return (await talk.dialogue.handle(message)).key


@pytest.fixture
async def number(talk: Talk) -> str:
    """Of a ticket that stands."""
    return (await talk.say("今天天气怎么样啊会下雨吗")).ticket or ""


async def test_who_guesses_is_slowed_and_nobody_else(talk: Talk, number: str) -> None:
    """After five numbers that nobody has, one visitor is told of none any more; everybody else is, on the same channel too."""
    for guess in _numbers(PERSON_MISSES, number):
        assert "ticket_unknown" == await _guess(talk, guess, "guesser")
    for _ in range(3):
        assert "ticket_slow" == await _guess(talk, number, "guesser")
    for channel in ("web", "telegram", "wechat"):
        assert "ticket_new" == await _guess(talk, number, "somebody else", channel)
    talk.clock.pass_by(minutes=10)
    assert "ticket_new" == await _guess(talk, number, "guesser")


async def test_who_guesses_learns_nothing_more(talk: Talk, number: str) -> None:
    """A new visit for each guess helps up to a bound: then even a number that exists is told to its own chat only. Those of other
    channels, who cannot have a new account for each guess, notice nothing."""
    *guesses, another = _numbers(CHANNEL_MISSES + 1, number)
    heard = [await _guess(talk, guess, f"stranger-{i}") for i, guess in enumerate(guesses)]
    assert {"ticket_unknown"} == set(heard)
    assert "ticket_slow" == await _guess(talk, number, "stranger-next")
    assert "ticket_slow" == await _guess(talk, another, "stranger-again")
    assert "ticket_new" == (await talk.say(f"查询 {number}")).key
    for channel in ("telegram", "wechat"):
        assert "ticket_new" == await _guess(talk, number, "honest", channel)


def test_the_bound_keeps_guessing_hopeless() -> None:
    """The figures that are given for it (bot/lookup.py): by tickets that wait, by all of a year, and for one certain ticket."""
    numbers, a_day = 31**5, CHANNEL_MISSES * 6 * 24
    assert 14_400 == a_day
    assert 0.6 > 1_000 * a_day / numbers
    assert 51 > 100_000 * a_day / numbers
    assert numbers / a_day / 2 > 2 * Retention().ticket_days


async def test_the_way_is_open_again_after_ten_minutes(talk: Talk, number: str) -> None:
    """Nobody is locked out for good, and honest lookups from elsewhere cost nothing."""
    for i, guess in enumerate(_numbers(CHANNEL_MISSES, number)):
        await _guess(talk, guess, f"stranger-{i}")
    assert "ticket_slow" == await _guess(talk, number, "honest")
    talk.clock.pass_by(minutes=10)
    for i in range(2 * CHANNEL_MISSES):
        assert "ticket_new" == await _guess(talk, number, f"honest-{i}")


async def test_a_mistyped_number_is_no_guess(talk: Talk, number: str) -> None:
    """The check character catches it before the store is asked."""
    wrong = number[:-1] + ("2" if number[-1] != "2" else "3")
    assert parse_number(wrong) is None
    for i in range(2 * CHANNEL_MISSES):
        assert "ticket_unknown" == await _guess(talk, wrong, f"visit-{i}")
    assert "ticket_new" == await _guess(talk, number, "elsewhere")


async def test_the_answer_is_shown_to_the_number_and_nothing_of_the_asker(talk: Talk, number: str) -> None:
    """What a number opens is the state and the answer by staff: no question, no person."""
    opened = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    talk.store.opened[number] = Ticket(
        number, "telegram", "chat-77", "person-77", "我和邻居老王的事", "none", (), opened
    )
    message = Message("web", "other", "other", f"查询 {number}", Kind.TEXT, talk.clock(), "o-1")
    reply = await talk.dialogue.handle(message)
    assert number in reply.text
    assert not {"老王", "77"} & {word for word in ("老王", "77") if word in reply.text}


WAITING = [
    "查询",
    "查工单",
    "我的工单怎么还没回",
    "我昨天问的问题什么时候回复我",
    "你们什么时候回复我",
    "工作人员怎么联系我",
    "怎么没人回复我",
]


@pytest.mark.parametrize("said", WAITING)
async def test_who_waits_is_told_without_a_number(talk: Talk, said: str) -> None:
    """How answers come; where this conversation has a ticket, how it stands."""
    assert ("ticket_wait", {}) == ((await talk.say(said)).key, talk.store.opened)
    number = (await talk.say("人工 老板三个月没发工资")).ticket
    reply = await talk.say(said)
    assert ("ticket_new", number) == (reply.key, reply.ticket)


@pytest.mark.parametrize(
    "said", ["复议机关多久回复我", "法院什么时候通知我", "工作人员怎么联系", "你们怎么回事", "我打12345的工单没人回", "你们怎么回答得乱七八糟", "查询公证"]
)  # fmt: skip
def test_who_waits_for_others_asks_a_question(said: str) -> None:
    assert not typed.WAITS.match(said)
