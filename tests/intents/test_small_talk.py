"""Weather, sums, poems: what is plainly of no office, and above all what is not."""

from __future__ import annotations

import pytest

from intents import Matcher
from intents.apart import Sorter
from intents.evaluate import read_cases
from intents.small_talk import SmallTalk
from tests.conftest import ROOT

PLAIN = ["今天天气怎么样", "中山明天会下雨吗", "1+1等于几", "三百五十乘以二十七等于多少", "帮我写一首关于秋天的诗", "给我讲个笑话", "红烧肉怎么做", "唱首歌来听",
         "用python写个冒泡排序", "你吃饭了吗", "翻译一下 good morning"]  # fmt: skip
MEANT = ["台风天停工工资怎么算", "今天下大雨淹了我家怎么办", "他写诗骂我", "天气太热老板不给高温津贴", "帮我写一份证明", "翻译一下出生证要去哪里", "放歌太吵了能告吗",
         "下雨天路滑摔伤了谁负责", "买六合彩犯法吗", "炒股被骗了", "请重视连续严重雾霾的问题", "鸡汤怎么做才不会再吃死人"]  # fmt: skip


@pytest.fixture(scope="module")
def sorter(matcher: Matcher) -> Sorter:
    """On the shipped knowledge."""
    return Sorter(matcher.knowledge, matcher.normalizer)


@pytest.mark.parametrize("text", PLAIN)
def test_small_talk_is_set_apart(matcher: Matcher, sorter: Sorter, text: str) -> None:
    """Where the matcher finds nothing; of what it refers on or asks back there is no ticket."""
    talk, found = SmallTalk({b.domain for b in matcher.knowledge.background}), matcher.match(text)
    assert talk.is_it(text)
    assert found.outcome != "none" or "chat" == sorter.kind(text, found)


@pytest.mark.parametrize("text", MEANT)
def test_a_word_of_trouble_keeps_it_in_the_queue(matcher: Matcher, sorter: Sorter, text: str) -> None:
    """Whatever the matcher makes of it: these words never are small talk."""
    talk = SmallTalk({b.domain for b in matcher.knowledge.background})
    assert ("", False) == (sorter.kind(text, matcher.match(text)), talk.is_it(text))


def test_a_form_counts_only_with_its_domain() -> None:
    """A base that says nothing of the weather leaves the weather to people."""
    assert SmallTalk({"天气与出行"}).is_it("今天天气怎么样")
    assert not SmallTalk({"诗文"}).is_it("今天天气怎么样")


def test_no_question_of_the_field_has_such_a_form(matcher: Matcher) -> None:
    """Of all stored questions and test questions of entries none, by its words alone."""
    talk = SmallTalk({b.domain for b in matcher.knowledge.background})
    stored = [q for _, questions in matcher.knowledge.owned() for q in questions]
    files = sorted((ROOT / "knowledge" / "tests").glob("*.yaml"))
    cases = [c.text for p in files for c in read_cases(p) if c.entry not in ("none", "chat.other_department")]
    assert len(stored) + len(cases) > 5000
    assert [] == [text for text in (*stored, *cases) if talk.is_it(matcher.normalizer.simple(text))]
