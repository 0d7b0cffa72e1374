"""Throws random Unicode at the matcher: `python -m bench.fuzz [COUNT] [SEED]`; prints what was raised and the slowest input.

Strings of 0 to 4,000 characters, mostly short, from many alphabets: Chinese, stored questions cut and joined, digits, Latin,
emoji, combining marks, control characters, lone surrogates, anything at all. Without an encoder.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from bot.paths import knowledge_dir
from intents import KnowledgeBase, Matcher
from intents.matcher import MAX_LENGTH

_RANGES = (
    (0x4E00, 0x9FFF), (0x20, 0x7E), (0xFF01, 0xFF5E), (0x3000, 0x30FF), (0x1F300, 0x1FAFF), (0x300, 0x36F),
    (0x0, 0x1F), (0xD800, 0xDFFF), (0x0, 0x10FFFF), (0x2460, 0x24FF), (0xAC00, 0xD7A3), (0x600, 0x6FF),
)  # fmt: skip


def random_text(choose: random.Random, known: Sequence[str]) -> str:
    """One input."""
    length = (
        min(int(choose.paretovariate(0.7)), MAX_LENGTH) if choose.random() < 0.98 else choose.randint(0, MAX_LENGTH)
    )
    if choose.random() < 0.3:
        text = "".join(choose.choice(known) for _ in range(1 + length // 20))
        return text[:length]
    ranges = choose.sample(_RANGES, choose.randint(1, 3))
    return "".join(chr(choose.randint(*choose.choice(ranges))) for _ in range(length))


def fuzz(matcher: Matcher, count: int, seed: int) -> tuple[int, float, str]:
    """How many inputs raised, the longest time in ms, and the input that took it."""
    choose = random.Random(seed)  # noqa: S311
    known = [q for e in matcher.knowledge.entries.values() for q in e.questions]
    raised, worst, slowest = 0, 0.0, ""
    for n in range(count):
        text = random_text(choose, known)
        started = perf_counter()
        try:
            match = matcher.match(text)
            wrong = not 0 <= match.confidence <= 1 or (match.outcome == "answer") != (match.entry is not None)
        except Exception as error:
            wrong = True
            print(f"{type(error).__name__}: {error} on {text[:80]!r}")  # noqa: T201
        took = 1000 * (perf_counter() - started)
        raised += wrong
        if took > worst:
            worst, slowest = took, text
        if n % 100_000 == 99_999:
            print(f"{n + 1:,} inputs, {raised} raised, slowest {worst:.1f} ms", flush=True)  # noqa: T201
    return raised, worst, slowest


def main(arguments: list[str]) -> None:
    """Run and print; exit 1 when anything was raised."""
    count, seed = (int(arguments[0]) if arguments else 1_000_000), (int(arguments[1]) if len(arguments) > 1 else 11)
    matcher = Matcher(KnowledgeBase.load(knowledge_dir()), cache=Path(".cache"))
    raised, worst, slowest = fuzz(matcher, count, seed)
    print(f"{count:,} inputs, {raised} raised, slowest {worst:.1f} ms ({len(slowest)} characters)")  # noqa: T201
    sys.exit(bool(raised))


if __name__ == "__main__":
    main(sys.argv[1:])
