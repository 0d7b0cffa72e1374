"""What was learnt, on disk: found again by what it was learnt from."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from intents import KnowledgeBase, Matcher, Normalizer
from intents.forms import read_forms
from intents.model_cache import LearntCache
from intents.scoring import Scorer
from tests.intents.test_encoder import CountingEncoder
from tests.sample import write_sample

QUESTION = "      - 遗产公证要怎样弄"


def _edit(base: Path, old: str, new: str) -> None:
    path = base / "entries" / "notary.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def _matcher(base: Path, cache: Path) -> Matcher:
    return Matcher(KnowledgeBase.load(base), cache=cache)


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
    """Another version of the same stored questions finds what the one before had learnt."""
    _edit(base, "以公示为准", "看公示")
    with patch("intents.index.counted", side_effect=AssertionError("learnt anew")):
        matcher = _matcher(base, tmp_path / "cache")
    assert "看公示。" == matcher.knowledge.entries["notary.fee"].answer


def test_another_question_is_learnt(base: Path, tmp_path: Path) -> None:
    """What was learnt of other questions is not taken for it."""
    _add_question(base)
    with patch("intents.index.counted", side_effect=AssertionError("learnt anew")), pytest.raises(AssertionError):
        _matcher(base, tmp_path / "cache")
    assert "exact" == _matcher(base, tmp_path / "cache").match("遗产公证要怎样弄").reason


def test_vectors_are_learnt_once(base: Path, tmp_path: Path) -> None:
    """The weights of an encoder stand in a file of their own; a second start reads them."""
    knowledge = KnowledgeBase.load(base)
    learnt = Scorer(
        knowledge, Normalizer(knowledge.lexicon), [CountingEncoder()], cache=LearntCache(tmp_path, [CountingEncoder()])
    )
    with patch("intents.linear.fit_vectors", side_effect=AssertionError("learnt anew")):
        read = Scorer(
            knowledge,
            Normalizer(knowledge.lexicon),
            [CountingEncoder()],
            cache=LearntCache(tmp_path, [CountingEncoder()]),
        )
    np.testing.assert_array_equal(learnt.ridge["counting"], read.ridge["counting"])


def test_what_is_read_is_what_was_learnt(base: Path, tmp_path: Path) -> None:
    """A start from the cache makes no index and no normal form anew, and answers to the last digit as one without."""
    with (
        patch("intents.index.counted", side_effect=AssertionError("index made anew")),
        patch("intents.word_index.WordIndex._make", side_effect=AssertionError("words cut anew")),
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
    assert "index.docs" in {name.rpartition("/")[2] for name in there}
    with patch("numpy.lib.npyio.NpzFile.__getitem__", lambda stored, name: names.append(name)):
        names: list[str] = []
        lent = Matcher(KnowledgeBase.load(base), cache=tmp_path / "cache", lent=there.keys()).named
    assert there.keys() == lent.keys()
    assert all(isinstance(lent[name], np.memmap) and np.array_equal(there[name], lent[name]) for name in there)
    assert not names
