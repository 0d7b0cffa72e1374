"""Counting for reports, on SQLite and PostgreSQL, against numbers counted by hand."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from math import ceil
from typing import Any

import pytest
import sqlalchemy as sa

from bot.messages import Kind, Message, Reply
from bot.store.base import Turn
from bot.store.reports import Outcomes, Reports, Timing, Which
from bot.store.schema import exchanges, outbox, tickets
from bot.store.sql import SqlStore
from tests.fakes import FakeClock

ANSWER = Reply("entry", "…", "answer", entry="notary.fee", confidence=0.9)
OPTIONS = Reply("options", "…", "options")
NONE = Reply("no_answer", "…", "none")


async def put(store: SqlStore, clock: FakeClock, reply: Reply, text: str, person: str = "p1", **more: object) -> None:
    """One answered question, a minute after the one before."""
    clock.pass_by(minutes=1)
    channel = str(more.get("channel", "web"))
    kind = Kind.CHOICE if more.get("choice") else Kind.TEXT
    message = Message(channel, person, person, text, kind, clock(), f"m{clock().timestamp()}")
    took = float(str(more.get("took", 1.0)))
    await store.finish(Turn(message, reply, {}, None, (("legal_aid.cost", 0.4),), "v1", took))


async def test_outcomes_by_day_channel_and_topic(store: SqlStore, clock: FakeClock) -> None:
    reports, start = Reports(store.shared), clock()
    await put(store, clock, ANSWER, "公证收费标准")
    await put(store, clock, ANSWER, "公证收费标准", "p2", channel="telegram")
    await put(store, clock, OPTIONS, "公证")
    await put(store, clock, replace(ANSWER, key="greeting"), "你好")
    await put(store, clock, ANSWER, "notary.fee", choice=True)
    clock.pass_by(hours=14)  # past midnight in China, not yet in London
    await put(store, clock, NONE, "天上有几颗星")
    end = clock() + timedelta(minutes=1)
    assert Outcomes(2, 1, 1) == await reports.outcomes(start, end)
    assert [(date(2026, 11, 23), Outcomes(2, 1, 0)), (date(2026, 11, 24), Outcomes(0, 0, 1))] == (
        await reports.by_day(start, end)
    )
    assert [("web", Outcomes(1, 1, 1)), ("telegram", Outcomes(1, 0, 0))] == await reports.by_channel(start, end)
    assert [("legal_aid", Outcomes(0, 1, 1)), ("notary", Outcomes(2, 0, 0))] == await reports.by_topic(start, end)
    assert Outcomes() == await reports.outcomes(end, end + timedelta(days=1))
    rows, total = await reports.questions(start, end, Which(topic="legal_aid"), 1, 0)
    assert (2, "天上有几颗星") == (total, rows[0].text)
    assert 1 == (await reports.questions(start, end, Which(channel="telegram"), 9, 0))[1]
    assert 0 == (await reports.questions(start, end, Which(text="%"), 9, 0))[1]


async def test_top_questions_need_enough_people(store: SqlStore, clock: FakeClock) -> None:
    reports, start = Reports(store.shared), clock()
    for person in ("p1", "p2", "p3"):
        await put(store, clock, ANSWER, "三个人问的", person)
    for _ in range(5):
        await put(store, clock, NONE, "一个人问五遍")
    end = clock() + timedelta(minutes=1)
    assert ["三个人问的"] == [a.text for a in await reports.top_questions(start, end, 3)]
    both = await reports.top_questions(start, end, 1)
    assert [("一个人问五遍", 5, 1), ("三个人问的", 3, 3)] == [(a.text, a.count, a.people) for a in both]


async def test_points_of_a_distribution_are_nearest_ranks(store: SqlStore, clock: FakeClock) -> None:
    reports, start = Reports(store.shared), clock()
    assert Timing() == await reports.took(start, start + timedelta(days=1))
    for ms in (5, 1, 4, 2, 3, 6, 7, 8, 9, 10):
        await put(store, clock, ANSWER, "问", took=ms)
    assert Timing(10, 5.0, 9.0, 10.0) == await reports.took(start, clock() + timedelta(minutes=1))


async def test_thumbs_and_use_of_entries(store: SqlStore, clock: FakeClock) -> None:
    reports, start = Reports(store.shared), clock()
    await put(store, clock, ANSWER, "公证收费标准")
    await store.feedback("web", f"m{clock().timestamp()}", "p1", "unhelpful")
    await put(store, clock, ANSWER, "公证多少钱")
    await store.feedback("web", f"m{clock().timestamp()}", "p1", "helpful")
    end = clock() + timedelta(minutes=1)
    assert ({"notary.fee": 2}, [("notary.fee", 1, 1)]) == await reports.entries(start, end)
    assert (2, 0) == (await reports.entry_use("notary.fee", end), await reports.entry_use("notary.x", end))


async def test_a_word_is_counted_on_every_page(store: SqlStore, clock: FakeClock) -> None:
    """The total is that of all pages, by the newest and by the slowest, equal times and pages past the end too."""
    reports, start = Reports(store.shared), clock()
    for number in range(9):
        await put(store, clock, ANSWER, "公证收费" if number % 3 else "别的", f"p{number}", took=number)
    async with store.shared.engine.begin() as connection:
        await connection.execute(sa.update(exchanges).values(at=start))
    end = start + timedelta(minutes=1)
    for slow in (False, True):
        for limit in (1, 2, 3, 6, 7):
            shown: list[str] = []
            for offset in range(0, 9, limit):
                rows, total = await reports.questions(start, end, Which(text="公证", slow=slow), limit, offset)
                assert total == 6
                shown += [row.person for row in rows]
            assert shown == ["p8", "p7", "p5", "p4", "p2", "p1"]
    assert ([], 6) == await reports.questions(start, end, Which(text="公证"), 5, 60)
    assert ([], 0) == await reports.questions(start, end, Which(text="没有"), 5, 0)


async def test_rows_are_counted_by_state(store: SqlStore, clock: FakeClock) -> None:
    """All states of the outbox on every channel, without what there is none of."""
    assert {"tickets": 0} == await store.counts(log=False)
    await put(store, clock, ANSWER, "问")
    states = ("sent", "pending", "sent", "failed", "uncertain", "sent")
    rows: list[dict[str, object]] = [
        {"channel": channel, "chat": "c", "ref": "m", "reply": {}, "state": state, "created_at": clock(), "due_at": clock()}
        for channel in ("wechat", "telegram", "web") for state in states
    ]  # fmt: skip
    async with store.shared.engine.begin() as connection:
        await connection.execute(sa.insert(outbox), rows)
    waiting = {"tickets": 0, "outbox_sent": 9, "outbox_pending": 3, "outbox_failed": 3, "outbox_uncertain": 3}
    assert waiting == await store.counts(log=False)
    assert {**waiting, "messages": 1, "exchanges": 1} == await store.counts()


async def test_times_to_an_answer_are_nearest_ranks_too(store: SqlStore, clock: FakeClock) -> None:
    """Over days and within one, many alike, some of a clock that was set back."""
    draw, start = random.Random(3), clock()
    rows: list[dict[str, Any]] = []
    for number in range(300):
        answered = start + timedelta(minutes=draw.randrange(6000))
        wait = draw.choice((timedelta(hours=2), timedelta(seconds=draw.randrange(-900, 300_000), microseconds=number)))
        rows.append({
            "number": f"N{number}", "channel": "web", "chat": "c", "person": "p", "text": "问", "reason": "none", "nearest": [],
            "opened_at": answered - wait, "answered_at": answered, "state": "answered",
        })  # fmt: skip
    async with store.shared.engine.begin() as connection:
        await connection.execute(sa.insert(tickets), rows)
    for since, until in ((0, 6000), (700, 2500), (100, 101), (7000, 8000)):
        span = (start + timedelta(minutes=since), start + timedelta(minutes=until))
        waits = sorted(row["answered_at"] - row["opened_at"] for row in rows if span[0] <= row["answered_at"] < span[1])
        points = [waits[ceil(part * len(waits)) - 1] / timedelta(hours=1) for part in (0.5, 0.9, 0.99)] if waits else []
        found = await Reports(store.shared).time_to_answer(*span)
        assert len(waits) == found.count
        assert points == pytest.approx([found.p50, found.p90, found.p99][: len(points)], rel=1e-12)
