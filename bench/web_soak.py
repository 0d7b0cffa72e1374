"""`python -m bench.web_soak [N]`: N messages (10,000) by the page and the JSON API with 10 % repeats, 5 % faults and 2 %
forged posts, on the shipped knowledge, over real HTTP, with the durable store; how many got one record and one reply."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from bot.app import utc_now
from bot.paths import knowledge_dir
from intents import KnowledgeBase, Matcher
from tests.web.soak import Figures, soak

CACHE = Path(".cache")


async def run(messages: int) -> Figures:
    """One soak in a database of its own."""
    matcher = Matcher(KnowledgeBase.load(knowledge_dir()), cache=CACHE)
    with tempfile.TemporaryDirectory() as place:
        return await soak(matcher, utc_now, Path(place), messages)


def main() -> None:
    """Print the figures; exit 1 when a message has not exactly one record and one reply."""
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    figures = asyncio.run(run(messages))
    console = Console()
    console.print(
        f"{figures.messages} messages, {figures.deliveries} deliveries, {figures.repeats} repeats, faults {dict(figures.faults)}"
    )
    console.print(f"{figures.seconds:.0f} s, {figures.deliveries / figures.seconds:.0f} deliveries a second")
    console.print(f"HTTP {dict(figures.statuses)}; {figures.records} records, {figures.replied} with one reply")
    console.print(f"{figures.forged} forged, {figures.refused} refused, {figures.leaked} recorded")
    for line in figures.wrong[:20]:
        console.print(line)
    sound = not figures.wrong and figures.records == messages and max(figures.statuses) < 500
    sys.exit(0 if sound and figures.refused == figures.forged and not figures.leaked else 1)


if __name__ == "__main__":
    main()
