"""The webhook: forged deliveries never get in, repeated ones are answered once, an unsettled one comes again."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.channels import telegram_updates
from bot.channels.telegram import TelegramChannel
from bot.errors import ConfigError, StoreError, StoreRefused, StoreUnavailable
from bot.server import make_app
from bot.store.sql import SqlStore
from intents import Matcher
from tests.channels.bot_api import running_bot_api
from tests.channels.golden import GROUP, NOT_FOR_US, PRIVATE, message
from tests.channels.running import a_channel
from tests.waiting import until

SECRET = "geheim-1"  # noqa: S105  a made-up one
HEADER = "X-Telegram-Bot-Api-Secret-Token"


@contextlib.asynccontextmanager
async def hooked(
    store: SqlStore, matcher: Matcher, waiting: int = 500, url: str = "http://127.0.0.1:9"
) -> AsyncIterator[tuple[TelegramChannel, httpx.AsyncClient]]:
    """A channel in webhook mode and a client that is Telegram."""
    channel = a_channel(
        url, store, matcher, waiting=waiting, mode="webhook", webhook_secret=SecretStr(SECRET),
        webhook_url="https://example.org/telegram",
    )  # fmt: skip
    app = make_app(channel.routes(), store, lambda: "v", 64_000)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://t", headers={HEADER: SECRET}) as client:
        yield channel, client
    await channel.close()


def update(text: str, number: int = 9, person: int = 42) -> dict[str, Any]:
    """A private message as it is delivered."""
    who = {"id": person, "is_bot": False, "first_name": "甲"}
    return {"update_id": number, "message": {**message(text, {**PRIVATE, "id": person}), "from": who}}


@pytest.mark.parametrize("given", [None, "", "falsch", SECRET + "x", SECRET[:-1], "geheïm"])
async def test_a_forged_delivery_is_refused(store: SqlStore, sample_matcher: Matcher, given: str | None) -> None:
    """Without the secret, or with anything but it: 403 and nothing stored."""
    async with hooked(store, sample_matcher) as (_, client):
        del client.headers[HEADER]
        headers = {} if given is None else {HEADER.encode(): given.encode()}
        response = await client.post("/telegram", json=update("公证收费标准"), headers=headers)
    assert 403 == response.status_code
    assert [] == await store.left_over("telegram") + await store.exchanges()


@pytest.mark.parametrize("secret", ["", "two words", "密", "x" * 257])
def test_no_secret_no_webhook(sample_matcher: Matcher, secret: str) -> None:
    """Webhook mode without a secret that Telegram takes does not start, and says what to set."""
    channel = a_channel(
        "http://127.0.0.1:9", None, sample_matcher, mode="webhook", webhook_secret=SecretStr(secret),  # type: ignore[arg-type]  # unused
    )  # fmt: skip
    with pytest.raises(ConfigError, match=r"telegram\.webhook_secret"):
        channel.routes()


async def test_repeated_deliveries_are_answered_once(store: SqlStore, sample_matcher: Matcher) -> None:
    """Three times the same update: three times 200, one exchange, one answer in the outbox."""
    async with hooked(store, sample_matcher) as (_, client):
        codes = [(await client.post("/telegram", json=update("公证收费标准"))).status_code for _ in range(3)]
    assert [200, 200, 200] == codes
    assert 1 == len(await store.exchanges())
    assert 1 == len(await store.take("telegram"))


@contextlib.contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, store: SqlStore, error: StoreError) -> Iterator[None]:
    """A store that takes no message meanwhile."""

    async def receive(received: object) -> object:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(store, "receive", receive)
        yield


async def test_it_is_on_disk_before_it_is_acknowledged(
    store: SqlStore, sample_matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that is away: 503, so that Telegram delivers it again; then it is answered."""
    async with hooked(store, sample_matcher) as (_, client):
        with failing(monkeypatch, store, StoreUnavailable("away")):
            assert 503 == (await client.post("/telegram", json=update("公证收费标准"))).status_code
        assert 200 == (await client.post("/telegram", json=update("公证收费标准"))).status_code
    assert 1 == len(await store.exchanges())


async def test_what_the_store_never_takes_is_acknowledged(
    store: SqlStore, sample_matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would come again for a day and fail each time; the next one is answered."""
    async with hooked(store, sample_matcher) as (_, client):
        with failing(monkeypatch, store, StoreRefused("made to refuse")):
            assert 200 == (await client.post("/telegram", json=update("公证收费标准", 8))).status_code
        assert 200 == (await client.post("/telegram", json=update("公证收费标准", 9))).status_code
    assert ["123456-9"] == [e.message_id for e in await store.exchanges()]


@pytest.mark.parametrize("name", NOT_FOR_US)
async def test_what_is_not_for_us_is_acknowledged(store: SqlStore, sample_matcher: Matcher, name: str) -> None:
    """Otherwise Telegram would deliver it for a day."""
    kind, body = NOT_FOR_US[name]
    async with hooked(store, sample_matcher) as (channel, client):
        channel._introduced = True
        response = await client.post("/telegram", json={"update_id": 5, kind: body})
    assert 200 == response.status_code
    assert [] == await store.left_over("telegram") + await store.exchanges()


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 50_000])
async def test_what_is_no_json_is_refused(store: SqlStore, sample_matcher: Matcher, body: bytes) -> None:
    """400, no exception."""
    async with hooked(store, sample_matcher) as (_, client):
        assert 400 == (await client.post("/telegram", content=body)).status_code


def linked(length: int) -> dict[str, Any]:
    """A long text whose every fortieth character is a link of two thousand."""
    links = [{"type": "text_link", "offset": at, "length": 1, "url": f"https://example.org/{'x' * 2000}"}
             for at in range(0, length, 40)]  # fmt: skip
    return message("公证收费标准" + "，" * (length - 6), {**PRIVATE, "id": 42}, entities=links)


async def test_the_longest_message_there_can_be_is_taken_in(store: SqlStore, sample_matcher: Matcher) -> None:
    """It answers another one as long; refused it would come again, and those behind it would wait.
    Without the secret nothing is read."""
    body = {"update_id": 9, "message": {**linked(4096), "reply_to_message": linked(4096)}}
    assert len(str(body)) > 400_000
    async with hooked(store, sample_matcher) as (channel, client):
        assert 200 == (await client.post("/telegram", json=body)).status_code
        assert await until(lambda: channel.health()["waiting"] == 0)
        assert 413 == (await client.post("/telegram", content=b" " * 2_000_000)).status_code
        assert 403 == (await client.post("/telegram", json=body, headers={HEADER: "falsch"})).status_code
    assert ["123456-9"] == [e.message_id for e in await store.exchanges()]


async def test_an_update_that_fails_in_our_hands_is_acknowledged(
    store: SqlStore, sample_matcher: Matcher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The library could read it, we cannot: passed over, and its words are in no log."""

    def fails(*given: object) -> None:
        raise KeyError("公证收费标准")

    monkeypatch.setattr(telegram_updates, "read", fails)
    async with hooked(store, sample_matcher) as (_, client):
        body = {"update_id": 5, "message": message("/menu 公证收费标准", {**PRIVATE, "id": 42})}
        assert 200 == (await client.post("/telegram", json=body)).status_code
    assert "update 5 not understood (KeyError): passed over" in caplog.text
    assert "公证" not in caplog.text


async def test_a_group_message_waits_until_we_know_our_name(store: SqlStore, sample_matcher: Matcher) -> None:
    """Before getMe has answered nobody can say whether a mention is ours: 503, so that it comes again."""
    async with hooked(store, sample_matcher) as (channel, client):
        body = {"update_id": 5, "message": message("@fawen_test_bot 公证收费标准", GROUP)}
        assert 503 == (await client.post("/telegram", json=body)).status_code
        channel._introduced = True
        assert 200 == (await client.post("/telegram", json=body)).status_code


async def test_more_than_may_wait_gets_a_courteous_text(store: SqlStore, sample_matcher: Matcher) -> None:
    """Taken in, recorded and told that it is busy: nothing that was acknowledged is lost."""
    async with hooked(store, sample_matcher, waiting=0) as (_, client):
        assert 200 == (await client.post("/telegram", json=update("公证收费标准"))).status_code
        (outgoing,) = await store.take("telegram")
    assert ("busy", []) == (outgoing.reply.key, await store.left_over("telegram"))


async def test_an_emergency_is_never_told_to_wait(store: SqlStore, sample_matcher: Matcher) -> None:
    """However many wait, whoever is being beaten gets the number."""
    async with hooked(store, sample_matcher, waiting=0) as (channel, client):
        assert 200 == (await client.post("/telegram", json=update("救命他现在打我"))).status_code
        assert await until(lambda: channel.health()["waiting"] == 0)
        (outgoing,) = await store.take("telegram")
    assert ("safety.violence", ["110"]) == (outgoing.reply.entry, [c.number for c in outgoing.reply.calls])


async def test_the_webhook_is_registered_and_watched(store: SqlStore, sample_matcher: Matcher) -> None:
    """With our secret and kinds of update; where Telegram has forgotten it, it is set again."""
    import asyncio

    async with running_bot_api() as api, hooked(store, sample_matcher, url=api.url) as (channel, _):
        running = asyncio.create_task(channel.run())
        assert await until(lambda: api.calls["setWebhook"] >= 2)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    fields = api.fields["setWebhook"][0]
    assert ("https://example.org/telegram", SECRET) == (fields["url"], fields["secret_token"])
    assert "edited_message" in fields["allowed_updates"]
