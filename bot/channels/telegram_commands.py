"""The list of commands that Telegram offers to whoever types a slash, registered beside the receiving: whatever becomes of
it, no message waits for it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection

from telegram import Bot, BotCommand, BotCommandScopeChat
from telegram.error import BadRequest, ChatMigrated, Forbidden, TelegramError

from bot import replies
from bot.channels.telegram_poll import BACKOFF_SECONDS, explain
from bot.channels.telegram_updates import STAFF_COMMANDS
from bot.typed import COMMANDS
from intents.model import KnowledgeData

log = logging.getLogger(__name__)

REFUSED_SECONDS = 3600.0
"""After a refusal: somebody may have let the bot into the staff chat meanwhile."""


class Commands:
    """Registers the commands of everybody, and in staff chats those of staff as well."""

    def __init__(
        self,
        bot: Bot,
        staff: Collection[int],
        knowledge: Callable[[], KnowledgeData],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._bot, self._staff, self._knowledge, self._sleep = bot, staff, knowledge, sleep

    async def register(self) -> None:
        """Until Telegram has taken each list; what is wrong is logged once."""
        left: dict[int | None, str] = dict.fromkeys((None, *sorted(self._staff)), "")
        failures = 0
        while left:
            pauses = []
            for chat, known in list(left.items()):
                trouble, pause = await self._try(chat, failures)
                if trouble and trouble != known:
                    log.error("%s", trouble)
                if pause:
                    left[chat] = trouble
                    pauses.append(pause)
                else:
                    del left[chat]
            failures += 1
            if pauses:
                await self._sleep(min(pauses))

    async def _try(self, chat: int | None, failures: int) -> tuple[str, float]:
        """What is wrong with the list of one chat (None: of all), and after how many seconds to try again; 0 for never."""
        try:
            await self._set(chat)
        except ChatMigrated as error:
            new = error.new_chat_id
            return f"staff chat {chat} has become the supergroup {new}: change telegram.staff_chats and restart", 0
        except (BadRequest, Forbidden) as error:
            if chat is None:
                return f"commands not registered, Telegram refuses them ({error})", REFUSED_SECONDS
            return f"staff chat {chat} cannot be reached ({error}): check telegram.staff_chats", REFUSED_SECONDS
        except TelegramError as error:
            said, pause = explain(error, BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)])
            return f"commands not registered yet: {said}", pause
        except Exception:
            log.exception("commands of chat %s not registered", chat)
        return "", 0

    async def _set(self, chat: int | None) -> None:
        base = self._knowledge()
        names = COMMANDS if chat is None else COMMANDS + STAFF_COMMANDS
        made = [BotCommand(name, replies.phrase(base, f"command_{name}")) for name in names]
        scope = None if chat is None else BotCommandScopeChat(chat)
        await self._bot.set_my_commands(made, scope=scope)
