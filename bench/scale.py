"""Time against size: `python -m bench.scale [SIZES ...]`, each size in a process of its own, one thread, no encoder.

Beside the matcher: the brute-force oracle (every phrase's cosine by a full scan), whose top answer it must share, and
rapidfuzz `process.extractOne` with `ratio`. Memory is the process's peak.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
from time import perf_counter
from typing import Any

import numpy as np
from rapidfuzz import fuzz, process
from rich.console import Console
from rich.table import Table

from bench.synthetic import synthetic
from bot.paths import knowledge_dir
from intents import KnowledgeBase, Matcher
from intents.evaluate import question_files, read_cases
from intents.large import LargeRanker
from intents.normalize import Normalizer
from intents.postings import LargeIndex

SIZES = (5_000, 10_000, 100_000, 1_000_000)
ASKED = 1_000
CHECKED = 1_000
"""Questions whose top phrase is compared with the oracle's."""
COMPARED = 20
"""Questions asked of rapidfuzz, which needs a second each at a million."""
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
    for question in questions[:50]:
        matcher.match(question)
    p50, p99, worst = spread(timed(matcher.match, questions))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    agree = _agreement(matcher, questions[:CHECKED]) if isinstance(matcher.ranker, LargeRanker) else None
    texts = [text for _, text in phrases]
    peer = spread(timed(lambda q: process.extractOne(q, texts, scorer=fuzz.ratio), questions[:COMPARED]))
    return {"size": size, "build": build, "p50": p50, "p99": p99, "worst": worst, "peak": peak, "agree": agree,
            "rapidfuzz": peer[0]}  # fmt: skip


def _agreement(matcher: Matcher, questions: list[str]) -> float:
    """Share of questions, in per cent, whose nearest phrase no phrase of a full scan beats."""
    assert isinstance(matcher.ranker, LargeRanker)
    index, normalizer = matcher.ranker.index, Normalizer(matcher.knowledge.lexicon)
    same = total = 0
    for question in questions:
        asked = index.asked(normalizer(question))
        if not len(asked.columns):
            continue
        found = index.nearest(asked)
        total += 1
        same += (
            bool(len(found.phrases)) and float(found.cosines[0]) >= _oracle(index, asked.columns, asked.weights) - 1e-4
        )
    return 100 * same / max(total, 1)


def _oracle(index: LargeIndex, columns: Any, weights: Any) -> float:
    scores = np.zeros(index.size, np.float32)
    for column, weight in zip(columns.tolist(), weights.tolist(), strict=True):
        scores[index.docs[index.starts[column] : index.starts[column + 1]]] += weight * index.idf[column]
    return float((scores * index.scale).max())


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
    for column in (
        "phrases",
        "build s",
        "peak GB",
        "p50 ms",
        "p99 ms",
        "worst ms",
        "oracle agrees %",
        "rapidfuzz ratio ms",
        "x",
    ):
        table.add_column(column, justify="right")
    for r in found:
        agree = "every candidate" if r["agree"] is None else f"{r['agree']:.1f}"
        table.add_row(f"{r['size']:,}", f"{r['build']:.1f}", f"{r['peak']:.2f}", f"{r['p50']:.2f}", f"{r['p99']:.2f}",
                      f"{r['worst']:.1f}", agree, f"{r['rapidfuzz']:.1f}", f"{r['rapidfuzz'] / r['p50']:.0f}")  # fmt: skip
    return table


def main(arguments: list[str]) -> None:
    """The table, or with --one N one row as JSON."""
    if arguments[:1] == ["--one"]:
        sys.stdout.write(json.dumps(measure(int(arguments[1]))) + "\n")
        return
    Console().print(show(rows(tuple(map(int, arguments)) or SIZES)))


if __name__ == "__main__":
    main(sys.argv[1:])
