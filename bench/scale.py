"""Time against size: `python -m bench.scale [SIZES ...]`, each size in a process of its own, one thread, no encoder.

Beside the matcher: brute force (`bench.oracle`), whose nearest phrase and whose likeliest candidate it should share, with the
number of questions compared (“top answer”: of those that are answered);
rapidfuzz `process.extractOne` with `ratio` over all phrases; and bm25s over the phrases of each entry pooled. Memory is the
process's peak when the matcher has been asked, before any of these.
"""

from __future__ import annotations

import gc
import json
import os
import random
import re
import resource
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

from rapidfuzz import fuzz, process
from rich.console import Console
from rich.table import Table

from bench import oracle
from bench.peers import Missing, bm25s_peer, characters
from bench.synthetic import synthetic
from bot.paths import knowledge_dir
from bot.serve import GC_THRESHOLDS
from intents import KnowledgeBase, Matcher
from intents.evaluate import question_files, read_cases
from intents.large import LargeRanker

SIZES = (5_000, 10_000, 100_000, 1_000_000)
ASKED = 1_000
COMPARED = 20
"""Questions asked of rapidfuzz, which needs a second each at a million."""
TOKENS_UP_TO = 100_000
"""Phrases for which bm25s is set up: for a million its lists of tokens take gigabytes."""
PEERS = {"rapidfuzz ratio": "rapidfuzz", "bm25s characters": "bm25s"}
"""Peers beside the matcher, and where a row has their median time in ms; None for one that was not asked."""
Row = dict[str, Any]


def spread(times: list[float]) -> tuple[float, float, float]:
    """Median, 99th percentile and worst, in ms."""
    ordered = sorted(times)
    return ordered[len(ordered) // 2], ordered[int(0.99 * len(ordered))], ordered[-1]


def timed(ask: Any, questions: list[str]) -> list[float]:
    """Milliseconds of each call."""
    found = []
    for question in questions:
        started = perf_counter()
        ask(question)
        found.append(1000 * (perf_counter() - started))
    return found


def measure(size: int) -> Row:
    """One size, in this process."""
    base = KnowledgeBase.load(knowledge_dir())
    real = [q for e in base.entries.values() for q in e.questions]
    cases = [c for p in question_files(knowledge_dir() / "tests") for c in read_cases(p) if c.kind == "question"]
    questions = [c.text for c in cases]
    random.Random(3).shuffle(questions)  # noqa: S311
    questions = questions[:ASKED]
    phrases = synthetic(real, size)
    bulk = KnowledgeBase.from_phrases(phrases, base.lexicon)
    if sys.stderr.isatty():
        print(f"{size:,} phrases", file=sys.stderr)  # noqa: T201
    started = perf_counter()
    matcher = Matcher(bulk, progress=_bar)
    build = perf_counter() - started
    # as the service does, see bot/serve.py
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    for question in questions[:50]:
        matcher.match(question)
    p50, p99, worst = spread(timed(matcher.match, questions))
    peak = _peak()
    small = not isinstance(matcher.ranker, LargeRanker)
    texts = [text for _, text in phrases]
    ranked = oracle.Agreement() if small else oracle.same_ranking(matcher, questions)
    fuzzy = spread(timed(lambda q: process.extractOne(q, texts, scorer=fuzz.ratio), questions[:COMPARED]))
    return {
        "size": size, "build": build, "p50": p50, "p99": p99, "worst": worst, "peak": peak,
        "phrase": None if small else (oracle.same_phrase(matcher, questions), len(questions)),
        "answered": None if small else (ranked.of_answered, ranked.answered),
        "ranking": None if small else (ranked.of_all, ranked.asked),
        "rapidfuzz": fuzzy[0], "bm25s": _bm25s(phrases, questions),
    }  # fmt: skip


def _peak() -> float:
    """The most memory this process has had, GB; not that of its parent, which getrusage counts until a program is executed."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1e6


def _bm25s(phrases: list[tuple[str, str]], questions: list[str]) -> float | None:
    if len(phrases) > TOKENS_UP_TO:
        return None
    try:
        ask = bm25s_peer(characters)(phrases)
    except Missing:
        return None
    return spread(timed(ask, questions))[0]


def _bar(done: int, total: int) -> None:
    if sys.stderr.isatty():
        width = 40 * done // max(total, 1)
        print(f"\r  [{'#' * width}{'.' * (40 - width)}] {done:,}/{total:,}", end="\n" if done == total else "",  # noqa: T201
              file=sys.stderr, flush=True)  # fmt: skip


def rows(sizes: tuple[int, ...] = SIZES) -> list[Row]:
    """Every size, each in a fresh process on one core."""
    found = []
    for size in sizes:
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        done = subprocess.run([sys.executable, "-m", "bench.scale", "--one", str(size)], stdout=subprocess.PIPE,  # noqa: S603
                              text=True, check=True, env=environment)  # fmt: skip
        found.append(json.loads(done.stdout))
    return found


def show(found: list[Row]) -> Table:
    """The table of `rows`."""
    table = Table(title="time against size (no encoder, one core)", title_justify="left")
    agreements = {"nearest phrase same %": "phrase", "top answer same %": "answered", "first of all same %": "ranking"}
    for column in ("phrases", "build s", "peak GB", "p50 ms", "p99 ms", "worst ms", *agreements):
        table.add_column(column, justify="right")
    for name in PEERS:
        table.add_column(f"{name} ms", justify="right")
        table.add_column("x ours", justify="right")
    for r in found:
        shares = ("all ranked" if r[key] is None else "{:.1f} of {}".format(*r[key]) for key in agreements.values())
        beside = (x for key in PEERS.values() for x in (_number(r[key]), _number(r[key], r["p50"])))
        table.add_row(f"{r['size']:,}", f"{r['build']:.1f}", f"{r['peak']:.2f}", f"{r['p50']:.2f}", f"{r['p99']:.2f}",
                      f"{r['worst']:.1f}", *shares, *beside)  # fmt: skip
    return table


def _number(value: float | None, unit: float = 1) -> str:
    return "" if value is None else f"{value / unit:.2f}"


def main(arguments: list[str]) -> None:
    """The table, or with --one N one row as JSON."""
    if arguments[:1] == ["--one"]:
        sys.stdout.write(json.dumps(measure(int(arguments[1]))) + "\n")
        return
    Console(width=170).print(show(rows(tuple(map(int, arguments)) or SIZES)))


if __name__ == "__main__":
    main(sys.argv[1:])
