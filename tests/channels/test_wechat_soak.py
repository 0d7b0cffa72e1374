"""A few hundred deliveries with repeats and faults; `python -m bench.wechat_soak` does ten thousand."""

from __future__ import annotations

from pathlib import Path

from bot.app import utc_now
from intents import Matcher
from tests.channels.wechat_server import running_wechat
from tests.channels.wechat_soak import soak


async def test_each_message_has_one_record_and_one_reply(sample_matcher: Matcher, tmp_path: Path) -> None:
    """10 % repeats, 5 % faults: nothing lost, nothing twice, no 5xx; what was slow came as customer messages."""
    async with running_wechat() as wechat:
        figures = await soak(sample_matcher, utc_now, wechat, tmp_path, 400)
    assert [] == figures.wrong
    assert {200: figures.deliveries - figures.faults["hung up"]} == dict(figures.statuses)
    assert (400, 400) == (figures.records, figures.passive + figures.pushed)
    assert figures.repeats > 20
    assert min(figures.faults["slow"], figures.faults["hung up"], figures.pushed) > 3
    assert figures.pushed == len(wechat.sent)
