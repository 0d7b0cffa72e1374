"""What was understood a moment ago need not be worked out again: the same knowledge and the same words give the same Match.

Many people ask the same thing, in the words of a poster or a button; understanding takes milliseconds, remembering none.
"""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict

from intents import Context, Match, Matcher
from intents.steps import Steps

REMEMBERED = 4096
"""Questions; a few kilobytes each."""


class Recall:
    """Asks the matcher once for each question and context; never remembers across a change of the knowledge."""

    def __init__(self, most: int = REMEMBERED) -> None:
        """`most` 0 remembers nothing."""
        self._most = most
        self._matcher: Matcher | None = None
        self._time = 0
        """Counts the changes. What was understood before the last one is never found again, and makes room one by one:
        thousands of matches let go at once would hold up the event loop."""
        self._known: OrderedDict[tuple[int, str, Context | None], Match] = OrderedDict()
        self._dangers: OrderedDict[tuple[int, str], Match | None] = OrderedDict()
        self._spare = {
            True: asyncio.Semaphore(max((os.cpu_count() or 1) - 1, 1)),
            False: asyncio.Semaphore(1),
        }
        """As many slow vectors at a time as there are cores beside the event loop's, and one that is not slow."""
        self._turn = asyncio.Lock()

    async def match(self, matcher: Matcher, text: str, context: Context | None = None) -> Match:
        """`matcher.match(text, context)`, remembered; sentence vectors are worked out in a thread."""
        self._of(matcher)
        key = (self._time, text, context)
        found = self._known.get(key)
        if found is None:
            found = await self._beside(matcher.matching(text, context))
            self._known[key] = found
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        return found

    def emergency(self, matcher: Matcher, text: str) -> Match | None:
        """`matcher.emergency(text)`, remembered."""
        self._of(matcher)
        key = (self._time, text)
        if key in self._dangers:
            self._dangers.move_to_end(key)
            return self._dangers[key]
        found = self._dangers[key] = matcher.emergency(text)
        if len(self._dangers) > self._most:
            self._dangers.popitem(last=False)
        return found

    async def _beside(self, steps: Steps[Match]) -> Match:
        """Run the steps here, and between them whatever takes long elsewhere."""
        await self._take_turn()
        try:
            wanted = next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # what a generator returns is Any to mypy
        while True:
            # a few milliseconds too: several in one turn of the loop, beside learning, held it up for 50
            async with self._spare[wanted.encoder.slow]:
                vector = await asyncio.to_thread(wanted.vector)
            await self._take_turn()
            try:
                wanted = steps.send(vector)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]

    async def _take_turn(self) -> None:
        """One step, of some milliseconds, in a turn of the loop: with ten at once everything else waits for all of them."""
        await self._turn.acquire()
        asyncio.get_running_loop().call_soon(self._turn.release)

    def _of(self, matcher: Matcher) -> None:
        if matcher is not self._matcher:
            self._matcher, self._time = matcher, self._time + 1
