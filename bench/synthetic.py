"""Knowledge of any size with the statistics of the shipped one: real questions cut and joined, every phrase different."""

from __future__ import annotations

import random
from collections.abc import Sequence

PER_ENTRY = 20
_PLACES = (
    "石岐", "东区", "西区", "南区", "小榄", "古镇", "横栏", "沙溪", "大涌", "坦洲", "三乡", "板芙", "神湾", "南朗",
    "黄圃", "南头", "东凤", "阜沙", "三角", "民众", "港口",
)  # fmt: skip


def synthetic(real: Sequence[str], size: int, seed: int = 1) -> list[tuple[str, str]]:
    """`size` phrases of `size / PER_ENTRY` entries: (entry id, phrase); the real ones first."""
    choose = random.Random(seed)  # noqa: S311
    usable = [q for q in dict.fromkeys(real) if len(q) > 3]
    found = dict.fromkeys(usable[:size])
    while len(found) < size:
        a, b = choose.choice(usable), choose.choice(usable)
        i, j = choose.randint(1, len(a) - 1), choose.randint(1, len(b) - 1)
        place = choose.choice(_PLACES) if choose.random() < 0.3 else ""
        found.setdefault((a[:i] + place + b[j:])[:40])
    return [(f"bulk.e{n // PER_ENTRY}", phrase) for n, phrase in enumerate(found)]
