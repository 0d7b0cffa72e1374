"""What a start says to whoever watches it: lines on standard error, or events of the log where that is JSON for programs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from bot.config import LogSettings

log = logging.getLogger(__name__)
Say = Callable[[str, str], None]
"""Takes a sentence and what stands in bold before it, or nothing."""


def saying(settings: LogSettings) -> Say:
    """The way to say something that fits the log, which is set up."""
    return _logged if settings.format == "json" else printed(Console(stderr=True, highlight=False))


def printed(console: Console) -> Say:
    """Lines for people; square brackets (fawen[encoder]) are no markup."""

    def say(words: str, head: str) -> None:
        console.print(Text.assemble((head, "bold"), words))

    return say


def _logged(words: str, head: str) -> None:
    log.info("%s", f"{head}{words}".strip())
