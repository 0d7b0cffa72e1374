"""What was acknowledged survives a killed process."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from bot.store import open_store
from tests.fakes import FakeClock

ROOT = Path(__file__).resolve().parent.parent.parent
WORKER = """
import asyncio, sys
from datetime import UTC, datetime
from bot.messages import Kind, Message, Reply
from bot.store import open_store
from bot.store.base import Ticket, Turn

async def main():
    now = lambda: datetime.now(UTC)
    store = open_store(sys.argv[1], now=now)
    await store.start()
    for n in range(10_000):
        message = Message("web", "c", "c", "问", Kind.TEXT, now(), f"m{n}")
        await store.receive(message)
        number = await store.free_ticket_number()
        ticket = Ticket(number, "web", "c", "c", "问", "none", (), now())
        await store.finish(Turn(message, Reply("no_answer", number, "none", ticket=number), {}, ticket))
        print(number, flush=True)

asyncio.run(main())
"""


async def test_every_promised_ticket_survives_sigkill(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/fawen.db"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, url, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    promised = [(await process.stdout.readline()).decode().strip() for _ in range(40)]
    process.send_signal(signal.SIGKILL)
    promised += (await process.stdout.read()).decode().split()
    await process.wait()
    store = open_store(url, now=FakeClock())
    await store.start()
    kept = {ticket.number for ticket in await store.tickets(limit=10_000)}
    await store.close()
    assert len(promised) >= 40
    assert set(promised) <= kept
