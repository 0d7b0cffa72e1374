"""A few hundred messages with repeats, faults and forgeries; `python -m bench.web_soak` sends ten thousand."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from bot.app import utc_now
from intents import Matcher
from tests.web.soak import soak


async def test_each_message_has_one_record_and_one_reply(
    sample_matcher: Matcher, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """10 % repeats, 5 % faults, 2 % forged: nothing lost, nothing twice, no 5xx, nothing forged gets in, and no
    broken connection is logged as an error of ours."""
    caplog.set_level(logging.ERROR)
    figures = await soak(sample_matcher, utc_now, tmp_path, 400)
    assert [] == figures.wrong
    assert [] == [record.message for record in caplog.records]
    assert figures.faults["half sent"] > 0
    assert {200: figures.deliveries - sum(figures.faults.values())} == dict(figures.statuses)
    assert (400, 400) == (figures.records, figures.replied)
    assert (figures.forged, 0) == (figures.refused, figures.leaked)
    assert min(figures.repeats, figures.forged * 4, sum(figures.faults.values()) * 2) > 10
