"""The `fawen` command. Staff commands speak Chinese; exit codes: 0 done, 1 problems found, 2 wrong usage or settings."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from bot.cli_lazy import LazyGroup
from bot.cli_options import CONFIG, ENCODER, KNOWLEDGE, config_path, fail, progress_bar, settings_from
from bot.cli_words import in_chinese
from bot.config import Settings, secrets_in
from bot.errors import FawenError, KnowledgeError

in_chinese()
_ELSEWHERE = {
    "backup": "bot.cli_backup:backup",
    "channel": "bot.cli_channel:channel",
    "diff": "bot.cli_knowledge:diff",
    "digest": "bot.cli_report:digest",
    "doctor": "bot.cli_wechat:doctor",
    "export": "bot.cli_knowledge:export",
    "import": "bot.cli_knowledge:import_",
    "init": "bot.cli_init:init",
    "knowledge": "bot.cli_versions:knowledge",
    "move": "bot.cli_backup:move",
    "purge": "bot.cli_report:purge",
    "report": "bot.cli_report:report",
    "restore": "bot.cli_backup:restore",
    "review": "bot.cli_changes:review",
    "user": "bot.cli_user:user",
    "wechat": "bot.cli_wechat:wechat",
}


def load_matcher(settings: Settings) -> Any:
    """A matcher for a command; a broken knowledge base ends the program with its problems."""
    from bot.brain import make_brain
    from bot.learning import Learning
    from bot.saying import printed

    try:
        with Learning(printed(Console(stderr=True, highlight=False))) as learning:
            brain, _ = make_brain(settings.knowledge, learning)
    except KnowledgeError as error:
        fail(str(error), 1)
    return brain.current()


@click.group(cls=LazyGroup, elsewhere=_ELSEWHERE, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("fawen"), prog_name="fawen")
def main() -> None:
    """法问：公共法律服务问答机器人。"""


@main.command()
@CONFIG
def serve(config: Path | None) -> None:
    """启动服务：聊天网页、接口和已设置的各渠道。"""
    from bot.logs import as_line
    from bot.serve import run_service

    settings = settings_from(config)
    path = config_path(config)
    if path and (found := secrets_in(path)):
        reminder = f"提醒：{'、'.join(found)} 直接写在 {path} 里。请移到环境变量或文件（见运维手册“密钥”）。"
        click.echo(as_line(settings.log, "warning", reminder), err=True)
    try:
        run_service(settings)
    except FawenError as error:
        fail(as_line(settings.log, "error", str(error)), 1 if isinstance(error, KnowledgeError) else 2)
    except KeyboardInterrupt:
        pass


@main.command()
@CONFIG
@KNOWLEDGE
def chat(config: Path | None, knowledge: Path | None) -> None:
    """在终端里对话。"""
    from bot.serve import run_terminal

    try:
        asyncio.run(run_terminal(settings_from(config, knowledge)))
    except FawenError as error:
        fail(str(error))
    except KeyboardInterrupt:
        pass


@main.command()
@click.argument("text")
@CONFIG
@KNOWLEDGE
@ENCODER
@click.option("--explain/--brief", "whole", default=True, help="打印理解的过程（默认），或者只打印结果。")
def ask(text: str, config: Path | None, knowledge: Path | None, encoder: str | None, whole: bool) -> None:
    """问一句，以 JSON 打印理解的过程。"""
    from intents.explain import explain

    matcher = load_matcher(settings_from(config, knowledge, encoder))
    found = explain(matcher, text) if whole else matcher.match(text).to_json()
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))


@main.command()
@click.option("--jsonl", is_flag=True, required=True, help="每行一个问题，每行一个结果。")
@CONFIG
@KNOWLEDGE
@ENCODER
def match(jsonl: bool, config: Path | None, knowledge: Path | None, encoder: str | None) -> None:
    """批量匹配：标准输入每行一个问题，标准输出每行一个 JSON。"""
    matcher = load_matcher(settings_from(config, knowledge, encoder))
    for line in _lines():
        click.echo(json.dumps(matcher.match(line).to_json(), ensure_ascii=False))


@main.command()
@click.option("--jsonl", is_flag=True, required=True, help='每行一段对话 {"turns": [...]}。')
@CONFIG
@KNOWLEDGE
@ENCODER
def talk(jsonl: bool, config: Path | None, knowledge: Path | None, encoder: str | None) -> None:
    """批量对话：每行一段新的对话。"""
    from intents.conversation import converse

    matcher = load_matcher(settings_from(config, knowledge, encoder))
    for number, line in enumerate(_lines(), 1):
        try:
            turns = [str(turn) for turn in json.loads(line)["turns"]]
        except (ValueError, KeyError, TypeError):
            fail(f'第 {number} 行不是 {{"turns": ["…"]}}：{line[:60]}')
        results = [found.to_json() for found in converse(matcher.match, turns)]
        click.echo(json.dumps({"results": results}, ensure_ascii=False))


@main.command()
@CONFIG
@KNOWLEDGE
@click.option("--laws", type=click.Path(path_type=Path, exists=True, file_okay=False), help="法律文本目录，核对条号。")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 打印。")
def check(config: Path | None, knowledge: Path | None, laws: Path | None, as_json: bool) -> None:
    """检查知识库：有错误时退出码为 1。"""
    from bot.paths import knowledge_dir
    from bot.staff import run_check

    directory = settings_from(config, knowledge).knowledge.dir or knowledge_dir()
    sys.exit(1 if run_check(directory, laws, as_json) else 0)


@main.command("test")
@CONFIG
@KNOWLEDGE
@ENCODER
@click.option("--update", is_flag=True, help="把已经答对的从已知答错名单里删去；名单只会变短。")
@click.option("--add", is_flag=True, help="把新的答错也记进名单；只在确实没有办法时用。")
def run_tests(config: Path | None, knowledge: Path | None, encoder: str | None, update: bool, add: bool) -> None:
    """跑检验题：出现名单以外的答错或没答上，退出码为 1。"""
    from bot.paths import knowledge_dir
    from bot.staff import run_regression

    settings = settings_from(config, knowledge, encoder)
    directory = settings.knowledge.dir or knowledge_dir()
    matcher = load_matcher(settings)
    try:
        with progress_bar("检验") as progress:
            new = run_regression(matcher, directory, progress, update, add)
    except FawenError as error:
        fail(str(error))
    sys.exit(1 if new else 0)


@main.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@CONFIG
@KNOWLEDGE
@ENCODER
@click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), help="另写一份 HTML 报告，和同名的 SVG 曲线图。"
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 打印。")
def evaluate(
    files: tuple[Path, ...],
    config: Path | None,
    knowledge: Path | None,
    encoder: str | None,
    report: Path | None,
    as_json: bool,
) -> None:
    """用检验题考一考：答对、选项、答错、没答上。默认用知识目录下的 tests。"""
    from bot.paths import knowledge_dir
    from bot.staff import default_files, run_evaluation

    settings = settings_from(config, knowledge, encoder)
    paths = list(files) or default_files(settings.knowledge.dir or knowledge_dir())
    matcher = load_matcher(settings)
    try:
        with progress_bar("检验") as progress:
            without = partial(load_matcher, settings_from(config, knowledge, "off"))
            run_evaluation(matcher, paths, progress, report, as_json, without)
    except FawenError as error:
        fail(str(error))


@main.command()
@CONFIG
@KNOWLEDGE
@click.option("--into", type=click.Path(path_type=Path, dir_okay=False), default=None, help="写到哪个文件。")
def fit(config: Path | None, knowledge: Path | None, into: Path | None) -> None:
    """重新拟合全部权重和界限（开发者用）。"""
    from bot.brain import make_encoders
    from bot.paths import knowledge_dir
    from bot.staff import run_fit
    from intents import KnowledgeBase
    from intents.ranking import WEIGHTS_FILE

    settings = settings_from(config, knowledge)
    directory = settings.knowledge.dir or knowledge_dir()
    with progress_bar("拟合") as progress:
        encoders, _ = make_encoders(settings.knowledge.encoder, settings.knowledge.cache_dir)
        base = KnowledgeBase.load(directory)
        run_fit(base, directory / "tests", encoders, into or WEIGHTS_FILE, click.echo, progress)


def _lines() -> Iterator[str]:
    """Standard input line by line as UTF-8; a line keeps everything but its end."""
    stream = sys.stdin.buffer
    for raw in stream:
        yield raw.decode("utf-8", "replace").rstrip("\r\n")
