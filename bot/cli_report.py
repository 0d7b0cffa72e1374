"""`fawen report`, `fawen digest` and `fawen purge`: how it goes, what staff should know, what is over its time."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table as Shown

from bot.cli_options import CONFIG, fail, settings_from
from bot.cli_place import now, with_store
from bot.config import Settings
from bot.desk.desk import Desk
from bot.desk.digest import digest_text, week_of
from bot.desk.export import as_csv, as_xlsx
from bot.desk.report import Report, gather, last_days, tables
from bot.errors import FawenError
from bot.paths import knowledge_dir
from bot.retention import purge_once
from bot.store.audit import Audit
from bot.store.desk import DeskStore
from bot.store.reports import Reports
from bot.store.sql import SqlStore
from intents import KnowledgeBase

_MOST_ROWS = 20


@click.command()
@click.option("--days", type=click.IntRange(1, 3660), default=30, show_default=True, help="最近多少天，含今天。")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 打印。")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path, dir_okay=False), help="写成 CSV 文件。")
@click.option("--xlsx", "xlsx_file", type=click.Path(path_type=Path, dir_okay=False), help="写成 Excel 文件。")
@CONFIG
def report(days: int, as_json: bool, csv_file: Path | None, xlsx_file: Path | None, config: Path | None) -> None:
    """问了多少、答上多少、什么答不上。少于 3 人问过的问题不会出现。"""
    settings = settings_from(config)
    base = _knowledge(settings)

    async def work(store: SqlStore) -> Report:
        return await gather(Reports(store.shared), base, *last_days(now(), days))

    found = tables(with_store(settings, work), base)
    for path, make in ((csv_file, as_csv), (xlsx_file, as_xlsx)):
        if path:
            content = make(found)
            try:
                path.write_bytes(content)
            except OSError as error:
                fail(f"写不了 {path}：{error.strerror}。请换一个能写的地方。")
            click.echo(f"已写入 {path}", err=True)
    if as_json:
        click.echo(
            json.dumps(
                {t.name: [dict(zip(t.head, row, strict=True)) for row in t.rows] for t in found}, ensure_ascii=False
            )
        )
    elif not csv_file and not xlsx_file:
        for table in found:
            if table.rows:
                _show(table.name, table.head, table.rows)


def _show(name: str, head: tuple[str, ...], rows: tuple[tuple[str | int | float, ...], ...]) -> None:
    shown = Shown(title=name, title_justify="left")
    for column in head:
        shown.add_column(column)
    for row in rows[-_MOST_ROWS:] if name == "按天" else rows[:_MOST_ROWS]:
        shown.add_row(*(str(cell) for cell in row))
    Console().print(shown)
    if len(rows) > _MOST_ROWS:
        click.echo(f"共 {len(rows)} 行，全部内容请用 --csv 或 --xlsx。")


@click.command()
@click.option("--print", "only_print", is_flag=True, help="只打印，不发送。")
@CONFIG
def digest(only_print: bool, config: Path | None) -> None:
    """上一周的周报：发到 Telegram 工作群（设置 telegram.staff_chats），没有设置就打印。"""
    settings = settings_from(config)
    base = _knowledge(settings)

    async def work(store: SqlStore) -> tuple[str, int]:
        from bot.messages import Reply

        since, until = week_of(now())
        found = await gather(Reports(store.shared), base, since, until)
        numbers = await Desk(DeskStore(store.shared), lambda: base, now).numbers()
        text = digest_text(found, numbers, base)
        if only_print or not settings.telegram.staff_chats:
            return text, 0
        reply = Reply("digest", text, "none")
        for chat in settings.telegram.staff_chats:
            # the running service sends what stands in the outbox
            await store.enqueue("telegram", str(chat), reply, f"digest:{since.date().isoformat()}")
        await Audit(store.shared).note("fawen", "digest", f"week:{since.date().isoformat()}")
        return text, len(settings.telegram.staff_chats)

    text, sent = with_store(settings, work)
    click.echo(f"已交给服务发送，{sent} 个工作群。" if sent else text)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="以 JSON 打印。")
@CONFIG
def purge(as_json: bool, config: Path | None) -> None:
    """清除过了保留期的对话、提问和工单（设置 retention）；服务每天也会自己清除。"""
    settings = settings_from(config)

    async def work(store: SqlStore) -> dict[str, int]:
        return await purge_once(store.shared, settings)

    found = with_store(settings, work)
    if as_json:
        click.echo(json.dumps(found))
        return
    names = {
        "messages": "消息", "conversations": "会话", "questions": "提问", "tickets": "工单", "sent": "已发出的文字",
        "forgotten": "要求删除的工单", "sessions": "过期登录",
    }  # fmt: skip
    click.echo("已清除：" + "，".join(f"{names[k]} {n}" for k, n in found.items()) + "。")


def _knowledge(settings: Settings) -> KnowledgeBase:
    try:
        return KnowledgeBase.load(settings.knowledge.dir or knowledge_dir())
    except FawenError as error:
        fail(str(error), 1)
