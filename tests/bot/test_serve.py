"""What a start refuses, and when."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from bot.config import Settings
from bot.errors import ConfigError
from bot.serve import run

TELEGRAM = {"token": "1:x"}
WECHAT = {"app_id": "wx1", "token": "t"}


class Begun(Exception):
    """The start has got as far as the knowledge."""


@pytest.mark.parametrize(
    ("sections", "named"),
    [
        ({"telegram": {**TELEGRAM, "mode": "webhook"}}, "telegram.webhook_secret"),
        (
            {"telegram": {**TELEGRAM, "mode": "webhook", "webhook_secret": "s", "webhook_url": "http://a.cn/telegram"}},
            "telegram.webhook_url 要以 https://",
        ),
        ({"telegram": {**TELEGRAM, "proxy": "ftp://x:1"}}, "telegram.proxy"),
        ({"wechat": {**WECHAT, "mode": "safe"}}, "wechat.encoding_aes_key"),
        ({"wechat": {**WECHAT, "mode": "safe", "encoding_aes_key": "short"}}, "43"),
    ],
)
async def test_what_is_wrong_is_said_before_anything_is_learnt(sections: dict[str, Any], named: str) -> None:
    """Nobody waits for minutes to be told of a missing secret."""
    settings = Settings.model_validate(sections)
    with (
        patch("bot.serve.running_core", side_effect=AssertionError("learning has begun")),
        patch("bot.serve.set_up"),
        pytest.raises(ConfigError, match=named.replace(".", r"\.")),
    ):
        await run(settings)


async def test_a_channel_that_is_not_set_up_is_not_looked_at(tmp_path: Path) -> None:
    """A mode alone, without token, is no mistake: the start goes on to the knowledge."""
    store = {"url": f"sqlite+aiosqlite:///{tmp_path}/fawen.db"}
    settings = Settings.model_validate({"telegram": {"mode": "webhook"}, "wechat": {"mode": "safe"}, "store": store})
    with (
        patch("bot.serve.running_core", side_effect=Begun),
        patch("bot.serve.set_up"),
        pytest.raises(Begun),
    ):
        await run(settings)
