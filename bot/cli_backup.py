"""`fawen backup`, `fawen restore`, `fawen move`: the store into a file, back, and into another database."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli_options import CONFIG, fail, settings_from
from bot.errors import FawenError, StoreConflict

if TYPE_CHECKING:
    from bot.store.backup import Sums

_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
_REPLACE = click.option("--replace", is_flag=True, help="换掉目标数据库里已有的数据。")


@click.command()
@_FILE
@CONFIG
def backup(file: Path, config: Path | None) -> None:
    """把数据库备份到一个新文件；服务不用停。"""
    from bot.store.backup import back_up

    url = settings_from(config).store.url.get_secret_value()
    try:
        sums = asyncio.run(back_up(url, file, datetime.now(UTC)))
    except FawenError as error:
        fail(str(error), 1)
    click.echo(f"已备份到 {file}：{_said(sums)}。请和数据库一样保管好它。")


@click.command()
@_FILE
@_REPLACE
@CONFIG
def restore(file: Path, replace: bool, config: Path | None) -> None:
    """从备份文件恢复数据库；先停下服务。有数据的库要加 --replace。"""
    from bot.store.backup import restore as put_back

    url = settings_from(config).store.url.get_secret_value()
    try:
        sums = asyncio.run(put_back(url, file, replace))
    except FawenError as error:
        fail(str(error), 1)
    click.echo(f"已恢复并逐表核对：{_said(sums)}。")


@click.command()
@click.argument("target", envvar="FAWEN_MOVE_TO")
@_REPLACE
@CONFIG
def move(target: str, replace: bool, config: Path | None) -> None:
    """把设置里 store.url 的数据搬到 TARGET（写法和 store.url 一样），逐表核对；先停下服务。

    原来的库不变。TARGET 里有口令时请用环境变量 FAWEN_MOVE_TO，命令行别人看得到。
    """
    source = settings_from(config).store.url.get_secret_value()
    try:
        with tempfile.TemporaryDirectory(prefix="fawen-move-") as folder:
            sums = asyncio.run(_move(source, target, Path(folder) / "store.gz", replace))
    except FawenError as error:
        fail(str(error), 1)
    click.echo(f"已搬到新库并逐表核对：{_said(sums)}。请把 store.url 改成新库，再启动服务。")


async def _move(source: str, target: str, file: Path, replace: bool) -> Sums:
    """Raises StoreConflict when something was written to the source meanwhile, and FawenError of both ways."""
    from bot.store.backup import back_up, summed
    from bot.store.backup import restore as put_back
    from bot.store.connect import parse_url

    if parse_url(source) == parse_url(target):
        raise StoreConflict("TARGET 就是现在的 store.url，没有搬。")
    await back_up(source, file, datetime.now(UTC))
    sums = await put_back(target, file, replace)
    if sums != await summed(source):
        raise StoreConflict("搬的时候原来的库又有了新内容。请先停下服务，再搬一次，并加 --replace。")
    return sums


def _said(sums: Sums) -> str:
    return f"{len(sums)} 个表，{sum(count for count, _ in sums.values())} 行"
