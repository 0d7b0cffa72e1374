"""Changing a file moves nothing but what was changed; what cannot be changed safely is refused."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.curate.layout import read_data, rewrite, same
from bot.curate.render import inline
from bot.errors import EditError
from tests.sample import ROOT

SHIPPED = sorted((ROOT / "knowledge").rglob("*.yaml"))

TEXT = """# 文件头
topic: {title: 测试, order: 1}   # 主题
entries:
  one:   # 第一条
    title: 第一条   # 标题的注释
    questions:
      - 第一句
      # 中间的注释
      - "第二句: 有冒号"   # 行尾的注释

      # 列表末尾的注释
    # 回答前的注释
    answer: |  # 回答的注释
      第一行

      第三行
    # 回答后的注释
    sources:
      - {source: law, article: 第一条}   # 依据的注释
      - source: law
        article: 第二条
    related: [test.two, test.three]
    reviewed: 2026-11-23
    review_after: 2027-05-23
    status: published
  # 第二条的注释
  two:
    title: 第二条
    questions: [一句, 两句]
    answer: 短。
    empty:
# 文件尾
"""


def _changed(**fields: Any) -> str:
    data = read_data(TEXT)
    data["entries"]["one"].update(fields)
    return rewrite(TEXT, data)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_an_untouched_file_comes_back_byte_for_byte(path: Path) -> None:
    """Every shipped file survives being rewritten with its own data."""
    text = path.read_bytes().decode()
    assert text == rewrite(text, read_data(text))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_a_change_touches_only_its_own_lines(path: Path) -> None:
    """In every shipped file: six texts changed at random places, each leaves all lines but its own as they were."""
    text = path.read_bytes().decode()
    data = read_data(text)
    places = list(_strings(data))
    for place in random.Random(1).sample(places, k=min(6, len(places))):
        changed = copy.deepcopy(data)
        holder = changed
        for step in place[:-1]:
            holder = holder[step]
        own = len(holder[place[-1]].split("\n"))
        holder[place[-1]] = "改过的一句：#1 [a]"
        after = rewrite(text, changed)
        assert same(changed, read_data(after))
        first = next(i for i, (a, b) in enumerate(zip(text.split("\n"), after.split("\n"), strict=False)) if a != b)
        tail = text.split("\n")[first + own :]
        assert tail == after.split("\n")[len(after.split("\n")) - len(tail) :]


def _strings(data: Any, *keys: Any) -> Any:
    """The keys of every text below `data`."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _strings(value, *keys, key)
    elif isinstance(data, list):
        for i, value in enumerate(data):
            yield from _strings(value, *keys, i)
    elif isinstance(data, str):
        yield keys


def _differences(before: str, after: str) -> tuple[list[str], list[str]]:
    """Lines that went and lines that came, in order."""
    old, new = before.splitlines(), after.splitlines()
    return [x for x in old if x not in new], [x for x in new if x not in old]


def test_a_scalar_is_replaced_and_its_comment_stays() -> None:
    """Only the title's line differs, and the remark behind it is still there."""
    expected = (["    title: 第一条   # 标题的注释"], ["    title: 新标题   # 标题的注释"])
    assert expected == _differences(TEXT, _changed(title="新标题"))


def test_a_list_grows_and_shrinks_around_its_comments() -> None:
    """Remarks between, behind and after the items survive an item more and an item less."""
    grown = _changed(questions=["第一句", "第二句: 有冒号", "第三句"])
    assert ([], ["      - 第三句"]) == _differences(TEXT, grown)
    shrunk = _changed(questions=["第二句: 有冒号"])
    assert (["      - 第一句"], []) == _differences(TEXT, shrunk)


def test_an_item_in_the_middle_is_replaced_in_place() -> None:
    """A changed question keeps its place and the remark on its line."""
    expected = (
        ['      - "第二句: 有冒号"   # 行尾的注释'],
        ["      - 换了一句   # 行尾的注释"],
    )
    assert expected == _differences(TEXT, _changed(questions=["第一句", "换了一句"]))


def test_an_answer_is_replaced_below_its_key() -> None:
    """A `|` text gets other lines; the remarks around it stay."""
    after = _changed(answer="新的一行\n\n  缩进的一行\n最后一行")
    assert (
        ["      第一行", "      第三行"],
        ["      新的一行", "        缩进的一行", "      最后一行"],
    ) == _differences(TEXT, after)
    assert "answer: |  # 回答的注释" in after
    assert "    # 回答后的注释\n    sources:" in after


def test_a_short_answer_becomes_a_long_one() -> None:
    """A text on the key's own line becomes a `|` text, and back to one line below the key."""
    data = read_data(TEXT)
    data["entries"]["two"]["answer"] = "一。\n二。"
    assert "    answer: |\n      一。\n      二。\n    empty:" in rewrite(TEXT, data)


def test_keys_come_and_go() -> None:
    """A new key stands behind the one before it; a key that goes takes its lines with it."""
    data = read_data(TEXT)
    one = data["entries"]["one"]
    data["entries"]["one"] = {
        k: v for key in one for k, v in ([(key, one[key])] + ([("aspect", "fee")] if key == "related" else []))
    }
    del data["entries"]["one"]["sources"]
    gone = ["    sources:", "      - {source: law, article: 第一条}   # 依据的注释", "      - source: law",
            "        article: 第二条"]  # fmt: skip
    assert (gone, ["    aspect: fee"]) == _differences(TEXT, rewrite(TEXT, data))


def test_mappings_in_a_list_change_in_their_own_style() -> None:
    """A mapping in braces stays in braces, one in lines stays in lines."""
    after = _changed(sources=[{"source": "law", "article": "第九条"}, {"source": "law", "article": "第八条"}])
    expected = (
        ["      - {source: law, article: 第一条}   # 依据的注释", "        article: 第二条"],
        ["      - {source: law, article: 第九条}   # 依据的注释", "        article: 第八条"],
    )
    assert expected == _differences(TEXT, after)


def test_an_empty_value_is_filled() -> None:
    """`key:` with nothing behind it takes a text or a list."""
    data = read_data(TEXT)
    data["entries"]["two"]["empty"] = ["甲", "乙: 丙"]
    assert '    empty:\n      - 甲\n      - "乙: 丙"\n# 文件尾' in rewrite(TEXT, data)


def test_line_ends_of_the_file_are_kept() -> None:
    """A file written on Windows stays one, new lines included."""
    text = TEXT.replace("\n", "\r\n")
    data = read_data(text)
    data["entries"]["one"]["questions"].append("第三句")
    after = rewrite(text, data)
    assert (TEXT.count("\n") + 1, 0) == (after.count("\r\n"), after.replace("\r\n", "").count("\n"))
    assert same(data, read_data(after))


@pytest.mark.parametrize(
    ("text", "new", "said"),
    [
        ("a: [1\n", {"a": 1}, "先改好"),
        ("a: 1\na: 2\n", {"a": 3}, "写了两次"),
        ("a: &x [1]\nb: *x\n", {"a": [2], "b": [1]}, "先改好"),
        ("a: [1, # 一\n  2]\n", {"a": [1]}, "注释"),
        ("a:\n  - 1\n", {"a": []}, "删空"),
    ],
)
def test_what_cannot_be_changed_safely_is_refused(text: str, new: Any, said: str) -> None:
    """Broken files, aliases, remarks inside brackets and emptied lists are named, never mangled."""
    with pytest.raises(EditError, match=said):
        rewrite(text, new)


_WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30)


@settings(deadline=None)
@given(_WORDS)
def test_any_text_reads_back(text: str) -> None:
    """Whatever is written, alone or in brackets, comes back as it was: colons, quotes, dates, marks, controls."""
    assert [text] == yaml.safe_load(f"- {inline(text)}\n")
    assert [{"k": text}] == yaml.safe_load(f"- {inline({'k': text})}\n")


@settings(deadline=None)
@given(
    st.lists(_WORDS.map(lambda t: " ".join(t.split())).filter(bool), min_size=1, max_size=6),
    st.text(st.sampled_from("一二 :#-|>\"'\n[]{}"), min_size=1, max_size=40),
)
def test_any_questions_and_answer_can_be_written(questions: list[str], answer: str) -> None:
    """An entry takes any list of questions and any answer, and the other entry does not move."""
    data = read_data(TEXT)
    data["entries"]["one"].update(questions=questions, answer=answer)
    after = rewrite(TEXT, data)
    assert same(data, read_data(after))
    assert TEXT[TEXT.index("  # 第二条的注释") :] == after[after.index("  # 第二条的注释") :]
