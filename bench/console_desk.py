"""Something to do at the console: questions of many people by every channel over two weeks, for pictures of it.

The questions go through the running service; then their times and channels are moved in its SQLite file, which only pictures may do.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

DAY = 86_400_000_000
"""Microseconds, as times are stored."""
WAITING = {
    "学校门口违法停车怎么投诉，接送的时候路都堵死了，说了几次没人管": 7,
    "小区里有人放无人机谁来管": 5,
    "小区业委会选举归谁管，物业不给我们看名单": 6,
    "无人机撞坏我家阳台的玻璃，对方说赔两百块，我不同意该怎么办": 4,
    "楼下烧烤店油烟天天往我家灌，打了电话也没见改": 3,
    "阳台外面的空调滴水，楼下邻居天天来敲门吵架": 2,
    "路灯坏了两个月": 1,
    "流浪狗太多，小孩放学不敢走": 1,
}
"""Text -> people who ask it; each becomes tickets."""
ANSWERED_AT_ONCE = (
    "继承公证怎么办",
    "公证收费标准",
    "法律援助怎么申请",
    "公证",
    "怎么申请行政复议",
    "老板跑了工资拿不到怎么办",
)
APART = ("哈哈哈哈哈哈啊啊啊啊", "加微信办贷款当天放款无抵押")
CHANNELS = ("web", "telegram", "wechat")
_SHIFTED = (
    ("exchanges", "at"), ("tickets", "opened_at"), ("tickets", "due_at"), ("clusters", "first_at"),
    ("clusters", "last_at"), ("clusters", "due_at"),
)  # fmt: skip


def _people() -> Iterator[tuple[str, tuple[str, ...]]]:
    """A session and what is said in it."""
    for at, (text, people) in enumerate(WAITING.items()):
        for person in range(people):
            yield f"picture-{at}-{person}", ("转人工", text)
    for person in range(18):
        yield f"answered-{person}", (ANSWERED_AT_ONCE[person % len(ANSWERED_AT_ONCE)],)
    for at, text in enumerate(APART):
        yield f"apart-{at}", ("转人工", text)


def fill(site: str, home: Path) -> None:
    """Ask everything, wait until it lies in clusters, and spread it over days and channels."""
    with httpx.Client(base_url=site, timeout=60) as client:
        for session, said in _people():
            for text in said:
                client.post("/api/chat", json={"session": session, "text": text}).raise_for_status()
    with sqlite3.connect(home / "fawen.db", timeout=30) as store:
        while store.execute("SELECT count(*) FROM tickets WHERE cluster IS NULL").fetchone()[0]:
            time.sleep(0.2)
        for table, column in _SHIFTED:
            days = (
                "(rowid % 9)"
                if table == "exchanges"
                else "(cluster * 5 % 11)"
                if table == "tickets"
                else "(id * 5 % 11)"
            )
            store.execute(f"UPDATE {table} SET {column} = {column} - {DAY} * {days}")  # noqa: S608  names of our own
        for at, channel in enumerate(CHANNELS):
            store.execute("UPDATE tickets SET channel = ? WHERE rowid % 3 = ?", (channel, at))
        of = "SELECT channel FROM tickets WHERE tickets.chat = exchanges.chat"
        store.execute(f"UPDATE exchanges SET channel = ({of}) WHERE EXISTS ({of})")  # noqa: S608  nothing from outside
    store.close()
