"""`python -m bench.reload`: the longest pause of the event loop while changed knowledge is loaded under traffic.

The whole service core runs (store, dialogue, matcher) on a copy of the shipped knowledge. Every round one file changes,
to and fro between two versions, and comes into force; meanwhile questions arrive all the time and a clock looks every
2 ms how late it is. The same is measured before without any reload, because a busy machine delays everything; the
machine's load (mean number of running processes of the last minute) is printed beside each figure.

    python -m bench.reload [--reloads 100] [--every 0.05] [--encoder auto|off]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from pydantic import SecretStr

from bot.app import Core, running_core, utc_now
from bot.config import KnowledgeSettings, Settings, StoreSettings
from bot.curate.edit import add_question
from bot.curate.files import read_text, write_atomically
from bot.messages import Kind, Message
from bot.paths import knowledge_dir
from intents.evaluate import question_files, read_cases

TICK = 0.002
LIMIT_MS = 50.0


@dataclass
class Seen:
    """What was measured in one stretch."""

    pauses: list[float] = field(default_factory=list)
    """How late the clock was, milliseconds."""
    answers: list[float] = field(default_factory=list)
    """Time of each answer, milliseconds."""
    asked: int = 0
    failed: int = 0

    def line(self, name: str) -> str:
        """One line of the report."""
        pauses, answers = sorted(self.pauses), sorted(self.answers)
        over = sum(p > LIMIT_MS for p in pauses)
        return (
            f"{name}: longest pause {pauses[-1]:.1f} ms, 99.9 % under {pauses[int(0.999 * len(pauses))]:.1f} ms, "
            f"{over} of {len(pauses)} over {LIMIT_MS:.0f} ms; {self.asked} questions, {self.failed} failed, "
            f"slowest answer {answers[-1]:.0f} ms, median {answers[len(answers) // 2]:.1f} ms; load {os.getloadavg()[0]:.1f}"
        )


async def _clock(seen: Seen) -> None:
    while True:
        due = perf_counter() + TICK
        await asyncio.sleep(TICK)
        seen.pauses.append(1000 * (perf_counter() - due))


async def _traffic(core: Core, texts: list[str], seen: Seen, every: float) -> None:
    running: set[asyncio.Task[None]] = set()
    for number in range(1_000_000):
        task = asyncio.create_task(_ask(core, texts[number % len(texts)], f"{id(seen)}-{number}", seen))
        running.add(task)
        task.add_done_callback(running.discard)
        try:
            await asyncio.sleep(every)
        except asyncio.CancelledError:
            await asyncio.gather(*running)
            raise


async def _ask(core: Core, text: str, name: str, seen: Seen) -> None:
    seen.asked += 1
    started = perf_counter()
    try:
        reply = await core.dialogue.handle(Message("web", name, name, text, Kind.TEXT, utc_now(), name, ""))
        seen.failed += not reply.text
    except Exception:
        seen.failed += 1
    seen.answers.append(1000 * (perf_counter() - started))


@asynccontextmanager
async def _measured(core: Core, texts: list[str], every: float) -> AsyncIterator[Seen]:
    seen = Seen()
    tasks = [asyncio.create_task(_clock(seen)), asyncio.create_task(_traffic(core, texts, seen, every))]
    try:
        yield seen
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run(reloads: int, every: float, encoder: str, place: Path) -> None:
    directory, name = place / "knowledge", "entries/notary.yaml"
    shutil.copytree(knowledge_dir(), directory)
    texts = [c.text for p in question_files(directory / "tests") for c in read_cases(p)]
    knowledge = KnowledgeSettings.model_validate(
        {"dir": directory, "reload_seconds": 0, "cache_dir": Path(".cache"), "encoder": encoder}
    )
    store = StoreSettings(url=SecretStr(f"sqlite+aiosqlite:///{place}/bench.db"))
    first = read_text(directory / name)
    second = add_question(first, next(iter(core_names(first))), "量一量换版本时会不会卡住")
    async with running_core(Settings(knowledge=knowledge, store=store)) as core:
        await core.brain.warm()
        gc.collect()
        gc.freeze()
        async with _measured(core, texts, every) as calm:
            await asyncio.sleep(15)
        print(calm.line("without reloads"), flush=True)  # noqa: T201  a report
        times, seen = [], 0
        async with _measured(core, texts, every) as busy:
            for number in range(reloads):
                write_atomically(directory / name, second if number % 2 == 0 else first)
                started = perf_counter()
                if not await core.brain.reload_if_changed():
                    raise SystemExit(f"reload {number + 1} did not come into force: {core.brain.last_error}")
                times.append(perf_counter() - started)
                if (number + 1) % 5 == 0:
                    # no more: sorting all that was seen takes longer than any pause
                    print(f"after {number + 1} reloads: longest {max(busy.pauses[seen:]):.1f} ms", flush=True)  # noqa: T201
                    seen = len(busy.pauses)
        times.sort()
        print(busy.line(f"during {reloads} reloads"))  # noqa: T201
        print(f"a reload took {times[len(times) // 2]:.1f} s (median), {times[-1]:.1f} s (longest)")  # noqa: T201


def core_names(text: str) -> list[str]:
    """The names of the entries of a topic file."""
    from bot.curate.edit import entries_of
    from bot.curate.layout import read_data

    return list(entries_of(read_data(text)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reloads", type=int, default=100)
    parser.add_argument("--every", type=float, default=0.05, help="seconds between questions")
    parser.add_argument("--encoder", choices=["auto", "off"], default="auto")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fawen-bench-") as place:
        asyncio.run(_run(given.reloads, given.every, given.encoder, Path(place)))


if __name__ == "__main__":
    main()
