"""Golden messages of WeChat, every type in every mode, over real HTTP: what a person gets to see."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.messages import Kind, Message, Reply
from bot.store.base import Turn
from intents import Matcher
from tests.channels.wechat_peer import ACCOUNT, OLD_KEY, PERSON, Peer
from tests.channels.wechat_running import Service, running
from tests.channels.wechat_server import FakeWeChat
from tests.fakes import FakeClock

MODES = ("plain", "compatible", "safe")


@pytest.fixture
async def service(
    request: pytest.FixtureRequest, sample_matcher: Matcher, clock: FakeClock, wechat: FakeWeChat, tmp_path: Path
) -> AsyncIterator[Service]:
    """In the mode of the test's parameter; safe where it has none."""
    mode = getattr(request, "param", "safe")
    async with running(sample_matcher, clock, wechat, tmp_path, send=False, mode=mode) as made:
        yield made


@pytest.mark.parametrize("service", MODES, indirect=True)
async def test_a_question_gets_its_cited_answer(service: Service) -> None:
    """To the person, from the account, as text, encrypted like the question; recorded once."""
    got = await service.peer.says("继承公证怎么办")
    assert (200, PERSON, ACCOUNT, "text") == (
        got.status, got.fields["ToUserName"], got.fields["FromUserName"], got.fields["MsgType"],
    )  # fmt: skip
    assert "带材料去公证处" in got.text
    assert "依据：" in got.text
    assert ("<Encrypt>" in got.body) is (service.settings.mode != "plain")
    assert [(e.text, e.entry) for e in await service.store.exchanges("wechat")] == [
        ("继承公证怎么办", "notary.inheritance")
    ]


GOLDEN: list[tuple[str, dict[str, Any], str]] = [
    ("text", {"Content": "公证收费标准"}, "以公示为准"),
    ("voice", {"MediaId": "m", "Format": "amr", "Recognition": "公证收费标准"}, "以公示为准"),
    ("voice", {"MediaId": "m", "Format": "amr", "Recognition": ""}, "没有听清"),
    ("voice", {"MediaId": "m", "Format": "amr"}, "没有听清"),
    ("image", {"PicUrl": "http://mmbiz.example/p", "MediaId": "m"}, "只看得懂文字"),
    ("video", {"MediaId": "m", "ThumbMediaId": "t"}, "只看得懂文字"),
    ("shortvideo", {"MediaId": "m", "ThumbMediaId": "t"}, "只看得懂文字"),
    (
        "location",
        {"Location_X": "22.5", "Location_Y": "113.3", "Scale": 20, "Label": "中山市某路 3 号"},
        "只看得懂文字",
    ),
    ("link", {"Title": "通知", "Description": "某事", "Url": "http://example.com/"}, "只看得懂文字"),
    ("hologram", {"Whatever": "x"}, "只看得懂文字"),
    ("text", {"Content": "【收到不支持的消息类型，暂无法显示】"}, "只看得懂文字"),
    ("text", {"Content": "   "}, "没有看到文字"),
    ("text", {"Content": "[微笑]"}, "没有看到文字"),
    ("text", {"Content": "/::)/:strong"}, "没有看到文字"),
    ("text", {"Content": "[Smile][抱拳]"}, "没有看到文字"),
    ("text", {"Content": "[OK]"}, "还有别的事"),
    ("text", {"Content": "公证收费标准[疑问]/:rose"}, "以公示为准"),
    ("text", {"Content": "/start"}, "您好，我是中山"),
    ("text", {"Content": "/帮助"}, "怎么用"),
    ("text", {"Content": "/help@some_bot"}, "怎么用"),
    ("text", {"Content": "/公证收费标准"}, "以公示为准"),
]


@pytest.mark.parametrize("service", MODES, indirect=True)
async def test_every_type_of_message(service: Service, clock: FakeClock) -> None:
    """Each gets a fitting text and one record, and faces are no question; a place or a link leaves nothing of itself behind."""
    for number, (sort, fields, words) in enumerate(GOLDEN, 1):
        clock.pass_by(seconds=5)
        got = await service.peer.deliver(service.peer.fields(sort, **fields))
        assert (200, True) == (got.status, words in got.text), (sort, fields, got)
        assert number == len(await service.store.exchanges("wechat", 100))
    assert [] == await service.store.tickets()
    assert not any("某路" in e.text or "example" in e.text for e in await service.store.exchanges("wechat", 100))


EVENTS: list[tuple[str, str, str]] = [
    ("subscribe", "", "感谢关注"),
    ("subscribe", "qrscene_42", "感谢关注"),
    ("subscribe", "qrscene_notary", "“公证”方面"),
    ("SCAN", "42", "您想了解哪一方面"),
    ("SCAN", "notary.fee", "以公示为准"),
    ("CLICK", "menu", "您想了解哪一方面"),
    ("CLICK", "help", "怎么用"),
    ("CLICK", "legal_aid", "“法律援助”方面"),
    ("CLICK", "key-of-an-older-menu", "您想了解哪一方面"),
    ("scancode_waitmsg", "x", "您想了解哪一方面"),
]
QUIET = [
    ("unsubscribe", ""), ("VIEW", "http://example.com/"), ("LOCATION", ""), ("TEMPLATESENDJOBFINISH", ""),
    ("scancode_push", "x"), ("pic_sysphoto", "x"), ("pic_weixin", "x"), ("location_select", "x"),
    ("view_miniprogram", "pages/a"), ("MASSSENDJOBFINISH", ""), ("event_of_tomorrow", "x"),
]  # fmt: skip


@pytest.mark.parametrize("service", MODES, indirect=True)
async def test_every_event(service: Service, clock: FakeClock) -> None:
    """What asks for an answer gets a text and a record; everything else `success` and none."""
    for name, key, words in EVENTS:
        clock.pass_by(seconds=5)
        got = await service.peer.event(name, key, Ticket="gQ")
        assert (200, True) == (got.status, words in got.text), (name, key, got)
    for name, key in QUIET:
        clock.pass_by(seconds=5)
        got = await service.peer.event(name, key, Latitude="22.5", Longitude="113.3", Precision="40")
        assert (200, "success") == (got.status, got.body), (name, key, got)
    assert len(EVENTS) == len(await service.store.exchanges("wechat", 100))


async def test_a_follower_sees_the_menu_and_chooses_by_number(service: Service, clock: FakeClock) -> None:
    """Greeting with numbered topics; a number opens a topic, the next one an answer."""
    greeting = (await service.peer.event("subscribe")).text
    assert "1. 法律援助" in greeting
    assert "2. 公证" in greeting
    assert "回复前面的数字" in greeting
    topic = (await service.peer.says("2")).text
    assert "2. 公证收费" in topic
    assert "以公示为准" in (await service.peer.says("第二个")).text


async def test_the_number_after_the_last_option_is_none_of_these(service: Service, clock: FakeClock) -> None:
    """It asks for other words, as 都不是 itself does."""
    asked = Message("wechat", PERSON, PERSON, "收不收钱", Kind.TEXT, clock(), "m1")
    state = {"options": ["notary.fee", "legal_aid.cost"], "asked": "收不收钱"}
    await service.store.finish(Turn(asked, Reply("options", "哪一件？", "options"), state))
    assert "换个说法" in (await service.peer.says("3")).text


async def test_feedback_by_word(service: Service) -> None:
    """没帮助 after an answer opens a ticket for the question before; 有帮助 says thanks; without an answer it is a question."""
    answer = await service.peer.says("公证收费标准")
    assert "“有帮助”或“没帮助”" in answer.text
    assert "谢谢" in (await service.peer.says("有帮助")).text
    said = (await service.peer.says("没帮助。")).text
    (ticket,) = await service.store.tickets()
    assert ticket.number in said
    assert ticket.text == "公证收费标准"


@pytest.mark.parametrize(
    ("said", "words"), [("有帮助。", "谢谢"), ("没有帮助。", "工单号"), ("菜单。", "您想了解哪一方面")]
)
async def test_typed_forms_may_be_spoken(service: Service, said: str, words: str) -> None:
    """What stands below an answer can be said as well."""
    await service.peer.says("公证收费标准")
    spoken = service.peer.fields("voice", MediaId="m", Format="amr", Recognition=said)
    assert words in (await service.peer.deliver(spoken)).text


async def test_an_emergency_is_short(service: Service) -> None:
    """The number, what to do, nothing else: no menu, no sources, no question for feedback."""
    got = await service.peer.says("救命他现在打我")
    assert "110 报警\n请马上报警。" == got.text


async def test_the_account_name_and_old_key(
    sample_matcher: Matcher, clock: FakeClock, wechat: FakeWeChat, tmp_path: Path
) -> None:
    """While the key is changed, messages under the old one are read, and answered under the old one."""
    async with running(
        sample_matcher,
        clock,
        wechat,
        tmp_path,
        send=False,
        encoding_aes_key=OLD_KEY[::-1],
        encoding_aes_key_old=OLD_KEY,
    ) as service:
        old = Peer(service.peer.client, clock, "safe", key=OLD_KEY)
        new = Peer(service.peer.client, clock, "safe", key=OLD_KEY[::-1], number=99)
        assert "以公示为准" in (await old.says("公证收费标准")).text
        assert "以公示为准" in (await new.says("公证收费标准")).text


async def test_personal_numbers_are_not_kept(service: Service, tmp_path: Path) -> None:
    """A phone number in a message is on no page of the database."""
    await service.peer.says("我的电话是13812345678，公证收费标准")
    (exchange,) = await service.store.exchanges("wechat")
    assert "13812345678" not in exchange.text
    assert b"13812345678" not in everything(tmp_path)


def everything(path: Path) -> bytes:
    """Every byte of the database's files."""
    return b"".join(file.read_bytes() for file in path.glob("fawen.db*"))
