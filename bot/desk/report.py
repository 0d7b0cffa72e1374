"""The figures of a time in one value: for the console's page, the exports, `fawen report` and the weekly digest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.desk.promise import ZONE
from bot.store.favourites import Asked
from bot.store.reports import Outcomes, Reports, Timing
from intents.model import KnowledgeData

SMALL = 3
"""Texts of fewer persons than this never leave the console: they could tell who asked."""
SOON = timedelta(days=30)
CHANNELS = {"web": "网页", "telegram": "Telegram", "wechat": "微信", "terminal": "终端"}


@dataclass(frozen=True, slots=True)
class Report:
    """Everything about [since, until)."""

    since: datetime
    until: datetime
    outcomes: Outcomes
    before: Outcomes
    """The same length of time before."""
    days: tuple[tuple[date, Outcomes], ...]
    channels: tuple[tuple[str, Outcomes], ...]
    topics: tuple[tuple[str, Outcomes], ...]
    """By topic id; `""` where nothing was near."""
    top: tuple[Asked, ...]
    waiting: tuple[tuple[int, str, int, datetime], ...]
    """(cluster, question, people, since)."""
    thumbs: tuple[tuple[str, int, int], ...]
    """(entry, 没帮助, 有帮助)."""
    cold: tuple[str, ...]
    """Published entries that nobody got."""
    overdue: tuple[str, ...]
    """Entries past their review date: residents get the hotline instead of the answer."""
    soon: tuple[str, ...]
    """Entries whose review date comes within 30 days."""
    opened: int
    """Tickets opened: not answered, 都不是, 没帮助, 转人工."""
    answered: int
    """Answers that staff gave."""
    answering: Timing
    """Hours from a ticket to its answer."""
    took: Timing
    """Milliseconds from a message to its reply."""
    counted: datetime
    """When the store was asked."""


def last_days(now: datetime, days: int) -> tuple[datetime, datetime]:
    """[since, until) of the last days in China's time, today whole: from midnight to midnight."""
    midnight = now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    until = midnight + timedelta(days=1)
    return until - timedelta(days=days), until


async def gather(reports: Reports, base: KnowledgeData, since: datetime, until: datetime, least: int = SMALL) -> Report:
    """Ask the store for everything; `least` 1 only for what stays in the console. Raises StoreUnavailable."""
    async with reports.together() as together:
        return await _gather(together, base, since, until, least)


async def _gather(reports: Reports, base: KnowledgeData, since: datetime, until: datetime, least: int) -> Report:
    used, thumbs = await reports.entries(since, until)
    today = (until - timedelta(microseconds=1)).astimezone(ZONE).date()
    entries = [e for e in base.entries.values() if e.status == "published" and e.topic not in ("chat", "safety")]
    return Report(
        since=since,
        until=until,
        outcomes=await reports.outcomes(since, until),
        before=await reports.outcomes(since - (until - since), since),
        days=tuple(await reports.by_day(since, until)),
        channels=tuple(await reports.by_channel(since, until)),
        topics=tuple(await reports.by_topic(since, until)),
        top=tuple(await reports.top_questions(since, until, least)),
        waiting=tuple(await reports.waiting(least)),
        thumbs=tuple(thumbs),
        cold=tuple(e.id for e in entries if e.id not in used),
        overdue=tuple(e.id for e in base.entries.values() if e.status == "published" and e.stale(today)),
        soon=tuple(e.id for e in entries if e.review_after and today <= e.review_after <= today + SOON),
        opened=await reports.opened(since, until),
        answered=await reports.answered(since, until),
        answering=await reports.time_to_answer(since, until),
        took=await reports.took(since, until),
        counted=reports.now(),
    )


@dataclass(frozen=True, slots=True)
class Table:
    """One table of an export."""

    name: str
    head: tuple[str, ...]
    rows: tuple[tuple[str | int | float, ...], ...]


def tables(report: Report, base: KnowledgeData) -> list[Table]:
    """The report as tables, in the words of staff."""

    def title(entry: str | None) -> str:
        return base.entries[entry].title if entry and entry in base.entries else entry or ""

    def counts(o: Outcomes) -> tuple[int, ...]:
        return (o.total, o.direct, o.offered, o.none)

    topics = {t.id: t.title for t in base.topics}
    ends = ("提问", "直接答", "给选项", "没答上")
    return [
        Table("总览", ("项目", "数值"), _overview(report)),
        Table("按天", ("日期", *ends), tuple((d.isoformat(), *counts(o)) for d, o in report.days)),
        Table("按渠道", ("渠道", *ends), tuple((CHANNELS.get(c, c), *counts(o)) for c, o in report.channels)),
        Table("按主题", ("主题", *ends), tuple((topics.get(t, "不在各主题内"), *counts(o)) for t, o in report.topics)),
        Table("常问", ("问题", "次数", "人数", "条目"), tuple((a.text, a.count, a.people, title(a.entry)) for a in report.top)),
        Table("待答", ("问题", "人数", "最早"), tuple((t, n, _day(at)) for _, t, n, at in report.waiting)),
        Table("没帮助", ("条目", "没帮助", "有帮助"), tuple((title(e), d, u) for e, d, u in report.thumbs)),
        Table("没人问到", ("条目", "编号"), tuple((title(e), e) for e in report.cold)),
        Table("过期未核对", ("条目", "编号"), tuple((title(e), e) for e in report.overdue)),
        Table("快到核对期", ("条目", "编号"), tuple((title(e), e) for e in report.soon)),
    ]  # fmt: skip


def _overview(report: Report) -> tuple[tuple[str | int | float, ...], ...]:
    o = report.outcomes
    return (
        ("开始", _day(report.since)),
        ("结束", _day(report.until - timedelta(microseconds=1))),
        ("提问", o.total),
        ("直接答的比例", f"{100 * o.share('direct'):.1f} %"),
        ("给选项的比例", f"{100 * o.share('offered'):.1f} %"),
        ("没答上的比例", f"{100 * o.share('none'):.1f} %"),
        ("上一期没答上的比例", f"{100 * report.before.share('none'):.1f} %"),
        ("新工单（没答上、都不是、没帮助、转人工）", report.opened),
        ("工作人员答复", report.answered),
        ("答复用时中位数（小时）", round(report.answering.p50, 1)),
        ("九成答复用时不超过（小时）", round(report.answering.p90, 1)),
        ("机器人应答第 99 百分位（毫秒）", round(report.took.p99, 1)),
    )


def _day(moment: datetime) -> str:
    return moment.astimezone(ZONE).date().isoformat()
