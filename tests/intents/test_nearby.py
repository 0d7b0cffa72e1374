"""Which text is like this one: the shortcut against the plain comparison of all with all."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz

from intents.nearby import Nearby, rarity, same_matter, shared

TEXTS = st.lists(st.text("公证法律援助房子多少钱怎么办小榄古镇", min_size=1, max_size=12), min_size=1, max_size=30)


def _even(gram: str) -> float:
    return 1.0


@given(TEXTS, st.text("公证法律援助房子多少钱怎么办小榄古镇", min_size=1, max_size=12))
@settings(max_examples=200, deadline=None)
def test_the_shortcut_finds_what_the_plain_comparison_finds(texts: list[str], asked: str) -> None:
    """The best score over all texts is the score that is found; nothing below the least is."""
    index = Nearby(_even)
    for n, text in enumerate(texts):
        index.add(str(n), text)
    best = max(min(fuzz.ratio(asked, t), 100 * shared(asked, t, _even)) if asked != t else 100.0 for t in texts)
    found = index.nearest(asked, 60.0)
    assert (best if best >= 60.0 else None) == (found.score if found else None)


def test_a_rare_name_counts_for_more_than_a_phrase() -> None:
    """Two towns in the same sentence are less alike than two wordings about one town."""
    weight = rarity([f"{town}公证处在哪里" for town in ("小榄", "古镇", "石岐")] + ["公证处在哪里"] * 30)
    same = shared("小榄公证处在哪里", "小榄公证处在哪", weight)
    assert same > shared("小榄公证处在哪里", "古镇公证处在哪里", weight)


def test_ties_go_to_what_was_preferred_then_to_the_last() -> None:
    """Equal texts: a person's choice wins, otherwise the newest."""
    index = Nearby(_even)
    for key, prefer in (("a", False), ("b", True), ("c", False)):
        index.add(key, "公证多少钱", prefer)
    found = index.nearest("公证多少钱", 90.0)
    assert ("b", 100.0) == (found and found.key, found and found.score)
    index.add("d", "房子怎么办")
    index.add("e", "房子怎么办")
    late = index.nearest("房子怎么办", 90.0)
    assert "e" == (late and late.key)


def test_figures_and_negations_make_another_matter() -> None:
    """The same words with another number or with a 不 more are not the same question."""
    assert same_matter("第40条是什么", "40条是什么")
    assert not same_matter("第40条是什么", "第41条是什么")
    assert not same_matter("可以公证吗", "不可以公证吗")
