"""Whatever is wrong with a command line, `fawen` says it in Chinese, in every locale."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from bot.cli import main

_ENGLISH = re.compile(
    r"\b(?:usage|error|try|for help|no such|missing|invalid|got|is not|does not|did you|show the|show this)\b", re.I
)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("--nonsense", "没有 '--nonsense' 这个选项"),
        ("serve --konfig x", "是不是 '--config'"),
        ("nonsense", "没有 'nonsense' 这个命令"),
        ("ask", "缺少参数"),
        ("ask a b", "多写了参数：b"),
        ("match", "缺少选项"),
        ("channel off", "可以写：\n\tweb"),
        ("channel off mail", "只能写其中一个：'web'"),
        ("ask x --encoder big", "只能写其中一个：'auto'"),
        ("ask x --explain=yes", "后面不跟内容"),
        ("ask x --config", "后面要写内容"),
        ("check --laws /nowhere", "目录 '/nowhere' 不存在"),
        ("check --knowledge pyproject.toml --laws pyproject.toml", "是一个文件"),
        ("evaluate /nowhere", "文件 '/nowhere' 不存在"),
    ],
)
def test_wrong_usage_is_said_in_chinese(typed: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence, mostly with how it is used before it; the exit code is that of wrong usage."""
    monkeypatch.setenv("LANG", "C")
    result = CliRunner().invoke(main, typed.split(), prog_name="fawen")
    assert 2 == result.exit_code
    assert result.output.startswith(("用法： fawen", "出错："))
    assert told in result.output
    assert not _ENGLISH.search(result.output)


@pytest.mark.parametrize("typed", ["--help", "serve -h", "channel --help", "review -h", "user add -h"])
def test_help_is_chinese(typed: str) -> None:
    """Headings and the two options that Click itself adds."""
    result = CliRunner().invoke(main, typed.split(), prog_name="fawen")
    assert 0 == result.exit_code
    assert "显示这段说明。" in result.output
    assert not _ENGLISH.search(result.output)


def test_the_version_is_told() -> None:
    assert re.fullmatch(r"fawen \d\S*\n", CliRunner().invoke(main, ["--version"]).output)
