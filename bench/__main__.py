"""`make bench`: our matcher and its peers on the same stored questions and the same test questions, in one run.

Every system sees the same phrases (entries and background) and the same questions (knowledge/tests), one at a time, in
one thread. top-1 counts the likeliest entry, before any threshold: peers have none. Times are of whole calls.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

from bench.peers import PEERS
from bot.brain import make_encoders
from bot.paths import knowledge_dir
from intents import KnowledgeBase, Matcher
from intents.evaluate import Case, question_files, read_cases

CACHE = Path(".cache")


def measure(ask: Callable[[str], object], right: Callable[[object, Case], bool], cases: list[Case]) -> list[float]:
    """[share right in per cent, median ms, 95th percentile ms]."""
    for case in cases[:30]:
        ask(case.text)
    times, hits = [], 0
    for case in cases:
        started = perf_counter()
        answer = ask(case.text)
        times.append(1000 * (perf_counter() - started))
        hits += right(answer, case)
    times.sort()
    return [100 * hits / len(cases), times[len(times) // 2], times[int(0.95 * len(times))]]


def ours(matcher: Matcher) -> Callable[[str], object]:
    """The likeliest candidate, whatever the outcome."""

    def ask(text: str) -> str:
        match = matcher.match(text)
        return match.entry or (match.candidates[0].entry if match.candidates else "")

    return ask


def main() -> None:
    """Print the table."""
    console = Console()
    directory = knowledge_dir()
    base = KnowledgeBase.load(directory)
    cases = [c for p in question_files(directory / "tests") for c in read_cases(p) if c.kind == "question"]
    phrases = [(e.id, q) for e in base.entries.values() for q in e.questions]
    phrases += [(b.entry, b.question) for b in base.background]
    table = Table(title=f"{len(phrases)} phrases, {len(cases)} questions, {platform.machine()}", title_justify="left")
    for column in ("system", "ready s", "top-1 %", "median ms", "p95 ms"):
        table.add_column(column, justify="left" if column == "system" else "right")

    def row(name: str, ready: float, figures: list[float]) -> None:
        table.add_row(name, f"{ready:.2f}", f"{figures[0]:.1f}", f"{figures[1]:.2f}", f"{figures[2]:.2f}")

    def right(answer: object, case: Case) -> bool:
        return answer in case.fair

    for setting in ("off", "auto"):
        encoders, _ = make_encoders(setting, CACHE)
        if setting == "auto" and not encoders:
            continue
        Matcher(base, encoders=encoders, cache=CACHE)  # learns what the cache lacks; a start finds it there
        started = perf_counter()
        encoders, _ = make_encoders(setting, CACHE)
        matcher = Matcher(KnowledgeBase.load(directory), encoders=encoders, cache=CACHE)
        ready = perf_counter() - started
        row("fawen" if encoders else "fawen, no encoder", ready, measure(ours(matcher), right, cases))
    for name, build in PEERS.items():
        started = perf_counter()
        ask = build(phrases)
        row(name, perf_counter() - started, measure(ask, right, cases))
    console.print(table)


if __name__ == "__main__":
    main()
