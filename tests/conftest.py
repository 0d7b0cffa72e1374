"""For the whole suite: the shipped knowledge is loaded once a process, and every log record is read for people's numbers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.config import Dialogue as Limits
from bot.dialogue import Dialogue
from bot.logs import QUIET
from intents import KnowledgeBase, Matcher
from tests.databases import clock, pair, postgres
from tests.fakes import FakeClock, MemoryStore
from tests.logwatch import Leaks, Watch, complaint
from tests.sample import Talk, write_sample

__all__ = ["clock", "pair", "postgres"]
ROOT = Path(__file__).resolve().parent.parent
_WATCH = pytest.StashKey[Watch]()
_LEAKS = pytest.StashKey[Leaks]()


def pytest_configure(config: pytest.Config) -> None:
    """Watch the log from the first import on, at the level at which the service logs."""
    config.stash[_LEAKS] = leaks = Leaks()
    config.stash[_WATCH] = watch = Watch(leaks)
    root = logging.getLogger()
    root.addHandler(watch)
    root.setLevel(logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """What was logged after the last test counts too."""
    if leaks := session.config.stash[_LEAKS].taken():
        session.config.get_terminal_writer().line(complaint(leaks), red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def _no_number_in_the_log(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test during which a planted number is logged fails, on every worker."""
    yield
    if leaks := request.config.stash[_LEAKS].taken():
        pytest.fail(complaint(leaks))


@pytest.fixture
def watch(request: pytest.FixtureRequest) -> Watch:
    """What reads the log of the suite."""
    return request.config.stash[_WATCH]


@pytest.fixture
def leaks(request: pytest.FixtureRequest) -> Leaks:
    """What it found and nobody has complained of yet."""
    return request.config.stash[_LEAKS]


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
