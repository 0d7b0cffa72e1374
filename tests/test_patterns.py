"""No regular expression of ours can be made to run for ever by what somebody writes."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from re import _constants as codes
from re import _parser as parser
from typing import Any

import pytest

import bot
import intents

MANY = 32
"""Repetitions from which a bounded one counts as unbounded."""
REASONED = {
    "intents.laws._CITED": "each repetition begins with 、 or 和 and ends with 条, which the inner one cannot hold: there is "
    "one way to read a text; and it reads what curators wrote, not residents",
}
"""Patterns that repeat a repetition and are safe all the same, with the reason."""


def _patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Every compiled pattern that a module of bot and intents keeps, by module and name."""
    for package in (bot, intents):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" in found.name or found.name.endswith("__main__"):
                continue
            module = importlib.import_module(found.name)
            for name, value in vars(module).items():
                if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                    yield f"{found.name}.{name}", value


def _nested(parsed: Any, inside: bool = False) -> bool:
    """Whether an unbounded repetition holds another: the shape whose matching can take time exponential in the text."""
    for code, argument in parsed:
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            _, most, inner = argument
            endless = most is codes.MAXREPEAT or most >= MANY
            if (endless and inside) or _nested(inner, inside or endless):
                return True
        elif code is codes.BRANCH:
            if any(_nested(branch, inside) for branch in argument[1]):
                return True
        elif code in (codes.SUBPATTERN, codes.ASSERT, codes.ASSERT_NOT):
            if _nested(argument[-1], inside):
                return True
        elif code is codes.ATOMIC_GROUP and _nested(argument, inside):
            return True
    return False


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [(r"(a+)+b", True), (r"(?:a|b*)*c", True), (r"(a{1,40})*", True), (r"a+b+", False), (r"(?:ab{1,5}){0,6}", False)],
)
def test_the_check_sees_the_shape(pattern: str, expected: bool) -> None:
    """The check itself: what blows up is found, what does not is not."""
    assert expected == _nested(parser.parse(pattern))


def test_no_pattern_blows_up() -> None:
    """None of the patterns repeats a repetition; texts are bounded besides (bot/dialogue.py, _bounded)."""
    found = dict(_patterns())
    assert {"bot.privacy._RUN", "bot.typed.MENU", "intents.apart._ASKS"} <= set(found)
    flagged = [name for name, pattern in found.items() if _nested(parser.parse(pattern.pattern, pattern.flags))]
    assert sorted(REASONED) == sorted(flagged)
