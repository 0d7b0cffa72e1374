"""Albums: Telegram brings each picture as a message of its own, and the words with one of them.

All wordless pictures of an album have one message id, so that the store answers them once, whichever process they come to.
The pictures beside words say nothing more: when words come, that id is recorded as answered, and nothing is sent for it. A
picture whose words have not come yet waits a moment for them.
"""

from __future__ import annotations

from dataclasses import replace

from bot.channels.telegram_updates import Incoming
from bot.messages import Kind, Message

WAIT_SECONDS = 2.0
"""How long a picture without words waits for those of its album, which may come with the next updates."""


def pictures_beside(incoming: Incoming) -> Message | None:
    """The wordless pictures of an album whose words these are, as the one message that they are; None for anything else."""
    message = incoming.message
    if message is None or not incoming.album or not message.text:
        return None
    # an edit of the words finds them by `ref`
    return replace(message, kind=Kind.IMAGE, text="", message_id=incoming.album, ref="")


def may_get_words(incoming: Incoming) -> bool:
    """Whether words for it may still come with another picture."""
    return bool(incoming.album) and not (incoming.message is not None and incoming.message.text)
