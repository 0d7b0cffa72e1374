"""`fawen channel`: close and open a channel, list them. A running service follows within seconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from bot.cli_options import CONFIG, settings_from
from bot.cli_place import with_store
from bot.config import Settings
from bot.store.base import Switch
from bot.switching import CHANNELS

if TYPE_CHECKING:
    from bot.store.sql import SqlStore

_NAME = click.argument("name", type=click.Choice(CHANNELS))


@click.group()
def channel() -> None:
    """渠道的开与关；运行中的服务几秒内生效。"""


@channel.command()
@_NAME
@click.option("--text", default="", help="停用期间居民看到的话；不写就用 texts.yaml 的 closed。")
@CONFIG
def off(name: str, text: str, config: Path | None) -> None:
    """停用一个渠道，居民会看到停用提示。"""
    _set(settings_from(config), name, False, text)
    click.echo(f"渠道 {name} 已停用。恢复：fawen channel on {name}")


@channel.command()
@_NAME
@CONFIG
def on(name: str, config: Path | None) -> None:
    """恢复一个渠道。"""
    _set(settings_from(config), name, True, "")
    click.echo(f"渠道 {name} 已恢复。")


@channel.command("list")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 打印。")
@CONFIG
def show(as_json: bool, config: Path | None) -> None:
    """列出各渠道的开关。"""
    known = _run(settings_from(config), None)
    rows = [known.get(name, Switch(name)) for name in CHANNELS]
    if as_json:
        click.echo(
            json.dumps([{"channel": s.channel, "open": s.open, "text": s.text} for s in rows], ensure_ascii=False)
        )
        return
    table = Table()
    for column in ("渠道", "状态", "停用提示", "变更时间（UTC）"):
        table.add_column(column)
    for switch in rows:
        changed = switch.changed_at.strftime("%Y-%m-%d %H:%M") if switch.changed_at else ""
        said = "" if switch.open else switch.text or "（默认提示）"
        table.add_row(switch.channel, "开" if switch.open else "停用", said, changed)
    Console().print(table)


def _set(settings: Settings, name: str, is_open: bool, text: str) -> None:
    _run(settings, (name, is_open, text.strip()))


def _run(settings: Settings, change: tuple[str, bool, str] | None) -> dict[str, Switch]:
    """Make the change if there is one; the switches as they are then."""
    from bot.store.switches import Switches

    async def work(store: SqlStore) -> dict[str, Switch]:
        switches = Switches(store.shared)
        if change is not None:
            await switches.set(*change)
        return await switches.all()

    return with_store(settings, work)
