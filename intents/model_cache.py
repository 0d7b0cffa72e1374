"""Linear weights kept on disk between starts, one file a knowledge version; a damaged file is learnt anew."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intents.encoder import Encoder
from intents.model import KnowledgeData

Weights = NDArray[Any]
"""Packed (intents.linear.pack) for grams, float32 for sentence vectors."""
FORMAT = 12
"""Raised whenever grams, signals or the solver change, so that old files are not taken for new ones."""
KEPT = 2
"""Files kept: the newest versions, so that a roll-back starts at once."""


def _path(directory: Path, knowledge: KnowledgeData, encoders: Sequence[Encoder]) -> Path:
    names = "+".join(["lexical", *(e.name for e in encoders)])
    return directory / f"linear-{FORMAT}-{names}-{knowledge.version}.npz"


def load_linear(directory: Path, knowledge: KnowledgeData, encoders: Sequence[Encoder]) -> dict[str, Weights] | None:
    """Weights learnt before for this version and these encoders; None when there are none."""
    try:
        with np.load(_path(directory, knowledge, encoders)) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, KeyError, EOFError):
        return None


def save_linear(
    directory: Path, knowledge: KnowledgeData, encoders: Sequence[Encoder], weights: Mapping[str, Weights]
) -> None:
    """Keep weights for the next start; a directory that cannot be written costs time, never an answer."""
    path = _path(directory, knowledge, encoders)
    partial = path.with_suffix(f".{id(weights)}.part")
    with contextlib.suppress(OSError):
        directory.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **dict(weights))
        partial.replace(path)
        old = sorted(directory.glob("linear-*.npz"), key=lambda p: p.stat().st_mtime, reverse=True)
        for extra in old[KEPT:]:
            extra.unlink()
