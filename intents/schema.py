"""The fields of each kind of mapping in knowledge/: one table, from which the checks and the JSON Schema come."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

ASPECTS = (
    "fee", "time", "where", "how", "materials", "agent", "online", "home", "refused", "complaint", "withdraw",
    "dishonest", "verify", "optional", "effect", "validity", "limit", "eligibility", "appeal", "privacy", "what",
)  # fmt: skip
"""What a question is after, whatever its subject; follow-ups are understood by it."""


@dataclass(frozen=True, slots=True)
class Field:
    """One key: what it accepts, how the validator names it, and its JSON Schema."""

    accepts: Callable[[Any], bool]
    hint: str
    schema: dict[str, Any]
    required: bool = False
    code: str = "type"


def _text(hint: str = "一句文字", required: bool = False) -> Field:
    return Field(lambda v: isinstance(v, str) and bool(v.strip()), hint, {"type": "string", "minLength": 1}, required)


def _texts(hint: str, required: bool = False, least: int = 0) -> Field:
    return Field(
        lambda v: isinstance(v, list) and len(v) >= least and all(isinstance(x, str) for x in v),
        hint,
        {"type": "array", "items": {"type": "string"}, "minItems": least},
        required,
    )


def _is_day(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _day(required: bool = False) -> Field:
    schema = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
    return Field(_is_day, "日期，写成 2026-11-23", schema, required, code="bad_date")


def _list_of(fields: dict[str, Field], hint: str) -> Field:
    return Field(lambda v: isinstance(v, list), hint, {"type": "array", "items": object_schema(fields)}, code="type")


def _one_of(values: tuple[str, ...]) -> Field:
    return Field(lambda v: v in values, "、".join(values) + " 之一", {"enum": list(values)}, required=True)


def _mapping(hint: str, value_schema: dict[str, Any], check: Callable[[Any], bool]) -> Field:
    return Field(
        lambda v: isinstance(v, dict) and all(isinstance(k, str) and check(x) for k, x in v.items()),
        hint,
        {"type": "object", "additionalProperties": value_schema},
    )


def object_schema(fields: dict[str, Field]) -> dict[str, Any]:
    """JSON Schema of one mapping."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: {"description": f.hint, **f.schema} for key, f in fields.items()},
        "required": [key for key, f in fields.items() if f.required],
    }


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(w, str) and w for w in value)


SOURCE_REF_KEYS = {
    "source": _text("sources.yaml 里的键", required=True),
    "article": Field(
        lambda v: isinstance(v, str) and bool(re.match(r"第[一二三四五六七八九十百千零]+条(之[一二三四五])?", v)),
        "条号，写成 第四十一条（一项一条）",
        {"type": "string", "pattern": "^第[一二三四五六七八九十百千零]+条"},
        code="article",
    ),
    "part": _text("文件的部分，如 第三部分"),
}
CONFUSABLE_KEYS = {
    "entry": _text("条目编号", required=True),
    "ask": _text("能把两者分开的一句问话", required=True),
}
CALL_KEYS = {
    "number": _text("电话号码，加引号", required=True),
    "label": _text("电话名称，如 报警", required=True),
}
TRIGGER_KEYS = {
    "all": Field(
        lambda v: isinstance(v, list) and bool(v) and all(_is_words(g) and g for g in v),
        "若干组词，每组至少要出现一个",
        {
            "type": "array",
            "minItems": 1,
            "items": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        },
        required=True,
    ),
    "unless": _texts("出现任何一个就不触发的词"),
}


def _complete(fields: dict[str, Field]) -> Callable[[Any], bool]:
    def accepts(value: Any) -> bool:
        return isinstance(value, list) and all(
            isinstance(item, dict)
            and set(item) <= set(fields)
            and all(key in item for key, f in fields.items() if f.required)
            and all(fields[key].accepts(x) for key, x in item.items())
            for item in value
        )

    return accepts


def _strict_list(fields: dict[str, Field], hint: str) -> Field:
    return Field(_complete(fields), hint, {"type": "array", "items": object_schema(fields)})


ENTRY_KEYS = {
    "title": _text("标题，最多 24 个字", required=True),
    "questions": _texts("相似问的列表，每行一句", required=True, least=1),
    "not_questions": _texts("反例问的列表"),
    "answer": _text("回答的正文", required=True),
    "sources": _list_of(SOURCE_REF_KEYS, "依据的列表"),
    "related": _texts("相关条目编号的列表"),
    "confusable": _list_of(CONFUSABLE_KEYS, "易混条目的列表"),
    "call": _strict_list(CALL_KEYS, "紧急电话的列表，每项写 number 和 label"),
    "triggers": _strict_list(TRIGGER_KEYS, "紧急规则的列表，每项写 all 和 unless"),
    "aspect": _text("问的是哪一方面"),
    "reviewed": _day(required=True),
    "review_after": _day(required=True),
    "status": _one_of(("published", "draft")),
    "valid_from": _day(),
    "valid_to": _day(),
}
TOPIC_HEAD_KEYS = {
    "title": _text("主题名", required=True),
    "order": Field(
        lambda v: isinstance(v, int) and not isinstance(v, bool),
        "菜单里的次序，整数",
        {"type": "integer"},
        True,
    ),
}
TOPIC_KEYS = {
    "topic": Field(
        lambda v: (
            isinstance(v, dict)
            and set(v) == set(TOPIC_HEAD_KEYS)
            and all(f.accepts(v[k]) for k, f in TOPIC_HEAD_KEYS.items())
        ),
        "{title: 主题名, order: 次序}",
        object_schema(TOPIC_HEAD_KEYS),
        required=True,
    ),
    "entries": Field(
        lambda v: isinstance(v, dict) and bool(v),
        "各条目",
        {"type": "object", "minProperties": 1, "additionalProperties": object_schema(ENTRY_KEYS)},
        required=True,
    ),
}
SOURCE_KEYS = {
    "title": _text("全称", required=True),
    "short": _text("简称", required=True),
    "issuer": _text("发布机关"),
    "number": _text("文号"),
    "date": _day(),
    "in_force": _day(),
    "status": _one_of(("in_force", "superseded", "policy")),
    "link": Field(
        lambda v: isinstance(v, str) and v.startswith("https://"),
        "https:// 开头的官方网址",
        {"type": "string", "pattern": "^https://"},
    ),
    "law_text": _text("法律文本第一个标题"),
    "note": _text("备注"),
}
BLOCK_KEYS = {
    "entry": _text("chat.case_advice、chat.other_department 或 none", required=True),
    "domain": _text("领域，如 婚姻", required=True),
    "questions": _texts("问题的列表", required=True, least=1),
}
ASK_KEYS = {
    "ask": _text("反问的一句话", required=True),
    "entries": _texts("条目编号的列表，至少两个", required=True, least=2),
    "questions": _texts("问题的列表", required=True, least=1),
}
_WORD = {"type": "string"}
_WORDS = {"type": "array", "items": _WORD}
LEXICON_KEYS = {
    "fillers": _texts("语气词的列表"),
    "cantonese": _mapping("粤语词: 普通话", _WORD, lambda v: isinstance(v, str)),
    "typos": _mapping("错字: 正字", _WORD, lambda v: isinstance(v, str)),
    "synonyms": _mapping("标准词: [同义词]", _WORDS, _is_words),
    "aspects": _mapping("方面: [线索词]", _WORDS, _is_words),
    "followup_starts": _texts("追问开头词的列表"),
    "topic_shift": _texts("换话题的词的列表"),
}


def topic_file_schema() -> dict[str, Any]:
    """JSON Schema of entries/<topic>.yaml, for editors; knowledge/entries.schema.json holds it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "法问知识条目",
        **object_schema(TOPIC_KEYS),
    }
