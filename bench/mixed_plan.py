"""Requests of three channels, prepared before they are sent: what people write, each from somebody who never wrote before.

A third web (JSON API), a third WeChat (half of it signed plain text, half sealed as in safe mode), a third Telegram (webhook).
"""

from __future__ import annotations

import itertools
import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import time
from xml.sax.saxutils import escape

from bot.channels.wechat_crypto import Envelope, sign

CHANNELS = ("web", "wechat", "telegram")
Plan = list[tuple[str, bytes]]
_BEFORE = ("", "请问", "你好，", "您好，", "想问一下，", "咨询一下：", "我想知道", "麻烦问下，", "帮我看看，", "急，")
_AFTER = ("", "？", "，谢谢", "呢", "，怎么办", "，在线等", "，麻烦您了", "，请回答", "，我不太懂", "，多谢")


@dataclass(frozen=True)
class Wire:
    """Where a server takes each channel's messages, and the secrets they are made with."""

    token: str
    """WeChat's token, Telegram's webhook secret."""
    aes_key: str
    app_id: str
    web: str = "/api/chat"
    wechat: str = "/wechat"
    telegram: str = "/telegram"


def post(path: str, body: bytes, kind: str, *headers: str) -> bytes:
    """A whole HTTP request."""
    lines = [f"POST {path} HTTP/1.1", "Host: bench", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def worded(texts: Sequence[str]) -> Iterator[str]:
    """The same questions in other words around them, none of them twice: nothing that was understood before comes again."""
    for before, after in itertools.product(_BEFORE, _AFTER):
        for text in texts:
            yield f"{before}{text.rstrip('？?')}{after}"


class Writer:
    """Makes requests for one server; numbers go on, so that no message and no person comes twice."""

    def __init__(self, wire: Wire) -> None:
        self._wire, self._numbers = wire, itertools.count(1)
        self._envelope = Envelope(wire.aes_key, wire.app_id)

    def plan(self, texts: Iterator[str], count: int) -> Plan:
        """So many messages, the three channels in turn; good for the five minutes that WeChat's signatures are."""
        return [self._one(next(self._numbers), next(texts)) for _ in range(count)]

    def _one(self, number: int, text: str) -> tuple[str, bytes]:
        channel = CHANNELS[number % 3]
        if channel == "web":
            body = json.dumps({"session": f"s{number}", "text": text}, ensure_ascii=False).encode()
            return channel, post(self._wire.web, body, "application/json")
        if channel == "telegram":
            return channel, self._telegram(number, text)
        return channel, self._wechat(number, text, sealed=number % 2 == 0)

    def _telegram(self, number: int, text: str) -> bytes:
        message = {
            "message_id": 1, "date": int(time()), "text": text, "chat": {"id": number, "type": "private"},
            "from": {"id": number, "is_bot": False, "first_name": "x"},
        }  # fmt: skip
        body = json.dumps({"update_id": number, "message": message}, ensure_ascii=False).encode()
        secret = f"X-Telegram-Bot-Api-Secret-Token: {self._wire.token}"
        return post(self._wire.telegram, body, "application/json", secret)

    def _wechat(self, number: int, text: str, sealed: bool) -> bytes:
        at, nonce = str(int(time())), secrets.token_hex(8)
        xml = (
            f"<xml><ToUserName>gh</ToUserName><FromUserName>o{number}</FromUserName><CreateTime>{at}</CreateTime>"
            f"<MsgType>text</MsgType><Content>{escape(text)}</Content><MsgId>{number}</MsgId></xml>"
        )
        query = f"signature={sign(self._wire.token, at, nonce)}&timestamp={at}&nonce={nonce}"
        if sealed:
            inside = self._envelope.seal(xml)
            query += f"&encrypt_type=aes&msg_signature={sign(self._wire.token, at, nonce, inside)}"
            xml = f"<xml><ToUserName>gh</ToUserName><Encrypt>{inside}</Encrypt></xml>"
        return post(f"{self._wire.wechat}?{query}", xml.encode(), "text/xml")
