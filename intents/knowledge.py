"""YAML -> KnowledgeBase. A directory with any error is refused as a whole; every problem is named.

KnowledgeBase.load(dir)                            the curated directory
KnowledgeBase.check(dir)                           its problems only, errors and warnings
KnowledgeBase.from_phrases([(entry_id, phrase)])   a bare base, for tests and benchmarks
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from intents.errors import KnowledgeError, Problem
from intents.lexicon import Lexicon
from intents.model import (
    ASK,
    NO_ENTRY,
    Ask,
    Background,
    Confusable,
    EmergencyCall,
    Entry,
    KnowledgeData,
    Source,
    SourceRef,
    Topic,
    Trigger,
)
from intents.validate import Files, validate
from intents.yamlfile import YamlFile, read


@dataclass(frozen=True)
class KnowledgeBase(KnowledgeData):
    """A complete, checked knowledge base; immutable, so that a reload swaps one reference."""

    problems: tuple[Problem, ...] = ()
    """Warnings found while loading; errors never get this far."""

    @classmethod
    def load(cls, directory: Path | str) -> Self:
        """Read and check a knowledge directory. Raises KnowledgeError with every problem found."""
        files = read_directory(Path(directory))
        problems = validate(files)
        if any(p.severity == "error" for p in problems):
            raise KnowledgeError(problems)
        return cls(**_content(files), version=fingerprint(Path(directory)), problems=tuple(problems))

    @classmethod
    def of_files(cls, files: Files) -> Self:
        """A base of files that `validate` has found no error in; without a version, for looking at, not for serving."""
        return cls(**_content(files))

    @staticmethod
    def check(directory: Path | str) -> list[Problem]:
        """Every problem of a directory in file order; an empty list means that `load` succeeds."""
        return validate(read_directory(Path(directory)))

    @classmethod
    def from_phrases(cls, phrases: Iterable[tuple[str, str]], lexicon: Lexicon | None = None) -> Self:
        """A base of bare phrases. Ids in ROUTING or `none` may be given; `none` becomes background."""
        collected: dict[str, list[str]] = {}
        background = []
        for entry_id, phrase in phrases:
            if entry_id == NO_ENTRY:
                background.append(Background(NO_ENTRY, phrase))
            else:
                collected.setdefault(entry_id, []).append(phrase)
        entries = {
            entry_id: Entry(entry_id, entry_id.partition(".")[0], questions[0], tuple(questions))
            for entry_id, questions in collected.items()
        }
        digest = hashlib.sha256()
        for entry in entries.values():
            digest.update(repr((entry.id, entry.questions)).encode())
        digest.update(repr(background).encode())
        return cls(
            entries=MappingProxyType(entries),
            background=tuple(background),
            lexicon=lexicon or Lexicon(),
            version=digest.hexdigest()[:12],
        )

    def published(self) -> dict[str, Entry]:
        """Entries that may answer: drafts are left out."""
        return {i: e for i, e in self.entries.items() if e.status == "published"}


def read_directory(directory: Path) -> Files:
    """Parse every file of a knowledge directory; nothing is checked yet."""

    def one(name: str) -> YamlFile:
        return read(directory / name, name)

    entries = {p.stem: read(p, f"entries/{p.name}") for p in sorted((directory / "entries").glob("*.yaml"))}
    return Files(
        root=directory,
        entries=entries,
        sources=one("sources.yaml"),
        outside=one("outside.yaml"),
        asks=one("asks.yaml") if (directory / "asks.yaml").exists() else YamlFile("asks.yaml"),
        lexicon=one("lexicon.yaml"),
        texts=one("texts.yaml"),
    )


def fingerprint(directory: Path) -> str:
    """First 12 hex digits of a hash over names and bytes of all YAML files that decide answers."""
    digest = hashlib.sha256()
    paths = sorted(p for p in directory.rglob("*.yaml") if "tests" not in p.relative_to(directory).parts)
    for path in paths:
        digest.update(path.relative_to(directory).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _content(files: Files) -> dict[str, Any]:
    entries: dict[str, Entry] = {}
    topics = []
    for topic_id, file in files.entries.items():
        head = file.data["topic"]
        topics.append(Topic(topic_id, head["title"], head["order"]))
        for name, raw in file.data["entries"].items():
            entry = _entry(topic_id, name, raw, file)
            entries[entry.id] = entry
    background = tuple(
        Background(block["entry"], question, block.get("domain", ""))
        for block in (files.outside.data or {}).get("outside") or ()
        for question in block["questions"]
    )
    asks = {
        ASK + name: Ask(ASK + name, raw["ask"], tuple(raw["entries"]), tuple(raw["questions"]))
        for name, raw in ((files.asks.data or {}).get("asks") or {}).items()
    }
    sources = {
        key: Source(id=key, **{k: str(v) for k, v in raw.items()}) for key, raw in files.sources.data["sources"].items()
    }
    return {
        "entries": MappingProxyType(entries),
        "topics": tuple(sorted(topics, key=lambda t: (t.order, t.id))),
        "background": background,
        "asks": MappingProxyType(asks),
        "sources": MappingProxyType(sources),
        "lexicon": Lexicon.from_mapping(files.lexicon.data or {}),
        "texts": MappingProxyType(dict((files.texts.data or {}).get("texts") or {})),
    }


def _entry(topic: str, name: str, raw: dict[str, Any], file: YamlFile) -> Entry:
    def day(key: str) -> date | None:
        value = raw.get(key)
        return value if isinstance(value, date) else None

    return Entry(
        id=f"{topic}.{name}",
        topic=topic,
        title=raw["title"],
        questions=tuple(raw["questions"]),
        answer=raw["answer"].strip(),
        not_questions=tuple(raw.get("not_questions") or ()),
        sources=tuple(
            SourceRef(s["source"], s.get("article", ""), s.get("part", "")) for s in raw.get("sources") or ()
        ),
        related=tuple(raw.get("related") or ()),
        confusable=tuple(Confusable(c["entry"], c["ask"]) for c in raw.get("confusable") or ()),
        call=tuple(EmergencyCall(str(c["number"]), c["label"]) for c in raw.get("call") or ()),
        triggers=tuple(
            Trigger(tuple(tuple(group) for group in t["all"]), tuple(t.get("unless") or ()))
            for t in raw.get("triggers") or ()
        ),
        aspect=raw.get("aspect", ""),
        reviewed=day("reviewed"),
        review_after=day("review_after"),
        status=raw["status"],
        valid_from=day("valid_from"),
        valid_to=day("valid_to"),
        path=file.path,
        line=file.line("entries", name),
    )
