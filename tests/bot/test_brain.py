"""Hot reload: a good change comes into force, a broken one never does harm."""

from __future__ import annotations

from pathlib import Path

from bot.brain import Brain, make_matcher
from intents import Matcher
from tests.sample import write_sample


async def test_a_changed_file_comes_into_force(tmp_path: Path) -> None:
    """After an edit the next look gives the new answer under a new version."""
    base = write_sample(tmp_path / "base")
    brain = Brain(base, None)
    before = brain.current()
    path = base / "entries" / "notary.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("以公示为准", "看公示"), encoding="utf-8")
    assert await brain.reload_if_changed()
    assert "看公示。" == brain.current().knowledge.entries["notary.fee"].answer
    assert before.knowledge.version != brain.current().knowledge.version


async def test_a_broken_file_keeps_the_last_good_version(tmp_path: Path) -> None:
    """The matcher stays, the error names the file, and mending the file brings it back."""
    base = write_sample(tmp_path / "base")
    brain = Brain(base, None)
    before = brain.current()
    path = base / "entries" / "notary.yaml"
    good = path.read_text(encoding="utf-8")
    path.write_text("entries: [", encoding="utf-8")
    assert not await brain.reload_if_changed()
    assert before is brain.current()
    assert brain.last_error is not None
    assert "entries/notary.yaml:2" in brain.refused()
    path.write_text(good, encoding="utf-8")
    await brain.reload_if_changed()
    assert "" == brain.refused()


async def test_touching_a_file_changes_nothing(tmp_path: Path) -> None:
    """The same content is not loaded again."""
    base = write_sample(tmp_path / "base")
    brain = Brain(base, None)
    before = brain.current()
    path = base / "entries" / "notary.yaml"
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    assert not await brain.reload_if_changed()
    assert before is brain.current()


async def test_what_is_prepared_is_ready_before_the_matcher_is_in_force(tmp_path: Path) -> None:
    """Parts of the service learn from a new matcher while the old one still answers, once a version."""
    base = write_sample(tmp_path / "base")
    brain = Brain(base, None)
    seen: list[tuple[str, str]] = []
    brain.prepare(lambda new: seen.append((new.knowledge.version, brain.current().knowledge.version)))
    before = brain.current().knowledge.version
    path = base / "entries" / "notary.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("以公示为准", "看公示"), encoding="utf-8")
    assert await brain.reload_if_changed()
    assert not await brain.reload_if_changed()
    assert [(brain.current().knowledge.version, before)] == seen


async def test_a_new_question_is_answered_by_what_a_start_learns(tmp_path: Path) -> None:
    """A changed base comes into force with everything learnt of its own questions."""
    base = write_sample(tmp_path / "base")
    brain = Brain(base, tmp_path / "cache")
    path = base / "entries" / "notary.yaml"
    text = path.read_text(encoding="utf-8").replace("questions:\n", "questions:\n      - 遗产公证要怎样弄\n", 1)
    path.write_text(text, encoding="utf-8")
    assert await brain.reload_if_changed()
    assert "exact" == brain.current().match("遗产公证要怎样弄").reason
    fresh = make_matcher(base, None)
    for question in ("遗产公证怎样弄", "做公证要多少钱呀", "法援是干什么的呀"):
        assert fresh.match(question) == brain.current().match(question)
    assert 1 == brain.reloads["good"]


async def test_what_is_taken_back_while_it_is_learnt_never_comes_into_force(tmp_path: Path) -> None:
    """Rolled back means that nobody is answered by it any more, however long its learning took; a later change comes as ever."""
    base = write_sample(tmp_path / "base")
    path = base / "entries" / "notary.yaml"
    good = path.read_text(encoding="utf-8")
    taken_back = [True, False]

    async def relearn(directory: Path, _: Matcher) -> Matcher:
        matcher = make_matcher(directory, None)
        if taken_back.pop(0):
            path.write_text(good, encoding="utf-8")
        return matcher

    brain = Brain(base, None, (), relearn)
    before = brain.current()
    path.write_text(good.replace("以公示为准", "看公示"), encoding="utf-8")
    assert not await brain.reload_if_changed()
    assert not await brain.reload_if_changed()
    assert before is brain.current()
    path.write_text(good.replace("以公示为准", "问窗口"), encoding="utf-8")
    assert await brain.reload_if_changed()
    assert ("问窗口。", 1) == (brain.current().knowledge.entries["notary.fee"].answer, brain.reloads["good"])
