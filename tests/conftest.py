"""Fixtures for the whole suite: the shipped knowledge is loaded once a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.config import Dialogue as Limits
from bot.dialogue import Dialogue
from intents import KnowledgeBase, Matcher
from tests.databases import clock, pair, postgres
from tests.fakes import FakeClock, MemoryStore
from tests.sample import Talk, write_sample

__all__ = ["clock", "pair", "postgres"]
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shipped() -> KnowledgeBase:
    """The knowledge base of the repository."""
    return KnowledgeBase.load(ROOT / "knowledge")


@pytest.fixture(scope="session")
def matcher(shipped: KnowledgeBase) -> Matcher:
    """A matcher on the shipped knowledge without sentence vectors; learnt weights come from the cache if there."""
    return Matcher(shipped, cache=ROOT / ".cache")


@pytest.fixture(scope="session")
def sample_matcher(tmp_path_factory: pytest.TempPathFactory) -> Matcher:
    """A matcher on the sample."""
    return Matcher(KnowledgeBase.load(write_sample(tmp_path_factory.mktemp("knowledge") / "base")))


@pytest.fixture
def talk(sample_matcher: Matcher) -> Talk:
    """A fresh conversation."""
    store, clock = MemoryStore(), FakeClock()
    return Talk(Dialogue(lambda: sample_matcher, store, Limits(per_minute=30), clock), store, clock)
