"""`fawen chat`: the same conversation on the terminal, with options by number."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from bot import replies
from bot.dialogue import Dialogue
from bot.logs import attend
from bot.messages import Kind, Message, Reply
from bot.typed import meant
from intents.model import KnowledgeData

CHANNEL = "terminal"
_WORDS = {"开始": "/start", "帮助": "/help"}
_FEEDBACK = {"+": "helpful", "-": "unhelpful"}


class TerminalChat:
    """One conversation with whoever sits at the terminal."""

    def __init__(
        self,
        dialogue: Dialogue,
        knowledge: Callable[[], KnowledgeData],
        now: Callable[[], datetime],
        console: Console,
    ) -> None:
        self._dialogue, self._knowledge, self._now, self._console = dialogue, knowledge, now, console
        self._chat = f"terminal-{secrets.token_hex(4)}"
        self._last = ""

    async def talk(self, lines: Callable[[], str | None]) -> None:
        """Answer until `lines()` gives None."""
        self._show(await self._dialogue.handle(self._message("start", Kind.COMMAND)))
        while (line := lines()) is not None:
            text = line.strip()
            if text:
                self._show(await self._dialogue.handle(self._parse(text)))

    def _parse(self, text: str) -> Message:
        if text in _FEEDBACK and self._last:
            return self._message(_FEEDBACK[text], Kind.FEEDBACK, self._last)
        kind, said = meant(_WORDS.get(text, text))
        message = self._message(said, kind)
        if kind is Kind.TEXT:
            self._last = message.message_id
        return message

    def _message(self, text: str, kind: Kind, ref: str = "") -> Message:
        name = f"{self._chat}-{secrets.token_hex(6)}"
        attend(CHANNEL, name)
        return Message(CHANNEL, self._chat, self._chat, text, kind, self._now(), name, ref)

    def _show(self, reply: Reply) -> None:
        base = self._knowledge()
        body = Text()
        for call in reply.calls:
            body.append(f"☎ {call.number} {call.label}\n", style="bold red")
        body.append(reply.text)
        for i, option in enumerate(reply.options, 1):
            body.append(f"\n {i}. {option.title}", style="cyan")
        if line := replies.sources_line(base, reply):
            body.append(f"\n{line}", style="dim")
        if reply.feedback:
            yes, no = replies.phrase(base, "feedback_yes"), replies.phrase(base, "feedback_no")
            body.append(f"\n[+ {yes}  - {no}]", style="dim")
        self._console.print(
            Panel(body, border_style="red" if reply.calls else "green", width=min(80, self._console.width))
        )
