"""What a team could take instead, each set up in good faith: the question in, the likeliest entry out."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence

from rapidfuzz import fuzz, process, utils

Phrases = Sequence[tuple[str, str]]
"""(entry id, stored question)."""
Ask = Callable[[str], str]


def rapidfuzz_peer(scorer: Callable[..., float]) -> Callable[[Phrases], Ask]:
    """`process.extractOne` over all stored questions, with rapidfuzz's own preparation of both sides."""

    def build(phrases: Phrases) -> Ask:
        owners = [owner for owner, _ in phrases]
        prepared = [utils.default_process(text) for _, text in phrases]

        def ask(text: str) -> str:
            found = process.extractOne(utils.default_process(text), prepared, scorer=scorer)
            return owners[found[2]] if found else ""

        return ask

    return build


def fts5_trigram(phrases: Phrases) -> Ask:
    """SQLite's full-text search on character trigrams, any of the question's trigrams, ranked by its BM25."""
    base = sqlite3.connect(":memory:")
    base.execute("CREATE VIRTUAL TABLE phrases USING fts5(owner UNINDEXED, text, tokenize='trigram')")
    base.executemany("INSERT INTO phrases VALUES (?, ?)", phrases)

    def ask(text: str) -> str:
        bare = re.sub(r"\W", "", text)
        grams = dict.fromkeys(bare[i : i + 3] for i in range(len(bare) - 2))
        if not grams:
            return ""
        query = " OR ".join(f'"{g}"' for g in grams)
        row = base.execute("SELECT owner FROM phrases WHERE phrases MATCH ? ORDER BY rank LIMIT 1", (query,)).fetchone()
        return str(row[0]) if row else ""

    return ask


PEERS: dict[str, Callable[[Phrases], Ask]] = {
    "rapidfuzz ratio": rapidfuzz_peer(fuzz.ratio),
    "rapidfuzz WRatio": rapidfuzz_peer(fuzz.WRatio),
    "rapidfuzz partial_ratio": rapidfuzz_peer(fuzz.partial_ratio),
    "SQLite FTS5 trigram": fts5_trigram,
}
