"""Pages: never over 2,000 bytes, nothing lost, nothing cut inside a sentence or a character, sources with their answer."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import replies
from bot.channels.wechat_messages import understand
from bot.channels.wechat_pages import BYTES, compose, pages, paginate, pick, size
from bot.messages import NONE_OF_THESE, Call, Citation, Option, Reply
from intents import KnowledgeBase, Matcher
from tests.channels.wechat_running import Service, running
from tests.channels.wechat_server import FakeWeChat
from tests.fakes import FakeClock

HINT = "（回复“续”看下文）"
SENTENCE = "申请人应当如实提交材料，并对材料的真实性负责，否则要承担相应的责任。"
WORDS = st.text(alphabet=st.sampled_from("法律援助，、。！？；\n“”（）1.a 😀👨‍👩‍👧é"), max_size=4000)


def bare(page: str) -> str:
    return page.removesuffix(HINT)


def squeezed(text: str) -> str:
    """Without line ends: those at a cut are dropped."""
    return text.replace("\n", "")


def texts_of(reply: Reply, base: KnowledgeBase) -> list[str]:
    return pages(base, [reply])


@given(WORDS, st.integers(100, 2000))
def test_every_page_fits_and_nothing_is_lost(text: str, most: int) -> None:
    """Whatever the text: each page within its bytes, all but the last with the hint, together every character."""
    found = paginate(tuple(text.splitlines(keepends=True)), HINT, most)
    assert all(size(page) <= most for page in found)
    assert all(page.endswith(HINT) for page in found[:-1])
    assert squeezed(text) == squeezed("".join(bare(page) for page in found))


def test_sentences_stay_whole(shipped: KnowledgeBase) -> None:
    """A paragraph of many sentences is cut between two of them, a list between two lines."""
    long = Reply("entry", SENTENCE * 80 + "\n" + "".join(f"{n}. {SENTENCE}\n" for n in range(1, 40)), "answer")
    found = texts_of(long, shipped)
    assert len(found) > 3
    assert all(bare(page).rstrip("\n").endswith("。") for page in found)
    assert all(re.match(r"申请人|\d+\. 申请人", page) for page in found)


def test_a_closing_quote_stays_with_its_sentence(shipped: KnowledgeBase) -> None:
    """。” at the end of a page is not torn apart."""
    found = texts_of(Reply("entry", "他说：“这件事要先去窗口问一问再决定办不办。”" * 60, "answer"), shipped)
    assert len(found) > 1
    assert not any(page.startswith("”") for page in found)


def test_a_sentence_longer_than_a_page_is_cut_at_a_comma(shipped: KnowledgeBase) -> None:
    found = texts_of(Reply("entry", "材料要齐全，" * 300 + "完。", "answer"), shipped)
    assert len(found) > 1
    assert all(bare(page).rstrip("\n").endswith("，") for page in found[:-1])


def test_no_character_is_torn(shipped: KnowledgeBase) -> None:
    """A family of three is one character to people, seven to a program."""
    found = texts_of(Reply("entry", "👨‍👩‍👧" * 400, "answer"), shipped)
    assert len(found) > 1
    assert all(set(bare(page).strip("\n").split("👨‍👩‍👧")) == {""} for page in found)


def test_sources_stay_with_the_last_sentence(shipped: KnowledgeBase) -> None:
    """At every length around a page: the page with 依据 begins with words of the answer."""
    cited = (Citation("中华人民共和国公证法", "公证法", "第二十五条"),) * 3
    for extra in range(0, 700, 13):
        text = SENTENCE * 18 + "另" * (extra // 3) + "。" + SENTENCE
        found = texts_of(Reply("entry", text, "answer", sources=cited, checked="2026-11", feedback=True), shipped)
        with_sources = next(page for page in found if "依据：" in page)
        assert not with_sources.startswith("依据")
        assert "“有帮助”" in with_sources


def test_options_are_numbered_lines(shipped: KnowledgeBase) -> None:
    """Each on its own line, 都不是 last with a number too."""
    asked = Reply(
        "options", "您想问的是哪一件？", "options",
        options=(Option("a", "公证收费"), Option("b", "继承公证"), Option(NONE_OF_THESE, "都不是")),
    )  # fmt: skip
    assert [
        "您想问的是哪一件？", "1. 公证收费", "2. 继承公证", "3. 都不是", "（回复前面的数字选择）",
    ] == texts_of(asked, shipped)[0].splitlines()  # fmt: skip


def test_an_emergency_names_each_number_once(shipped: KnowledgeBase) -> None:
    """Numbers that the text has are not said twice; sources and options are left out."""
    reply = Reply(
        "entry", "请马上打 110。", "answer", calls=(Call("110", "报警"), Call("120", "急救")),
        sources=(Citation("法", "法"),), options=(Option("a", "x"),), feedback=True,
    )  # fmt: skip
    assert ["120 急救\n请马上打 110。"] == texts_of(reply, shipped)


def test_every_answer_of_the_knowledge_base_has_sound_pages(shipped: KnowledgeBase) -> None:
    """The shipped answers: within the bytes, with their sources, emergencies in three lines at most."""
    for entry_id, entry in shipped.entries.items():
        reply = replies.entry(shipped, entry_id, 1.0, date(2026, 11, 25))
        found = texts_of(reply, shipped)
        assert all(size(page) <= BYTES for page in found), entry_id
        assert squeezed("".join(compose(shipped, reply))) == squeezed("".join(bare(p) for p in found)), entry_id
        if entry.call:
            assert (1, True) == (len(found), len(found[0].splitlines()) <= 3), entry_id


def test_typed_feedback(shipped: KnowledgeBase) -> None:
    said = {text: pick(text, shipped) for text in ("有帮助", "没帮助。", "“没有帮助”", "有帮助吗", "没")}
    assert ["helpful", "unhelpful", "unhelpful", None, None] == list(said.values())


@pytest.fixture
async def service(
    sample_matcher: Matcher, wechat: FakeWeChat, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Service]:
    async with running(sample_matcher, clock, wechat, tmp_path, send=False) as made:
        yield made


async def staff_answer(service: Service, text: str, person: str) -> None:
    """An answer by staff in the outbox."""
    late = Reply(key="late_answer", text=text, outcome="answer", ticket="K7-3F9Q")
    await service.store.enqueue("wechat", person, late, "K7-3F9Q")


async def test_turning_pages(service: Service) -> None:
    """续 brings the next page, the same for a repeated delivery; after the last it says so; each person has their own."""
    peer = service.peer
    await staff_answer(service, SENTENCE * 50, "oA")
    first = (await peer.says("公证收费标准", "oA")).text
    assert first.endswith(HINT)
    turn = peer.fields("text", "oA", Content="续")
    second, again = await peer.deliver(turn), await peer.deliver(turn)
    assert second.text == again.text
    assert second.text.startswith("申请人")
    rest = [(await peer.says("续。", "oA")).text for _ in range(3)]
    whole = "".join(bare(page) for page in [first, second.text, *rest])
    assert 50 == whole.count(SENTENCE)
    assert "没有更多内容" in (await peer.says("继续", "oA")).text
    assert "没有更多内容" in (await peer.says("续", "oB")).text


async def test_pages_are_turned_by_voice(service: Service) -> None:
    """Recognition writes 继续 with a stop behind it."""
    await staff_answer(service, SENTENCE * 50, "oA")
    assert (await service.peer.says("公证收费标准", "oA")).text.endswith(HINT)
    for said in ("续", "继续。"):
        turned = await service.peer.deliver(service.peer.fields("voice", "oA", MediaId="m", Recognition=said))
        assert turned.text.startswith("申请人")


async def test_a_new_answer_puts_old_pages_away(service: Service) -> None:
    """After another question 续 does not go on with the answer before it."""
    await staff_answer(service, SENTENCE * 50, "oA")
    await service.peer.says("公证收费标准", "oA")
    await service.peer.says("公证收费标准", "oA")
    assert "没有更多内容" in (await service.peer.says("续", "oA")).text


async def test_a_repeat_of_a_long_answer_does_not_turn_back(service: Service) -> None:
    """The first message once more, after a page was turned: its first page again, and 续 goes on where it was."""
    await staff_answer(service, "".join(f"第 {n} 件，{SENTENCE}" for n in range(80)), "oA")
    asked = service.peer.fields("text", "oA", Content="公证收费标准")
    first = await service.peer.deliver(asked)
    second = await service.peer.says("续", "oA")
    assert first.text == (await service.peer.deliver(asked)).text
    third = await service.peer.says("续", "oA")
    assert second.text != third.text


async def test_a_long_customer_message_swallows_no_page(service: Service) -> None:
    """One that comes while another is being read: its pages come first, then the rest of the other, and each says that more comes."""
    await service.peer.says("公证收费标准", "oA")
    for name in "甲乙":
        await staff_answer(service, "".join(f"{name}{n}，{SENTENCE}" for n in range(50)), "oA")
        assert 1 == await service.sender.once()
    shown = [(await service.peer.says("续", "oA")).text for _ in range(20)]
    read = [page for page in shown if "没有更多内容" not in page]
    assert [True] * (len(read) - 1) + [False] == [page.endswith(HINT) for page in read]
    assert all(size(page) <= BYTES for page in read)
    assert ["乙49", "甲49"] == re.findall("[甲乙]49", "".join(read))


async def test_what_died_before_its_pages_were_kept(service: Service, clock: FakeClock) -> None:
    """Answered, then killed: the retry promises a next page, and 续 gives that one, not a page of the answer before it."""
    peer = service.peer
    await service.platform.keep_pages("wechat", "oA", "m0", ["旧"], fresh=True)
    clock.pass_by(minutes=1)
    asked = peer.fields("text", "oA", Content="公证收费标准")
    message = understand({k: str(v) for k, v in asked.items()}, lambda _: False).message
    assert message is not None
    await service.store.receive(message)
    await service.dialogue.say(message, Reply("entry", "".join(f"{n}，{SENTENCE}" for n in range(30)), "answer"))
    assert (await peer.deliver(asked)).text.endswith(HINT)
    assert "29，申请人" in (await peer.says("续", "oA")).text
    assert "没有更多内容" in (await peer.says("续", "oA")).text
