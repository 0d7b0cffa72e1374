"""What the settings of Telegram must hold before anything is begun: a secret and an address for the webhook, a proxy that works."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from bot.config import Telegram
from bot.errors import ConfigError

_TELEGRAM = "api.telegram.org"
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_PROXIES = ("http", "https", "socks5", "socks5h")
"""Kinds of proxies that httpx knows."""


def webhook_secret(settings: Telegram) -> str:
    """What proves that a delivery is Telegram's. Raises ConfigError where there is none, or one that Telegram does not take
    (Bot API, setWebhook)."""
    secret = settings.webhook_secret.get_secret_value()
    if not _SECRET.fullmatch(secret):
        wrong = "里有不能用的字符，或者太长" if secret else "没有设置"
        raise ConfigError(
            f"telegram.mode 是 webhook，telegram.webhook_secret {wrong}。请写 1 到 256 个字母、数字、_、-。"
        )
    return secret


def webhook_address(settings: Telegram) -> str:
    """Where updates are to come, "" where that is registered elsewhere. Raises ConfigError for an address that Telegram refuses;
    a Bot API server of one's own takes http, too (Bot API, "Using a Local Bot API Server")."""
    address = settings.webhook_url
    taken = ("https://",) if urlsplit(settings.base_url).hostname == _TELEGRAM else ("https://", "http://")
    if address and not address.lower().startswith(taken):
        raise ConfigError(
            "telegram.webhook_url 要以 https:// 开头，Telegram 不接受别的，形如 https://您的域名/telegram。"
        )
    return address


def connections(settings: Telegram) -> dict[str, Any]:
    """Proxy and time limits of the library's HTTPXRequest, seconds. Raises ConfigError for a proxy that cannot be used; what
    is written there may hold a password and is not shown."""
    kind = settings.proxy.partition("://")[0].lower()
    if settings.proxy and kind not in _PROXIES:
        raise ConfigError("telegram.proxy 读不懂。写成 http://主机:端口 或 socks5://主机:端口。")
    if kind.startswith("socks") and find_spec("socksio") is None:
        raise ConfigError("telegram.proxy 是 socks5 代理，要另装组件：pip install 'httpx[socks]'，装好再启动。")
    timeouts = {"connect_timeout": 10, "read_timeout": 20, "write_timeout": 20, "pool_timeout": 10}
    return {"proxy": settings.proxy or None, **timeouts}
