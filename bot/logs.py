"""The service's log: text or JSON, one line an event, with the mark of the message it is about.

A channel says `attend` when it takes a message in; whatever the layers below log while they work on it then carries the
same mark, also in the tasks they start. The mark is a digest of channel and message id: equal on every machine and after
a restart, and it names nobody. No line may hold what a person wrote; should one ever hold a mobile or identity card
number all the same, it is struck out before it is written.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import re
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, TextIO

if TYPE_CHECKING:
    from bot.config import LogSettings

_MARK: ContextVar[str] = ContextVar("fawen_message", default="")
_PERSONAL = re.compile(r"(?<![0-9])(?:[1-9][0-9]{16}[0-9Xx]|1[3-9][0-9]{9})(?![0-9])")
_STRUCK = "〔号码〕"
QUIET = ("httpx", "alembic")
"""Heard from WARNING on: httpx writes every request with its address, and Telegram's addresses hold the token."""


def mark(channel: str, message_id: str) -> str:
    """Twelve hexadecimal digits that stand for a message."""
    return hashlib.blake2b(f"{channel}\n{message_id}".encode(), digest_size=6).hexdigest()


def attend(channel: str, message_id: str) -> None:
    """From here on this task is about this message."""
    _MARK.set(mark(channel, message_id))


@contextlib.contextmanager
def about(channel: str, message_id: str) -> Iterator[None]:
    """About this message inside, about what it was before outside."""
    token = _MARK.set(mark(channel, message_id))
    try:
        yield
    finally:
        _MARK.reset(token)


class _Safe(logging.Formatter):
    """Strikes personal numbers out of the finished line, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter."""
        return _PERSONAL.sub(_STRUCK, self.line(record))

    def line(self, record: logging.LogRecord) -> str:
        """The line before anything is struck out."""
        record.mark = _MARK.get() or "-"
        return super().format(record)


class JsonLines(_Safe):
    """One JSON object a line: at (UTC, ISO 8601), level, logger, message, message_id where it is about one, error."""

    def line(self, record: logging.LogRecord) -> str:
        """See _Safe."""
        said = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if found := _MARK.get():
            said["message_id"] = found
        if record.exc_info:
            said["error"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False)


class TextLines(_Safe):
    """One line for people to read; the mark stands in brackets."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s [%(mark)s] %(message)s")


def as_line(settings: LogSettings, level: Literal["warning", "error"], words: str) -> str:
    """What is said before the log is set up or after the service has ended, as standard error takes it: the words themselves,
    or one JSON object among the others."""
    if settings.format != "json":
        return words
    number = logging.getLevelNamesMapping()[level.upper()]
    return JsonLines().format(logging.LogRecord(__name__, number, "", 0, words, None, None))


def set_up(settings: LogSettings, stream: TextIO) -> logging.Handler:
    """Log to this stream from now on; the handler, for whoever wants to take it off again."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines() if settings.format == "json" else TextLines())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(settings.level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    return handler
