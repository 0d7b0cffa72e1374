"""The weekly digest: what staff should know in one message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.desk.promise import ZONE
from bot.desk.report import Report, last_days
from bot.store.desk_base import DeskNumbers
from intents.model import KnowledgeData

LINES = 5
BRIEF = 30


def week_of(now: datetime) -> tuple[datetime, datetime]:
    """The last whole week, Monday to Monday, in China's time."""
    _, tonight = last_days(now, 1)
    until = (tonight - timedelta(days=1 + now.astimezone(ZONE).weekday())).astimezone(UTC)
    return until - timedelta(days=7), until


def digest_text(report: Report, numbers: DeskNumbers, base: KnowledgeData) -> str:
    """Plain text, well under one Telegram message. The report must have been gathered with its small groups left out."""
    o, b = report.outcomes, report.before
    first = report.since.astimezone(ZONE).strftime("%m-%d")
    last = (report.until - timedelta(seconds=1)).astimezone(ZONE).strftime("%m-%d")
    open_now = numbers.clusters.get("new", 0) + numbers.clusters.get("assigned", 0)
    lines = [
        f"法问周报 {first} 至 {last}",
        f"提问 {o.total} 次，直接答 {_share(o.share('direct'))}，给选项 {_share(o.share('offered'))}，"
        f"没答上 {_share(o.share('none'))}" + (f"（上一周 {_share(b.share('none'))}）。" if b.total else "。"),
        f"工作人员答复 {report.answered} 组，用时中位数 {report.answering.p50:.1f} 小时。",
        f"现在待办 {open_now} 组，其中超过承诺时间的 {numbers.overdue} 组。",
    ]
    lines += _listed("等答复的人最多：", [f"{_brief(t)}（{n} 人）" for _, t, n, _ in report.waiting])
    lines += _listed("常问：", [f"{_brief(a.text)}（{a.count} 次）" for a in report.top])
    lines += _listed("被点“没帮助”最多：", [f"{_title(base, e)}（{d} 次）" for e, d, _ in report.thumbs])
    lines += _listed("已过核对期，居民暂时看不到：", [_title(base, e) for e in report.overdue])
    lines += _listed("30 天内要核对：", [_title(base, e) for e in report.soon])
    return "\n".join(lines)


def _listed(head: str, items: list[str]) -> list[str]:
    if not items:
        return []
    more = [f"……共 {len(items)} 条"] if len(items) > LINES else []
    return ["", head, *(f"{i}. {item}" for i, item in enumerate(items[:LINES], 1)), *more]


def _title(base: KnowledgeData, entry: str) -> str:
    return base.entries[entry].title if entry in base.entries else entry


def _brief(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= BRIEF else line[:BRIEF] + "…"


def _share(part: float) -> str:
    return f"{100 * part:.0f} %"
