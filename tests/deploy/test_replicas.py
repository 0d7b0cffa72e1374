"""Two real processes behind a load balancer, one of them killed: the short form of `python -m bench.replicas`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.replicas import Place, run
from tests.databases import a_database
from tests.sample import write_sample

QUESTIONS = ("公证收费标准", "继承公证怎么办", "法律援助是什么", "法律援助收费吗", "养老院有什么补贴")


@pytest.mark.postgres
async def test_a_killed_replica_loses_nothing_and_doubles_nothing(postgres: Any, tmp_path: Path) -> None:
    """Web, WeChat and Telegram go on while a replica is killed: every message taken has one record and one reply."""
    place = Place(tmp_path, a_database(postgres), write_sample(tmp_path / "knowledge"), tmp_path / "cache")
    figures = await run(place, QUESTIONS, seconds=10.0, every=10.0, rate=3.0)
    assert 1 == figures.kills
    assert 0 not in figures.given
    assert 0 == figures.unsettled
    for name, row in figures.rows.items():
        assert (name, [], []) == (name, row.lost, row.doubled)
        assert row.records > 0
    assert figures.rows["telegram"].asked == figures.rows["telegram"].records
    assert figures.rows["web"].asked == figures.rows["web"].acknowledged
