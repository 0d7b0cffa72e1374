"""`fawen backup`, `fawen restore`, `fawen move`: the store into a file, back, and into another database."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli_options import CONFIG, fail, settings_from
from bot.errors import FawenError, StoreConflict, StoreError

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
@click.option(
    "--temp",
    type=click.Path(path_type=Path, file_okay=False),
    help="搬运时的副本放在哪个目录；不写就放在 SQLite 文件旁边，都是 PostgreSQL 时放在系统的临时目录。",
)
@CONFIG
def move(target: str, replace: bool, temp: Path | None, config: Path | None) -> None:
    """把设置里 store.url 的数据搬到 TARGET（写法和 store.url 一样），逐表核对；先停下服务。

    原来的库不变。TARGET 里有口令时请用环境变量 FAWEN_MOVE_TO，命令行别人看得到。
    """
    source = settings_from(config).store.url.get_secret_value()
    try:
        place = temp or _beside(target) or _beside(source) or Path(tempfile.gettempdir())
        with _own_folder(place) as folder:
            sums = asyncio.run(_move(source, target, folder / "store.gz", replace))
    except FawenError as error:
        fail(str(error), 1)
    click.echo(f"已搬到新库并逐表核对：{_said(sums)}。请把 store.url 改成新库，再启动服务。")


def _beside(url: str) -> Path | None:
    """Where a SQLite file is: there is room for a database, and only its owner looks in. Raises StoreError."""
    from bot.store.connect import parse_url

    parsed = parse_url(url)
    return Path(parsed.database).parent if parsed.drivername.startswith("sqlite") and parsed.database else None


@contextlib.contextmanager
def _own_folder(place: Path) -> Iterator[Path]:
    """A folder for the copy, of mode 0700 and gone afterwards. Raises StoreError when none can be made, or there is no room."""
    try:
        made = tempfile.TemporaryDirectory(prefix="fawen-move-", dir=place)
    except OSError as error:
        raise StoreError(
            f"搬运时的副本放不进 {place.absolute()}（{type(error).__name__}）。请检查目录和磁盘，或者用 --temp 另指一个目录。"
        ) from None
    with made as folder:
        yield Path(folder)


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
