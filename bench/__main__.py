"""`make bench`: our matcher and its peers on the same stored questions and the same test questions, in one run; then
each channel end to end beside its echo (bench.channels).

Every system sees the same phrases (entries and background) and the same questions (knowledge/tests), one at a time, in
one thread. top-1 counts the likeliest entry, before any threshold: peers have none, or it is taken away. Times are of whole
calls; “x ours” is a median by that of our matcher without an encoder (OURS).
"""

from __future__ import annotations

import platform
import random
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

from bench import channels, pictures, scale
from bench.peers import PEERS, Missing
from bot.brain import make_encoders
from bot.paths import knowledge_dir
from intents import KnowledgeBase, Matcher
from intents.evaluate import Case, question_files, read_cases

CACHE = Path(".cache")
OUT = Path("out")
OURS = "fawen, no encoder"
PATIENCE = 90
"""Seconds after which a slow system has been asked enough; the questions come in a fixed random order."""


def measure(ask: Callable[[str], object], right: Callable[[object, Case], bool], cases: list[Case]) -> list[float]:
    """[questions asked, share right in per cent, median ms, 95th percentile ms, 99th percentile ms]."""
    begun = perf_counter()
    for case in cases[:30]:
        ask(case.text)
    times: list[float] = []
    hits = 0
    for case in cases:
        if perf_counter() - begun > PATIENCE and len(times) >= 30:
            break
        started = perf_counter()
        answer = ask(case.text)
        times.append(1000 * (perf_counter() - started))
        hits += right(answer, case)
    times.sort()
    return [
        len(times),
        100 * hits / len(times),
        times[len(times) // 2],
        times[int(0.95 * len(times))],
        times[int(0.99 * len(times))],
    ]


def likeliest(matcher: Matcher) -> Callable[[str], object]:
    """The likeliest candidate, whatever the outcome."""

    def ask(text: str) -> str:
        match = matcher.match(text)
        return match.entry or (match.candidates[0].entry if match.candidates else "")

    return ask


def quality(console: Console) -> list[tuple[str, list[float]]]:
    """Every system on the same phrases and questions; the table, and (name, figures) of each."""
    directory = knowledge_dir()
    base = KnowledgeBase.load(directory)
    cases = [c for p in question_files(directory / "tests") for c in read_cases(p) if c.kind == "question"]
    random.Random(5).shuffle(cases)  # noqa: S311
    phrases = [(e.id, q) for e in base.entries.values() for q in e.questions]
    phrases += [(b.entry, b.question) for b in base.background]
    found: list[tuple[str, list[float]]] = []
    readiness: list[float] = []

    def row(name: str, ready: float, figures: list[float]) -> None:
        found.append((name, figures))
        readiness.append(ready)

    def right(answer: object, case: Case) -> bool:
        return answer in case.fair

    for setting, name in (("off", OURS), ("fast", "fawen, USE"), ("auto", "fawen, USE and E5")):
        encoders, _ = make_encoders(setting, CACHE)
        if len(encoders) < ("off", "fast", "auto").index(setting):
            console.print(f"{name}: not installed")
            continue
        Matcher(base, encoders=encoders, cache=CACHE)  # learns what the cache lacks; a start finds it there
        started = perf_counter()
        encoders, _ = make_encoders(setting, CACHE)
        matcher = Matcher(KnowledgeBase.load(directory), encoders=encoders, cache=CACHE)
        ready = perf_counter() - started
        row(name, ready, measure(likeliest(matcher), right, cases))
    for name, build in PEERS.items():
        started = perf_counter()
        try:
            ask = build(phrases)
        except Missing as error:
            console.print(f"{name}: {error}")
            continue
        row(name, perf_counter() - started, measure(ask, right, cases))
    console.print(show(f"{len(phrases)} phrases, {len(cases)} questions, {platform.machine()}", found, readiness))
    return found


def show(title: str, found: list[tuple[str, list[float]]], readiness: list[float]) -> Table:
    """A line for each system: (name, figures of `measure`), seconds until it is ready."""
    table = Table(title=title, title_justify="left")
    for column in ("system", "ready s", "asked", "top-1 %", "median ms", "p95 ms", "p99 ms", "x ours"):
        table.add_column(column, justify="left" if column == "system" else "right")
    ours = next((figures[2] for name, figures in found if name == OURS), 0.0)
    for (name, figures), ready in zip(found, readiness, strict=True):
        times = (f"{x:.2f}" for x in figures[2:])
        beside = f"{figures[2] / ours:.2f}" if ours else ""
        table.add_row(name, f"{ready:.2f}", f"{figures[0]:.0f}", f"{figures[1]:.1f}", *times, beside)
    return table


def main() -> None:
    """Print the tables, write the pictures to out/."""
    console = channels.wide()
    systems = quality(console)
    sizes = scale.rows()
    console.print(scale.show(sizes))
    channels.show(console)
    OUT.mkdir(exist_ok=True)
    (OUT / "quality.svg").write_text(pictures.quality([(n, f[2], f[1]) for n, f in systems]), encoding="utf-8")
    (OUT / "scale.svg").write_text(pictures.scale(sizes), encoding="utf-8")
    console.print(f"pictures: {OUT / 'quality.svg'}, {OUT / 'scale.svg'}")


if __name__ == "__main__":
    main()
