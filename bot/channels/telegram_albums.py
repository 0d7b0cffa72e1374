"""Albums: Telegram brings each picture as a message of its own, and the words with one of them.

The pictures beside it say nothing more. A picture whose words have not come yet waits a moment for them. What is known here
is lost at a stop, and another replica knows it not: then a courteous word too many is said, never a question passed over.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from bot.channels.telegram_updates import Incoming

WAIT_SECONDS = 2.0
"""How long a picture without words waits for those of its album, which may come with the next updates."""
_MOST = 1000


class Albums:
    """Remembers which albums brought words."""

    def __init__(self) -> None:
        self._worded: OrderedDict[str, None] = OrderedDict()

    def wanted(self, found: Sequence[Incoming]) -> list[Incoming]:
        """All but the wordless pictures of albums that have words, here or before."""
        for incoming in found:
            if incoming.album and _words(incoming):
                self._worded[incoming.album] = None
        while len(self._worded) > _MOST:
            self._worded.popitem(last=False)
        return [one for one in found if not self.beside_words(one)]

    def beside_words(self, incoming: Incoming) -> bool:
        """Whether it is a wordless picture of an album that has words, as far as is known by now."""
        return not _words(incoming) and incoming.album in self._worded


def may_get_words(incoming: Incoming) -> bool:
    """Whether words for it may still come with another picture."""
    return bool(incoming.album) and not _words(incoming)


def _words(incoming: Incoming) -> bool:
    return incoming.message is not None and bool(incoming.message.text)
