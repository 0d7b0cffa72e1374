"""YAML with line numbers and without silent losses.

PyYAML keeps the last of two equal keys and says nothing; here each mapping key is checked, and every value
remembers the line it stands on. Values are plain `dict`, `list`, `str`, `int`, `float`, `bool`, `date`, `None`.
References to a whole list or mapping (`*name`) are refused: a few lines of them can stand for billions of values, or for
themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

import yaml

from intents.errors import Problem

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXT = "tag:yaml.org,2002:str"
_TYPED = frozenset(yaml.SafeLoader.yaml_implicit_resolvers)
"""First characters of unquoted numbers, dates, yes and no; hardly any sentence of ours begins with one."""


class _Loader(_Base):  # type: ignore[misc]  # the base is chosen at run time
    """PyYAML's, which looks for the type of every scalar in Python: spared where the first character settles it."""

    def resolve(self, kind: type[yaml.Node], value: str, implicit: tuple[bool, bool]) -> Any:
        if kind is yaml.ScalarNode and not (implicit[0] and value[:1] in _TYPED):
            return _TEXT
        return super().resolve(kind, value, implicit)


@dataclass
class YamlFile:
    """A parsed file: `data`, the `problems` met while parsing, and the line of each value."""

    path: str
    data: Any = None
    problems: list[Problem] = field(default_factory=list)
    _lines: dict[tuple[str | int, ...], int] = field(default_factory=dict)
    _seen: set[int] = field(default_factory=set)
    """Ids of the collections met so far; the parser gives the same object again for a reference."""

    def line(self, *keys: str | int) -> int:
        """Line (from 1) of the value reached by these keys, or of the nearest parent that is known."""
        while keys and keys not in self._lines:
            keys = keys[:-1]
        return self._lines.get(keys, 1)

    def at(self, line: int) -> list[tuple[tuple[str | int, ...], Any]]:
        """The values that begin on this line and their keys, the innermost first."""
        here = sorted((keys for keys, found in self._lines.items() if found == line and keys), key=len, reverse=True)
        return [(keys, reduce(lambda value, key: value[key], keys, self.data)) for keys in here]


def read(path: Path, shown: str) -> YamlFile:
    """Parse one file; problems are collected, never raised. `shown` is the path that messages name."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return YamlFile(shown, problems=[Problem(shown, 0, "文件不存在，请放回这个文件。", code="missing_file")])
    except UnicodeDecodeError as error:
        said = f"不是 UTF-8 编码（第 {error.start} 字节）。请另存为 UTF-8。"
        return YamlFile(shown, problems=[Problem(shown, 0, said, code="encoding")])
    return parse(text, shown)


def parse(text: str, shown: str) -> YamlFile:
    """Parse a text; problems are collected, never raised."""
    result = YamlFile(shown)
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is not None:
                result.data = _build(loader, node, result, ())
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        result.data = None
        result.problems.append(Problem(shown, line, f"YAML 写法有误：{_explain(error)}", code="yaml"))
    except yaml.YAMLError as error:
        result.data = None
        result.problems.append(Problem(shown, 0, f"YAML 写法有误：{error}", code="yaml"))
    return result


def _build(loader: Any, node: yaml.Node, result: YamlFile, keys: tuple[str | int, ...]) -> Any:
    result._lines[keys] = node.start_mark.line + 1
    if isinstance(node, yaml.CollectionNode):
        if id(node) in result._seen:
            line = node.start_mark.line + 1
            said = "这一段用 & 起了名字、又在别处用 * 引用。请把内容在用到的地方各写一遍。"
            result.problems.append(Problem(result.path, line, said, code="alias"))
            return None
        result._seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        mapping: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if key_node.tag == _TEXT else loader.construct_object(key_node, deep=True)
            if not isinstance(key, str | int | float | bool):
                key = str(key)
            if key in mapping:
                first = result.line(*keys, key)
                result.problems.append(
                    Problem(
                        result.path,
                        key_node.start_mark.line + 1,
                        f"键“{key}”写了两次（第一次在第 {first} 行）。请合并或删去一处。",
                        code="duplicate_key",
                    )
                )
                continue
            mapping[key] = _build(loader, value_node, result, (*keys, key))
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_build(loader, item, result, (*keys, i)) for i, item in enumerate(node.value)]
    if node.tag == _TEXT:
        return node.value
    try:
        return loader.construct_object(node, deep=True)
    except ValueError:
        # a date such as 2026-02-30: kept as text, so that the rule on dates names it
        return node.value


def _explain(error: yaml.MarkedYAMLError) -> str:
    problem = str(error.problem or error.context or "无法解析")
    hints = {
        "mapping values are not allowed": "这一行多了冒号。句子里有英文冒号时，请改用全角冒号“：”或整句加引号。",
        "could not find expected ':'": "缺少冒号，或上一行的引号没有闭合。",
        "found character '\\t'": "缩进用了制表符，请改成空格。",
        "found character '\\\\t'": "缩进用了制表符，请改成空格。",
        "expected <block end>": "缩进没有对齐，或列表项前少了“- ”。",
        "found unexpected end of stream": "引号没有闭合。",
        "found undefined alias": "以 * 开头的文字请加引号。",
        "found unknown escape character": "双引号里的反斜杠写法不对，请改用单引号。",
        "cannot start any token": "行首有不能直接使用的符号，请给整句加引号。",
    }
    return next((f"{hint}（{problem}）" for start, hint in hints.items() if start in problem), problem)


def walk(data: Any, *keys: str | int) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every scalar below `data` with its keys."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from walk(value, *keys, key)
    elif isinstance(data, list):
        for i, value in enumerate(data):
            yield from walk(value, *keys, i)
    else:
        yield keys, data
