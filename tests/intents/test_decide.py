"""From probabilities to outcomes, with probabilities made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from intents import KnowledgeBase
from intents.decide import decide
from intents.fit_decisions import START
from intents.model import Ask, KnowledgeData

PLAIN = KnowledgeBase.from_phrases([(f"a.{name}", name) for name in ("one", "two", "three", "four", "five")])
BASE: KnowledgeData = replace(
    PLAIN, asks={"ask.x": Ask("ask.x", "哪一个？", ("a.one", "a.two", "a.three", "a.four"), ("几个",))}
)
NAMES = ["a.five", "a.four", "a.one", "a.three", "a.two", "ask.x", "none"]


def offered(p: Mapping[str, float]) -> tuple[str, ...]:
    found = decide(BASE, NAMES, np.array([p.get(name, 0.0) for name in NAMES], np.float32), START)
    assert (found.outcome, found.ask) == ("options", "哪一个？")
    return found.options


@pytest.mark.parametrize(
    ("p", "options"),
    [
        ({"ask.x": 0.9, "a.one": 0.03, "a.two": 0.03, "a.three": 0.02, "a.four": 0.02}, ("a.one", "a.two", "a.three", "a.four")),
        ({"ask.x": 0.9, "a.four": 0.07, "a.one": 0.02, "a.two": 0.0001, "a.three": 0.0001}, ("a.one", "a.four")),
        ({"ask.x": 0.9, "a.three": 0.1}, ("a.one", "a.two", "a.three", "a.four")),
        ({"ask.x": 0.8, "a.three": 0.1, "a.two": 0.0002, "a.five": 0.1}, ("a.two", "a.three")),
    ],
)  # fmt: skip
def test_a_group_offers_the_two_likeliest_and_what_is_not_far_less_likely(
    p: Mapping[str, float], options: tuple[str, ...]
) -> None:
    assert offered(p) == options


def test_an_entry_that_a_short_list_lacks_is_the_least_likely() -> None:
    """A large base ranks some of its entries only."""
    names = ["a.one", "a.two", "ask.x", "none"]
    found = decide(BASE, names, np.array([0.05, 0.05, 0.9, 0.0], np.float32), START)
    assert found.options == ("a.one", "a.two")


def test_what_is_not_published_is_not_offered() -> None:
    hidden = replace(BASE.entries["a.one"], status="withdrawn")
    base = replace(BASE, entries={**BASE.entries, "a.one": hidden})
    found = decide(base, NAMES, np.array([0.0, 0.02, 0.06, 0.02, 0.02, 0.88, 0.0], np.float32), START)
    assert found.options == ("a.two", "a.three", "a.four")


@pytest.mark.parametrize(("own", "outcome"), [(0.004, "none"), (0.02, "options")])
def test_what_is_hardly_ours_is_not_asked_back(own: float, outcome: str) -> None:
    """Where most likely nothing is meant that we know of, options need something of ours with a hundredth at least."""
    names = ["a.five", "a.one", "chat.other_department", "none"]
    p = np.array([own / 2, own, 0.45 - 1.5 * own, 0.55], np.float32)
    unsure = replace(START, none=0.9, route=1.1)
    assert outcome == decide(BASE, names, p, unsure).outcome
