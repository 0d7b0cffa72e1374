"""Golden updates of every type: what is for us, what is not, and what it says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram_poll import to_update
from bot.channels.telegram_updates import Incoming, Me, plain, read
from bot.channels.telegram_view import option_data
from bot.messages import Kind
from intents import Matcher
from tests.channels.golden import (
    ATTACHMENTS,
    GROUP,
    NOT_FOR_US,
    PRIVATE,
    US,
    mention,
    message,
    pressed,
)  # fmt: skip
from tests.fakes import FakeClock

ME = Me(123456, "fawen_test_bot")
STAFF = frozenset({-500})


def incoming(matcher: Matcher, kind: str, body: dict[str, Any], staff: frozenset[int] = STAFF) -> Incoming | None:
    """The update as the channel reads it."""
    update = to_update({"update_id": 7, kind: body})
    return read(update, ME, matcher.knowledge, FakeClock()(), staff) if update is not None else None


def said(matcher: Matcher, body: dict[str, Any], kind: str = "message") -> tuple[Kind, str]:
    """Kind and text of the message in an update."""
    found = incoming(matcher, kind, body)
    assert found is not None
    assert found.message is not None
    return found.message.kind, found.message.text


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in NOT_FOR_US.items()])
def test_what_is_not_for_us_is_passed_over(sample_matcher: Matcher, body: tuple[str, dict[str, Any]]) -> None:
    """Talk of others, joins, pins, other bots, unknown and unreadable updates: nothing, and no exception."""
    assert incoming(sample_matcher, *body) is None


@pytest.mark.parametrize("name", ATTACHMENTS)
def test_what_carries_no_words_has_its_kind(sample_matcher: Matcher, name: str) -> None:
    """Voice, pictures and everything else come through with no text, so that a courteous word can follow."""
    spoken = ("voice", "video_note", "audio")
    expected = Kind.VOICE if name in spoken else Kind.IMAGE if name == "photo" else Kind.OTHER
    assert (expected, "") == said(sample_matcher, message(**ATTACHMENTS[name]))


def test_a_caption_is_the_question(sample_matcher: Matcher) -> None:
    """A photo with words is answered by its words."""
    body = message(caption="继承公证怎么办", **ATTACHMENTS["photo"])
    assert (Kind.TEXT, "继承公证怎么办") == said(sample_matcher, body)


def test_an_album_is_one_message(sample_matcher: Matcher) -> None:
    """Each picture of an album carries the same message id: the store answers it once."""
    ids = set()
    for number in (1, 2, 3):
        found = incoming(sample_matcher, "message", message(number=number, media_group_id="77", **ATTACHMENTS["photo"]))
        assert found is not None
        assert found.message is not None
        ids.add(found.message.message_id)
    assert {"123456-g77"} == ids


def test_an_edited_text_is_a_new_question(sample_matcher: Matcher) -> None:
    """The corrected words are answered, dated by the edit."""
    body = message("公证收费标准", edit_date=1_790_000_500)
    assert (Kind.TEXT, "公证收费标准") == said(sample_matcher, body, "edited_message")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/start", (Kind.COMMAND, "start")),
        ("/start from_poster", (Kind.COMMAND, "start")),
        ("/Menu@fawen_test_bot", (Kind.COMMAND, "menu")),
        ("/ticket K7-3F9Q", (Kind.TEXT, "查询 K7-3F9Q")),
        ("/ticket", (Kind.COMMAND, "ticket")),
        ("/forget", (Kind.TEXT, "删除记录")),
        ("/", (Kind.COMMAND, "help")),
        ("/queue", (Kind.COMMAND, "queue")),
        ("/human", (Kind.COMMAND, "human")),
        ("/human 我的房产证被扣了", (Kind.TEXT, "人工 我的房产证被扣了")),
        ("/human@fawen_test_bot\n我的房产证被扣了", (Kind.TEXT, "人工 我的房产证被扣了")),
        ("/menu 继承公证怎么办", (Kind.TEXT, "继承公证怎么办")),
        ("/help 继承公证\n怎么办", (Kind.TEXT, "继承公证\n怎么办")),
        ("/start 继承公证怎么办", (Kind.TEXT, "继承公证怎么办")),
        ("/ask 继承公证怎么办", (Kind.TEXT, "继承公证怎么办")),
        ("/ 继承公证怎么办", (Kind.TEXT, "继承公证怎么办")),
        ("/继承公证怎么办 急", (Kind.TEXT, "继承公证怎么办 急")),
    ],
)
def test_commands(sample_matcher: Matcher, text: str, expected: tuple[Kind, str]) -> None:
    """With payload, with our name, in capitals, with a ticket number; words behind one are a question, never dropped."""
    assert expected == said(sample_matcher, message(text))


def test_staff_commands_are_for_staff_chats_only(sample_matcher: Matcher) -> None:
    """/queue works in a configured chat; elsewhere it is an unknown command like any other."""
    inside = incoming(sample_matcher, "message", message("/queue", GROUP))
    outside = incoming(sample_matcher, "message", message("/queue", PRIVATE))
    assert ("queue", "") == (inside.staff if inside else None, outside.staff if outside else None)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (mention("@fawen_test_bot 继承公证怎么办"), "继承公证怎么办"),
        (mention("请问😀 @fawen_test_bot 公证收费标准"), "请问😀   公证收费标准"),
        (mention("@fawen_test_bot"), "start"),
        (mention(" @fawen_test_bot \n"), "start"),
        (message("公证收费标准", GROUP, reply_to_message={**message("旧", GROUP), "from": US}), "公证收费标准"),
        (message("/menu@fawen_test_bot", GROUP), "menu"),
        (message("/menu", GROUP), "menu"),
    ],
)
def test_in_groups_only_what_is_meant_for_us(sample_matcher: Matcher, body: dict[str, Any], text: str) -> None:
    """A mention (also behind an emoji), a reply to us, a command of ours; the mention is taken out."""
    assert text == said(sample_matcher, body)[1]


def test_a_bare_mention_wants_the_greeting(sample_matcher: Matcher) -> None:
    """Nothing but our name in a group is a greeting; under a picture it is a picture, edited it is nothing."""
    bare = mention("@fawen_test_bot")
    words = [{"type": "mention", "offset": 0, "length": 15}]
    picture = message("", GROUP, caption="@fawen_test_bot", caption_entities=words, **ATTACHMENTS["photo"])
    assert (Kind.COMMAND, "start") == said(sample_matcher, bare)
    assert (Kind.IMAGE, "") == said(sample_matcher, picture)
    assert None is incoming(sample_matcher, "edited_message", {**bare, "edit_date": bare["date"]})


def test_who_writes_as_the_group_is_the_group(sample_matcher: Matcher) -> None:
    """Telegram's one account behind all anonymous administrators is not one person in all groups."""
    anonymous = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
    found = incoming(sample_matcher, "message", {**mention("@fawen_test_bot 公证收费标准"), "from": anonymous})
    assert found is not None
    assert found.message is not None
    assert ("-500", "-500") == (found.message.person, found.message.conversation)


def test_who_writes_as_a_channel_is_that_channel(sample_matcher: Matcher) -> None:
    """Telegram's one account behind all who write as a channel of theirs; without a channel it is a bot like any other."""
    account = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}
    body = {**mention("@fawen_test_bot 公证收费标准"), "from": account}
    channel = {"id": -100999, "type": "channel", "title": "某频道"}
    found = incoming(sample_matcher, "message", {**body, "sender_chat": channel})
    assert found is not None
    assert found.message is not None
    assert ("-100999", "公证收费标准") == (found.message.person, found.message.text)
    assert None is incoming(sample_matcher, "message", body)


def test_a_group_message_remembers_what_it_answers(sample_matcher: Matcher) -> None:
    """Its id carries Telegram's message number, so that the answer can point to it."""
    found = incoming(sample_matcher, "message", message("/menu", GROUP, number=33))
    assert found is not None
    assert found.message is not None
    assert "123456-7.33" == found.message.message_id


def test_buttons(sample_matcher: Matcher) -> None:
    """Option, feedback, page; what is unknown or out of date has no message and is only answered."""
    choice = incoming(sample_matcher, "callback_query", pressed("c:notary.fee"))
    digest = incoming(sample_matcher, "callback_query", pressed(option_data("notary.fee" + "x" * 80)))
    verdict = incoming(sample_matcher, "callback_query", pressed("f:n:123456-7.1"))
    page = incoming(sample_matcher, "callback_query", pressed("p:2:123456-7"))
    old = [incoming(sample_matcher, "callback_query", pressed(data)) for data in ("x:1", "f:q:1", "p:x:1", "noise")]
    assert choice is not None
    assert choice.message is not None
    assert (Kind.CHOICE, "notary.fee") == (choice.message.kind, choice.message.text)
    assert verdict is not None
    assert verdict.message is not None
    assert ("unhelpful", "123456-7.1") == (verdict.message.text, verdict.message.ref)
    assert page is not None
    assert (2, "123456-7", 1) == (page.page, page.ref, page.shown)
    assert digest is not None
    assert [(None, "777", 0)] * 5 == [(i.message, i.query, i.page) for i in (digest, *old) if i is not None]


@pytest.mark.parametrize(
    ("data", "others"),
    [
        ("c:none_of_these:42", False), ("c:none_of_these:43", True), ("c:none_of_these", False),
        ("f:n:123456-7.1:42", False), ("f:n:123456-7.1:43", True), ("f:y:123456-7.1", False),
    ],
)  # fmt: skip
def test_buttons_of_one_person(sample_matcher: Matcher, data: str, others: bool) -> None:
    """都不是 and the thumbs count from the asker only; old buttons, which name nobody, from anybody."""
    found = incoming(sample_matcher, "callback_query", pressed(data, GROUP))
    assert found is not None
    assert (others, others) == (found.others, found.message is None)
    if found.message is not None:
        assert ("none_of_these" if data.startswith("c") else "", "42") == (
            found.message.text * data.startswith("c"), found.message.person,
        )  # fmt: skip
        assert ("123456-7.1" if data.startswith("f") else "") == found.message.ref


@pytest.mark.parametrize("data", ["c:\0not\ud800ary", "f:y:123\x00456-7", "p:2:1\ud80023456-7\0"])
def test_a_button_brings_nothing_that_cannot_be_kept(sample_matcher: Matcher, data: str) -> None:
    """A forged button with NUL or half a character in it: what goes to the store is without them."""
    found = incoming(sample_matcher, "callback_query", pressed(data))
    assert found is not None
    brought = [found.ref, *((found.message.text, found.message.ref) if found.message else ())]
    assert ("notary" if data.startswith("c") else "123456-7") in brought
    assert not any(set("\0\ud800") & set(one) for one in brought)


@pytest.mark.parametrize(("text", "kept"), [("公证\0收费\ud83d标准", "公证收费标准"), ("\0", "")])
def test_a_text_holds_nothing_that_cannot_be_kept(sample_matcher: Matcher, text: str, kept: str) -> None:
    """On either way of reading; characters outside of the first plane stay whole."""
    data = {"update_id": 7, "message": message(text)}
    short = plain(data, ME)
    assert short is not None
    assert incoming(sample_matcher, "message", message(text)) == short
    assert (Kind.TEXT, kept) == said(sample_matcher, message(text))
    assert (Kind.TEXT, "𠮷😀") == said(sample_matcher, message("𠮷😀"))


def _either(usual: object, *others: object) -> st.SearchStrategy[Any]:
    return st.sampled_from([usual] * 6 + list(others))


UPDATES = st.fixed_dictionaries(
    {
        "update_id": _either(7, "7", True, None),
        "message": st.fixed_dictionaries(
            {
                "message_id": st.just(3),
                "date": _either(1_790_000_000, 0, 10**14, -1, "x"),
                "text": _either("继承公证要带什么", " 你好 ", "", "  ", "/menu", "/ticket K7", None, 5),
                "chat": st.fixed_dictionaries(
                    {"id": _either(42, "42"), "type": _either("private", "group", "channel")}
                ),
                "from": st.fixed_dictionaries(
                    {"id": _either(42, 1087968824), "is_bot": _either(False, True), "first_name": st.just("x")}
                ),
            },
            optional={
                "edit_date": st.just(1_790_000_009),
                "via_bot": st.just({"id": 9, "is_bot": True, "first_name": "b"}),
            },
        ),
    },
    optional={"edited_message": st.none()},
)


@given(data=UPDATES)
def test_the_short_way_reads_what_the_library_reads(sample_matcher: Matcher, data: dict[str, Any]) -> None:
    """A private text read without the library's objects is the very same message; everything else is left to the library."""
    short = plain(data, ME)
    if short is not None:
        update = to_update(data)
        assert update is not None
        assert read(update, ME, sample_matcher.knowledge, FakeClock()(), STAFF) == short


@pytest.mark.parametrize("text", ["继承公证要带什么", "  我想离婚，怎么申请法律援助？ "])
def test_a_private_text_takes_the_short_way(text: str) -> None:
    """What most people send does take it."""
    short = plain({"update_id": 7, "message": message(text=text, chat=PRIVATE)}, ME)
    assert short is not None
    assert short.message is not None
    assert (text.strip(), "123456-7") == (short.message.text, short.message.message_id)
