"""The loop in a process that is killed: ask -> ticket -> gather -> answer -> deliver -> publish, as fast as it goes.

`python -m bench.kill_worker DIR` forks lives (`start SEED`, `finish 0 drain`; see bench.forks) that work on DIR/fawen.db
and DIR/knowledge. What a life promises to the outside is appended to DIR/acks (after the call returned), what the platform received to DIR/sent (before the call returns, so
that a kill in between leaves a send whose outcome nobody knows). With `drain` it asks nothing new, brings everything to
an end, and stops. A message whose answer was not acknowledged is delivered again at the next start, as platforms do.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from bench.forks import obey
from bot.app import make_changes, make_desk
from bot.brain import Brain
from bot.config import Dialogue as Limits
from bot.desk.sender import Sender
from bot.dialogue import Dialogue
from bot.errors import DeskError
from bot.messages import Kind, Message, Reply
from bot.store import open_store
from bot.store.base import OutboxState, TicketState
from bot.store.desk_base import Filter, Page
from bot.store.sql import SqlStore

MATTERS = ("楼上漏水没人管", "押金不退", "路灯坏了", "邻居养鸡吵", "停车位被占", "物业乱收钱", "快递丢了", "健身卡不退")
CHANNEL = "telegram"


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


class Worker:
    """One life of the process."""

    def __init__(self, place: Path, seed: int, store: SqlStore) -> None:
        self.place, self.random, self.store = place, Random(seed), store
        self.brain = Brain(place / "knowledge", place / "cache")
        self.dialogue = Dialogue(self.brain.current, store, Limits(per_minute=1_000_000), now)
        self.desk, self.gatherer = make_desk(store, self.brain.current, now)
        self.changes = make_changes(store, self.brain, now)
        self.sender = Sender(CHANNEL, store, self.send, idle=0.01)

    def note(self, file: str, *words: object) -> None:
        """Append one line; what was written survives SIGKILL."""
        with (self.place / file).open("a", encoding="utf-8") as out:
            out.write("\t".join(str(w).replace("\n", " ") for w in words) + "\n")

    async def send(self, chat: str, reply: Reply, ref: str) -> None:
        """The platform: it has the message before we know that it has."""
        self.note("sent", chat, reply.key, ref, reply.text)
        await asyncio.sleep(self.random.random() * 0.01)

    async def ask(self) -> None:
        """People ask for a person; message n is delivered again until it was acknowledged."""
        number = len((self.place / "asked").read_text().splitlines()) if (self.place / "asked").exists() else 0
        while True:
            dice = Random(number)
            person = f"p{dice.randrange(40)}"
            # a plea for a person, then the question, of the same person, in a chat of their own
            chat = f"{person}-{number}"
            text = f"{dice.choice(MATTERS)}，第{dice.randrange(60)}次了"
            for n, said in enumerate(("转人工", text)):
                message = Message(CHANNEL, chat, person, said, Kind.TEXT, now(), f"m{number}-{n}")
                reply = await self.dialogue.handle(message, deliver=True)
            self.note("acks", "ticket", reply.ticket)
            self.note("asked", number)
            number += 1
            await asyncio.sleep(self.random.random() * 0.02)

    async def staff(self) -> None:
        """Staff answer what is open, and sometimes carry it into the knowledge or take it out again."""
        while True:
            while await self.gatherer.once():
                pass
            for row in (await self.desk.clusters(page=Page(3))).rows:
                answer = await self.desk.answer(row.id, f"答复 {row.id}：请找社区。", "li")
                self.note("acks", "answer", answer.id)
            if self.random.random() < 0.6:
                await self.publish()
            await asyncio.sleep(self.random.random() * 0.02)

    async def publish(self) -> None:
        """One answered cluster into the knowledge; now and then the newest publication back out."""
        answered = await self.desk.clusters(Filter(states=(TicketState.ANSWERED,), order="newest"), Page(1))
        for row in answered.rows:
            try:
                proposal = await self.changes.propose_question(row.id, "legal_aid.what", row.title, "li")
                done = await self.changes.publish(proposal.id, "li")
            except DeskError:
                # stored already by a publication of a life before: nothing was promised
                continue
            self.note("acks", "published", done.id)
            await self.brain.reload_if_changed()
            if self.random.random() < 0.3:
                back = await self.changes.roll_back(done.id, "wang", "试撤")
                self.note("acks", "published", back.id)
                await self.brain.reload_if_changed()

    async def drain(self) -> None:
        """Everything to its end: answer what is left, deliver what can be delivered."""
        while await self.gatherer.once():
            pass
        while rows := (await self.desk.clusters(page=Page(1000))).rows:
            for row in rows:
                await self.desk.answer(row.id, f"答复 {row.id}：请找社区。", "li")
        while (await self.store.counts()).get(f"outbox_{OutboxState.PENDING.value}"):
            await self.sender.once()


async def begun(place: Path, seed: int) -> Worker:
    """A worker that has repaired what the life before left, as the service does at its start."""
    store = open_store(f"sqlite+aiosqlite:///{place}/fawen.db", now=now)
    await store.start()
    worker = Worker(place, seed, store)
    await worker.changes.recover()
    await worker.brain.reload_if_changed()
    await worker.dialogue.resume(CHANNEL, deliver=True)
    return worker


async def warm(place: Path) -> None:
    """What is loaded at first use is loaded."""
    await (await begun(place, 0)).store.close()


async def live(place: Path, seed: int, drain: bool, say: Callable[[str], None]) -> None:
    """Start as the service does, then work."""
    worker = await begun(place, seed)
    if drain:
        await worker.store.recover_outbox(CHANNEL)
        await worker.drain()
        await worker.store.close()
        return
    say("ready")
    await asyncio.gather(worker.sender.run(), worker.ask(), worker.staff())


def main(place: Path) -> None:
    """Be the parent of the lives."""
    asyncio.run(warm(place))

    def one(words: Sequence[str]) -> None:
        asyncio.run(live(place, int(words[0]), "drain" in words, lambda word: print(word, flush=True)))

    obey(one)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
