"""`fawen knowledge`: the curators' files into the store and back, its history, and an older version in force again."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from rich.console import Console
from rich.table import Table

from bot.cli_options import CONFIG, KNOWLEDGE, settings_from
from bot.cli_place import BY, who, with_store

if TYPE_CHECKING:
    from bot.shelf import Desktop

T = TypeVar("T")
_FORCE = click.option("--force", is_flag=True, help="不管别人改过什么，用自己的（push）或用数据库的（pull）。")


@click.group("knowledge")
def knowledge() -> None:
    """数据库里的知识版本（多台机器时）：发布、取回、历史、退回旧版。"""


@knowledge.command()
@click.option("--why", required=True, help="改了什么，留在历史里。")
@BY
@_FORCE
@CONFIG
@KNOWLEDGE
def push(why: str, by: str | None, force: bool, config: Path | None, knowledge: Path | None) -> None:
    """把目录里的知识发布到数据库，各台机器几秒内换上；有错误的不发布。"""
    made, fresh = _run(config, knowledge, lambda desktop: desktop.push(who(by), why, force))
    click.echo(f"已发布第 {made.id} 版（{made.version}）。" if fresh else f"和第 {made.id} 版一样，没有要发布的。")


@knowledge.command()
@_FORCE
@CONFIG
@KNOWLEDGE
def pull(force: bool, config: Path | None, knowledge: Path | None) -> None:
    """把数据库里的知识取回目录；自己改过、别人没改过的文件留着。"""
    made, changed = _run(config, knowledge, lambda desktop: desktop.pull(force))
    click.echo(f"目录已是第 {made.id} 版（{made.version}），改动了 {changed} 个文件。")


@knowledge.command()
@click.option("--limit", default=20, type=click.IntRange(1, 1000), help="最近几版。")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 打印。")
@CONFIG
def history(limit: int, as_json: bool, config: Path | None) -> None:
    """发布过的各版：编号、时间、谁、为什么；最上面的一版在用。"""
    found = _run(config, None, lambda desktop: desktop.versions.history(limit))
    if as_json:
        rows = [
            {"id": v.id, "version": v.version, "at": v.at.isoformat(), "author": v.author, "why": v.why} for v in found
        ]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table()
    for column in ("版", "时间（UTC）", "谁", "为什么", "知识版本"):
        table.add_column(column)
    for version in found:
        at = version.at.strftime("%Y-%m-%d %H:%M")
        table.add_row(str(version.id), at, version.author, version.why, version.version)
    Console().print(table)


@knowledge.command()
@click.argument("number", type=int)
@click.option("--why", required=True, help="为什么退回，留在历史里。")
@BY
@CONFIG
def rollback(number: int, why: str, by: str | None, config: Path | None) -> None:
    """让旧的一版重新在用：作为新的一版发布，历史不会改。"""
    made = _run(config, None, lambda desktop: desktop.roll_back(number, who(by), why))
    click.echo(
        f"第 {number} 版的内容已作为第 {made.id} 版发布（{made.version}）。目录里的文件用 fawen knowledge pull 取回。"
    )


def _run(config: Path | None, directory: Path | None, work: Callable[[Desktop], Awaitable[T]]) -> T:
    """Do one thing with the store; what is refused ends the program with its reason and 1, wrong settings with 2."""
    from bot.paths import knowledge_dir
    from bot.shelf import Desktop

    settings = settings_from(config, directory)
    return with_store(settings, lambda store: work(Desktop(store.shared, settings.knowledge.dir or knowledge_dir())))
