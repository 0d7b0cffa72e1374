"""The words of the field: fillers, Cantonese, typos, synonyms and the cues of a question's aspect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


def _empty() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True)
class Lexicon:
    """lexicon.yaml; every field may be empty (a base made from phrases has none)."""

    fillers: tuple[str, ...] = ()
    """Words that carry no meaning in a question, longest first."""
    cantonese: Mapping[str, str] = field(default_factory=_empty)
    """Cantonese word (in simplified characters) -> Mandarin."""
    typos: Mapping[str, str] = field(default_factory=_empty)
    """Misspelling that is never right -> the right word."""
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=_empty)
    """Canonical word -> words that mean the same here."""
    aspects: Mapping[str, tuple[str, ...]] = field(default_factory=_empty)
    """Aspect (fee, time, where ...) -> cue words that show it."""
    followup_starts: tuple[str, ...] = ()
    topic_shift: tuple[str, ...] = ()

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Lexicon:
        """Build from the parsed YAML; missing keys are empty, wrong types are the validator's matter."""

        def words(key: str) -> tuple[str, ...]:
            return tuple(str(w) for w in data.get(key) or ())

        def pairs(key: str) -> Mapping[str, str]:
            return MappingProxyType({str(k): str(v) for k, v in (data.get(key) or {}).items()})

        def groups(key: str) -> Mapping[str, tuple[str, ...]]:
            found = (data.get(key) or {}).items()
            return MappingProxyType({str(k): tuple(str(w) for w in v or ()) for k, v in found})

        return cls(
            fillers=tuple(sorted(words("fillers"), key=lambda w: (-len(w), w))),
            cantonese=pairs("cantonese"),
            typos=pairs("typos"),
            synonyms=groups("synonyms"),
            aspects=groups("aspects"),
            followup_starts=words("followup_starts"),
            topic_shift=words("topic_shift"),
        )
