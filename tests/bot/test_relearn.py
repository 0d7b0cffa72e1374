"""Learning beside the service: the same matcher comes over, problems come over, and nobody loses an answer."""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from bot import transport
from bot.brain import Brain, make_matcher
from bot.errors import KnowledgeError
from bot.relearn import Relearner, RelearnFailed
from intents import Matcher
from tests.sample import write_sample

QUESTIONS = ["法律援助是什么", "做公证要多少钱呀", "老人走了房子怎么公证", "他现在正在打我", "今天天气", "我要起诉", ""]


def test_any_value_travels_in_pieces(tmp_path: Path) -> None:
    """Long lists, tuples and dicts, nested in one another, arrays and read-only mappings come back equal."""
    words = [f"词{n}" for n in range(5_000)]
    value = {
        "words": words,
        "again": words,
        "pairs": tuple((word, n) for n, word in enumerate(words)),
        "deep": {f"k{n}": [list(range(n)), {"x": tuple(range(150))}] for n in range(130)},
        "frozen": MappingProxyType({word: n for n, word in enumerate(words)}),
        "short": [1, "a", None, (2.5, True)],
        "empty": [[], {}, ()],
    }
    transport.save([value, np.arange(40_000), np.ones(3)], tmp_path)
    found, large, small = transport.load(tmp_path)
    assert (value, True) == (found, found["words"] is found["again"])
    assert (40_000, 39_999, [1.0, 1.0, 1.0]) == (len(large), int(large[-1]), small.tolist())


def test_what_both_sides_have_is_only_named(tmp_path: Path) -> None:
    """A shared object is not written: the other side's own takes its place."""
    mine, theirs = object(), object()
    transport.save({"encoder": mine}, tmp_path, {"it": mine})
    assert transport.load(tmp_path, {"it": theirs, "more": 1})["encoder"] is theirs


async def test_another_process_learns_the_same(tmp_path: Path) -> None:
    """Every question gets the same outcome from the matcher that came over as from one learnt here."""
    base = write_sample(tmp_path / "base")
    here = make_matcher(base, None)
    there = await Relearner(None, "off", (), nice=0).learn(base)
    assert [here.match(q) for q in QUESTIONS] == [there.match(q) for q in QUESTIONS]
    assert here.knowledge == there.knowledge


async def test_what_the_service_has_does_not_travel(tmp_path: Path) -> None:
    """A base with one more question has its own index; a matcher of the same questions takes everything over from the one before."""
    base, cache = write_sample(tmp_path / "base"), tmp_path / "cache"
    before, relearner = make_matcher(base, cache), Relearner(cache, "off", (), nice=0)
    path = base / "entries" / "notary.yaml"
    path.write_text(
        path.read_text("utf-8").replace("questions:\n", "questions:\n      - 遗产公证要怎样弄\n", 1), "utf-8"
    )
    changed = await relearner.learn(base, before)
    assert changed.match("遗产公证要怎样弄").reason == "exact"
    assert changed.named
    assert not changed.named.keys() & before.named.keys()
    again = await relearner.learn(base, changed)
    assert again.named.keys() == changed.named.keys()
    assert all(array is changed.named[name] for name, array in again.named.items())
    asked = "公证要多少钱呢"
    fresh = make_matcher(base, cache).match(asked).to_json()
    assert fresh == changed.match(asked).to_json() == again.match(asked).to_json()


async def test_problems_come_over_with_file_and_line(tmp_path: Path) -> None:
    """A broken file is refused in the other process with the very findings of this one."""
    base = write_sample(tmp_path / "base")
    path = base / "entries" / "notary.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("status: published", "status: 上线"), encoding="utf-8")
    with pytest.raises(KnowledgeError) as here:
        make_matcher(base, None)
    with pytest.raises(KnowledgeError) as there:
        await Relearner(None, "off", (), nice=0).learn(base)
    assert here.value.problems == there.value.problems


def _edit(base: Path, old: str, new: str) -> None:
    path = base / "entries" / "notary.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


async def test_answers_go_on_during_reloads(tmp_path: Path) -> None:
    """While versions change, each question is answered by the old version or the new one, never by half of one."""
    base = write_sample(tmp_path / "base")

    async def relearn(directory: Path, _: Matcher) -> Matcher:
        matcher = await asyncio.to_thread(make_matcher, directory, None)
        (tmp_path / "parts").mkdir(exist_ok=True)
        transport.save(matcher, tmp_path / "parts")
        return await asyncio.to_thread(_load, tmp_path / "parts")

    brain = Brain(base, None, (), relearn)
    answers: set[str] = set()
    stop = False

    async def traffic() -> None:
        while not stop:
            matcher = brain.current()
            await asyncio.sleep(0)
            assert "notary.fee" == matcher.match("做个公证多少钱").entry
            assert "legal_aid.what" == matcher.match("法援是干什么的呀").entry
            answers.add(matcher.knowledge.entries["notary.fee"].answer)

    asking = asyncio.create_task(traffic())
    for number in range(10):
        _edit(base, "以公示为准" if number == 0 else f"第 {number - 1} 版", f"第 {number} 版")
        assert await brain.reload_if_changed()
        await asyncio.sleep(0.005)
    stop = True
    await asking
    assert {"以公示为准。", *(f"第 {n} 版。" for n in range(10))} >= answers
    assert ("第 9 版。", 10) == (brain.current().knowledge.entries["notary.fee"].answer, brain.reloads["good"])


def _load(place: Path) -> Matcher:
    found = transport.load(place)
    assert isinstance(found, Matcher)
    return found


async def test_a_version_in_use_is_not_taken_apart(tmp_path: Path) -> None:
    """Whoever still holds the old matcher goes on with it, through any number of further looks."""
    base = write_sample(tmp_path / "base")
    brain = Brain(base, None)
    held = brain.current()
    before = held.match("老人走了房子怎么公证")
    _edit(base, "以公示为准", "看公示")
    assert await brain.reload_if_changed()
    for _ in range(3):
        await brain.reload_if_changed()
    assert before == held.match("老人走了房子怎么公证")


async def test_a_version_nobody_uses_is_taken_apart(tmp_path: Path) -> None:
    """What the old matcher has learnt is gone after the next look; the encoders and the new matcher are untouched."""
    base = write_sample(tmp_path / "base")
    brain = Brain(base, None)
    old = weakref.ref(brain.current())
    _edit(base, "以公示为准", "看公示")
    assert await brain.reload_if_changed()
    await brain.reload_if_changed()
    assert old() is None
    fresh = make_matcher(base, None)
    assert [fresh.match(q) for q in QUESTIONS] == [brain.current().match(q) for q in QUESTIONS]


async def test_a_process_that_dies_is_replaced_by_a_thread(tmp_path: Path) -> None:
    """No other process can be started: the change comes into force all the same."""
    base = write_sample(tmp_path / "base")

    async def fails(_: Path, __: Matcher) -> Matcher:
        raise RelearnFailed("learning ended with code -9")

    brain = Brain(base, None, (), fails)
    _edit(base, "以公示为准", "看公示")
    assert await brain.reload_if_changed()
    assert "看公示。" == brain.current().knowledge.entries["notary.fee"].answer


def test_a_thread_that_takes_something_in_stands_back_and_leaves_all_as_it_was() -> None:
    """While it works the interpreter changes hands often and nothing is collected; afterwards both are as before."""
    usual = sys.getswitchinterval()
    with transport.standing_back():
        assert not gc.isenabled()
        assert transport.SWITCH == pytest.approx(sys.getswitchinterval())
    assert (True, usual) == (gc.isenabled(), sys.getswitchinterval())
