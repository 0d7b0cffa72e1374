"""Until when an answer is promised: the end of the last working day, in the time of Zhongshan (UTC+8, no summer time).

Monday to Friday count; public holidays are not known, so that a promise around them is rather too early than too late.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone

ZONE = timezone(timedelta(hours=8))


def due(asked: datetime, working_days: int) -> datetime:
    """The last moment of the promise, aware UTC. A question of the weekend counts as one of Monday morning's eve."""
    day = asked.astimezone(ZONE).date()
    left = working_days
    while left:
        day += timedelta(days=1)
        if day.weekday() < 5:
            left -= 1
    return datetime.combine(day, time(23, 59, 59), ZONE).astimezone(asked.tzinfo)


def shown(moment: datetime | None) -> str:
    """A day as residents read it, `11月30日`; empty for none."""
    if moment is None:
        return ""
    day = moment.astimezone(ZONE)
    return f"{day.month}月{day.day}日"
