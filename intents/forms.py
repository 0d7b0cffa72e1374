"""Normal forms of stored questions kept on disk between starts: making fifteen thousand takes a second, reading them none.

One file for each lexicon; a damaged file is made anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from unicodedata import unidata_version

import opencc

from intents.cachefile import keep_newest, put
from intents.lexicon import Lexicon
from intents.model import KnowledgeData
from intents.normalize import Forms, Normalizer

FORMAT = 1
"""Raised whenever a normal form changes, so that old files are not taken for new ones."""
KEPT = 2
"""Files kept, the newest."""
_SPLITS = frozenset("\t\r\n")
"""A text with one of these is not kept."""


def read_forms(knowledge: KnowledgeData, directory: Path) -> Mapping[str, Forms]:
    """Forms of every stored question by its text: from the directory, and what is missing there made now and put there."""
    texts = tuple(dict.fromkeys(_texts(knowledge)))
    path = directory / f"forms-{FORMAT}-{_digest(knowledge.lexicon)}.txt"
    found = _read(path)
    if all(text in found for text in texts):
        return found
    normalizer = Normalizer(knowledge.lexicon, found)
    made = {text: normalizer.forms(text) for text in texts}
    _write(path, made)
    return made


def _texts(knowledge: KnowledgeData) -> Iterator[str]:
    for entry in knowledge.entries.values():
        yield from entry.questions
        yield from entry.not_questions
    for ask in knowledge.asks.values():
        yield from ask.questions
    for background in knowledge.background:
        yield background.question


def _digest(lexicon: Lexicon) -> str:
    """Of all that decides what becomes of a text."""
    words = (lexicon.fillers, *(dict(group) for group in (lexicon.cantonese, lexicon.typos, lexicon.synonyms)))
    return hashlib.sha256(repr((opencc.__version__, unidata_version, *words)).encode()).hexdigest()[:16]


def _read(path: Path) -> dict[str, Forms]:
    """What the file holds; nothing when it is not what was written."""
    try:
        seal, _, body = path.read_text(encoding="utf-8").partition("\n")
    except (OSError, ValueError):
        return {}
    if not body or seal != _seal(body):
        return {}
    rows = (line.split("\t") for line in body.removesuffix("\n").split("\n"))
    return {text: Forms(*forms) for text, *forms in rows}


def _write(path: Path, forms: Mapping[str, Forms]) -> None:
    rows = ((text, *found) for text, found in forms.items() if not _SPLITS & set(text))
    body = "".join("\t".join(row) + "\n" for row in rows)
    whole = f"{_seal(body)}\n{body}".encode("utf-8", "surrogatepass")
    put(path, lambda partial: partial.write_bytes(whole))
    keep_newest(path.parent, "forms-*.txt", KEPT)


def _seal(body: str) -> str:
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
