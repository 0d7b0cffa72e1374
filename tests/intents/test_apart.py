"""What is set apart, and above all what is not."""

from __future__ import annotations

import pytest

from intents import Matcher
from intents.apart import Sorter
from intents.evaluate import read_cases
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def sorter(matcher: Matcher) -> Sorter:
    """On the shipped knowledge."""
    return Sorter(matcher.knowledge, matcher.normalizer)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("asdfghjkl", "nonsense"), ("嘟嘟嘟嘟嘟", "nonsense"), ("lkjhgfd", "nonsense"), ("锟斤拷锟斤拷", "nonsense"),
        ("你他妈的", "abuse"), ("操你妈的傻逼", "abuse"),
        ("加微信办证", "advert"), ("正宗阳江刀具批发，微信同号", "advert"), ("转发这条消息到三个群领红包", "advert"),
    ],
)  # fmt: skip
def test_what_needs_nobody_is_set_apart(matcher: Matcher, sorter: Sorter, text: str, kind: str) -> None:
    """One example of each rule."""
    assert kind == sorter.kind(text, matcher.match(text))


@pytest.mark.parametrize(
    "text",
    [
        "他妈的物业王八蛋停了我家的水", "傻逼老板跑路了工钱没给", "草泥马的中介吞了我押金", "妈的楼上天天漏水到我家",
        "有人加微信叫我刷单，我转了五千", "刷单被骗了", "救救救", "help me please", "lihun zenme ban", "12348", "110",
        "我老公是人渣", "贷款公司天天打电话到我单位", "房东王八蛋",
    ],
)  # fmt: skip
def test_a_plea_stays_in_the_queue_however_rude(matcher: Matcher, sorter: Sorter, text: str) -> None:
    """Swearing, adverts that somebody fell for, other languages, numbers people call."""
    assert "" == sorter.kind(text, matcher.match(text))


def test_no_question_of_our_own_is_set_apart(matcher: Matcher, sorter: Sorter) -> None:
    """Of all test questions that an entry answers, and all that only lead on, none."""
    files = sorted((ROOT / "knowledge" / "tests").glob("*.yaml"))
    cases = [c for p in files if p.stem in ("legal_aid", "service", "outside", "chat") for c in read_cases(p)]
    asked = [c.text for c in cases if c.entry != "none"]
    assert len(asked) > 300
    assert [] == [text for text in asked if sorter.kind(text, matcher.match(text))]
