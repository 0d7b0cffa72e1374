"""The page without its script, in this process: what is not recorded is shown at once, a form sent twice counts once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bot import replies
from bot.channels.webchat import WebChat
from bot.config import Dialogue as Rules
from bot.config import Limits, Web
from bot.dialogue import Dialogue
from bot.gate import Gate
from bot.messages import Message, Reply
from bot.server import make_app
from bot.store.sql import SqlStore
from intents import Matcher
from tests.fakes import FakeClock, MemoryStore

FORM = re.compile(r'name="form" value="([^"]+)"')


class Site:
    """The web channel in this process."""

    def __init__(self, store: MemoryStore | SqlStore, matcher: Matcher) -> None:
        self.clock, self.gate = FakeClock(), Gate(Limits(in_work=1))
        self.dialogue = Dialogue(lambda: matcher, store, Rules(), self.clock, gate=self.gate)
        web = WebChat(self.dialogue, lambda: matcher.knowledge, store, Web(), self.clock)
        app = make_app(web.routes(), store, lambda: "v", 65_536)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://test")

    async def form(self) -> str:
        """The id that the forms of a page opened now carry."""
        return _form((await self.client.get("/")).text)


def _form(page: str) -> str:
    """The one id of all forms of a page."""
    found: list[str] = FORM.findall(page)
    assert (len(re.findall("<form", page)), 1) == (len(found), len(set(found)))
    return found[0]


def _field(page: str) -> str:
    """What stands in the field for the question."""
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)
    assert found is not None
    return found.group(1)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def site(store: MemoryStore, sample_matcher: Matcher) -> AsyncIterator[Site]:
    """On a store that can be switched off, with room for one message at a time."""
    made = Site(store, sample_matcher)
    yield made
    await made.client.aclose()


@pytest.fixture
async def lasting(tmp_path: Path, sample_matcher: Matcher) -> AsyncIterator[tuple[Site, SqlStore]]:
    """On the durable store."""
    store = SqlStore(f"sqlite+aiosqlite:///{tmp_path}/fawen.db", now=FakeClock())
    await store.start()
    made = Site(store, sample_matcher)
    made.gate = made.dialogue.gate = Gate()
    yield made, store
    await made.client.aclose()
    await store.close()


async def test_without_script_busy_is_shown_and_the_question_stays(site: Site, store: MemoryStore) -> None:
    """The page comes at once with the notice below what was said before; the same form again is then answered."""
    await site.client.post("/say", data={"text": "法律援助收费吗"})
    form = await site.form()
    said = {"text": "公证<收费>标准", "form": form}
    with site.gate.working():
        busy = await site.client.post("/say", data=said)
    assert (200, "公证&lt;收费&gt;标准", form) == (busy.status_code, _field(busy.text), _form(busy.text))
    before, latest, after = busy.text.partition('id="latest"')
    assert ("不收费。" in before, bool(latest), "公证&lt;收费&gt;标准" in after) == (True, True, True)
    assert 'data-key="busy"' in after
    assert "no-store" == busy.headers["cache-control"]
    again = await site.client.post("/say", data=said)
    assert (303, 2) == (again.status_code, len(store.turns))


async def test_without_script_an_outage_is_shown_and_the_question_stays(site: Site, store: MemoryStore) -> None:
    """503 with the notice and the question, in a field with room for it; what was pressed is named, the field stays empty then."""
    store.broken = True
    typed = await site.client.post("/say", data={"text": "公证收费标准"})
    assert (503, "公证收费标准") == (typed.status_code, _field(typed.text))
    assert 'data-key="outage"' in typed.text
    pressed = await site.client.post("/say", data={"choice": "notary.fee"})
    assert (503, "") == (pressed.status_code, _field(pressed.text))
    assert "<p>公证收费</p>" in pressed.text
    looked_up = await site.client.post("/say", data={"ticket": "K7-3F9Q"})
    assert "查询 K7-3F9Q" == _field(looked_up.text)
    long = await site.client.post("/say", data={"text": "公证收费标准" * 3})
    assert ['rows="1"', 'rows="3"'] == [re.findall(r'rows="\d"', one.text)[0] for one in (typed, long)]
    store.broken = False
    assert 303 == (await site.client.post("/say", data={"text": "公证收费标准"})).status_code


async def test_without_script_an_emergency_that_is_not_recorded_is_shown(
    site: Site, store: MemoryStore, sample_matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the dialogue came by it: the store is away, or does not have it."""

    async def unrecorded(message: Message) -> Reply:
        return replies.entry(sample_matcher.knowledge, "safety.violence", 1.0, site.clock().date())

    monkeypatch.setattr(site.dialogue, "handle", unrecorded)
    for store.broken in (True, False):
        said = await site.client.post("/say", data={"text": "他现在正在打我"})
        assert (200, "") == (said.status_code, _field(said.text))
        assert 'href="tel:110"' in said.text.partition('id="latest"')[2]


async def test_what_was_recorded_after_all_is_shown_from_the_history(site: Site, store: MemoryStore) -> None:
    """A second press while there is no room for it: the page has the answer to the first, no notice."""
    said = {"text": "公证收费标准", "form": await site.form()}
    await site.client.post("/say", data=said)
    with site.gate.working():
        assert 303 == (await site.client.post("/say", data=said)).status_code
    assert 1 == len(store.turns)


async def test_the_address_of_a_notice_leads_back(site: Site) -> None:
    """GET /say, as a browser asks that opens a closed page again."""
    said = await site.client.get("/say")
    assert (303, "/") == (said.status_code, said.headers["location"])


async def test_without_script_a_form_sent_twice_is_one_message(lasting: tuple[Site, SqlStore]) -> None:
    """At the same moment and later: one record, one ticket. Of another page: another message."""
    site, store = lasting
    said = {"text": "今天天气怎么样啊会下雨吗", "form": await site.form()}
    given = await asyncio.gather(*(site.client.post("/say", data=said) for _ in range(3)))
    given.append(await site.client.post("/say", data=said))
    assert [303] * 4 == [one.status_code for one in given]
    assert (1, 1) == (len(await store.exchanges()), len(await store.tickets()))
    await site.client.post("/say", data={**said, "form": await site.form()})
    assert (2, 2) == (len(await store.exchanges()), len(await store.tickets()))


async def test_without_script_another_content_of_the_same_form_is_another_message(
    lasting: tuple[Site, SqlStore],
) -> None:
    """Back to a page that was left, something else pressed or typed there: it is answered, not what was asked before."""
    site, store = lasting
    form = await site.form()
    for content in (
        {"text": "公证收费标准"},
        {"choice": "notary.fee"},
        {"text": "法律援助收费吗"},
        {"command": "menu"},
    ):
        await site.client.post("/say", data={**content, "form": form})
    asked = (await store.exchanges())[-1].message_id
    for verdict in ("helpful", "unhelpful"):
        await site.client.post("/say", data={"feedback": verdict, "ref": asked, "form": form})
    keys = [one.key for one in reversed(await store.exchanges())]
    assert ["entry", "entry", "entry", "menu", "helpful", "unhelpful"] == keys


@pytest.mark.parametrize(
    ("charset", "content", "status", "kept"),
    [
        ("utf-7", b"+2AA-", 303, [""]),
        ("unicode_escape", rb"\ud800", 303, [""]),
        ("nonsense", b"x", 303, ["x"]),
        ("undefined", b"x", 400, []),
        ("punycode", rb"\ud800", 400, []),
    ],
)
async def test_a_form_in_a_strange_charset_is_no_error_of_ours(
    site: Site, store: MemoryStore, charset: str, content: bytes, status: int, kept: list[str]
) -> None:
    """Halves of characters are left out of every field; what cannot be read is refused."""
    parts = b"".join(
        b'--B\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name, content)
        for name in (b"text", b"ref", b"form")
    )
    headers = {"content-type": f"multipart/form-data; boundary=B; charset={charset}", "accept": "text/html"}
    await site.client.get("/")
    said = await site.client.post("/say", content=parts + b"--B--\r\n", headers=headers)
    assert (status, kept) == (said.status_code, [turn.message.text for turn in store.turns])


async def test_a_browser_that_keeps_no_cookies_has_one_conversation(site: Site) -> None:
    """Its visit is carried by every form of the page, and the answer is shown at once instead of after coming back."""
    page = (await site.client.get("/")).text
    for text in ("法律援助收费吗", "公证收费标准"):
        carried = re.findall(r'name="visit" value="([^"]+)"', page)
        assert (len(re.findall("<form", page)), 1) == (len(carried), len(set(carried)))
        site.client.cookies.clear()
        response = await site.client.post("/say", data={"text": text, "form": _form(page), "visit": carried[0]})
        assert response.status_code == 200
        page = response.text
    assert [page.count(said) > 0 for said in ("法律援助收费吗", "公证收费标准")] == [True, True]


async def test_a_browser_that_keeps_cookies_carries_nothing(site: Site) -> None:
    await site.client.get("/")
    assert {""} == set(re.findall(r'name="visit" value="([^"]*)"', (await site.client.get("/")).text))
    posted = await site.client.post("/say", data={"text": "法律援助收费吗", "visit": "x" * 30})
    assert (posted.status_code, posted.headers["location"]) == (303, "/#latest")
    assert "法律援助收费吗" in (await site.client.get("/")).text, "the cookie counts, not what a form carries"
