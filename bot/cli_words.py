"""Click's own words in Chinese: usage, what is wrong with a command line, the headings of the help.

Click looks each of its sentences up with gettext, by its English wording, which a language file may translate: whether it
does depends on the locale of the terminal. `fawen` speaks Chinese in every locale, so what Click looks up is this table. A
sentence that is not in it, of another version of Click say, stays as it is.
"""

from __future__ import annotations

import click.core
import click.decorators
import click.exceptions
import click.formatting
import click.parser
import click.termui
import click.types

_MODULES = (
    click.core, click.decorators, click.exceptions, click.formatting, click.parser, click.termui, click.types,
)  # fmt: skip
WORDS = {
    "Usage:": "用法：",
    "Options": "选项",
    "Commands": "命令",
    "Positional arguments": "参数",
    "Show this message and exit.": "显示这段说明。",
    "Show the version and exit.": "显示版本。",
    "%(prog)s, version %(version)s": "%(prog)s %(version)s",
    "default: {default}": "默认：{default}",
    "Aborted!": "已中止。",
    "Error: {message}": "出错：{message}",
    "Error: The two entered values do not match.": "两次输入的不一样，请再输一次。",
    "Error: invalid input": "看不懂，请再输一次。",
    "Try '{command} {option}' for help.": "怎么用：{command} {option}",
    "Did you mean {possibility}?": "是不是 {possibility}？",
    "(Did you mean one of: {possibilities}?)": "（是不是其中一个：{possibilities}？）",
    "(Possible options: {possibilities})": "（可用的选项：{possibilities}）",
    "Missing command.": "没有写命令。",
    "No such command {name!r}.": "没有 {name!r} 这个命令。",
    "No such option {name!r}.": "没有 {name!r} 这个选项。",
    "No such option: {name}": "没有 {name} 这个选项。",
    "Missing argument": "缺少参数",
    "Missing option": "缺少选项",
    "Missing parameter": "缺少参数",
    "Missing {param_type}": "缺少 {param_type}",
    "Missing parameter: {param_name}": "缺少参数：{param_name}",
    "Choose from:\n\t{choices}": "可以写：\n\t{choices}",
    "Got unexpected extra argument ({args})": "多写了参数：{args}",
    "Got unexpected extra arguments ({args})": "多写了参数：{args}",
    "Option {name!r} does not take a value.": "选项 {name!r} 后面不跟内容。",
    "Option {name!r} requires an argument.": "选项 {name!r} 后面要写内容。",
    "Option {name!r} requires {nargs} arguments.": "选项 {name!r} 后面要写 {nargs} 项内容。",
    "Argument {name!r} takes {nargs} values.": "参数 {name!r} 要写 {nargs} 项。",
    "Takes {nargs} values but 1 was given.": "要写 {nargs} 项，只写了 1 项。",
    "Takes {nargs} values but {len} were given.": "要写 {nargs} 项，写了 {len} 项。",
    "Invalid value: {message}": "写得不对：{message}",
    "Invalid value for {param_hint}: {message}": "{param_hint} 写得不对：{message}",
    "{value!r} is not {choice}.": "{value!r} 不能用，只能写 {choice}。",
    "{value!r} is not one of {choices}.": "{value!r} 不能用，只能写其中一个：{choices}。",
    "{value!r} does not match the format {format}.": "{value!r} 要写成 {format} 的样子。",
    "{value!r} does not match the formats {formats}.": "{value!r} 要写成其中一种样子：{formats}。",
    "{value!r} is not a valid {number_type}.": "{value!r} 不是这里要的数。",
    "{value} is not in the range {range}.": "{value} 超出范围 {range}。",
    "{name} {filename!r} does not exist.": "{name} {filename!r} 不存在。",
    "{name} {filename!r} is a file.": "{name} {filename!r} 是一个文件。",
    "{name} {filename!r} is a directory.": "{name} {filename!r} 是一个目录。",
    "{name} {filename!r} is not readable.": "{name} {filename!r} 读不了，请检查权限。",
    "{name} {filename!r} is not writable.": "{name} {filename!r} 写不了，请检查权限。",
    "file": "文件",
    "directory": "目录",
    "path": "路径",
    "File": "文件",
    "Directory": "目录",
    "Path": "路径",
    "Could not open file {filename!r}: {message}": "文件 {filename!r} 打不开：{message}",
    "unknown error": "原因不明",
}  # fmt: skip


def in_chinese() -> None:
    """From here on Click takes its words from this table; to be called before the first command is made."""
    for module in _MODULES:
        for name, look in (("_", _one), ("ngettext", _some)):
            if hasattr(module, name):
                setattr(module, name, look)


def _one(message: str) -> str:
    return WORDS.get(message, message)


def _some(singular: str, plural: str, n: int) -> str:
    return _one(singular if n == 1 else plural)
