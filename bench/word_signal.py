"""Words as one more signal, for `bench.ablation`: BM25 of rjieba's words with all phrases of a group, the best group of each candidate.

What `bm25` is for grams of characters, on the same normal forms. The matcher has no such signal; the row says what it would earn beside the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import rjieba
from numpy.typing import NDArray
from scipy.sparse import csr_array

from intents.fit import Observed, folds, only
from intents.fit_all import Seen
from intents.grams import Floats

NAME = "words"
_K1, _B = 1.2, 0.75


def with_words(seen: Seen, signals: Sequence[str]) -> Observed:
    """What the fits look at, with the signal of words besides; held-out phrases are asked of words without them."""
    observed = only(seen.observed, signals)
    values = np.concatenate([observed.values, np.concatenate(list(_parts(seen)))[:, :, None]], axis=2)
    return replace(observed, signals=(*observed.signals, NAME), values=values)


def _parts(seen: Seen) -> Iterator[Floats]:
    """The signal of the rows of each fold, then of the test questions; shape (rows, candidates)."""
    phrases, at = seen.scorer.all_phrases, 0
    normal = seen.scorer.normalizer
    cut = [rjieba.cut(normal(text), False) for _, _, text in phrases]
    for held in folds(len(phrases)):
        out = frozenset(held)
        kept = [i for i in range(len(phrases)) if i not in out]
        yield _bm25(seen, kept, cut, [rjieba.cut(normal(text), False) for text in seen.texts[at : at + len(held)]])
        at += len(held)
    yield _bm25(seen, range(len(phrases)), cut, [rjieba.cut(normal(text), False) for text in seen.texts[at:]])


def _bm25(seen: Seen, kept: Sequence[int], cut: Sequence[list[str]], asked: Sequence[list[str]]) -> Floats:
    """BM25 per unit of each question's own information, as `intents.index` has it for grams."""
    phrases, position = seen.scorer.all_phrases, seen.scorer.position
    groups = {key: n for n, key in enumerate(dict.fromkeys(phrases[i][:2] for i in kept))}
    columns = {word: n for n, word in enumerate(dict.fromkeys(word for i in kept for word in cut[i]))}
    stored = _counts([(groups[phrases[i][:2]], cut[i]) for i in kept], columns, len(groups))
    frequency = np.diff(stored.tocsc().indptr)
    idf = np.log(1 + (len(groups) - frequency + 0.5) / (frequency + 0.5))
    lengths = stored.sum(1)
    lengths = np.repeat(lengths / lengths.mean(), np.diff(stored.indptr))
    stored.data = stored.data * (_K1 + 1) / (stored.data + _K1 * (1 - _B + _B * lengths)) * idf[stored.indices]
    questions = _counts(list(enumerate(asked)), columns, len(asked))
    questions.data = np.ones_like(questions.data)
    scores = (questions @ stored.T).toarray() / np.maximum(questions @ idf, 1e-9)[:, None]
    found = np.zeros((len(asked), len(seen.scorer.candidates)), np.float32)
    owners: NDArray[np.intp] = np.array([position[owner] for owner, _ in groups])
    np.maximum.at(found.T, owners, scores.T.astype(np.float32))
    return found


def _counts(rows: Sequence[tuple[int, Sequence[str]]], columns: dict[str, int], size: int) -> csr_array:
    """How often each known word stands in each row; those of one number add up."""
    known = [(row, columns[word]) for row, words in rows for word in words if word in columns]
    at = np.array(known, np.int32).reshape(-1, 2)
    made = csr_array((np.ones(len(at)), (at[:, 0], at[:, 1])), shape=(size, len(columns)))
    made.sum_duplicates()
    return made
