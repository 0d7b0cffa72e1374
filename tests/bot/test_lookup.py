"""A ticket is found by its number; guessing numbers is not worth the while."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.lookup import MOST_MISSES
from bot.messages import Kind, Message
from bot.store.base import Ticket
from bot.store.numbers import new_number, parse_number
from tests.sample import Talk


def _numbers(count: int, taken: str) -> list[str]:
    """Well-formed numbers that nobody has."""
    made = [new_number(lambda alphabet, n=n: alphabet[n % 31]) for n in range(count + 1)]  # type: ignore[misc]
    return [number for number in made if number != taken][:count]


async def _guess(talk: Talk, number: str, visit: str) -> str:
    """The key of what a stranger hears, each time in a new visit, so that no limit on persons helps."""
    message = Message("web", visit, visit, f"查询 {number}", Kind.TEXT, talk.clock(), f"{visit}-1")
    return (await talk.dialogue.handle(message)).key


@pytest.fixture
async def number(talk: Talk) -> str:
    """Of a ticket that stands."""
    return (await talk.say("今天天气怎么样啊会下雨吗")).ticket or ""


async def test_who_guesses_learns_nothing_more(talk: Talk, number: str) -> None:
    """After twenty numbers that nobody has, even a number that exists is told to its own chat only."""
    *guesses, another = _numbers(MOST_MISSES + 1, number)
    heard = [await _guess(talk, guess, f"stranger-{i}") for i, guess in enumerate(guesses)]
    assert {"ticket_unknown"} == set(heard)
    assert "ticket_slow" == await _guess(talk, number, "stranger-next")
    assert "ticket_slow" == await _guess(talk, another, "stranger-again")
    assert "ticket_new" == (await talk.say(f"查询 {number}")).key


async def test_the_way_is_open_again_after_ten_minutes(talk: Talk, number: str) -> None:
    """Nobody is locked out for good, and honest lookups from elsewhere cost nothing."""
    for i, guess in enumerate(_numbers(MOST_MISSES, number)):
        await _guess(talk, guess, f"stranger-{i}")
    talk.clock.pass_by(minutes=10)
    for i in range(3 * MOST_MISSES):
        assert "ticket_new" == await _guess(talk, number, f"honest-{i}")


async def test_a_mistyped_number_is_no_guess(talk: Talk, number: str) -> None:
    """The check character catches it before the store is asked."""
    wrong = number[:-1] + ("2" if number[-1] != "2" else "3")
    assert parse_number(wrong) is None
    for i in range(2 * MOST_MISSES):
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
