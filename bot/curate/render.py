"""Values -> YAML as the curators write it: plain text where it reads back, `|` for answers, one line for short lists."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import yaml

from intents.yamlfile import parse

ONE_LINE = frozenset(["related", "entries", "also", "options", "ids", "all", "unless"])
"""Lists that are written as `[a, b]`."""
BLOCK_TEXT = frozenset(["answer"])
"""Texts that are written below their key with `|`, however short."""
_STEP = 2


def inline(value: Any, flow: bool = False) -> str:
    """A value on one line; `flow` when it stands inside `[...]` or `{...}`, where commas and brackets need quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{inline(k, True)}: {inline(v, True)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(inline(v, True) for v in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        return repr(value)
    if value is None:
        return "null"
    return _scalar(str(value), flow)


def _scalar(text: str, flow: bool) -> str:
    """The plainest writing that reads back as this very text."""
    frame = "[{}]" if flow else "- {}"
    single = "'" + text.replace("'", "''") + "'"
    double = json.dumps(text, ensure_ascii=False)
    for candidate in (text, single if '"' in text else double, double):
        if "\n" not in candidate and _reads(frame.format(candidate)) == [text]:
            return candidate
    # marks that YAML forbids in a file stand as numbers; the parser knows no surrogate pairs as JSON has them
    return '"' + "".join(c if c.isascii() and c.isalnum() else f"\\U{ord(c):08X}" for c in text) + '"'


def _reads(text: str) -> Any:
    """The data, if both of PyYAML's parsers, the one in C and the one in Python, agree on it; otherwise None."""
    found = parse(text, "")
    try:
        second = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return None
    return second if second == found.data and not found.problems else None


def block(text: str, indent: int) -> list[str] | None:
    """The lines below `key: |`, or None when this text cannot be written so."""
    lines = [" " * indent + line if line else "" for line in text.rstrip("\n").split("\n")]
    read = _reads("\n".join([" " * (indent - _STEP) + "k: |", *lines]) + "\n")
    return lines if read == {"k": text.rstrip("\n") + "\n"} else None


def keyed(key: str, value: Any, indent: int) -> list[str]:
    """The lines of `key: value`, the key standing at column `indent`."""
    head = " " * indent + inline(key) + ":"
    if isinstance(value, str) and (key in BLOCK_TEXT or "\n" in value.strip("\n")):
        lines = block(value, indent + _STEP)
        if lines is not None:
            return [head + " |", *lines]
    if isinstance(value, dict) and value and any(isinstance(v, dict | list) for v in value.values()):
        return [head, *(line for k, v in value.items() for line in keyed(str(k), v, indent + _STEP))]
    if isinstance(value, list) and value and key not in ONE_LINE:
        return [head, *(" " * (indent + _STEP) + "- " + inline(item) for item in value)]
    return [f"{head} {inline(value)}"]
