"""Who cannot prove to be WeChat never reaches the dialogue: forged, stale, replayed, oversized, broken deliveries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.channels.wechat_webhook import Gatekeeper
from bot.errors import ConfigError, StoreUnavailable
from intents import Matcher
from tests.channels.test_wechat_crypto import BOMB, OUTSIDE
from tests.channels.wechat_peer import KEY, PERSON, TOKEN, Got, Peer, sha1, to_xml
from tests.channels.wechat_running import Service, running, settings
from tests.channels.wechat_server import FakeWeChat
from tests.fakes import FakeClock

MODES = ("plain", "compatible", "safe")


@pytest.fixture
async def service(
    request: pytest.FixtureRequest, sample_matcher: Matcher, clock: FakeClock, wechat: FakeWeChat, tmp_path: Path
) -> AsyncIterator[Service]:
    mode = getattr(request, "param", "safe")
    async with running(sample_matcher, clock, wechat, tmp_path, send=False, mode=mode) as made:
        yield made


async def untouched(service: Service) -> bool:
    """Whether neither a message nor an exchange was recorded."""
    counts = await service.store.counts()
    return (0, 0) == (counts["messages"], counts["exchanges"])


def question(peer: Peer) -> dict[str, Any]:
    return peer.fields("text", Content="公证收费标准")


@pytest.mark.parametrize("service", MODES, indirect=True)
async def test_the_check_of_the_address(service: Service) -> None:
    """WeChat's GET gets its echostr back as plain text; a wrong or old signature gets 403 and nothing."""
    query = service.peer.query() | {"echostr": "8316 <b>&"}
    good = await service.peer.client.get("/wechat", params=query)
    assert (200, "8316 <b>&") == (good.status_code, good.text)
    assert good.headers["content-type"].startswith("text/plain")
    wrong = service.peer.query(at=int(service.peer.now().timestamp()) - 301)
    bad: list[dict[str, str]] = [query | {"signature": "0" * 40}, {}, {"echostr": "1"}, wrong, query | {"nonce": "x"}]
    for one in bad:
        got = await service.peer.client.get("/wechat", params=one)
        assert (403, "") == (got.status_code, got.text)


async def test_plain_text_is_refused_in_safe_mode(service: Service, clock: FakeClock) -> None:
    """Even with a right signature: it does not cover the message."""
    plain = Peer(service.peer.client, clock, "plain")
    for extra in ({}, {"encrypt_type": "raw"}, {"encrypt_type": "aes", "msg_signature": "0" * 40}):
        query, body = plain.request(question(plain))
        assert 403 == (await plain.post(query | extra, body)).status
    both = Peer(service.peer.client, clock, "compatible")
    query, body = both.request(question(both))
    del query["encrypt_type"]
    assert 403 == (await both.post(query, body)).status
    assert await untouched(service)


@pytest.mark.parametrize("service", ["plain"], indirect=True)
async def test_ciphertext_in_plain_mode_is_refused_and_explained(
    service: Service, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    assert 403 == (await Peer(service.peer.client, clock, "safe").says("公证收费标准")).status
    assert "wechat.mode is plain" in caplog.text
    assert await untouched(service)


@pytest.mark.parametrize("service", MODES, indirect=True)
async def test_forged_deliveries(service: Service, clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    """Another token, another key, another AppID, a changed body, a signature missing or too long."""
    client, mode = service.peer.client, service.peer.mode
    forged = [Peer(client, clock, mode, token="guessed")]  # noqa: S106  the point of the test
    if mode != "plain":
        forged += [Peer(client, clock, mode, app_id="wx-another"), Peer(client, clock, mode, key=KEY[::-1])]
    for peer in forged:
        assert 403 == (await peer.says("公证收费标准")).status
    query, body = service.peer.request(question(service.peer))
    for name in ("signature",) if mode == "plain" else ("signature", "msg_signature"):
        for value in ("", "0" * 40, query[name][:-1], query[name] + "0", "签" * 40, "a" * 5000):
            assert 403 == (await service.peer.post(query | {name: value}, body)).status, (name, value)
    if mode != "plain":
        del query["msg_signature"]
        assert 403 == (await service.peer.post(query, body)).status
        assert 403 == (await service.peer.post(*changed(service.peer))).status
    assert await untouched(service)
    assert TOKEN not in caplog.text
    assert KEY not in caplog.text


def changed(peer: Peer) -> tuple[dict[str, str], bytes]:
    """A delivery with one character of the ciphertext changed."""
    query, body = peer.request(question(peer))
    at = body.index(b"<Encrypt>") + 40
    return query, body[:at] + (b"A" if body[at : at + 1] != b"A" else b"B") + body[at + 1 :]


@pytest.mark.parametrize("service", MODES, indirect=True)
async def test_stale_deliveries(service: Service) -> None:
    """Older or newer than five minutes, without a number for a time, with a nonce that no store keeps; a little old is taken."""
    now = int(service.peer.now().timestamp())
    for at in (now - 301, now + 301, 0, 10**11):
        assert 403 == (await service.peer.deliver(question(service.peer), service.peer.query(at=at))).status
    unkept = {"signature": sha1(TOKEN, str(now), "n\0"), "timestamp": str(now), "nonce": "n\0"}
    assert 403 == (await service.peer.post(unkept, b"<xml></xml>")).status
    for stamp in ("", "x", "-1", "１７００００００００", "1e9"):
        query = {"signature": sha1(TOKEN, stamp, "n"), "timestamp": stamp, "nonce": "n"}
        assert 403 == (await service.peer.deliver(question(service.peer), query)).status
    assert await untouched(service)
    assert 200 == (await service.peer.deliver(question(service.peer), service.peer.query(at=now - 290))).status


async def test_a_nonce_is_needed(service: Service) -> None:
    now = str(int(service.peer.now().timestamp()))
    for nonce in ("", "n" * 101):
        query = {"signature": sha1(TOKEN, now, nonce), "timestamp": now, "nonce": nonce}
        assert 403 == (await service.peer.deliver(question(service.peer), query)).status
    assert await untouched(service)


@pytest.mark.parametrize("service", MODES, indirect=True)
async def test_a_nonce_read_off_the_wire_carries_no_other_message(service: Service) -> None:
    """The signature of one delivery with another message: in plain mode it is right, and refused all the same."""
    query = service.peer.query()
    assert 200 == (await service.peer.deliver(question(service.peer), query)).status
    other = service.peer.fields("text", Content="法律援助收费吗")
    assert 403 == (await service.peer.deliver(other, query)).status
    assert ["公证收费标准"] == [e.text for e in await service.store.exchanges("wechat")]


@pytest.mark.parametrize("service", MODES, indirect=True)
async def test_a_nonce_of_the_check_of_the_address_carries_no_message(service: Service) -> None:
    """Nor does the check take one that a message came with; the check itself may be made again."""
    client, query, other = service.peer.client, service.peer.query(), service.peer.query()
    for _ in range(2):
        assert 200 == (await client.get("/wechat", params=query | {"echostr": "1"})).status_code
    assert 403 == (await service.peer.deliver(question(service.peer), query)).status
    assert await untouched(service)
    assert 200 == (await service.peer.deliver(question(service.peer), other)).status
    assert 403 == (await client.get("/wechat", params=other | {"echostr": "1"})).status_code


async def test_the_check_of_the_address_while_the_store_is_away(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be noted is not confirmed: to be tried again."""

    async def away(knock: object) -> None:
        raise StoreUnavailable("made to fail")

    monkeypatch.setattr(service.platform, "admit", away)
    got = await service.peer.client.get("/wechat", params=service.peer.query() | {"echostr": "1"})
    assert (503, "") == (got.status_code, got.text)


@pytest.mark.parametrize("service", MODES, indirect=True)
async def test_a_delivery_played_again_and_again(service: Service, clock: FakeClock) -> None:
    """As often as WeChat itself would try it gets the same answer, counted once; then, or a minute later, 403."""
    query, body = service.peer.request(question(service.peer))
    got: list[Got] = [await service.peer.post(query, body) for _ in range(6)]
    assert [200] * 4 + [403] * 2 == [g.status for g in got]
    assert 1 == len({g.text for g in got[:4]})
    clock.pass_by(seconds=61)
    assert 403 == (await service.peer.post(query, body)).status
    assert 1 == (await service.store.counts())["exchanges"]


async def test_too_much_is_refused(service: Service, clock: FakeClock) -> None:
    """By the channel's own limit and by the server's, however it is sent."""
    query, _ = service.peer.request(question(service.peer))
    for size in (33_000, 70_000, 5_000_000):
        assert 413 == (await service.peer.post(query, b"<xml>" + b" " * size + b"</xml>")).status
    assert await untouched(service)


@pytest.mark.parametrize("service", ["plain"], indirect=True)
@pytest.mark.parametrize("body", [BOMB, OUTSIDE, b"", b"{}", b"<xml>", b"<xml><MsgType>text</MsgType></xml>"])
async def test_bombs_and_rubbish(service: Service, body: bytes) -> None:
    """Rightly signed, they are refused as unreadable; no entity is ever expanded."""
    got = await service.peer.post(service.peer.query(), body)
    assert (400, "") == (got.status, got.body)
    assert await untouched(service)


async def test_a_bomb_inside_the_envelope(service: Service) -> None:
    """What is encrypted is read with the same care."""
    plain = BOMB.decode()
    sealed = service_sealed(service, plain)
    assert 400 == (await service.peer.post(*sealed)).status
    assert await untouched(service)


def service_sealed(service: Service, plain: str) -> tuple[dict[str, str], bytes]:
    """Any text, sealed and signed as by WeChat."""
    from bot.channels.wechat_crypto import Envelope

    query = service.peer.query()
    encrypted = Envelope(KEY, service.settings.app_id).seal(plain)
    signature = sha1(TOKEN, query["timestamp"], query["nonce"], encrypted)
    return query | {"encrypt_type": "aes", "msg_signature": signature}, to_xml({"Encrypt": encrypted}).encode()


@pytest.mark.parametrize("service", ["plain"], indirect=True)
async def test_messages_without_what_every_message_has(service: Service) -> None:
    """Sender, account, time and type: missing or unfit means unreadable, not an error of ours."""
    for name, value in [
        ("FromUserName", ""),
        ("FromUserName", "o" * 200),
        ("CreateTime", "soon"),
        ("CreateTime", 10**30),
    ]:
        fields = question(service.peer) | {name: value}
        assert 400 == (await service.peer.deliver(fields)).status
    for name in ("FromUserName", "ToUserName", "CreateTime", "MsgType"):
        fields = question(service.peer)
        del fields[name]
        assert 400 == (await service.peer.deliver(fields)).status
    assert await untouched(service)


@pytest.mark.parametrize("service", ["plain"], indirect=True)
async def test_a_message_without_a_number_of_its_own(service: Service, clock: FakeClock) -> None:
    """Without MsgId, sender, time and type tell a repeat from a new message."""
    fields = question(service.peer)
    del fields["MsgId"]
    first, again = await service.peer.deliver(fields), await service.peer.deliver(fields)
    assert first.text == again.text
    clock.pass_by(seconds=1)
    await service.peer.deliver(fields | {"CreateTime": int(clock().timestamp())})
    assert 2 == (await service.store.counts())["exchanges"]


async def test_other_methods(service: Service) -> None:
    assert 405 == (await service.peer.client.put("/wechat", content=b"x")).status_code


async def test_the_end_of_cdata_in_a_question(service: Service) -> None:
    """`]]>` in a message is text like any other, on its way in and in the record."""
    text = "]]><Content>注入</Content>我的事情谁能帮我看看呢"
    assert 200 == (await service.peer.says(text)).status
    assert [text] == [e.text for e in await service.store.exchanges("wechat")]


def test_encryption_without_a_key_is_a_wrong_setting() -> None:
    """Named with its remedy at the start, not at the first message."""
    for mode in ("safe", "compatible"):
        with pytest.raises(ConfigError, match="encoding_aes_key"):
            Gatekeeper(settings("http://x", mode=mode, encoding_aes_key=""), FakeClock())
    Gatekeeper(settings("http://x", mode="plain", encoding_aes_key=""), FakeClock())


async def test_nobody_is_mixed_up(service: Service) -> None:
    """Two people at the same second with the same words: two records, each answered to its own sender."""
    a, b = await service.peer.says("公证收费标准"), await service.peer.says("公证收费标准", person="oOther")
    assert (PERSON, "oOther") == (a.fields["ToUserName"], b.fields["ToUserName"])
    assert 2 == (await service.store.counts())["exchanges"]
