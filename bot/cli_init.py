"""`fawen init`: a settings file to begin with, where the program was installed from a wheel."""

from __future__ import annotations

import os
from pathlib import Path

import click

from bot.cli_options import fail
from bot.paths import example_config

_NAME = "config.yaml"


@click.command()
@click.argument("directory", required=False, default=".", type=click.Path(path_type=Path, file_okay=False))
def init(directory: Path) -> None:
    """在一个目录里写好 config.yaml；已经有的不会改动。"""
    target = directory / _NAME
    try:
        directory.mkdir(parents=True, exist_ok=True)
        # "x": never over a file that exists; 0600: tokens may be written into it
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        fail(f"{target} 已经有了，没有改动。要重新开始，请先把它改名。", 1)
    except OSError as error:
        fail(f"写不了 {target}（{error.strerror}）。请换一个目录，或检查权限和磁盘。")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(example_config().read_text(encoding="utf-8"))
    click.echo(f"已写好 {target}，每一项的意思写在它旁边。接下来：")
    if directory != Path():
        click.echo(f"  cd {directory}")
    click.echo("  fawen serve              启动，然后用浏览器打开 http://127.0.0.1:8000/")
    click.echo("要接 Telegram 或微信公众号，先填 telegram 或 wechat 一组；数据默认写在当前目录的 fawen.db。")
