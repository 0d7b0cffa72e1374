"""Throws random Unicode at the matcher: `python -m bench.fuzz [COUNT] [SEED]`; prints what was raised and the slowest input.

Strings of 0 to 4,000 characters, mostly short, from many alphabets: Chinese, stored questions cut and joined, digits, Latin,
emoji, combining marks, control characters, lone surrogates, anything at all. Without an encoder, one thread.

Times are of the processor, and of the least of three tries where the first is over 10 ms: other work on the machine, or Python's
collector, is no property of the input. The slowest first try is printed as well.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import thread_time

from threadpoolctl import threadpool_limits

from bot.paths import knowledge_dir
from intents import KnowledgeBase, Matcher
from intents.normalize import MAX_LENGTH

_RANGES = (
    (0x4E00, 0x9FFF), (0x20, 0x7E), (0xFF01, 0xFF5E), (0x3000, 0x30FF), (0x1F300, 0x1FAFF), (0x300, 0x36F),
    (0x0, 0x1F), (0xD800, 0xDFFF), (0x0, 0x10FFFF), (0x2460, 0x24FF), (0xAC00, 0xD7A3), (0x600, 0x6FF),
    # one character that stands for several, up to eighteen
    (0x3300, 0x33FF), (0xFDF0, 0xFDFB),
)  # fmt: skip

LIMIT_MS = 50.0
TRIED_AGAIN_MS = 10.0


@dataclass
class Found:
    """What became of the inputs so far."""

    raised: int = 0
    worst: float = 0.0
    """Of the slowest input, milliseconds of the processor."""
    characters: int = 0
    """Of that input."""
    first: float = 0.0
    """The slowest first try, milliseconds."""

    def __str__(self) -> str:
        return (
            f"inputs, {self.raised} raised, slowest {self.worst:.1f} ms ({self.characters} characters; "
            f"slowest first try {self.first:.1f})"
        )


def random_text(choose: random.Random, known: Sequence[str]) -> str:
    """One input."""
    length = (
        min(int(choose.paretovariate(0.7)), MAX_LENGTH) if choose.random() < 0.98 else choose.randint(0, MAX_LENGTH)
    )
    if choose.random() < 0.3:
        between = choose.choice(("", "", "？", "。\n"))
        text = between.join(choose.choice(known) for _ in range(1 + length // 20))
        return text[:length]
    ranges = choose.sample(_RANGES, choose.randint(1, 3))
    return "".join(chr(choose.randint(*choose.choice(ranges))) for _ in range(length))


def ask(matcher: Matcher, text: str) -> tuple[bool, float]:
    """Whether something was wrong, and the milliseconds of the processor."""
    started = thread_time()
    try:
        match = matcher.match(text)
        wrong = not 0 <= match.confidence <= 1 or (match.outcome == "answer") != (match.entry is not None)
    except Exception as error:
        wrong = True
        print(f"{type(error).__name__}: {error} on {text[:80]!r}")  # noqa: T201
    return wrong, 1000 * (thread_time() - started)


def fuzz(matcher: Matcher, count: int, seed: int) -> Found:
    """So many inputs."""
    choose = random.Random(seed)  # noqa: S311
    known = [q for e in matcher.knowledge.entries.values() for q in e.questions]
    found = Found()
    for n in range(count):
        text = random_text(choose, known)
        wrong, took = ask(matcher, text)
        found.raised += wrong
        found.first = max(found.first, took)
        if took > TRIED_AGAIN_MS:
            took = min(took, *(ask(matcher, text)[1] for _ in range(2)))
        if took > found.worst:
            found.worst, found.characters = took, len(text)
        if n % 100_000 == 99_999:
            print(f"{n + 1:,} {found}", flush=True)  # noqa: T201
    return found


def main(arguments: list[str]) -> None:
    """Run and print; exit 1 when anything was raised or took too long."""
    count, seed = (int(arguments[0]) if arguments else 1_000_000), (int(arguments[1]) if len(arguments) > 1 else 11)
    matcher = Matcher(KnowledgeBase.load(knowledge_dir()), cache=Path(".cache"))
    with threadpool_limits(1, user_api="blas"):
        found = fuzz(matcher, count, seed)
    print(f"{count:,} {found}")  # noqa: T201
    sys.exit(bool(found.raised) or found.worst > LIMIT_MS)


if __name__ == "__main__":
    main(sys.argv[1:])
