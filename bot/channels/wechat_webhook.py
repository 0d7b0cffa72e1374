"""GET and POST /wechat: prove that WeChat speaks, read what it says, answer in the same form.

Sources: 接入指南 (the check of the address), 消息加解密说明. Who cannot prove to be WeChat gets 403, whatever is not a
message 400, too much 413; none of them reaches the dialogue. Signatures are compared in constant time; a timestamp is
taken within five minutes of the clock, and a nonce belongs to one message only: in plain mode the signature does not
cover the message, so a nonce read off the wire must not carry another one.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.channels.wechat import Replayed, WeChatChannel
from bot.channels.wechat_crypto import Envelope, Forged, check, sign
from bot.channels.wechat_messages import CHANNEL, Incoming, understand
from bot.channels.wechat_pages import seconds
from bot.channels.wechat_xml import Unreadable, read, sealed_reply, text_reply
from bot.config import WeChat
from bot.errors import ConfigError, StoreUnavailable
from bot.logs import attend

log = logging.getLogger(__name__)

WINDOW_SECONDS = 300
MOST_BODY = 32_768
"""Bytes; a text of WeChat has at most 2,048 characters, three times that in compatible mode."""
_MOST_PARAMETER = 256
SUCCESS = "success"


@dataclass(frozen=True)
class Delivery:
    """A POST whose signatures are right."""

    fields: Mapping[str, str]
    nonce: str
    """Timestamp and nonce, as the replay cache keeps them."""
    envelope: Envelope | None
    """The one to answer with; None for plain text."""


class Gatekeeper:
    """Checks signatures, age and encryption by the mode that is set."""

    def __init__(self, settings: WeChat, now: Callable[[], datetime]) -> None:
        """Raises ConfigError when a mode with encryption has no usable key."""
        self._token, self._mode, self._now = settings.token.get_secret_value(), settings.mode, now
        keys = [settings.encoding_aes_key, settings.encoding_aes_key_old]
        given = [key.get_secret_value() for key in keys if key.get_secret_value()]
        if self._mode != "plain" and not settings.encoding_aes_key.get_secret_value():
            raise ConfigError(
                f"wechat.mode 是 {self._mode} 时必须设置 wechat.encoding_aes_key（43 个字符，"
                "在微信开发者平台“消息与事件推送”的 EncodingAESKey）；不加密请把 wechat.mode 改为 plain。"
            )
        self._envelopes = [] if self._mode == "plain" else [Envelope(key, settings.app_id) for key in given]

    def greeting(self, query: Mapping[str, str]) -> tuple[str, str]:
        """What answers WeChat's check of the address; timestamp and nonce, as in Delivery. Raises Forged."""
        return _parameter(query, "echostr"), ".".join(self._signature(query))

    def delivery(self, query: Mapping[str, str], body: bytes) -> Delivery:
        """The message of a POST. Raises Forged or Unreadable."""
        sealed = query.get("encrypt_type", "raw") != "raw"
        if self._mode == "safe" and not sealed:
            raise Forged("plain text in safe mode")
        if self._mode == "plain" and sealed:
            raise Forged("ciphertext, but wechat.mode is plain: set it as on WeChat's page")
        if not sealed:
            timestamp, nonce = self._signature(query)
            return Delivery(read(body), f"{timestamp}.{nonce}", None)
        timestamp, nonce = self._fresh(query)
        if "signature" in query:
            check(_parameter(query, "signature"), self._token, timestamp, nonce)
        ciphertext = read(body).get("Encrypt", "")
        check(_parameter(query, "msg_signature"), self._token, timestamp, nonce, ciphertext)
        envelope, inner = self._open(ciphertext)
        return Delivery(read(inner), f"{timestamp}.{nonce}", envelope)

    def seal(self, envelope: Envelope, text: str) -> str:
        """The encrypted form of a reply."""
        at, nonce, sealed = seconds(self._now()), secrets.token_hex(8), envelope.seal(text)
        return sealed_reply(sealed, sign(self._token, str(at), nonce, sealed), at, nonce)

    def _open(self, ciphertext: str) -> tuple[Envelope, bytes]:
        """With the key in force, else the one before: WeChat asks to try both while a key is changed."""
        for envelope in self._envelopes[:-1]:
            try:
                return envelope, envelope.open(ciphertext)
            except Forged:
                continue
        return self._envelopes[-1], self._envelopes[-1].open(ciphertext)

    def _signature(self, query: Mapping[str, str]) -> tuple[str, str]:
        timestamp, nonce = self._fresh(query)
        check(_parameter(query, "signature"), self._token, timestamp, nonce)
        return timestamp, nonce

    def _fresh(self, query: Mapping[str, str]) -> tuple[str, str]:
        timestamp, nonce = _parameter(query, "timestamp"), _parameter(query, "nonce")
        sound = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12
        if not sound or not 0 < len(nonce) <= 100 or not nonce.isprintable():
            raise Forged("timestamp or nonce is missing or unfit")
        if abs(int(timestamp) - seconds(self._now())) > WINDOW_SECONDS:
            raise Forged("timestamp is not within five minutes: an old message, or this machine's clock is wrong")
        return timestamp, nonce


def routes(
    settings: WeChat,
    channel: WeChatChannel,
    now: Callable[[], datetime],
    choice: Callable[[str], bool],
) -> list[Route]:
    """GET and POST /wechat; `choice(key)`: whether the menu and QR codes may name this. Raises ConfigError."""
    gate = Gatekeeper(settings, now)

    async def greet(request: Request) -> Response:
        try:
            echo, nonce = gate.greeting(request.query_params)
            await channel.note(nonce)
        except (Forged, Replayed) as error:
            return _refused(403, error)
        except (StoreUnavailable, TimeoutError) as error:
            return _refused(503, error)
        return PlainTextResponse(echo)

    async def receive(request: Request) -> Response:
        try:
            delivery = gate.delivery(request.query_params, await _body(request))
            incoming = understand(delivery.fields, choice)
            attend(CHANNEL, incoming.message_id)
            text = await channel.take(incoming, delivery.nonce)
        except (Forged, Replayed) as error:
            return _refused(403, error)
        except Unreadable as error:
            return _refused(400, error)
        return _answer(gate, delivery, incoming, text, seconds(now()))

    return [Route("/wechat", greet, methods=["GET"]), Route("/wechat", receive, methods=["POST"])]


def _answer(gate: Gatekeeper, delivery: Delivery, incoming: Incoming, text: str | None, at: int) -> Response:
    if text is None:
        return PlainTextResponse(SUCCESS)
    xml = text_reply(incoming.chat, incoming.account, at, text)
    if delivery.envelope is not None:
        xml = gate.seal(delivery.envelope, xml)
    return Response(xml, media_type="text/xml")


async def _body(request: Request) -> bytes:
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > MOST_BODY:
            raise HTTPException(413)
    return bytes(found)


def _parameter(query: Mapping[str, str], name: str) -> str:
    value = query.get(name, "")
    if len(value) > _MOST_PARAMETER:
        raise Forged(f"{name} is too long")
    return value


def _refused(status: int, error: Exception) -> Response:
    log.warning("a request to /wechat was refused (%d): %s", status, error)
    return PlainTextResponse("", status_code=status)
