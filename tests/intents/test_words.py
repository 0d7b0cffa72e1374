"""Many words looked for at once, held against a regular expression of all of them and against plain `in`."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from intents.words import Replacements, Words

_TEXT = st.text(alphabet="甲乙丙a1", max_size=12)
_TABLE = st.dictionaries(_TEXT, _TEXT, max_size=8)


@given(_TABLE, _TEXT)
def test_replaces_as_a_regular_expression_of_all_words_does(table: dict[str, str], text: str) -> None:
    longest_first = sorted(filter(None, table), key=lambda word: -len(word))
    expected = re.sub("|".join(longest_first), lambda m: table[m.group()], text) if longest_first else text
    assert Replacements(table).replace(text) == expected


@given(_TABLE, _TEXT)
def test_finds_every_word_that_the_text_holds(table: dict[str, str], text: str) -> None:
    assert Words(table).found(text) == {word for word in table if word and word in text}


def test_a_text_without_a_word_comes_back_itself() -> None:
    text = "申请法律援助"
    assert Replacements({"公证": "公证处"}).replace(text) is text
    assert Replacements({}).replace(text) is text
    assert Replacements({"": "什么"}).replace("") == ""
