"""The conversation policy, on a store in memory."""

from __future__ import annotations

import pytest

from bot.errors import StoreUnavailable
from bot.messages import NONE_OF_THESE, Kind, Message, Reply
from bot.recall import Recall
from bot.traditional import is_marked
from intents import Context, Match, Matcher
from tests.sample import Talk


async def test_start_greets_with_topics(talk: Talk) -> None:
    """The first thing shown is who this is and the topics; emergencies and small talk are no topics."""
    reply = await talk.say("start", Kind.COMMAND)
    assert "法问" in reply.text
    assert ["legal_aid", "notary"] == [o.id for o in reply.options]


async def test_an_answer_carries_its_sources_and_date(talk: Talk) -> None:
    """A stored question is answered with citation, month and the question whether it helped."""
    reply = await talk.say("法律援助收费吗？")
    assert ("entry", "legal_aid.cost", "2026-11", True) == (reply.key, reply.entry, reply.checked, reply.feedback)
    assert [("法律援助法", "第二条")] == [(c.short, c.article) for c in reply.sources]


async def test_an_emergency_comes_before_everything(talk: Talk) -> None:
    """Number first, no menu, no feedback question, whatever else the text says."""
    reply = await talk.say("法律援助收费吗 他现在又打我了")
    assert ("safety.violence", ["110"], (), False) == (
        reply.entry, [c.number for c in reply.calls], reply.options, reply.feedback,
    )  # fmt: skip


async def test_a_follow_up_takes_its_subject_from_the_last_exchange(talk: Talk) -> None:
    """“那要多少钱” after an answer on inheritance stays with notarization; alone it does not."""
    await talk.say("继承公证怎么办")
    reply = await talk.say("那要多少钱")
    offered = [reply.entry] if reply.outcome == "answer" else [o.id for o in reply.options]
    assert "notary.fee" == offered[0]


async def test_a_subject_lapses_after_ten_minutes(talk: Talk) -> None:
    """What was said long ago is not taken over."""
    await talk.say("继承公证怎么办")
    talk.clock.pass_by(minutes=11)
    await talk.say("那要多少钱")
    assert "context" not in {t.reply.extra.get("reason") for t in talk.store.turns}
    assert talk.store.turns[-1].message.at > talk.store.turns[0].message.at


async def test_a_lapsed_subject_stays_lapsed(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that tells no subject does not bring back to life what was spoken of an hour ago."""
    await talk.say("继承公证怎么办")
    talk.clock.pass_by(minutes=60)
    seen = list[Context | None]()

    async def unsure(recall: Recall, matcher: Matcher, text: str, context: Context | None = None) -> Match:
        seen.append(context)
        return Match(text, "options", None, ("chat.human", "chat.thanks"), 0.3, "ranked")

    monkeypatch.setattr(Recall, "match", unsure)
    await talk.say("嗯那个")
    await talk.say("就是那个")
    assert [None, None] == seen


async def test_a_pressed_option_is_answered(talk: Talk) -> None:
    """An entry id answers, a topic id lists its entries, an unknown one says so."""
    assert "notary.fee" == (await talk.say("notary.fee", Kind.CHOICE)).entry
    assert ["notary.inheritance", "notary.fee"] == [o.id for o in (await talk.say("notary", Kind.CHOICE)).options]
    assert "not_open" == (await talk.say("notary.gone", Kind.CHOICE)).key


async def test_none_of_these_asks_again_then_opens_a_ticket(talk: Talk) -> None:
    """The first 都不是 asks to say it differently, the second gives a ticket for the question that was asked."""
    talk.store.states["web", "visit-1"] = {"options": ["notary.fee", "legal_aid.cost"], "asked": "收不收钱"}
    assert "rephrase" == (await talk.say(NONE_OF_THESE, Kind.CHOICE)).key
    talk.store.states["web", "visit-1"]["asked"] = "收不收钱"
    reply = await talk.say(NONE_OF_THESE, Kind.CHOICE)
    assert reply.ticket is not None
    ticket = talk.store.opened[reply.ticket]
    assert ("收不收钱", "none_of_these") == (ticket.text, ticket.reason)
    assert reply.ticket in reply.text


async def test_a_number_chooses_an_option(talk: Talk) -> None:
    """2, 第二个 and ２ choose the second option; the number after the last is 都不是."""
    for typed in ("2", "第二个", "２", "二"):
        talk.store.states["web", "visit-1"] = {"options": ["notary.fee", "legal_aid.cost"]}
        assert "legal_aid.cost" == (await talk.say(typed)).entry
    talk.store.states["web", "visit-1"] = {"options": ["notary.fee", "legal_aid.cost"]}
    assert "rephrase" == (await talk.say("3")).key


ONLY_A_NUMBER = ["②", "2）", "(2)", "（2）", "⑵", "2,", "2，", "2！", "2号", "二号", "选2", "選2", "我选2", "选择2", "2吧", "选第二个",
                 "就第二個", "就2", " 2。"]  # fmt: skip


@pytest.mark.parametrize("said", ONLY_A_NUMBER)
async def test_a_number_is_typed_in_many_ways(talk: Talk, said: str) -> None:
    """Whatever stands around the number, as long as nothing else is said; without open options it is no choice."""
    assert "legal_aid.cost" != (await talk.say(said)).entry
    talk.store.states["web", "visit-1"] = {"options": ["notary.fee", "legal_aid.cost"]}
    assert "legal_aid.cost" == (await talk.say(said)).entry


@pytest.mark.parametrize("said", ["20", "0", "４", "二十。", "第九个", "选5"])
async def test_a_number_that_is_not_on_the_list_is_told_so(talk: Talk, said: str) -> None:
    """No ticket and no guess: which numbers there are, and the options stay open."""
    talk.store.states["web", "visit-1"] = {"options": ["notary.fee", "legal_aid.cost"], "asked": "收不收钱"}
    reply = await talk.say(said)
    assert ("choose_range", True, {}) == (reply.key, "1 到 2" in reply.text, talk.store.opened)
    assert "legal_aid.cost" == (await talk.say("2")).entry


@pytest.mark.parametrize(
    "said", ["12348", "110", "120", "2号线怎么走", "2022", "就一个", "1个月", "我要2个", "2岁", "一下", "选", "十十"]
)
async def test_what_only_begins_with_a_number_is_no_choice(
    talk: Talk, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    """Telephone numbers, years and questions go on to be understood, also while options are open."""
    seen = list[str]()

    async def unsure(recall: Recall, matcher: Matcher, text: str, context: Context | None = None) -> Match:
        seen.append(text)
        return Match(text, "options", None, ("chat.human", "notary.fee"), 0.3, "ranked")

    monkeypatch.setattr(Recall, "match", unsure)
    talk.store.states["web", "visit-1"] = {"options": ["notary.fee", "legal_aid.cost"]}
    assert "options" == (await talk.say(said)).key
    assert [said] == seen


async def test_a_number_without_options_is_a_question(talk: Talk) -> None:
    """Nothing was offered: 1 chooses nothing."""
    assert (await talk.say("1")).key not in ("entry", "choose_range")


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.VOICE])
async def test_typed_forms_may_end_with_a_stop(talk: Talk, kind: Kind) -> None:
    """As speech recognition writes them; deleting one's records is confirmed the same way."""
    said = ("菜单。", "目錄！", "Menu.", "人工。", "删除我的记录。", "确认删除。")
    assert ["menu", "menu", "menu", "human_ask", "forget_ask", "forget_done"] == [
        (await talk.say(text, kind)).key for text in said
    ]


async def test_what_is_not_known_becomes_a_ticket_on_disk(talk: Talk) -> None:
    """The number in the text is the number in the store, with the nearest entries."""
    reply = await talk.say("今天天气怎么样啊会下雨吗")
    assert "none" == reply.outcome
    assert reply.ticket in talk.store.opened
    assert talk.store.turns[-1].ticket == talk.store.opened[reply.ticket or ""]


async def test_a_repeated_delivery_gets_the_same_reply_and_counts_once(talk: Talk) -> None:
    """The same message id twice: equal replies, one record."""
    message = talk.message("法律援助收费吗")
    first, second = await talk.dialogue.handle(message), await talk.dialogue.handle(message)
    assert first == second
    assert 1 == len(talk.store.turns)


async def test_long_and_fast_are_met_with_a_text(talk: Talk) -> None:
    """Too long and too fast are said courteously, with the limit."""
    assert "500" in (await talk.say("长" * 501)).text
    keys = [(await talk.say("法律援助是什么")).key for _ in range(40)]
    assert "too_fast" == keys[-1]
    talk.clock.pass_by(minutes=1)
    assert "entry" == (await talk.say("法律援助是什么")).key


async def test_empty_and_other_kinds(talk: Talk) -> None:
    """No words, a picture, a voice message: each gets a fitting text, no ticket."""
    assert "empty" == (await talk.say("？？？")).key
    assert "kind_unknown" == (await talk.say("", Kind.IMAGE)).key
    assert "voice_unknown" == (await talk.say("", Kind.VOICE)).key
    assert {} == talk.store.opened


async def test_a_store_that_is_down_promises_nothing(talk: Talk) -> None:
    """Outage text, no ticket number, no exception."""
    talk.store.broken = True
    reply = await talk.say("今天天气怎么样啊会下雨吗")
    assert ("outage", None) == (reply.key, reply.ticket)


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.VOICE])
async def test_an_emergency_needs_no_store(talk: Talk, kind: Kind) -> None:
    """While the database is away the number is given all the same, in the writing of who asks; it counts as an outage."""
    talk.store.broken = True
    reply = await talk.say("他现在又打我了", kind)
    assert ("safety.violence", ["110"]) == (reply.entry, [c.number for c in reply.calls])
    assert is_marked(await talk.say("救命，他現在打我，門鎖壞了", kind))
    assert "outage" == (await talk.say("他现在又打我了", Kind.IMAGE)).key


async def test_what_a_stop_left_and_can_never_be_answered_gets_a_word(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start looks once: after all tries its sender is told so, and the others are answered. An outage is no try."""
    for number, text in ((1, "公证收费标准"), (2, "法律援助收费吗")):
        await talk.store.receive(Message("web", "c", "c", text, Kind.TEXT, talk.clock(), f"m{number}"))
    answer, tries = talk.dialogue.answer, list[str]()
    trouble: type[Exception] = StoreUnavailable

    async def sometimes(message: Message, deliver: bool) -> Reply:
        if message.message_id == "m1":
            tries.append(message.message_id)
            raise trouble("made to fail")
        return await answer(message, deliver)

    monkeypatch.setattr(talk.dialogue, "answer", sometimes)
    with pytest.raises(StoreUnavailable):
        await talk.dialogue.resume("web", deliver=True)
    trouble = RuntimeError
    assert [2, 0] == [await talk.dialogue.resume("web", deliver=True) for _ in range(2)]
    assert (["trouble", "entry"], 4) == ([turn.reply.key for turn in talk.store.turns], len(tries))
    assert [True, True] == [turn.deliver for turn in talk.store.turns]


async def test_personal_numbers_never_reach_the_store(talk: Talk) -> None:
    """Phone and identity numbers are replaced before the first write."""
    await talk.say("我电话13812345678身份证442000199001011234想问法律援助收费吗")
    kept = repr((talk.store.messages, talk.store.turns, talk.store.states))
    assert "13812345678" not in kept
    assert "442000199001011234" not in kept


async def test_a_ticket_can_be_asked_for(talk: Talk) -> None:
    """查询 with a number says where it stands; a wrong number says what a number looks like."""
    number = (await talk.say("今天天气怎么样啊会下雨吗")).ticket or ""
    assert "ticket_new" == (await talk.say(f"查询 {number.lower()}")).key
    assert "ticket_new" == (await talk.say(number)).key
    unknown = await talk.say("查询 K7-3F9Q")
    assert ("ticket_unknown", True, None) == (unknown.key, "K7-3F9Q" in unknown.text, unknown.ticket)


@pytest.mark.parametrize(
    "form",
    ["查询 {bare}", "查询{bare}", "查询 {spaced}", "查询：{number}", "查{bare}", "工单号 {spaced}", "查詢 {wide}", "“查询 {number}”", "我的工单{number}",
     "查一下{number}", "帮我查询一下工单 {number}", "工单{number}到哪一步了？", "{number}处理好了吗", "{wide}。"],
)  # fmt: skip
async def test_a_ticket_number_is_typed_in_many_ways(talk: Talk, form: str) -> None:
    """Without the hyphen, with a space, in full width, in a sentence of its own: the ticket, never a new one."""
    number = (await talk.say("今天天气怎么样啊会下雨吗")).ticket or ""
    wide = "".join(chr(ord(c) + 0xFEE0) for c in number)
    said = form.format(number=number, bare=number.replace("-", ""), spaced=number.replace("-", " "), wide=wide)
    reply = await talk.say(said)
    assert ("ticket_new", number) == (reply.key, reply.ticket)
    assert [number] == [*talk.store.opened]


@pytest.mark.parametrize("said", ["查询 abc", "查询 123", "查询 K7-3F9", "工单 K73F9QQ", "查询 k7 3f9q"])
async def test_what_is_meant_for_a_number_is_no_question(talk: Talk, said: str) -> None:
    """A number that is none, typed into the look-up of the page or behind 查询: what numbers look like, and no ticket."""
    assert "ticket_unknown" == (await talk.say(said)).key
    assert {} == talk.store.opened


@pytest.mark.parametrize("said", ["查询", "工单", "查工单", "我的工单", "查一下我的工单", "工单号", "工单进度", "查詢"])
async def test_a_ticket_is_asked_for_without_its_number(talk: Talk, said: str) -> None:
    """How answers come, and what to send for one of them."""
    assert "ticket_wait" == (await talk.say(said)).key
    assert {} == talk.store.opened


@pytest.mark.parametrize("said", ["查询12348", "查询公证处", "工单是什么", "进度"])
async def test_what_only_begins_like_a_look_up_is_a_question(talk: Talk, said: str) -> None:
    """A public telephone number, Chinese words: somebody's question."""
    assert not (await talk.say(said)).key.startswith(("ticket_unknown", "ticket_wait"))


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("12", "not_open"),
        ("１２", "not_open"),
        ("第十二个", "not_open"),
        ("十", "not_open"),
        ("3。", "not_open"),
        ("十三", "rephrase"),
    ],
)
async def test_a_long_list_is_chosen_from_by_number(talk: Talk, typed: str, key: str) -> None:
    """Every number on the list opens what stands there (here nothing that exists); the one after the last is 都不是."""
    talk.store.states["web", "visit-1"] = {"options": [f"x.e{n}" for n in range(1, 13)], "asked": "问"}
    assert key == (await talk.say(typed)).key


@pytest.mark.parametrize(
    ("said", "key"),
    [("返回", "menu"), ("返回主菜单", "menu"), ("首页", "menu"), ("上一步", "menu"), ("返回上一步", "menu"), ("帮助", "help"), ("help", "help"),
     ("客服", "human"), ("找客服", "human"), ("聯繫客服", "human"), ("我要客服", "human")],
)  # fmt: skip
async def test_what_bots_are_usually_told(talk: Talk, said: str, key: str) -> None:
    """What other bots taught people to type is understood here too."""
    await talk.say("法律援助是什么")
    assert key == (await talk.say(said)).key


@pytest.mark.parametrize("said", ["确认", "确定", "“确认删除”", "我确认删除", "是的，删除", "确定刪除"])
async def test_deleting_is_confirmed_in_many_words(talk: Talk, said: str) -> None:
    """Whoever was asked says yes as people do; without the question the same words delete nothing."""
    assert "forget_done" != (await talk.say(said)).key
    await talk.say("删除我的记录")
    assert "forget_done" == (await talk.say(said)).key


@pytest.mark.parametrize("said", ["取消", "不删了", "先不删除", "不要删"])
async def test_deleting_is_called_off(talk: Talk, said: str) -> None:
    """That is all it says: no question, and nothing is deleted by a later yes."""
    await talk.say("删除我的记录")
    assert "enough" == (await talk.say(said)).key
    assert "forget_done" != (await talk.say("确认删除")).key
