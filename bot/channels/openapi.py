"""The JSON API described in OpenAPI 3.1 (spec.openapis.org/oas/v3.1.0), written by hand and held against the code by tests.

Descriptions are Chinese: the city's web editors read them.
"""

from __future__ import annotations

from typing import Any

MOST = {"session": 64, "text": 4000, "choice": 100, "feedback": 20, "ref": 64, "id": 64}
"""Longest value of each field of POST /api/chat, characters."""
FEEDBACK = ("helpful", "unhelpful")
MOST_TYPED = 50
"""Longest `q` of GET /api/suggest, characters."""
CODES = {
    400: ("bad_json",),
    404: ("not_found",),
    405: ("bad_method",),
    413: ("too_large",),
    415: ("not_json",),
    422: ("not_object", "no_session", "no_text", "no_q", "bad_type", "bad_value", "bad_text", "too_long"),
    429: ("too_fast",),
    500: ("internal",),
    503: ("busy", "outage"),
}
"""Every code an error of the API may carry, by status."""
_MEANING = {
    400: "请求体不是有效的 JSON。",
    404: "没有这个地址。",
    405: "不支持这种请求方式，Allow 头写明支持哪些。",
    413: "请求体超过上限（默认 64 KiB）。",
    415: "没有以 application/json 发送。",
    422: "字段缺少、类型不对、太长或含有无法保存的字符；message 写明是哪一个。",
    429: "同一个 session 发得太快；过 Retry-After 秒后换一个新的 id 再发。",
    500: "意外的故障，已记入日志。",
    503: "现在太忙或数据库连接不上，这条消息没有记下；过 Retry-After 秒用同一个 id 再发。",
}
_TYPED_TOO_FAST = "同时打字的人太多；过 Retry-After 秒再问，不显示联想也不妨碍提问。"
_RETRY_AFTER = {
    "Retry-After": {"description": "过多少秒再发", "required": True, "schema": {"type": "integer", "minimum": 1}}
}
_HEADERS: dict[int, dict[str, Any]] = {
    405: {"Allow": {"description": "支持的请求方式", "required": True, "schema": {"type": "string"}}},
    429: _RETRY_AFTER,
    503: _RETRY_AFTER,
}
"""Headers that belong to an error, by status."""


def _text(about: str, most: int, least: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "string", "maxLength": most, "description": about}
    return {**found, "minLength": least} if least else found


def _object(properties: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_STRING: dict[str, Any] = {"type": "string"}
_OPTION = _object({"id": _STRING, "title": _STRING})
_ERROR = _object(
    {"error": _object({"code": {"enum": sorted(c for cs in CODES.values() for c in cs)}, "message": _STRING})}
)
_REQUEST: dict[str, Any] = {
    "type": "object",
    "description": "text、choice、feedback 三者写一个；写了几个时依 choice、feedback、text 的次序取第一个。",
    "required": ["session"],
    "anyOf": [{"required": ["text"]}, {"required": ["choice"]}, {"required": ["feedback"]}],
    "properties": {
        "session": _text("一次会话；同一个人连续的提问请用同一个、别人猜不到的字符串", MOST["session"], 1),
        "text": _text("居民的话", MOST["text"]),
        "choice": _text("选中的选项的 id", MOST["choice"]),
        "feedback": {"type": "string", "enum": list(FEEDBACK), "description": "对 ref 那条回答的评价"},
        "ref": _text("feedback 所指回答的 id", MOST["ref"]),
        "id": _text("这条消息的编号；同一个 session 里重复发送同一个 id，得到同一个回答，只计一次", MOST["id"]),
    },
}
_REPLY = _object(
    {
        "id": {**_STRING, "description": "这条消息的编号，评价时写在 ref 里"},
        "outcome": {"enum": ["answer", "options", "none"]},
        "text": _STRING,
        "entry": {"type": ["string", "null"], "description": "知识条目的编号"},
        "options": _list(_OPTION),
        "sources": _list(_object({"title": _STRING, "article": _STRING, "link": _STRING}, ("link",))),
        "checked": {**_STRING, "description": "最近核对的月份，如 2026-11；没有依据时为空"},
        "calls": _list(_object({"number": _STRING, "label": _STRING})),
        "ticket": {"type": ["string", "null"], "description": "工单号，如 K7-3F9Q"},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
    }
)


def _answer(schema: str, about: str) -> dict[str, Any]:
    return {
        "description": about,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
    }


def _errors(*statuses: int) -> dict[str, Any]:
    return {str(status): _error(status) for status in statuses}


def _error(status: int, about: str = "") -> dict[str, Any]:
    """`about` where the status means something else than usual."""
    headers = {"headers": _HEADERS[status]} if status in _HEADERS else {}
    return {**_answer("Error", about or _MEANING[status]), **headers}


def document(title: str) -> dict[str, Any]:
    """The whole description; `title` is the page's (setting web.title)."""
    chat = {
        "operationId": "chat",
        "summary": "问一句，得到一个回答",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Request"}}},
        },
        "responses": {"200": _answer("Reply", "回答、选项或工单"), **_errors(400, 405, 413, 415, 422, 429, 500, 503)},
    }
    suggest = {
        "operationId": "suggest",
        "summary": "边打字边联想：最多六个标准问",
        "parameters": [
            {"name": "q", "in": "query", "required": True, "schema": _text("已经打出的字", MOST_TYPED)},
        ],
        "responses": {
            "200": _answer("Suggestions", "标准问，最像的在前"),
            **_errors(405, 422, 500),
            "429": _error(429, _TYPED_TOO_FAST),
        },
    }
    own = {
        "operationId": "openapi",
        "summary": "本说明",
        "responses": {
            "200": {"description": "OpenAPI 3.1", "content": {"application/json": {"schema": {"type": "object"}}}},
            **_errors(405, 500),
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{title} · 法问接口",
            "version": "1",
            "description": '每个错误都是同一种形状：{"error": {"code", "message"}}。',
        },
        "paths": {"/api/chat": {"post": chat}, "/api/suggest": {"get": suggest}, "/api/openapi.json": {"get": own}},
        "components": {
            "schemas": {
                "Request": _REQUEST,
                "Reply": _REPLY,
                "Suggestions": _object({"suggestions": _list(_OPTION)}),
                "Error": _ERROR,
            }
        },
    }
