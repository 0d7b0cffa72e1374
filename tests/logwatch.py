"""Reads every log record of the whole suite for numbers of people that tests say in their messages."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field

PHONE = "13912345678"
CARD_ID = "11010519491231002X"
"""The example of GB 11643-1999; its check character is right."""
LANDLINE = "0760-88776655"
PLANTED = (PHONE, CARD_ID, LANDLINE, "13812345678", "13800138000")
"""What tests plant in their messages, here and elsewhere in the suite."""


def _seen(text: str) -> list[str]:
    """The planted numbers in a text, also where spaces or strokes stand between the digits."""
    bare = re.sub(r"[\s\-]", "", text).upper()
    return [number for number in PLANTED if number.replace("-", "") in bare]


@dataclass
class Leaks:
    """Log lines that hold a planted number."""

    lines: list[str] = field(default_factory=list)

    def taken(self) -> list[str]:
        """Those found since the last time."""
        found, self.lines[:] = list(self.lines), []
        return found


class Watch(logging.Handler):
    """Looks at each record as it would be written, its traceback included, before anything is struck out."""

    def __init__(self, leaks: Leaks) -> None:
        super().__init__(logging.INFO)
        self.seen = 0
        """Records looked at."""
        self._leaks = leaks
        self.setFormatter(logging.Formatter("%(name)s %(message)s %(args)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        self.seen += 1
        line = self.format(record)
        if _seen(line):
            self._leaks.lines.append(line)


def complaint(leaks: list[str]) -> str:
    """What to say of leaks."""
    return "a person's number in the log:\n" + "\n".join(leaks)
