"""`fawen diff`, `fawen export` and `fawen import`: what a change does, and the knowledge as a workbook and back."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bot.cli_options import CONFIG, ENCODER, KNOWLEDGE, fail, progress_bar, settings_from
from bot.errors import FawenError, KnowledgeError


@click.command("export")
@click.option("--xlsx", type=click.Path(path_type=Path, dir_okay=False), required=True, help="写到哪个 Excel 文件。")
@CONFIG
@KNOWLEDGE
def export(xlsx: Path, config: Path | None, knowledge: Path | None) -> None:
    """把知识库导出成 Excel。"""
    from bot.paths import knowledge_dir
    from bot.staff_sheets import run_export

    try:
        run_export(settings_from(config, knowledge).knowledge.dir or knowledge_dir(), xlsx)
    except FawenError as error:
        fail(str(error))


@click.command("import")
@click.option("--xlsx", type=click.Path(path_type=Path, dir_okay=False), required=True, help="改好的 Excel 文件。")
@CONFIG
@KNOWLEDGE
@click.option("--dry-run", is_flag=True, help="只看会改什么，什么也不写。")
@click.option("--skipped", type=click.Path(path_type=Path, dir_okay=False), help="没有导入的行另存到这个 Excel 文件。")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 打印。")
def import_(
    xlsx: Path, config: Path | None, knowledge: Path | None, dry_run: bool, skipped: Path | None, as_json: bool
) -> None:
    """从 Excel 导入改动：有的行没有导入时退出码为 1；导入后知识库会出错的，什么也不写。"""
    from bot.paths import knowledge_dir
    from bot.staff_sheets import run_import

    directory = settings_from(config, knowledge).knowledge.dir or knowledge_dir()
    try:
        left_out = run_import(directory, xlsx, dry_run, skipped, as_json)
    except KnowledgeError as error:
        fail(f"没有写入。{error}", 1)
    except FawenError as error:
        fail(str(error))
    sys.exit(1 if left_out else 0)


@click.command()
@click.argument("old")
@click.argument("new")
@CONFIG
@ENCODER
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="另写一份网页。")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 打印。")
@click.option("--log/--no-log", default=True, help="是否也比较居民问过的问题（问答记录）；默认比较。")
def diff(
    old: str, new: str, config: Path | None, encoder: str | None, page: Path | None, as_json: bool, log: bool
) -> None:
    """回答变化：OLD 和 NEW 是知识目录，或者 git 版本（如 HEAD~1）。"""
    from bot.staff_diff import run_diff

    try:
        with progress_bar("比较") as progress:
            run_diff(settings_from(config, None, encoder), old, new, progress, page, as_json, log)
    except KnowledgeError as error:
        fail(str(error), 1)
    except FawenError as error:
        fail(str(error))
