"""Gathers tickets that ask the same thing: each new one joins the cluster of the ticket it is most like, or begins one.

Only tickets that began a cluster (or were moved by hand) are compared with, so that a cluster cannot creep from one
subject to the next. JOIN was chosen on the questions of the knowledge base, which are curated to differ: of those that
are joined at 70 nine in ten belong to one entry, at 90 (SAME) all (bench/clusters.py prints the figures).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from bot.errors import StoreUnavailable
from bot.store.desk_base import Apart, MakeReply, Placement, Unplaced
from bot.store.desk_place import PlacingStore
from intents import Matcher, Normalizer
from intents.nearby import Nearby, rarity, same_matter

log = logging.getLogger(__name__)

JOIN = 70.0
"""Likeness (0 to 100) from which a ticket joins an open cluster, which a person reads before answering."""
SAME = 90.0
"""Likeness from which an answer given before is sent to a late asker without a person."""
BATCH = 2_000
REMEMBERED = 20_000
"""Texts whose forms are kept at hand, about 5 MB."""


class Gatherer:
    """Places what has no cluster yet; one a process, any number of processes."""

    def __init__(
        self, store: PlacingStore, matcher: Callable[[], Matcher], make: MakeReply, batch: int = BATCH
    ) -> None:
        """`matcher` gives the one in force: its lexicon brings texts to their normal form."""
        self._store, self._matcher, self._make, self._batch = store, matcher, make, batch
        self._seen = 0
        self._own: set[str] = set()
        self._lexicon: object = None
        self._normalizer = Normalizer()
        self._forms: dict[str, str] = {}
        self._indexes: dict[bool, Nearby] = {}

    async def run(self, seconds: float) -> None:
        """Gather for ever, looking every so many seconds."""
        while True:
            try:
                while await self.once():
                    pass
            except StoreUnavailable as error:
                log.error("tickets cannot be gathered now: %s", error)
            await asyncio.sleep(seconds)

    async def once(self) -> int:
        """Place one batch; how many tickets, 0 when nothing waits."""
        fresh = await self._store.unplaced(self._batch)
        if not fresh:
            return 0
        await self._catch_up()
        placements = await asyncio.to_thread(self._compare, fresh)
        if not await self._store.place(placements, self._seen, self._make):
            # another process placed tickets meanwhile: what was compared may be out of date
            self._forget()
        return len(fresh)

    def _forget(self) -> None:
        self._seen, self._lexicon = 0, None

    async def _catch_up(self) -> None:
        matcher = self._matcher()
        if self._lexicon != matcher.knowledge.lexicon:
            await asyncio.to_thread(self._begin_anew, matcher)
        last = await self._store.last_place()
        if last == self._seen:
            return
        placed = await self._store.placed_since(self._seen)

        def add() -> None:
            for one in placed:
                if one.by_hand or one.number not in self._own:
                    self._indexes[one.apart is not Apart.NO].add(one.number, self._form(one.text), one.by_hand)

        await asyncio.to_thread(add)
        self._own.clear()
        self._seen = max([last, *(one.place for one in placed)])

    def _begin_anew(self, matcher: Matcher) -> None:
        self._lexicon, self._normalizer = matcher.knowledge.lexicon, matcher.normalizer
        phrases = (self._form(q) for e in matcher.knowledge.entries.values() for q in e.questions)
        weight = rarity(phrases)
        self._indexes = {False: Nearby(weight), True: Nearby(weight)}
        self._seen = 0
        self._own.clear()
        self._forms.clear()

    def _form(self, text: str) -> str:
        # what many people ask comes in the same words again and again
        if (known := self._forms.get(text)) is not None:
            return known
        if len(self._forms) >= REMEMBERED:
            self._forms.clear()
        normalizer = self._normalizer
        form = normalizer.concepts(normalizer(text)) or normalizer.plain(text) or text
        self._forms[text] = form
        return form

    def _compare(self, fresh: Sequence[Unplaced]) -> list[Placement]:
        placements = []
        for ticket in fresh:
            index, form = self._indexes[bool(ticket.apart)], self._form(ticket.text)
            near = index.nearest(form, JOIN)
            if near is None:
                index.add(ticket.number, form)
                self._own.add(ticket.number)
                placements.append(Placement(ticket, None, leads=True))
            else:
                same = near.score >= SAME and same_matter(form, near.text)
                placements.append(Placement(ticket, near.key, same))
        return placements
