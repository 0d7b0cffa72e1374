"""Explain: what it says is what decided, and the parts add up."""

from __future__ import annotations

import math

import pytest
from click.testing import CliRunner

from bot.cli import main
from intents import Context, KnowledgeBase, Matcher
from intents.explain import explain
from tests.conftest import ROOT

MATCHER = Matcher(KnowledgeBase.load(ROOT / "knowledge"), cache=ROOT / ".cache")


@pytest.mark.parametrize(
    ("text", "before"), [("多少钱", "notary.will"), ("我想咨询一下离婚的事", None), ("公证要多少钱啊这个", None)]
)
def test_what_a_score_is_made_of_adds_up(text: str, before: str | None) -> None:
    """Of two candidates the logarithm of their probabilities differs as the sums of their parts do."""
    found = explain(MATCHER, text, Context(before) if before else None)
    one, other = found["candidates"][:2]
    sums = [sum(part["counts"] for part in c["signals"].values()) for c in (one, other)]
    assert abs(math.log(one["confidence"] / other["confidence"]) - (sums[0] - sums[1])) < 0.05
    assert ("conversation" in one["signals"]) == (before is not None)


def test_an_emergency_names_the_words() -> None:
    found = explain(MATCHER, "他正在打我")
    assert ("safety", "正在打我", "") == (found["reason"], found["detail"], found["ask"])


def test_why_it_is_no_answer_is_told() -> None:
    assert "不在知识库内" in explain(MATCHER, "今天天气怎么样啊，适合晒被子不")["detail"]
    asked = explain(MATCHER, "收费的事")
    assert asked["outcome"] == "options"
    assert asked["detail"]


def test_what_the_conversation_settles_is_not_explained_by_a_ranking() -> None:
    found = explain(MATCHER, "公证呢", Context("legal_aid.cost"))
    assert ("notary.fee", "上一句问的同一方面") == (found["entry"], found["detail"])
    assert [c["entry"] for c in found["candidates"]] == ["notary.fee"]


def test_a_group_is_named_by_what_it_asks() -> None:
    found = explain(MATCHER, "我想问公证方面的东西")
    named = [c["title"] for c in found["candidates"] if c["entry"].startswith("ask.")]
    assert named
    assert all(named)


def test_the_command_takes_the_word() -> None:
    arguments = ["ask", "公证收费标准", "--encoder", "off", "--knowledge", str(ROOT / "knowledge")]
    told, brief = (CliRunner().invoke(main, [*arguments, flag]) for flag in ("--explain", "--brief"))
    assert (told.exit_code, brief.exit_code) == (0, 0)
    assert '"reason"' in told.stdout
    assert '"reason"' not in brief.stdout
