"""WeChat's side of the webhook: signs, encrypts and delivers as its servers do, and opens what comes back.

The encryption is wechatpy's, an implementation that is not ours; the delivery follows the documents.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

import httpx
from wechatpy.crypto import WeChatCrypto

from tests.channels.wechat_server import APP_ID

TOKEN = "synthetic_token"  # noqa: S105  a made-up one
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OLD_KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefg"
ACCOUNT = "gh_0123456789ab"
PERSON = "oNeighbour0000000000000000001"


@dataclass
class Got:
    """What came back to WeChat."""

    status: int
    body: str
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Content of the reply; empty for `success`."""
        return self.fields.get("Content", "")


@dataclass
class Peer:
    """Delivers to one address in one mode."""

    client: httpx.AsyncClient
    now: Callable[[], datetime]
    mode: str = "safe"
    app_id: str = APP_ID
    key: str = KEY
    token: str = TOKEN
    number: int = 23_000_000_000_000_000

    def fields(self, sort: str = "text", person: str = PERSON, **more: Any) -> dict[str, Any]:
        """Fields of a new message; `MsgId` for messages, none for events."""
        self.number += 1
        base = {
            "ToUserName": ACCOUNT,
            "FromUserName": person,
            "CreateTime": int(self.now().timestamp()),
            "MsgType": sort,
        }
        return {**base, **({} if sort == "event" else {"MsgId": self.number}), **more}

    def query(self, nonce: str | None = None, at: int | None = None) -> dict[str, str]:
        """Signed parameters of a request."""
        timestamp = str(int(self.now().timestamp()) if at is None else at)
        nonce = nonce or secrets.token_hex(5)
        return {"signature": sha1(self.token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}

    def request(self, fields: Mapping[str, Any], query: dict[str, str] | None = None) -> tuple[dict[str, str], bytes]:
        """Parameters and body of a delivery, by the mode."""
        query = dict(query or self.query())
        plain = to_xml(fields)
        if self.mode == "plain":
            return query, plain.encode()
        sealed = WeChatCrypto(self.token, self.key, self.app_id).encrypt_message(
            plain, query["nonce"], query["timestamp"]
        )
        found = {child.tag: child.text or "" for child in ElementTree.fromstring(sealed)}
        query |= {"openid": str(fields["FromUserName"]), "encrypt_type": "aes", "msg_signature": found["MsgSignature"]}
        shown = {"ToUserName": ACCOUNT} if self.mode == "safe" else fields
        return query, to_xml({**shown, "Encrypt": found["Encrypt"]}).encode()

    async def deliver(self, fields: Mapping[str, Any], query: dict[str, str] | None = None) -> Got:
        """One delivery and what came back."""
        return await self.post(*self.request(fields, query))

    async def post(self, query: Mapping[str, str], body: bytes) -> Got:
        """A request as it is."""
        response = await self.client.post(
            "/wechat", params=dict(query), content=body, headers={"Content-Type": "text/xml"}
        )
        return self.opened(response.status_code, response.text)

    async def says(self, text: str, person: str = PERSON) -> Got:
        """A person writes."""
        return await self.deliver(self.fields("text", person, Content=text))

    async def event(self, name: str, key: str = "", person: str = PERSON, **more: Any) -> Got:
        """A person does something."""
        return await self.deliver(
            self.fields("event", person, Event=name, **({"EventKey": key} if key else {}), **more)
        )

    def opened(self, status: int, body: str) -> Got:
        """The reply, decrypted where it is encrypted."""
        if status != 200 or not body.startswith("<xml>"):
            return Got(status, body)
        found = {child.tag: child.text or "" for child in ElementTree.fromstring(body)}
        if "Encrypt" in found:
            crypto = WeChatCrypto(self.token, self.key, self.app_id)
            inner = crypto.decrypt_message(body, found["MsgSignature"], found["TimeStamp"], found["Nonce"])
            found = {child.tag: child.text or "" for child in ElementTree.fromstring(inner)}
        return Got(status, body, found)


def sha1(*parts: str) -> str:
    """WeChat's signature."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def to_xml(fields: Mapping[str, Any]) -> str:
    """XML as WeChat writes it."""
    lines = (f"<{k}>{v}</{k}>" if isinstance(v, int) else f"<{k}>{_cdata(str(v))}</{k}>" for k, v in fields.items())
    return "<xml>" + "\n".join(lines) + "</xml>"


def _cdata(text: str) -> str:
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"
