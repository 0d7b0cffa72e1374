"""The fewest changes of a YAML text that make it say other data.

Writing a whole file anew, even with a library that keeps comments, moves lines that nobody touched: long lines, lists
in brackets, empty values. Here only the lines of a changed value are replaced, by the positions that the parser
gives, so everything else stays byte for byte, comments included. The outcome is read back and compared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

import yaml

from bot.curate import render
from bot.errors import EditError
from intents.yamlfile import parse

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_HEADER = re.compile(r"[|>][0-9+-]*")


def read_data(text: str, shown: str = "") -> Any:
    """The data of a text. Raises EditError, with the line, when it is not sound YAML."""
    found = parse(text, shown)
    if found.problems:
        raise EditError(f"文件本身有误，请先改好：{found.problems[0]}")
    return found.data


def rewrite(text: str, data: Any, shown: str = "") -> str:
    """The text with the fewest changes after which it says `data`; the very same text when it says so already.

    Raises EditError when the text is no sound YAML, or is written in a way that cannot be changed safely (anchors,
    comments inside brackets); `shown` names the file in messages.
    """
    old = read_data(text, shown)
    if same(old, data):
        return text
    try:
        changed = _Rewriter(text, shown).run(old, data)
    except yaml.YAMLError as error:
        raise EditError(f"{shown} 读不懂：{error}") from None
    if not same(read_data(changed, shown), data):
        raise EditError(f"{shown} 的这一处写法不能由程序安全地改，请用编辑器手工修改。")
    return changed


def same(first: Any, second: Any) -> bool:
    """Equal but for line ends at the end of texts, which `|` adds and nobody sees."""
    if isinstance(first, str) and isinstance(second, str):
        return first.rstrip("\n") == second.rstrip("\n")
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(same(v, second[k]) for k, v in first.items())
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(same, first, second))
    return type(first) is type(second) and bool(first == second)


@dataclass
class _Rewriter:
    text: str
    shown: str
    cuts: list[tuple[int, int, str]] = field(default_factory=list)
    """(from, to, replacement) in characters of the text."""

    def __post_init__(self) -> None:
        self.end = "\r\n" if "\r\n" in self.text else "\n"
        if not self.text.endswith("\n"):
            self.text += self.end
        self.lines = self.text.split("\n")
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line) + 1)

    def run(self, old: Any, new: Any) -> str:
        root = yaml.compose(self.text, Loader=_Loader)
        if root is None:
            raise EditError(f"{self.shown} 是空的。")
        self._value(root, old, new, 0, "")
        text = self.text
        # from the end, so that positions before stay true; of two insertions at one place the first made comes first
        for begin, stop, replacement in sorted(self.cuts, key=lambda c: c[:2])[::-1]:
            text = text[:begin] + replacement + text[stop:]
        return text

    def _at(self, mark: yaml.Mark) -> int:
        return self.starts[mark.line] + mark.column

    def _insert(self, line: int, lines: list[str]) -> None:
        """New lines before line number `line` (from 0)."""
        at = self.starts[line]
        self.cuts.append((at, at, "".join(x + self.end for x in lines)))

    def _remove(self, first: int, last: int) -> None:
        self.cuts.append((self.starts[first], self.starts[last + 1], ""))

    def _last(self, node: yaml.Node) -> int:
        """The last line of a value; what follows may be comments of whoever comes next."""
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return self._last(last[1] if isinstance(last, tuple) else last)
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            line = node.end_mark.line - 1 if node.end_mark.column == 0 else node.end_mark.line
            line = min(line, len(self.lines) - 1)
            while line > node.start_mark.line and not self._content(line, node):
                line -= 1
            return line
        return int(node.end_mark.line)

    def _content(self, line: int, node: yaml.Node) -> bool:
        text, head = self.lines[line], self.lines[node.start_mark.line]
        if not text.strip():
            return False
        return len(text) - len(text.lstrip(" ")) > len(head) - len(head.lstrip(" "))

    def _value(self, node: yaml.Node, old: Any, new: Any, indent: int, key: str) -> None:
        """Make one value say `new`; `indent` is the column of its key."""
        if same(old, new):
            return
        block = isinstance(node, yaml.CollectionNode) and not node.flow_style
        if block and isinstance(node, yaml.MappingNode) and isinstance(new, dict) and new:
            self._mapping(node, old, new)
        elif block and isinstance(node, yaml.SequenceNode) and isinstance(new, list) and new:
            self._sequence(node, old, new)
        elif block:
            raise EditError(f"{self.shown} 第 {node.start_mark.line + 1} 行：不能把“{key}”整个删空或换成别的写法。")
        elif isinstance(node, yaml.ScalarNode) and node.style in ("|", ">") and isinstance(new, str):
            self._block_text(node, new, indent, key)
        else:
            self._inline(node, new, indent, key)

    def _mapping(self, node: yaml.MappingNode, old: dict[Any, Any], new: dict[Any, Any]) -> None:
        nodes = dict(zip(old, node.value, strict=True))
        column = node.start_mark.column
        after = node.start_mark.line
        for name, value in new.items():
            if name in nodes:
                held = nodes[name][1]
                self._value(held, old[name], value, column, str(name))
                after = self._last(held) + 1
            else:
                self._insert(after, render.keyed(str(name), value, column))
        for name, (key_node, held) in nodes.items():
            if name not in new:
                self._remove(key_node.start_mark.line, self._last(held))

    def _sequence(self, node: yaml.SequenceNode, old: list[Any], new: list[Any]) -> None:
        items = node.value
        prefix = " " * node.start_mark.column + "- "
        steps = SequenceMatcher(None, [repr(x) for x in old], [repr(x) for x in new], autojunk=False).get_opcodes()
        for kind, a, b, c, d in steps:
            if kind == "equal":
                continue
            if b - a == d - c:
                for item, before, after in zip(items[a:b], old[a:b], new[c:d], strict=True):
                    self._value(item, before, after, node.start_mark.column, "")
                continue
            if c < d:
                line = items[a].start_mark.line if a == 0 else self._last(items[a - 1]) + 1
                block = isinstance(items[-1], yaml.MappingNode) and not items[-1].flow_style
                self._insert(line, [x for value in new[c:d] for x in _item(value, prefix, block)])
            for item in items[a:b]:
                self._remove(item.start_mark.line, self._last(item))

    def _block_text(self, node: yaml.ScalarNode, new: str, indent: int, key: str) -> None:
        first, last = node.start_mark.line, self._last(node)
        own = next((x for x in self.lines[first + 1 : last + 1] if x.strip()), "")
        lines = render.block(new, len(own) - len(own.lstrip(" ")) or indent + 2)
        if lines is None:
            self._remove(first + 1, last)
            self._inline(node, new, indent, key)
            return
        begin = self._at(node.start_mark)
        found = _HEADER.match(self.text, begin)
        self.cuts.append((begin, found.end() if found else begin + 1, "|"))
        if last > first:
            self._remove(first + 1, last)
        self._insert(first + 1, lines)

    def _inline(self, node: yaml.Node, new: Any, indent: int, key: str) -> None:
        begin, stop = self._at(node.start_mark), self._at(node.end_mark)
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            found = _HEADER.match(self.text, begin)
            stop = found.end() if found else begin + 1
        elif "\n" in self.text[begin:stop] and "#" in self.text[begin:stop]:
            line = node.start_mark.line + 1
            raise EditError(f"{self.shown} 第 {line} 行起的括号里有注释，程序改会丢掉它，请用编辑器手工修改。")
        lines = render.keyed(key, new, indent) if key else [f"{render.inline(new)}"]
        written = lines[0].split(":", 1)[1].lstrip(" ") if key else lines[0]
        flow = isinstance(node, yaml.CollectionNode)
        if flow or (len(lines) > 1 and isinstance(new, dict | list) and node.value):
            written, lines = render.inline(new), lines[:1]
        gap = " " if begin == stop and self.text[begin - 1 : begin] == ":" and written else ""
        self.cuts.append((begin, stop, gap + written))
        if len(lines) > 1:
            self._insert(node.end_mark.line + 1, lines[1:])


def _item(value: Any, prefix: str, block: bool) -> list[str]:
    """The lines of one new item; a mapping in the style of its neighbours."""
    if block and isinstance(value, dict) and value:
        lines = [line for k, v in value.items() for line in render.keyed(str(k), v, len(prefix))]
        return [prefix + lines[0].lstrip(" "), *lines[1:]]
    return [prefix + render.inline(value)]
