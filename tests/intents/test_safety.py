"""Emergencies in words that name no danger, and harmless texts that name one."""

from __future__ import annotations

import pytest

from intents import KnowledgeBase, Matcher

DANGER = [
    ("同事从梯子上跌下来叫不醒", "safety.violence"),
    ("奶奶晕倒在厨房没反应", "safety.violence"),
    ("我弟弟掉进鱼塘了", "safety.violence"),
    ("他说等会带人来我家收拾我", "safety.violence"),
    ("他们把我们围在办公室不让离开", "safety.violence"),
    ("催债的往我家大门泼了油漆", "safety.violence"),
    ("阿婆被拴在柴房里", "safety.violence"),
    ("门外有个不认识的人一直敲门不走", "safety.violence"),
    ("开车撞了，撞到人了，他躺在地上", "safety.violence"),
    ("刀我买回来放好了，等孩子睡着", "safety.self_harm"),
    ("给爸妈的信写好了，存折放在柜子里", "safety.self_harm"),
    ("今晚过后什么都结束了", "safety.self_harm"),
    ("我又划了一刀，血流得好多", "safety.self_harm"),
    ("我熬不下去了", "safety.self_harm"),
    ("我想去陪我老公，他去年走了", "safety.self_harm"),
    ("后事我都交代好了", "safety.self_harm"),
    ("遗书放在桌上了", "safety.self_harm"),
    ("有人要把我的裸聊视频群发给亲友，逼我打钱", "safety.fraud"),
    ("楼下那家把小孩吊在阳台上打", "safety.child"),
    ("对门的孩子天天饿着肚子睡楼道", "safety.child"),
    ("妹妹离家出走了", "safety.child"),
    ("🆘", "safety.violence"),
    ("🆘🆘！！", "safety.violence"),
    ("110", "safety.violence"),
    ("119", "safety.violence"),
]
HARMLESS = [
    "想找《我想自杀》这本书",
    "小时候我爸打我妈，现在要我赡养他",
    "写一篇未成年人性侵的论文要什么资料",
    "割了阑尾好疼，医院有没有责任",
    "公司快垮了我撑不住了",
    "我撑不下去了，房贷还不上",
    "过了今晚报名就截止，都结束了",
    "手机掉水里了，快递赔不赔",
    "老板今晚来公司算账发工资",
    "我爷爷的后事怎么安排",
    "车位被堵在里面出不去，物业不管",
    "🆘求问社保断了一个月",
]


@pytest.mark.parametrize(("text", "entry"), DANGER)
def test_danger_is_heard(matcher: Matcher, text: str, entry: str) -> None:
    assert entry == matcher.match(text).entry


@pytest.mark.parametrize("text", HARMLESS)
def test_words_of_danger_alone_are_none(matcher: Matcher, text: str) -> None:
    assert matcher.emergency(text) is None


def test_no_other_entrys_question_is_an_emergency(shipped: KnowledgeBase, matcher: Matcher) -> None:
    for owner, questions in shipped.owned():
        fired = [q for q in questions if not owner.startswith("safety.") and matcher.safety.find(q)]
        assert not fired
