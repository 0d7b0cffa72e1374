"""What every command of `fawen` shares: options, settings, and how it fails."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from bot.config import Settings
from bot.errors import FawenError

KNOWLEDGE = click.option(
    "--knowledge", "knowledge", type=click.Path(path_type=Path, file_okay=False), help="知识目录，默认用设置里的。"
)
CONFIG = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="设置文件，默认 ./config.yaml（有的话）。",
)
ENCODER = click.option("--encoder", type=click.Choice(["auto", "fast", "off"]), default=None, help="是否使用句向量。")


def fail(message: str, code: int = 2) -> NoReturn:
    """One line on standard error, then the exit code."""
    click.echo(message, err=True)
    sys.exit(code)


def config_path(config: Path | None) -> Path | None:
    """The settings file of a command line: the one named, else ./config.yaml if it is there."""
    return Path("config.yaml") if config is None and Path("config.yaml").exists() else config


def settings_from(config: Path | None, knowledge: Path | None = None, encoder: str | None = None) -> Settings:
    """The settings of a command line; wrong ones end the program with one line."""
    config = config_path(config)
    try:
        settings = Settings.load(config, os.environ)
    except FawenError as error:
        fail(str(error))
    change: dict[str, Any] = {}
    if knowledge is not None:
        change["dir"] = knowledge
    if encoder is not None:
        change["encoder"] = encoder
    if not change:
        return settings
    return settings.model_copy(update={"knowledge": settings.knowledge.model_copy(update=change)})


@contextlib.contextmanager
def progress_bar(label: str) -> Iterator[Any]:
    """A `(done, total)` callback that draws a bar on standard error, only on a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console, transient=True
    ) as bar:
        task: list[Any] = []

        def update(done: int, total: int) -> None:
            if not task:
                task.append(bar.add_task(label, total=total))
            bar.update(task[0], completed=done, total=total)

        yield update
