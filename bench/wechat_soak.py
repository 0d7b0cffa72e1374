"""`python -m bench.wechat_soak [N]`: N WeChat deliveries (10,000) with 10 % repeats and 5 % faults, on the shipped
knowledge, over real HTTP, with the durable store; how many got one record and one reply."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from bot.app import utc_now
from bot.paths import knowledge_dir
from intents import KnowledgeBase, Matcher
from tests.channels.wechat_server import running_wechat
from tests.channels.wechat_soak import Figures, soak

CACHE = Path(".cache")


async def run(messages: int) -> Figures:
    """One soak in a database of its own."""
    matcher = Matcher(KnowledgeBase.load(knowledge_dir()), cache=CACHE)
    with tempfile.TemporaryDirectory() as place:
        async with running_wechat() as wechat:
            return await soak(matcher, utc_now, wechat, Path(place), messages)


def main() -> None:
    """Print the figures; exit 1 when a message has not exactly one record and one reply."""
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    figures = asyncio.run(run(messages))
    console = Console()
    console.print(
        f"{figures.messages} messages, {figures.deliveries} deliveries, {figures.repeats} repeats, faults {dict(figures.faults)}"
    )
    console.print(f"{figures.seconds:.0f} s, {figures.deliveries / figures.seconds:.0f} deliveries a second")
    console.print(f"HTTP {dict(figures.statuses)}; {figures.records} records")
    console.print(
        f"{figures.passive} answered in the request, {figures.pushed} by a customer message, {len(figures.wrong)} wrong"
    )
    for line in figures.wrong[:20]:
        console.print(line)
    sound = not figures.wrong and figures.records == messages and max(figures.statuses) < 500
    sys.exit(0 if sound else 1)


if __name__ == "__main__":
    main()
