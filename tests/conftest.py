"""Fixtures for the whole suite: the shipped knowledge is loaded once a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from intents import KnowledgeBase, Matcher

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shipped() -> KnowledgeBase:
    """The knowledge base of the repository."""
    return KnowledgeBase.load(ROOT / "knowledge")


@pytest.fixture(scope="session")
def matcher(shipped: KnowledgeBase) -> Matcher:
    """A matcher on the shipped knowledge without sentence vectors; learnt weights come from the cache if there."""
    return Matcher(shipped, cache=ROOT / ".cache")
