"""While a slow sentence vector is worked out, everybody else is answered."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from pydantic import SecretStr
from threadpoolctl import threadpool_info

from bot.app import running_core
from bot.config import KnowledgeSettings, Settings, StoreSettings
from bot.recall import Recall
from intents import Context, KnowledgeBase, Matcher
from tests.bot.slow_encoder import SlowEncoder, always_asked
from tests.sample import write_sample
from tests.waiting import until

ODD = ("昨天那件事后来怎样了呀", "他们说的那个东西到底算不算数", "那张纸还要不要再交一次")


@pytest.fixture
def encoder() -> SlowEncoder:
    """Nothing is in work yet."""
    return SlowEncoder()


@pytest.fixture
def matcher(tmp_path: Path, encoder: SlowEncoder) -> Matcher:
    """The sample knowledge, where every question that is not stored needs the encoder."""
    return Matcher(KnowledgeBase.load(write_sample(tmp_path / "base")), encoders=[encoder], fitted=always_asked())


async def test_others_are_answered_meanwhile(matcher: Matcher, encoder: SlowEncoder) -> None:
    """A stored question that came later is answered first, and only then the vector is there."""
    recall = Recall()
    slow = asyncio.create_task(recall.match(matcher, ODD[0]))
    assert await until(lambda: bool(encoder.asked))
    stored = next(iter(matcher.knowledge.entries.values()))
    quick = await recall.match(matcher, stored.questions[0])
    assert (stored.id, False) == (quick.entry, slow.done())
    encoder.go.set()
    assert matcher.match(ODD[0]) == await slow


async def test_steps_give_what_matching_at_once_gives(matcher: Matcher, encoder: SlowEncoder) -> None:
    """With and without the conversation before; the encoder is asked the same."""
    encoder.go.set()
    for context in (None, Context("notary.inheritance")):
        expected = [matcher.match(text, context) for text in ODD]
        asked, encoder.asked = encoder.asked, []
        assert expected == [await Recall(0).match(matcher, text, context) for text in ODD]
        assert (asked, True) == (encoder.asked, len(asked) >= len(ODD))
        encoder.asked = []


async def test_a_core_is_left_to_the_event_loop(
    matcher: Matcher, encoder: SlowEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many slow questions at once only as many are in work as there are other cores; all are answered."""
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    recall = Recall()
    tasks = [asyncio.create_task(recall.match(matcher, f"{text}{n}")) for n in range(3) for text in ODD]
    assert await until(lambda: encoder.at_once == 2)
    encoder.go.set()
    assert 9 == len(await asyncio.gather(*tasks))
    assert 2 == encoder.most_at_once


async def test_an_encoder_that_fails_fails_one_question(matcher: Matcher, encoder: SlowEncoder) -> None:
    """Its error reaches who asked; the next question is answered."""
    recall = Recall()
    encoder.broken = True
    with pytest.raises(RuntimeError, match="no vector"):
        await recall.match(matcher, ODD[1])
    encoder.broken = False
    encoder.go.set()
    assert matcher.match(ODD[1]) == await recall.match(matcher, ODD[1])


async def test_the_linear_algebra_of_a_service_works_on_one_thread(tmp_path: Path) -> None:
    """Two threads wait for each other, on a busy machine long; what was set before holds again afterwards."""

    def threads() -> list[int]:
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before = threads()
    settings = Settings(
        knowledge=KnowledgeSettings(dir=write_sample(tmp_path / "base"), cache_dir=tmp_path, encoder="off"),
        store=StoreSettings(url=SecretStr(f"sqlite+aiosqlite:///{tmp_path}/fawen.db")),
    )
    async with running_core(settings):
        assert {1} == set(threads())
    assert before == threads()
