"""Customer messages against a fake API over real HTTP: quotas kept, one token, and every failure put in its place."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bot.channels.wechat_api import WeChatApi, make_client
from bot.channels.wechat_codes import PlatformSaid
from bot.errors import DeliveryDelayed, DeliveryRefused, DeliveryUncertain
from bot.messages import Reply
from bot.store.platform import PlatformStore
from intents import Matcher
from tests.channels.wechat_peer import PERSON
from tests.channels.wechat_running import Service, running, settings
from tests.channels.wechat_server import FakeWeChat
from tests.fakes import FakeClock

LATE = Reply("late_answer", "工作人员答复：请带“户口本”<和>&身份证。😀", "answer", ticket="K7-3F9Q")


@pytest.fixture
async def service(
    sample_matcher: Matcher, clock: FakeClock, wechat: FakeWeChat, tmp_path: Path
) -> AsyncIterator[Service]:
    """The sender works only when a test says so."""
    async with running(sample_matcher, clock, wechat, tmp_path, send=False) as made:
        yield made


async def queued(service: Service, count: int = 1, chat: str = PERSON) -> None:
    for _ in range(count):
        await service.store.enqueue("wechat", chat, LATE, "K7-3F9Q")


async def send_all(service: Service) -> None:
    """Send until nothing is due."""
    for _ in range(20):
        if not await service.sender.once():
            return


async def test_a_late_answer_is_sent_as_it_is(service: Service, wechat: FakeWeChat) -> None:
    """To the person, as text, in raw UTF-8: WeChat would show \\u escapes."""
    await service.peer.says("公证收费标准")
    await queued(service)
    await send_all(service)
    assert [PERSON] == [m["touser"] for m in wechat.sent]
    assert LATE.text == wechat.sent[0]["text"]["content"]
    assert LATE.text.split("“")[0].encode() in wechat.raw[0]
    assert b"\\u" not in wechat.raw[0]
    assert {"sent": 1} == await service.state()


async def test_five_after_a_message_the_rest_waits(service: Service, wechat: FakeWeChat, clock: FakeClock) -> None:
    """The sixth is not even tried; a new message brings it along and opens five more."""
    await service.peer.says("公证收费标准")
    await queued(service, 8)
    await send_all(service)
    assert (5, 5) == (len(wechat.sent), wechat.count("custom/send"))
    assert {"sent": 5, "pending": 3} == await service.state()
    clock.pass_by(seconds=10)
    assert 2 == (await service.peer.says("公证收费标准")).text.count("户口本")
    await send_all(service)
    assert {"sent": 8} == await service.state()
    assert 6 == len(wechat.sent)


async def test_three_after_a_click_within_a_minute(service: Service, wechat: FakeWeChat, clock: FakeClock) -> None:
    """A click opens three for a minute and no 48 hours; opening a link from the menu opens nothing."""
    await service.peer.event("VIEW", "http://example.com/")
    await queued(service)
    await send_all(service)
    assert [] == wechat.sent
    await service.peer.event("CLICK", "menu")
    await queued(service, 4)
    await send_all(service)
    assert 3 == len(wechat.sent)
    clock.pass_by(hours=7)
    await send_all(service)
    assert 3 == len(wechat.sent)


async def test_nothing_after_48_hours_or_to_who_left(service: Service, wechat: FakeWeChat, clock: FakeClock) -> None:
    await service.peer.says("公证收费标准")
    clock.pass_by(hours=48)
    await queued(service)
    await send_all(service)
    await service.peer.says("公证收费标准", "oGone")
    clock.pass_by(seconds=1)
    await service.peer.event("unsubscribe", person="oGone")
    await queued(service, chat="oGone")
    await send_all(service)
    assert ([], {"pending": 2}) == (wechat.sent, await service.state())


async def test_a_long_late_answer_is_one_message_with_pages(service: Service, wechat: FakeWeChat) -> None:
    """It spends one of five; 续 brings the rest as answers to the person."""
    await service.peer.says("公证收费标准")
    text = "".join(f"第 {n} 件：请带户口本原件到窗口办理。" for n in range(100))
    await service.store.enqueue("wechat", PERSON, Reply("late_answer", text, "answer"), "K7-3F9Q")
    await send_all(service)
    (first,) = await wechat.messages(1)
    assert first.endswith("（回复“续”看下文）")
    second = (await service.peer.says("续")).text
    assert second.startswith("第")
    assert second not in first


@pytest.mark.parametrize(
    ("code", "state"),
    [(40003, "failed"), (43004, "failed"), (48002, "failed"), (45002, "failed"),
     (45015, "pending"), (45047, "pending"), (48001, "pending"), (-1, "pending"), (45009, "pending"), (45011, "pending"),
     (40164, "pending"), (99999, "pending")],
)  # fmt: skip
async def test_each_code_has_its_place(
    service: Service, wechat: FakeWeChat, clock: FakeClock, code: int, state: str
) -> None:
    """Refused for good, or to be tried again; never uncertain, because WeChat said that it did not send. What concerns one
    person is no problem of the channel."""
    await service.peer.says("公证收费标准")
    wechat.faults["send"] = [code]
    await queued(service)
    await service.sender.once()
    assert {state: 1} == await service.state()
    assert (code in (-1, 45009, 45011, 40164, 99999)) == bool(service.channel.health()["problem"])
    if code in (45015, 45047, 48001):
        clock.pass_by(hours=7)
        await send_all(service)
        assert 1 == wechat.count("custom/send")
        assert "户口本" in (await service.peer.says("公证收费标准")).text
    elif state == "pending":
        clock.pass_by(hours=2)
        await send_all(service)
        assert ({"sent": 1}, 1) == (await service.state(), len(wechat.sent))


async def test_what_was_refused_costs_nothing(service: Service, wechat: FakeWeChat, clock: FakeClock) -> None:
    """Failures that WeChat named, and requests that did not reach it, leave five of five."""
    await service.peer.says("公证收费标准")
    wechat.faults["send"] = [-1, -1]
    await queued(service, 5)
    for _ in range(12):
        await service.sender.once()
        clock.pass_by(seconds=10)
    assert 5 == len(wechat.sent)


@pytest.mark.parametrize(("fault", "arrived"), [("lost", 1), ("reset", 0), ("5xx", 0), ("html", 0)])
async def test_an_unknown_outcome_is_never_repeated(
    service: Service, wechat: FakeWeChat, clock: FakeClock, fault: str, arrived: int
) -> None:
    """The answer was lost, cut off, or is not WeChat's: recorded as uncertain, counted as spent, not sent again."""
    await service.peer.says("公证收费标准")
    wechat.faults["send"] = [fault]
    await queued(service, 6)
    await send_all(service)
    clock.pass_by(hours=1)
    await send_all(service)
    assert {"uncertain": 1, "sent": 4, "pending": 1} == await service.state()
    assert (4 + arrived, 5) == (len(wechat.sent), wechat.count("custom/send"))


async def test_not_reached_is_tried_again(
    sample_matcher: Matcher, clock: FakeClock, tmp_path: Path, wechat: FakeWeChat
) -> None:
    """Nobody listens at the address: certainly not sent, so later once more."""
    there, wechat.url = wechat.url, "http://127.0.0.1:9"
    async with running(sample_matcher, clock, wechat, tmp_path, send=False) as service:
        await service.peer.says("公证收费标准")
        await queued(service)
        await service.sender.once()
        assert {"pending": 1} == await service.state()
        assert "not reached" in str(service.channel.health()["problem"])
    wechat.url = there
    clock.pass_by(hours=1)
    async with running(sample_matcher, clock, wechat, tmp_path, send=False) as service:
        await send_all(service)
        assert ({"sent": 1}, 1) == (await service.state(), len(wechat.sent))


async def test_one_token_for_all_processes(service: Service, wechat: FakeWeChat, clock: FakeClock) -> None:
    """Many sends and a second process ask for one token; it is renewed once, ahead of its end."""
    await service.peer.says("公证收费标准")
    await queued(service, 3)
    await send_all(service)
    async with make_client(service.settings) as client:
        second = WeChatApi(service.settings, client, PlatformStore(service.store.shared), clock)
        assert wechat.token == await second.token()
        assert 1 == wechat.count("stable_token")
        clock.pass_by(seconds=7200 - 241)
        await second.token()
        assert 1 == wechat.count("stable_token")
        clock.pass_by(seconds=2)
        wechat.renew()
        assert "token-2" == await second.token() == await service.api.token()
        assert 2 == wechat.count("stable_token")


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_a_token_that_is_refused_is_renewed_once(service: Service, wechat: FakeWeChat, code: int) -> None:
    """Another program has renewed it: fetched anew, the send tried once more, and that is all."""
    await service.peer.says("公证收费标准")
    await service.api.token()
    wechat.renew()
    await queued(service)
    await send_all(service)
    assert ({"sent": 1}, 2, 2) == (await service.state(), wechat.count("custom/send"), wechat.count("stable_token"))
    wechat.renew()
    wechat.faults["send"] = [code, code, code, code]
    await queued(service)
    await service.sender.once()
    assert {"sent": 1, "pending": 1} == await service.state()
    assert 4 == wechat.count("custom/send")


async def test_force_only_when_the_same_token_comes_back(
    service: Service, wechat: FakeWeChat, clock: FakeClock
) -> None:
    """WeChat refuses the very token it calls valid: forced once in two minutes, however many ask."""
    token = await service.api.token()
    got = await asyncio.gather(*(service.api.token(refused=token) for _ in range(6)), return_exceptions=True)
    assert 2 == wechat.tokens_given
    assert {"token-2"} == {g for g in got if isinstance(g, str)}
    assert all(isinstance(g, str | DeliveryDelayed) for g in got)
    with pytest.raises(DeliveryDelayed):
        await service.api.token(refused="token-2")
    clock.pass_by(minutes=2)
    assert "token-3" == await service.api.token(refused="token-2")


async def test_no_token_means_not_sent(service: Service, wechat: FakeWeChat, clock: FakeClock) -> None:
    """A token that cannot be had, whatever the reason, never makes a send uncertain."""
    await service.peer.says("公证收费标准")
    await queued(service)
    for fault in ("lost", "5xx", "html", "reset", 40125, -1):
        wechat.faults["stable_token"] = [fault]
        await service.sender.once()
        assert {"pending": 1} == await service.state(), fault
        clock.pass_by(hours=1)
    await send_all(service)
    assert {"sent": 1} == await service.state()


async def test_no_secret_in_logs_and_errors(
    service: Service, wechat: FakeWeChat, caplog: pytest.LogCaptureFixture
) -> None:
    """Token and AppSecret stand in requests; no log line and no exception repeats them."""
    caplog.set_level(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # as `fawen serve` does
    await service.peer.says("公证收费标准")
    said: list[str] = []
    for fault in ("lost", "5xx", "html", 40003, 45015, 99999, 40164):
        wechat.faults["send"] = [fault]
        with pytest.raises((DeliveryDelayed, DeliveryRefused, DeliveryUncertain, PlatformSaid)) as caught:
            await service.api.send_text(PERSON, "问")
        said.append(f"{caught.value!r} {caught.value.__cause__!r}")
    whole = caplog.text + "".join(said) + repr(service.settings) + str(service.channel.health())
    assert "token-1" not in whole
    assert "test-synthetic-secret" not in whole


async def test_redirects_are_not_followed(wechat: FakeWeChat, service: Service, clock: FakeClock) -> None:
    """A proxy's login page must not get the message, nor its token."""
    elsewhere = httpx.MockTransport(lambda r: httpx.Response(302, headers={"location": "http://evil.example/"}))
    async with httpx.AsyncClient(base_url="http://x", transport=elsewhere) as client:
        api = WeChatApi(settings("http://x"), client, PlatformStore(service.store.shared), clock)
        with pytest.raises(DeliveryDelayed, match="302"):
            await api.send_text(PERSON, "问")


@pytest.mark.parametrize(
    ("trouble", "outcome"),
    [
        (httpx.ConnectError, DeliveryDelayed), (httpx.ConnectTimeout, DeliveryDelayed), (httpx.PoolTimeout, DeliveryDelayed),
        (httpx.ProxyError, DeliveryDelayed), (httpx.ReadTimeout, DeliveryUncertain), (httpx.WriteTimeout, DeliveryUncertain),
        (httpx.ReadError, DeliveryUncertain), (httpx.WriteError, DeliveryUncertain),
        (httpx.RemoteProtocolError, DeliveryUncertain),
    ],
)  # fmt: skip
async def test_each_trouble_of_the_network(
    service: Service, clock: FakeClock, trouble: type[httpx.TransportError], outcome: type[Exception]
) -> None:
    """Before the request was out: later. After: uncertain. The address, with its token, is in neither message nor cause."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("stable_token"):
            return httpx.Response(200, json={"access_token": "secret-token", "expires_in": 7200})
        raise trouble(f"trouble at {request.url}")

    async with httpx.AsyncClient(base_url="http://x", transport=httpx.MockTransport(answer)) as client:
        api = WeChatApi(settings("http://x"), client, PlatformStore(service.store.shared), clock)
        with pytest.raises(outcome) as caught:
            await api.send_text(PERSON, "问")
    assert "secret-token" not in f"{caught.value} {caught.value.__cause__}"


@pytest.mark.parametrize("said", [{"errcode": "x"}, {"errcode": None}, {"errcode": [0]}])
async def test_a_return_code_that_cannot_be_read(service: Service, clock: FakeClock, said: dict[str, object]) -> None:
    """Something between us and WeChat answered: whether it was sent is unknown."""

    def answer(request: httpx.Request) -> httpx.Response:
        token = request.url.path.endswith("stable_token")
        return httpx.Response(200, json={"access_token": "t", "expires_in": 7200} if token else said)

    async with httpx.AsyncClient(base_url="http://x", transport=httpx.MockTransport(answer)) as client:
        api = WeChatApi(settings("http://x"), client, PlatformStore(service.store.shared), clock)
        with pytest.raises(DeliveryUncertain, match="return code"):
            await api.send_text(PERSON, "问")
