"""The changes that staff make to knowledge files, each a text in and a text out; nothing else in the text moves.

    text = add_question(text, "cost", "请公家的律师要钱吗")
    text = set_fields(text, "cost", {"answer": "不收费。", "reviewed": date(2026, 11, 25)})

Each raises EditError with a Chinese sentence when the change cannot be made; `bot.curate.files` reads and writes.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from bot.curate.layout import read_data, rewrite
from bot.errors import EditError
from intents.schema import ENTRY_KEYS

_NEW_TESTS = "# 检验题。题目不能与 entries 里的相似问相同。\ntests:\n"


def one_line(text: str) -> str:
    """A question as it is stored: one line, no space around it. Raises EditError when nothing is left."""
    found = " ".join(text.split())
    if not found:
        raise EditError("问题是空的，请写上一句话。")
    return found


def entries_of(data: Any) -> dict[str, dict[str, Any]]:
    """The entries of a topic file's data, by name. Raises EditError when there are none."""
    found = data.get("entries") if isinstance(data, dict) else None
    if not isinstance(found, dict) or not all(isinstance(v, dict) for v in found.values()):
        raise EditError("这个文件里没有“entries:”，或者里面有的条目不成条目，请先运行 fawen check。")
    return found


def add_question(text: str, entry: str, question: str) -> str:
    """One 相似问 more, at the end of the entry's list; `entry` is the name without its topic."""
    data = read_data(text)
    said, held = one_line(question), _entry(data, entry).setdefault("questions", [])
    if said in held:
        raise EditError(f"条目“{entry}”里已经有这一句：“{said}”。")
    held.append(said)
    return rewrite(text, data)


def remove_question(text: str, entry: str, question: str) -> str:
    """One 相似问 less. An entry keeps its last question: to take the entry out of use, make it a draft."""
    data = read_data(text)
    held = _entry(data, entry).get("questions") or []
    if question not in held:
        raise EditError(f"条目“{entry}”里没有这一句：“{question}”。")
    if len(held) == 1:
        raise EditError(f"“{question}”是条目“{entry}”的最后一句相似问，不能删。不再使用的条目请改成草稿（draft）。")
    held.remove(question)
    return rewrite(text, data)


def set_fields(text: str, entry: str, changes: Mapping[str, Any]) -> str:
    """Fields of an entry replaced, added, or taken out (None or an empty list); keys and values as in `ENTRY_KEYS`."""
    data = read_data(text)
    update_entry(data, entry, changes)
    return rewrite(text, data)


def update_entry(data: Any, entry: str, changes: Mapping[str, Any]) -> None:
    """The same on the data of a file, for many changes at once; each key and value is checked."""
    held = _entry(data, entry)
    for key, value in changes.items():
        _accept(entry, key, value)
        if value is None or value == [] or value == ():
            held.pop(key, None)
        else:
            held[key] = _tidy(key, value)
    entries_of(data)[entry] = ordered(held)


def add_entry(text: str, name: str, fields: Mapping[str, Any], today: date) -> str:
    """A new entry at the end of a topic file: a draft, until a curator has read it and publishes it.

    `reviewed` and `review_after` are today where they are not given: a draft is due for review at once.
    """
    data = read_data(text)
    place_entry(data, name, fields, today)
    return rewrite(text, data)


def place_entry(data: Any, name: str, fields: Mapping[str, Any], today: date) -> None:
    """The same on the data of a file, for many changes at once."""
    held = entries_of(data)
    if name in held:
        raise EditError(f"已经有编号为“{name}”的条目，请换一个编号。")
    if not name.isascii() or not name.replace("_", "a").isalnum() or name != name.lower() or not name[:1].isalpha():
        raise EditError(f"条目编号“{name}”只能用小写字母、数字和下划线，以字母开头。")
    whole = {"reviewed": today, "review_after": today, "status": "draft", **fields}
    for key in ("title", "questions", "answer"):
        if not whole.get(key):
            raise EditError(f"新条目“{name}”缺少“{key}”（{ENTRY_KEYS[key].hint}）。")
    held[name] = {}
    update_entry(data, name, whole)


def add_test(text: str, question: str, entry_id: str, also: Sequence[str] = ()) -> str:
    """One 检验题 more in a tests/<topic>.yaml; an empty text becomes a new file. `entry_id` is the full id."""
    text = text if text.strip() else _NEW_TESTS
    data = read_data(text)
    if not isinstance(data, dict) or not isinstance(data.get("tests", []) or [], list):
        raise EditError("检验题文件应当以“tests:”开头。")
    said, held = one_line(question), data.get("tests") or []
    if any(isinstance(t, dict) and t.get("q") == said for t in held):
        raise EditError(f"已经有这道检验题：“{said}”。")
    row: dict[str, Any] = {"q": said, "entry": entry_id}
    data["tests"] = [*held, {**row, "also": list(also)} if also else row]
    return rewrite(text, data)


def add_background(text: str, entry_id: str, domain: str, question: str) -> str:
    """One question more in outside.yaml: what the bot must not answer from an entry; a new domain gets its group."""
    data = read_data(text)
    blocks = data.get("outside") if isinstance(data, dict) else None
    if not isinstance(blocks, list):
        raise EditError("outside.yaml 应当以“outside:”开头。")
    said = one_line(question)
    if any(said in b.get("questions", ()) for b in blocks):
        raise EditError(f"outside.yaml 里已经有这一句：“{said}”。")
    for held in blocks:
        if held.get("entry") == entry_id and held.get("domain") == domain:
            held["questions"].append(said)
            break
    else:
        blocks.append({"entry": entry_id, "domain": domain, "questions": [said]})
    return rewrite(text, data)


def ordered(fields: Mapping[str, Any]) -> dict[str, Any]:
    """An entry's fields in the order of the manual; keys that it does not know come last."""
    known = {key: fields[key] for key in ENTRY_KEYS if key in fields}
    return {**known, **{key: value for key, value in fields.items() if key not in known}}


def _entry(data: Any, name: str) -> dict[str, Any]:
    held = entries_of(data)
    if name not in held:
        raise EditError(f"这个文件里没有条目“{name}”。")
    return held[name]


def _accept(entry: str, key: str, value: Any) -> None:
    spec = ENTRY_KEYS.get(key)
    if spec is None:
        raise EditError(f"条目没有“{key}”这个键。可用的键：{'、'.join(ENTRY_KEYS)}。")
    empty = value is None or value == [] or value == ()
    if empty and spec.required:
        raise EditError(f"条目“{entry}”的“{key}”不能为空（{spec.hint}）。")
    if not empty and not spec.accepts(value):
        raise EditError(f"条目“{entry}”的“{key}”应当是{spec.hint}，现在是：{str(value)[:30]}。")


def _tidy(key: str, value: Any) -> Any:
    if key in ("questions", "not_questions"):
        return [one_line(question) for question in value]
    if key == "answer":
        return "\n".join(line.rstrip() for line in value.strip().splitlines())
    return value.strip() if isinstance(value, str) else copy.deepcopy(value)
