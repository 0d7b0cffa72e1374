"""Learnt weights on disk: found again by what they were learnt from, and a beginning for a base that changed a little."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from numpy.typing import NDArray

from intents import KnowledgeBase, Matcher, Normalizer
from intents.forms import read_forms
from intents.scoring import Scorer
from tests.sample import write_sample

QUESTION = "      - 遗产公证要怎样弄"


def _edit(base: Path, old: str, new: str) -> None:
    path = base / "entries" / "notary.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def _matcher(base: Path, cache: Path, provisional: bool = False) -> Matcher:
    return Matcher(KnowledgeBase.load(base), cache=cache, provisional=provisional)


def _scorer(matcher: Matcher) -> Scorer:
    found = matcher.ranker.scorer
    assert isinstance(found, Scorer)
    return found


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """The sample base, its weights in tmp_path/cache."""
    found = write_sample(tmp_path / "base")
    _matcher(found, tmp_path / "cache")
    return found


def _add_question(base: Path) -> None:
    path = base / "entries" / "notary.yaml"
    text = path.read_text(encoding="utf-8")
    head, mark, tail = text.partition("questions:\n")
    assert mark
    path.write_text(head + mark + QUESTION + "\n" + tail, encoding="utf-8")


def test_a_reworded_answer_needs_nothing_learnt(base: Path, tmp_path: Path) -> None:
    """Another version of the same stored questions finds the weights of the one before."""
    _edit(base, "以公示为准", "看公示")
    with patch("intents.linear.fit_grams", side_effect=AssertionError("learnt anew")):
        matcher = _matcher(base, tmp_path / "cache")
    assert ("看公示。", True) == (matcher.knowledge.entries["notary.fee"].answer, matcher.settled)


def test_another_question_is_learnt(base: Path, tmp_path: Path) -> None:
    """What was learnt of other questions is not taken for it."""
    _add_question(base)
    with patch("intents.linear.fit_grams", side_effect=AssertionError("learnt anew")), pytest.raises(AssertionError):
        _matcher(base, tmp_path / "cache")


def _weights(scorer: Scorer) -> dict[int, NDArray[Any]]:
    """The row of each gram that has one, by its key."""
    rows = scorer.index.shared[scorer.index.shared >= 0]
    return dict(zip(scorer.index.shared_keys().tolist(), scorer.linear["linear"][rows], strict=True))


def test_a_changed_base_begins_with_what_there_is(base: Path, tmp_path: Path) -> None:
    """Every gram and group that both bases have keeps its weights, what is new has none; nothing of it is stored."""
    old = _scorer(_matcher(base, tmp_path / "cache"))
    _add_question(base)
    files = sorted((tmp_path / "cache").glob("linear-*"))
    matcher = _matcher(base, tmp_path / "cache", provisional=True)
    new = _scorer(matcher)
    assert (False, files) == (matcher.settled, sorted((tmp_path / "cache").glob("linear-*")))
    assert old.group_names == new.group_names
    before, now, learnt = _weights(old), _weights(new), _weights(_scorer(_matcher(base, tmp_path / "other")))
    assert learnt.keys() - before.keys()
    assert learnt.keys() & before.keys() == now.keys()
    assert all(np.array_equal(before[key], row) for key, row in now.items())
    assert matcher.match("遗产公证要怎样弄").reason == "exact"


def test_without_any_weights_it_learns(tmp_path: Path) -> None:
    """The first start has nothing to begin with."""
    base = write_sample(tmp_path / "base")
    assert _matcher(base, tmp_path / "cache", provisional=True).settled


def test_an_entry_out_of_use_takes_its_weights_along(base: Path, tmp_path: Path) -> None:
    """Columns are found by their names, not by their place."""
    old = _scorer(_matcher(base, tmp_path / "cache"))
    _edit(base, "status: published", "status: draft")
    new = _scorer(_matcher(base, tmp_path / "cache", provisional=True))
    gone = set(old.group_names) - set(new.group_names)
    assert 1 == len(gone)
    kept = [i for i, name in enumerate(old.group_names) if name not in gone]
    before, now = _weights(old), _weights(new)
    assert now
    assert all(np.array_equal(before[key][kept], row) for key, row in now.items())


def test_a_new_entry_before_all_others_leaves_them_their_weights(tmp_path: Path) -> None:
    """What is new stands in the first column, with nothing; every other column is the old one."""
    phrases = [
        ("b.one", "怎么申请公证"),
        ("b.one", "申请公证要什么"),
        ("c.two", "怎么申请法援"),
        ("c.two", "法援要什么材料"),
    ]
    old = _scorer(Matcher(KnowledgeBase.from_phrases(phrases), cache=tmp_path))
    more = KnowledgeBase.from_phrases([("a.new", "调解收钱吗"), *phrases])
    new = _scorer(Matcher(more, cache=tmp_path, provisional=True))
    before, now = _weights(old), _weights(new)
    assert not new.settled
    assert now
    assert ["a.new/", *old.group_names] == new.group_names
    assert all(not row[0] and np.array_equal(before[key], row[1:]) for key, row in now.items())


def test_what_is_read_is_what_was_learnt(base: Path, tmp_path: Path) -> None:
    """A start from the cache makes no index and no normal form anew, and answers to the last digit as one without."""
    with (
        patch("intents.index.counted", side_effect=AssertionError("index made anew")),
        patch("intents.forms._write", side_effect=AssertionError("forms made anew")),
    ):
        read = _matcher(base, tmp_path / "cache")
    learnt = Matcher(KnowledgeBase.load(base))
    for question in ("遗产公证要怎样弄", "做公证要多少钱呀", "法援是干什么的呀", "老人走了房子怎么公证", "今天天气"):
        assert learnt.match(question) == read.match(question)


@pytest.mark.parametrize("harm", [b"", b"PK", b"\xff" * 400])
def test_damaged_files_are_made_anew(base: Path, tmp_path: Path, harm: bytes) -> None:
    """Whatever stands in the cache, the answers are those of the knowledge, and the next start reads again."""
    learnt = Matcher(KnowledgeBase.load(base))
    for path in (tmp_path / "cache").iterdir():
        path.write_bytes(path.read_bytes()[:200] + harm)
    for _ in range(2):
        assert learnt.match("做公证要多少钱呀") == _matcher(base, tmp_path / "cache").match("做公证要多少钱呀")


def test_a_new_question_leaves_the_forms_of_the_others(base: Path, tmp_path: Path) -> None:
    """Only what is new is brought to its forms, and the file holds them all afterwards."""
    _add_question(base)
    knowledge, folded = KnowledgeBase.load(base), list[str]()
    fold = Normalizer._simplified

    def counting(self: Normalizer, text: str) -> str:
        folded.append(text)
        return fold(self, text)

    with patch.object(Normalizer, "_simplified", counting):
        read_forms(knowledge, tmp_path / "cache")
        stored = {q for entry in knowledge.entries.values() for q in entry.questions}
        assert {"遗产公证要怎样弄"} == stored & set(folded)
        folded.clear()
        forms = read_forms(knowledge, tmp_path / "cache")
        assert not folded
    assert Normalizer(knowledge.lexicon).forms("遗产公证要怎样弄") == forms["遗产公证要怎样弄"]


def test_forms_of_another_lexicon_are_not_taken(tmp_path: Path, base: Path) -> None:
    """A new synonym or typo changes what texts become."""
    path = base / "lexicon.yaml"
    path.write_text("typos: {遗慯: 遗产}\n", encoding="utf-8")
    matcher = _matcher(base, tmp_path / "cache")
    fresh = Matcher(KnowledgeBase.load(base))
    texts = [q for entry in fresh.knowledge.entries.values() for q in entry.questions]
    assert [fresh.normalizer.forms(q) for q in texts] == [matcher.normalizer.forms(q) for q in texts]


def test_an_array_is_looked_at_where_it_lies(base: Path, tmp_path: Path) -> None:
    """What the other side has already is not read, whatever its form; and it is the very same."""
    there = _matcher(base, tmp_path / "cache").named
    assert "linear" in {name.rpartition("/")[2] for name in there}
    with patch("numpy.lib.npyio.NpzFile.__getitem__", lambda stored, name: names.append(name)):
        names: list[str] = []
        lent = Matcher(KnowledgeBase.load(base), cache=tmp_path / "cache", lent=there.keys()).named
    assert there.keys() == lent.keys()
    assert all(isinstance(lent[name], np.memmap) and np.array_equal(there[name], lent[name]) for name in there)
    assert sorted(names) == ["grams", "groups"]


def test_a_changed_base_names_only_what_it_left_as_it_was(base: Path, tmp_path: Path) -> None:
    """A new question: the weights are the file's, the index is not. Without one of its columns neither is."""
    before = _matcher(base, tmp_path / "cache").named
    _add_question(base)
    assert [n.rpartition("/")[2] for n in _matcher(base, tmp_path / "cache", provisional=True).named] == ["linear"]
    assert _matcher(base, tmp_path / "cache", provisional=True).named.keys() < before.keys()
    _edit(base, "status: published", "status: draft")
    assert not _matcher(base, tmp_path / "cache", provisional=True).named
