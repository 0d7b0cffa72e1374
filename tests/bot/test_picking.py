"""Choosing, declining and saying little: what is typed beside the questions, and that none of it becomes a ticket."""

from __future__ import annotations

import pytest

from bot import picking
from bot.memory import Work
from bot.messages import NONE_OF_THESE, Kind, Reply
from bot.picking import Aside
from bot.recall import Recall
from intents import Context, Match, Matcher
from tests.sample import Talk

QUESTION = "法律援助收费吗"
OPTIONS = ["notary.fee", "legal_aid.cost", "notary.inheritance"]
CHOICES = [
    ("我要第二个", 2), ("想要第二个", 2), ("我想问的是第二个", 2), ("就第一个吧", 1), ("第二个，谢谢", 2), ("我要2", 2),
    ("最后一个", 3), ("我要最后一个", 3), ("最后那个", 3), ("选B", 2), ("b", 2), ("C。", 3), ("我选A吧", 1), ("选项2", 2), ("選項Ｂ", 2),
    ("2 3", 2), ("2和3", 2), ("第2个和第3个", 2), ("第二个 第三个", 2), ("①、③", 1), ("1和2都要", 1),
]  # fmt: skip
NONE = [
    "都不是", "都不对", "以上都不对", "没有我要的", "都唔係", "都唔系", "都不是我要的", "没一个对", "没有一个对", "一个都不是", "全都不是",
    "没有我想问的问题", "都唔係我想問嘅", "这几个都不是", "上面的都不是。", "好像都不是", "里面没有我要的",
]  # fmt: skip
ENOUGH = ["不用了", "不用了，谢谢", "算了", "没有了", "不需要", "唔使喇", "先不用"]
QUESTIONS = [
    "没有我要的材料怎么办", "都不是我的责任怎么办", "以上都不对怎么办", "没有问题", "没有房产证", "不是我签的字", "不用交钱吗", "没有别的办法吗",
    "第二个孩子能上户口吗", "最后一个月工资", "我要第二个孩子的抚养权", "选B超", "B超", "我要一个律师", "要2份", "可以吗", "第二次申请", "2022",
    "不要孩子", "都不给钱", "我要2个", "a" * 60,
]  # fmt: skip


def _offer(talk: Talk) -> None:
    at = talk.clock().isoformat()
    state = {"options": OPTIONS, "asked": "收不收钱", "last_question": "收不收钱", "shown": at, "at": at}
    talk.store.states["web", "visit-1"] = state


@pytest.mark.parametrize(("said", "number"), CHOICES)
async def test_an_option_is_chosen_in_many_words(talk: Talk, said: str, number: int) -> None:
    """By ordinal with what stands around it, as the last, by letter, as the first of several."""
    _offer(talk)
    assert OPTIONS[number - 1] == (await talk.say(said)).entry


@pytest.mark.parametrize("said", [*NONE, "不是", "没有", "都没有", "不对"])
async def test_none_of_these_is_said_in_many_words(talk: Talk, said: str) -> None:
    _offer(talk)
    assert ("rephrase", {}) == ((await talk.say(said)).key, talk.store.opened)


@pytest.mark.parametrize("said", QUESTIONS)
def test_a_question_with_such_words_is_a_question(said: str) -> None:
    assert (None, None, None) == (picking.choice(said, 3), picking.picked(said, OPTIONS), picking.aside(said))


@pytest.mark.parametrize("said", ["D", "选Z", "9和2", "第八个"])
async def test_a_letter_that_is_not_on_the_list_is_told_so(talk: Talk, said: str) -> None:
    _offer(talk)
    talk.store.states["web", "visit-1"]["options"] = OPTIONS[:2]
    assert ("choose_range", {}) == ((await talk.say(said)).key, talk.store.opened)


ALONE = [*NONE, *(said for said, _ in CHOICES), "2", "12", "不是", "没有", "吗", "呢", "的", "嗯嗯"]


@pytest.mark.parametrize("said", ALONE)
async def test_what_asks_nothing_is_never_a_ticket(talk: Talk, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    """With nothing to choose from, the question is asked for, whatever the words would be taken for; after 人工 again."""
    await _understands_nothing(monkeypatch)
    assert "say_question" == (await talk.say(said)).key
    assert ["human_ask", "human_ask", "human_ask"] == [
        (await talk.say(text)).key for text in ("人工", said, f"人工 {said}")
    ]
    reply = await talk.say("我的房产证被邻居拿走了")
    assert ["我的房产证被邻居拿走了"] == [t.text for t in talk.store.opened.values()]
    assert reply.ticket


@pytest.mark.parametrize("said", [*ENOUGH, "好的"])
async def test_who_wants_no_more_gets_a_friendly_close(talk: Talk, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    """Also amid options and when a question for staff was asked for."""
    await _understands_nothing(monkeypatch)
    assert "enough" == (await talk.say(said)).key
    _offer(talk)
    assert "enough" == (await talk.say(said)).key
    talk.store.states.clear()
    keys = [(await talk.say(text)).key for text in ("人工", said)]
    assert ["human_ask", "human_ask" if said == "好的" else "enough"] == keys
    assert {} == talk.store.opened


async def test_small_talk_that_is_known_stays(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    """“好的” is answered where an entry knows how, “不问了” where it is a stored question."""

    async def known(recall: Recall, matcher: Matcher, text: str, context: Context | None = None) -> Match:
        return Match(text, "answer", "chat.case_advice", (), 0.9, "exact" if text == "不问了" else "ranked")

    monkeypatch.setattr(Recall, "match", known)
    assert ["entry", "entry", "enough"] == [(await talk.say(said)).key for said in ("好的", "不问了", "不用了")]


async def test_none_of_these_after_an_answer_is_a_complaint_about_it(talk: Talk) -> None:
    """The question that was just answered goes to staff, as by 没帮助; said again there is nothing more to hand on."""
    await talk.say(QUESTION)
    reply = await talk.say("都不是")
    ticket = talk.store.opened[reply.ticket or ""]
    assert (QUESTION, "unhelpful", "unhelpful") == (ticket.text, ticket.reason, reply.key)
    assert {("web", "m1"): "unhelpful"} == talk.store.verdicts
    assert "say_question" == (await talk.say("都不是")).key
    assert 1 == len(talk.store.opened)


async def test_a_question_said_differently_and_answered_wrongly_goes_to_staff(talk: Talk) -> None:
    """都不是, then other words, an answer, and 都不是 again: the other words are the question of the ticket."""
    _offer(talk)
    assert ["rephrase", "entry"] == [(await talk.say(said)).key for said in ("都不是", QUESTION)]
    reply = await talk.say("都不是")
    assert QUESTION == talk.store.opened[reply.ticket or ""].text


async def test_none_of_these_twice_hands_the_question_on(talk: Talk) -> None:
    """Who does not say it differently gets what was promised: a ticket for what was asked."""
    _offer(talk)
    assert "rephrase" == (await talk.say("都不是")).key
    reply = await talk.say("都不对")
    assert "收不收钱" == talk.store.opened[reply.ticket or ""].text


async def test_no_after_an_answer_asks_for_other_words_first(talk: Talk) -> None:
    """“不对” says less than 都不是: no ticket at once."""
    await talk.say(QUESTION)
    assert ("rephrase", {}) == ((await talk.say("不对")).key, talk.store.opened)
    reply = await talk.say("不是")
    assert QUESTION == talk.store.opened[reply.ticket or ""].text


@pytest.mark.parametrize("how", ["none", "button"])
async def test_an_option_that_did_not_help_is_a_ticket_of_its_question(talk: Talk, how: str) -> None:
    """Not “2”, nor the id behind a button: the words that the options were offered for, else the title of the entry."""

    async def complain() -> Reply:
        said = talk.say("都不是") if how == "none" else talk.say("unhelpful", Kind.FEEDBACK, ref=f"m{talk.count}")
        return await said

    _offer(talk)
    await talk.say("2")
    await complain()
    await talk.say("menu", Kind.COMMAND)
    assert "topic" == (await talk.say("2")).key
    assert "notary.fee" == (await talk.say("2")).entry
    await complain()
    await talk.say("notary.fee", Kind.CHOICE)
    await complain()
    assert ["收不收钱", "公证收费", "公证收费"] == [t.text for t in talk.store.opened.values()]


async def test_options_lapse_as_the_subject_does(talk: Talk) -> None:
    """After ten minutes a number chooses nothing and 都不是 means nothing; those of the last minutes stay."""
    for said in ("2", "都不是"):
        _offer(talk)
        talk.clock.pass_by(minutes=9)
        assert "say_question" != (await talk.say(said)).key
        _offer(talk)
        talk.clock.pass_by(minutes=11)
        assert ("say_question", {}) == ((await talk.say(said)).key, talk.store.opened)


async def test_a_menu_lapses_too(talk: Talk) -> None:
    await talk.say("菜单")
    talk.clock.pass_by(minutes=11)
    assert "say_question" == (await talk.say("2")).key
    await talk.say("菜单")
    talk.clock.pass_by(minutes=9)
    assert "topic" == (await talk.say("2")).key


async def test_having_been_asked_to_rephrase_lapses(talk: Talk) -> None:
    """An hour later the first 都不是 is a first one, and an answer of an hour ago is not complained about."""
    _offer(talk)
    assert "rephrase" == (await talk.say(NONE_OF_THESE, Kind.CHOICE)).key
    talk.clock.pass_by(minutes=60)
    assert "rephrase" == (await talk.say(NONE_OF_THESE, Kind.CHOICE)).key
    await talk.say(QUESTION)
    talk.clock.pass_by(minutes=60)
    assert ("say_question", {}) == ((await talk.say("都不是")).key, talk.store.opened)


def test_small_talk_is_not_the_question_before(talk: Talk) -> None:
    """人工 after “谢谢” is about the question, not about the thanks; somebody's own case is a question."""
    work = Work(talk.message("谢谢"), {"last_question": QUESTION})
    for entry, question in (("chat.thanks", QUESTION), ("chat.case_advice", "谢谢")):
        work.answered(entry, Match("谢谢", "answer", entry, (), 1.0, "exact"))
        assert question == work.state["last_question"]


def test_each_aside_is_told_apart() -> None:
    assert {Aside.ENOUGH} == {picking.aside(said) for said in ENOUGH}
    assert [Aside.NO, Aside.AGREES, Aside.PARTICLE, Aside.CHOICE] == [
        picking.aside(t) for t in ("不是", "好的", "吗？", "②")
    ]


async def _understands_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(recall: Recall, matcher: Matcher, text: str, context: Context | None = None) -> Match:
        return Match(text, "none", None, (), 0.0, "ranked")

    monkeypatch.setattr(Recall, "match", nothing)


async def test_another_option_can_be_chosen_after_one_was_read(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The numbers stay on the screen: 第二个 after the first; 上一个 shows them again; a new question ends it."""
    await _understands_nothing(monkeypatch)
    talk.store.states["web", "visit-1"] = {"options": ["notary.fee", "legal_aid.cost"], "asked": "收不收钱"}
    assert ["notary.fee", "legal_aid.cost"] == [(await talk.say(said)).entry for said in ("第一个", "第二个")]
    again = await talk.say("上一个")
    assert ["notary.fee", "legal_aid.cost", NONE_OF_THESE] == [o.id for o in again.options]
    assert "notary.fee" == (await talk.say("不是第二个，是第一个")).entry
    assert "choose_range" == (await talk.say("第九个")).key


async def test_a_new_question_ends_the_list_before(talk: Talk) -> None:
    talk.store.states["web", "visit-1"] = {"options": ["notary.fee", "legal_aid.cost"], "asked": "收不收钱"}
    await talk.say("1")
    await talk.say("继承公证怎么办")
    assert ["say_question", "menu"] == [(await talk.say(said)).key for said in ("2", "上一个")]


@pytest.mark.parametrize("said", ["没解决", "没帮助", "我的问题还是没解决", "解决不了我的问题", "帮不了我"])
async def test_what_does_not_help_goes_to_staff(talk: Talk, said: str) -> None:
    """Typed as by the button; with nothing answered before there is nothing to hand on."""
    assert (await talk.say(said)).ticket is None
    await talk.say(QUESTION)
    reply = await talk.say(said)
    ticket = talk.store.opened[reply.ticket or ""]
    assert (QUESTION, "unhelpful", "unhelpful") == (ticket.text, ticket.reason, reply.key)


@pytest.mark.parametrize("said", ["换一个", "换一批", "下一个", "还有别的吗"])
async def test_something_else_is_wanted(talk: Talk, said: str) -> None:
    """Amid options as 都不是, after an answer other words are asked for; never the question of a ticket."""
    assert "say_question" == (await talk.say(said)).key
    _offer(talk)
    assert "rephrase" == (await talk.say(said)).key
    await talk.say(QUESTION)
    assert ("rephrase", {}) == ((await talk.say(said)).key, talk.store.opened)


async def test_another_question_is_announced(talk: Talk) -> None:
    await talk.say(QUESTION)
    assert ["enough", "enough"] == [(await talk.say(said)).key for said in ("换个问题", "问点别的")]


@pytest.mark.parametrize(
    "said", ["换一个律师", "换个公证处", "还有别的办法吗", "上一个公证员", "返回押金", "没有问题", "解决不了纠纷怎么办", "上个月"]
)  # fmt: skip
def test_what_only_begins_so_is_a_question(said: str) -> None:
    assert picking.aside(said) is None
