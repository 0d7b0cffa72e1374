"""WeChat's server API: one access token for all processes, customer messages, the menu.

Sources: 获取稳定版接口调用凭据 (stable_token: the same token for every caller until five minutes before its end; a forced
renewal at most once in 30 s and 20 times a day), 客服接口-发消息, 自定义菜单. The token stands in the address of a
request, so neither addresses nor texts of the HTTP client's errors go into a log or an exception.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from bot.channels.wechat_codes import (
    OTHER_PAUSE,
    PAUSES,
    REFUSED,
    STALE_TOKEN,
    WAITS,
    PlatformSaid,
)
from bot.config import WeChat
from bot.errors import DeliveryDelayed, DeliveryRefused, DeliveryUncertain, FawenError
from bot.store.platform_base import Credential, Platform

log = logging.getLogger(__name__)

AHEAD = timedelta(minutes=4)
"""A token is renewed so long before its end: WeChat gives out a new one from five minutes before."""
FORCE_SPACING = timedelta(minutes=2)
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


def make_client(settings: WeChat) -> httpx.AsyncClient:
    """An HTTP client for `wechat.api_base`; whoever makes it closes it."""
    return httpx.AsyncClient(
        base_url=settings.api_base.rstrip("/"), timeout=httpx.Timeout(10, connect=5), follow_redirects=False
    )


class WeChatApi:
    """Calls WeChat. Methods raise PlatformSaid for a refusal, DeliveryDelayed when certainly nothing was sent,
    DeliveryUncertain when the answer was lost."""

    def __init__(
        self, settings: WeChat, client: httpx.AsyncClient, platform: Platform, now: Callable[[], datetime]
    ) -> None:
        self._settings, self._client, self._platform, self._now = settings, client, platform, now
        self._name = f"wechat:{settings.app_id}"
        self.problem = ""
        """Why the last call failed; empty when it did not, or was refused for one person."""
        self.skew: timedelta | None = None
        """WeChat's clock minus ours at the last answer; None before one came."""

    async def send_text(self, openid: str, text: str) -> None:
        """One customer message. Raises DeliveryRefused, DeliveryDelayed, DeliveryUncertain, or PlatformSaid for the
        codes of WAITS, which the ledger must hear of."""
        payload = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        try:
            await self.call("POST", "/cgi-bin/message/custom/send", payload)
        except PlatformSaid as error:
            if error.code in WAITS:
                raise
            if error.code in REFUSED:
                raise DeliveryRefused(str(error)) from None
            if error.code not in (-1, 45011):
                log.error("customer message not accepted: %s", error)
            raise DeliveryDelayed(str(error), PAUSES.get(error.code, OTHER_PAUSE)) from None

    async def menu(self) -> list[dict[str, Any]]:
        """The buttons of the menu in force; empty when there is none."""
        try:
            data = await self.call("GET", "/cgi-bin/menu/get")
        except PlatformSaid as error:
            if error.code == 46003:
                return []
            raise
        return list(data.get("menu", {}).get("button", []))

    async def push_menu(self, buttons: list[dict[str, Any]]) -> None:
        """Replace the menu."""
        await self.call("POST", "/cgi-bin/menu/create", {"button": buttons})

    async def call(self, method: str, path: str, payload: Any = None) -> dict[str, Any]:
        """One call with the token; with a token that WeChat refuses, a new one and once again."""
        token = await self.token()
        try:
            return await self._request(method, path, payload, token)
        except PlatformSaid as error:
            if error.code not in STALE_TOKEN:
                raise
        return await self._request(method, path, payload, await self.token(refused=token))

    async def token(self, refused: str | None = None) -> str:
        """A valid token, from the store if it has one; `refused` is one that WeChat does not take any more."""
        kept = await self._platform.credential(self._name)
        if kept and kept.value != refused and kept.expires_at - AHEAD > self._now():
            return kept.value
        try:
            fresh = await self._renewed(refused)
        except DeliveryUncertain as error:
            # what the token was wanted for has not been sent
            raise DeliveryDelayed(f"no access token: {error}") from None
        await self._platform.keep_credential(self._name, fresh)
        return fresh.value

    async def _renewed(self, refused: str | None) -> Credential:
        fresh = await self.fetch(force=False)
        if fresh.value != refused:
            return fresh
        # WeChat says that it is the one in force and does not take it: only force helps, and force is scarce
        if not await self._platform.may_force(self._name, FORCE_SPACING):
            raise DeliveryDelayed("a new access token was forced a moment ago", FORCE_SPACING.total_seconds())
        return await self.fetch(force=True)

    async def fetch(self, force: bool) -> Credential:
        """Ask WeChat for the token, whatever the store has."""
        data = await self._request(
            "POST",
            "/cgi-bin/stable_token",
            {
                "grant_type": "client_credential",
                "appid": self._settings.app_id,
                "secret": self._settings.app_secret.get_secret_value(),
                "force_refresh": force,
            },
        )
        value, lasts = data.get("access_token"), data.get("expires_in")
        if not isinstance(value, str) or not value or not isinstance(lasts, int):
            raise DeliveryDelayed("WeChat gave no access token", OTHER_PAUSE)
        return Credential(value, self._now() + timedelta(seconds=lasts))

    async def _request(self, method: str, path: str, payload: Any, token: str = "") -> dict[str, Any]:
        # raw UTF-8: WeChat shows \u escapes as they are
        body = None if payload is None else json.dumps(payload, ensure_ascii=False).encode()
        query = {"access_token": token} if token else {}
        try:
            response = await self._client.request(
                method, path, params=query, content=body, headers={"Content-Type": "application/json; charset=utf-8"}
            )
        except _NOT_SENT as error:
            raise self._failed(DeliveryDelayed(f"WeChat not reached ({type(error).__name__})")) from None
        except httpx.HTTPError as error:
            raise self._failed(DeliveryUncertain(f"WeChat's answer was lost ({type(error).__name__})")) from None
        self._see_clock(response)
        try:
            data = _data(response)
        except FawenError as error:
            raise self._failed(error) from None
        self.problem = ""
        return data

    def _failed(self, error: FawenError) -> FawenError:
        person = isinstance(error, PlatformSaid) and error.code in WAITS | REFUSED
        # who may not be written to is no trouble of the platform, which has answered
        self.problem = "" if person else str(error)
        return error

    def _see_clock(self, response: httpx.Response) -> None:
        try:
            self.skew = parsedate_to_datetime(response.headers["date"]) - self._now()
        except (KeyError, ValueError, TypeError):
            return


def _data(response: httpx.Response) -> dict[str, Any]:
    if 300 <= response.status_code < 500:
        raise DeliveryDelayed(f"WeChat answered HTTP {response.status_code}: check wechat.api_base", OTHER_PAUSE)
    try:
        data = json.loads(response.content) if response.status_code == 200 else None
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise DeliveryUncertain(f"WeChat's answer cannot be read (HTTP {response.status_code})")
    try:
        code = int(data.get("errcode", 0))
    except (TypeError, ValueError):
        raise DeliveryUncertain("WeChat's answer has no return code that can be read") from None
    if code:
        raise PlatformSaid(code, str(data.get("errmsg", "")))
    return data
