"""The root of the exception tree and the error of the knowledge base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


class FawenError(Exception):
    """Base of everything that fawen raises on purpose."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding of the knowledge validator; `message` is Chinese and says how to mend it."""

    path: str
    """File, relative to the knowledge directory where possible."""
    line: int
    """First line is 1; 0 when the problem belongs to the file as a whole."""
    message: str
    severity: Literal["error", "warning"] = "error"
    code: str = ""
    """Short stable name of the rule, for tools: `duplicate_key`, `unknown_source` ..."""

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        return f"{where}: {'错误' if self.severity == 'error' else '提醒'}：{self.message}"


class KnowledgeError(FawenError):
    """The knowledge base cannot be used; `problems` holds every finding."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        errors = [p for p in self.problems if p.severity == "error"]
        shown = "\n".join(str(p) for p in errors[:20])
        super().__init__(f"知识库有 {len(errors)} 处错误：\n{shown}")
