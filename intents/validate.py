"""The rules of the knowledge format. Every finding is collected, in Chinese, with file, line and remedy.

Only what makes a file unusable or an answer wrong to give is an error; matters of care are warnings
(`intents.lint`, which also needs a matcher and the law texts).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from intents.errors import Problem
from intents.model import ASK, NO_ENTRY, ROUTING
from intents.schema import (
    ASK_KEYS,
    ASPECTS,
    BLOCK_KEYS,
    CONFUSABLE_KEYS,
    ENTRY_KEYS,
    LEXICON_KEYS,
    SOURCE_KEYS,
    SOURCE_REF_KEYS,
    TOPIC_KEYS,
    Field,
)
from intents.yamlfile import YamlFile, walk

ANSWER_BYTES = 2000
"""Answer with its sources line, UTF-8: the plan for one WeChat passive text (docs: no number; 2,048 measured)."""
TITLE_LENGTH = 24
_ID = re.compile(r"[a-z][a-z0-9_]*\Z")
_MARKUP = re.compile(r"\*\*|__|</?[a-z]+>|`|^#+ ", re.M | re.I)


@dataclass(frozen=True)
class Files:
    """The parsed files of one knowledge directory."""

    root: Path
    entries: dict[str, YamlFile]
    sources: YamlFile
    outside: YamlFile
    asks: YamlFile
    lexicon: YamlFile
    texts: YamlFile


def validate(files: Files) -> list[Problem]:
    """Every problem of the format, sorted by file and line."""
    return sorted(_Validator(files).run(), key=lambda p: (p.path, p.line, p.message))


class _Validator:
    def __init__(self, files: Files) -> None:
        self.files = files
        self.problems: list[Problem] = []
        self.source_ids: dict[str, Any] = {}
        self.entry_ids: set[str] = set()
        self.seen: dict[str, tuple[str, int, str]] = {}

    def error(self, file: YamlFile, keys: tuple[str | int, ...], message: str, code: str) -> None:
        self.problems.append(Problem(file.path, file.line(*keys), message, code=code))

    def run(self) -> list[Problem]:
        files = self.files
        every = [*files.entries.values(), files.sources, files.outside, files.asks, files.lexicon, files.texts]
        for file in every:
            self.problems.extend(file.problems)
        if not files.entries:
            self.problems.append(Problem("entries", 0, "没有任何条目文件（entries/<主题>.yaml）。", code="empty"))
        self._sources()
        for topic, file in files.entries.items():
            entries = file.data.get("entries") if isinstance(file.data, dict) else None
            if isinstance(entries, dict):
                self.entry_ids |= {f"{topic}.{name}" for name in entries}
        for topic, file in files.entries.items():
            self._topic(topic, file)
        self._outside()
        self._asks()
        self._lexicon()
        self._texts()
        return self.problems

    def _keys(self, file: YamlFile, at: tuple[str | int, ...], raw: Any, fields: dict[str, Field], what: str) -> bool:
        """Check one mapping against its fields; False when it is no mapping or lacks a required key."""
        if not isinstance(raw, dict):
            self.error(file, at, f"{what}应当是一组“键: 值”，现在是：{_short(raw)}。", "type")
            return False
        for key in raw:
            if key not in fields:
                known = "、".join(fields)
                self.error(file, (*at, key), f"{what}里有不认识的键“{key}”。可用的键：{known}。", "unknown_key")
        usable = True
        for key, spec in fields.items():
            if key not in raw:
                if spec.required:
                    self.error(file, at, f"{what}缺少“{key}”（{spec.hint}）。", "missing_key")
                    usable = False
            elif not spec.accepts(raw[key]):
                found = _short(raw[key])
                self.error(file, (*at, key), f"“{key}”应当是{spec.hint}，现在是：{found}。", spec.code)
                usable = False
        return usable

    def _sources(self) -> None:
        file = self.files.sources
        if not isinstance(file.data, dict) or not isinstance(file.data.get("sources"), dict):
            if not file.problems:
                self.error(file, (), "应当以“sources:”开头，下面一行一个来源。", "type")
            return
        for key, raw in file.data["sources"].items():
            self.source_ids[key] = raw
            self._keys(file, ("sources", key), raw, SOURCE_KEYS, f"来源“{key}”")

    def _topic(self, topic: str, file: YamlFile) -> None:
        if file.data is None:
            if not file.problems:
                self.error(file, (), "文件是空的。请删去文件，或写上 topic 和 entries。", "empty")
            return
        if not self._keys(file, (), file.data, TOPIC_KEYS, "主题文件"):
            return
        if not _ID.match(topic):
            self.error(file, (), f"文件名“{topic}”只能用小写字母、数字和下划线。", "id")
        for name, raw in file.data["entries"].items():
            at = ("entries", name)
            if not isinstance(name, str) or not _ID.match(name):
                self.error(file, at, f"条目编号“{name}”只能用小写字母、数字和下划线，以字母开头。", "id")
            elif self._keys(file, at, raw, ENTRY_KEYS, f"条目“{topic}.{name}”"):
                self._entry(topic, name, raw, file)

    def _entry(self, topic: str, name: str, raw: dict[str, Any], file: YamlFile) -> None:
        at, entry_id = ("entries", name), f"{topic}.{name}"
        for i, question in enumerate(raw["questions"]):
            self._unique(file, (*at, "questions", i), question, entry_id)
        if len(raw["title"]) > TITLE_LENGTH:
            self.error(file, (*at, "title"), f"标题超过 {TITLE_LENGTH} 个字，按钮上放不下。", "title_length")
        if raw.get("aspect") and raw["aspect"] not in ASPECTS:
            known = "、".join(ASPECTS)
            self.error(file, (*at, "aspect"), f"不认识的 aspect“{raw['aspect']}”。可用：{known}。", "aspect")
        self._references(file, at, raw, entry_id)
        self._entry_sources(topic, file, at, raw)
        self._answer(file, at, raw)
        if raw["review_after"] < raw["reviewed"]:
            self.error(file, (*at, "review_after"), "下次核对日期早于核对日期。", "date_order")
        if raw.get("valid_from") and raw.get("valid_to") and raw["valid_to"] < raw["valid_from"]:
            self.error(file, (*at, "valid_to"), "失效日期早于生效日期。", "date_order")
        if (raw.get("call") or raw.get("triggers")) and topic != "safety":
            self.error(file, at, "call 和 triggers 只用于 safety 主题。", "safety_only")

    def _unique(self, file: YamlFile, at: tuple[str | int, ...], question: str, owner: str) -> None:
        bare = re.sub(r"\W", "", question).lower()
        if not bare:
            self.error(file, at, "相似问是空的或只有标点。请删去这一行。", "empty_question")
            return
        if bare in self.seen:
            path, line, other = self.seen[bare]
            where = f"{path} 第 {line} 行"
            if other == owner:
                self.error(file, at, f"同一句话写了两次（{where}）：“{question}”。请删去一处。", "same_question")
            else:
                self.error(
                    file,
                    at,
                    f"“{question}”也是条目“{other}”的相似问（{where}）。一句话只能属于一个条目，请删去一处或改写。",
                    "shared_question",
                )
            return
        self.seen[bare] = (file.path, file.line(*at), owner)

    def _references(self, file: YamlFile, at: tuple[str | int, ...], raw: dict[str, Any], entry_id: str) -> None:
        named = [(("related", i), r) for i, r in enumerate(raw.get("related") or ())]
        for i, item in enumerate(raw.get("confusable") or ()):
            if self._keys(file, (*at, "confusable", i), item, CONFUSABLE_KEYS, "confusable 的一项"):
                named.append((("confusable", i), item["entry"]))
        for keys, target in named:
            if target not in self.entry_ids:
                close = _closest(target, self.entry_ids)
                hint = f"您是不是想写“{close}”？" if close else "请改成已有的条目编号。"
                self.error(file, (*at, *keys), f"“{keys[0]}”指向不存在的条目“{target}”。{hint}", "dangling")
            elif target == entry_id:
                self.error(file, (*at, *keys), f"“{keys[0]}”指向了自己，请删去。", "dangling")

    def _entry_sources(self, topic: str, file: YamlFile, at: tuple[str | int, ...], raw: dict[str, Any]) -> None:
        if not raw.get("sources") and topic != "chat":
            self.error(file, at, "没有写依据（sources）。没有依据的回答不能发布。", "no_source")
        for i, item in enumerate(raw.get("sources") or ()):
            keys = (*at, "sources", i)
            if not self._keys(file, keys, item, SOURCE_REF_KEYS, "sources 的一项"):
                continue
            source = self.source_ids.get(item["source"])
            if source is None:
                close = _closest(item["source"], self.source_ids)
                hint = f"您是不是想写“{close}”？" if close else "请先在 sources.yaml 里登记。"
                self.error(file, keys, f"sources.yaml 里没有来源“{item['source']}”。{hint}", "unknown_source")
            elif isinstance(source, dict) and source.get("status") == "superseded":
                self.error(
                    file,
                    keys,
                    f"来源“{item['source']}”已被新法替代，不能作为依据。请改引新法。",
                    "superseded",
                )

    def _answer(self, file: YamlFile, at: tuple[str | int, ...], raw: dict[str, Any]) -> None:
        size = len((raw["answer"].strip() + sources_line(raw, self.source_ids)).encode())
        if size > ANSWER_BYTES:
            over = size - ANSWER_BYTES
            self.error(
                file,
                (*at, "answer"),
                f"回答连同依据一行有 {size} 字节，超过 {ANSWER_BYTES} 字节，请删去约 {over // 3 + 1} 个字。",
                "too_long",
            )
        if found := _MARKUP.search(raw["answer"]):
            self.error(file, (*at, "answer"), f"回答里不能有标记符号“{found.group()}”，请写纯文本。", "markup")

    def _outside(self) -> None:
        file = self.files.outside
        if file.data is None:
            return
        blocks = file.data.get("outside") if isinstance(file.data, dict) else None
        if not isinstance(blocks, list):
            self.error(file, (), "应当以“outside:”开头，下面是若干组 entry、domain、questions。", "type")
            return
        allowed = (*ROUTING, NO_ENTRY)
        for i, block in enumerate(blocks):
            if not self._keys(file, ("outside", i), block, BLOCK_KEYS, "outside 的一组"):
                continue
            if block["entry"] not in allowed:
                found = block["entry"]
                self.error(
                    file,
                    ("outside", i, "entry"),
                    f"entry“{found}”只能是 {'、'.join(allowed)}。",
                    "outside_entry",
                )
            for j, question in enumerate(block["questions"]):
                self._unique(file, ("outside", i, "questions", j), question, block["entry"])

    def _asks(self) -> None:
        file = self.files.asks
        if file.data is None:
            return
        groups = file.data.get("asks") if isinstance(file.data, dict) else None
        if not isinstance(groups, dict):
            self.error(file, (), "应当以“asks:”开头，下面是若干组 ask、entries、questions。", "type")
            return
        for name, group in groups.items():
            if not self._keys(file, ("asks", name), group, ASK_KEYS, "asks 的一组"):
                continue
            for j, entry in enumerate(group["entries"]):
                if entry not in self.entry_ids:
                    self.error(file, ("asks", name, "entries", j), f"指向不存在的条目“{entry}”。", "dangling")
            for j, question in enumerate(group["questions"]):
                self._unique(file, ("asks", name, "questions", j), question, f"{ASK}{name}")

    def _lexicon(self) -> None:
        file = self.files.lexicon
        if file.data is not None and self._keys(file, (), file.data, LEXICON_KEYS, "词表"):
            for key in file.data.get("aspects") or {}:
                if key not in ASPECTS:
                    self.error(file, ("aspects", key), f"不认识的 aspect“{key}”。", "aspect")

    def _texts(self) -> None:
        file = self.files.texts
        if file.data is None:
            return
        texts = file.data.get("texts") if isinstance(file.data, dict) else None
        if not isinstance(texts, dict):
            self.error(file, (), "应当以“texts:”开头，下面一行一句。", "type")
            return
        for keys, value in walk(texts):
            if not isinstance(value, str) or not value.strip():
                self.error(file, ("texts", *keys), "每个键后面应当是一句话，不能为空。", "type")


def sources_line(raw: dict[str, Any], sources: dict[str, Any]) -> str:
    """The 依据 line as the longest channel shows it, for the byte budget."""
    cited = [
        f"《{(sources.get(s.get('source', '')) or {}).get('short', '')}》{s.get('article') or s.get('part') or ''}"
        for s in raw.get("sources") or ()
        if isinstance(s, dict)
    ]
    return f"\n依据：{'、'.join(cited)} · 2026-11 核对"


def _closest(word: str, known: Iterable[str]) -> str | None:
    from rapidfuzz import process

    found = process.extractOne(str(word), list(known), score_cutoff=60)
    return found[0] if found else None


def _short(value: Any) -> str:
    text = value.isoformat() if isinstance(value, date) else str(value)
    return text if len(text) <= 30 else text[:30] + "…"
