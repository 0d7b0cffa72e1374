"""What is learnt of a set of stored questions (the indexes, weights of sentence vectors), kept on disk between starts, one file for each
set; a damaged file is made anew.

What a file is found by are the questions that it was learnt from, not the version of the knowledge: a reworded answer needs
nothing learnt anew.

A matcher that is made for another process need not bring what that one has in memory already: such arrays are known by
the file they stand in and their name there, `learnt-….npz/use` (`LearntCache.named`).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from intents.cachefile import keep_newest, put
from intents.encoder import Encoder
from intents.grams import Floats

FORMAT = 19
"""Raised whenever grams, signals or the solver change, so that old files are not taken for new ones."""
KEPT = 2
"""Files kept: the newest, so that a roll-back starts at once."""


@dataclass(frozen=True)
class Stored:
    """What a file holds."""

    weights: dict[str, Floats]
    """Of each encoder."""
    index: dict[str, NDArray[Any]]
    """Parts of both indexes, see `GramIndex.parts` and `WordIndex.parts`."""


def digest(groups: NDArray[np.int32], *wordings: Sequence[str]) -> str:
    """What is learnt from, as 12 hex digits: every wording of each stored question, and the groups they are of."""
    found = hashlib.sha256(np.ascontiguousarray(groups, np.int32).tobytes())
    for wording in wordings:
        found.update("\0".join(wording).encode("utf-8", "surrogatepass") + b"\1")
    return found.hexdigest()[:12]


class LearntCache:
    """What was learnt for one set of encoders, in a directory."""

    def __init__(self, directory: Path, encoders: Sequence[Encoder], lent: Collection[str] = ()) -> None:
        """`lent` are arrays, as `named` calls them, that whoever gets the matcher has already: they are not read, but
        looked at where they lie on disk."""
        self._directory, self._lent = directory, frozenset(lent)
        self._names = "+".join(["lexical", *(e.name for e in encoders)])

    def path(self, learnt_from: str) -> Path:
        """The file of what was learnt from this (`digest`)."""
        return self._directory / f"learnt-{FORMAT}-{self._names}-{learnt_from}.npz"

    def load(self, learnt_from: str) -> Stored | None:
        """What was learnt before; None when there is nothing."""
        found = _read(self.path(learnt_from), self._lent)
        if not found:
            return None
        index = {n.removeprefix(_INDEX): array for n, array in found.items() if n.startswith(_INDEX)}
        return Stored({n: array for n, array in found.items() if not n.startswith(_INDEX)}, index)

    def named(self, learnt_from: str, stored: Stored) -> dict[str, NDArray[Any]]:
        """The arrays that stand in the file of these questions as they are, by `file/array`."""
        file = self.path(learnt_from).name
        return {f"{file}/{name}": array for name, array in _arrays(stored).items()}

    def save(self, learnt_from: str, stored: Stored) -> None:
        """Keep what was learnt for the next start; a directory that cannot be written costs time, never an answer."""
        put(self.path(learnt_from), lambda partial: np.savez(partial, allow_pickle=False, **_arrays(stored)))
        keep_newest(self._directory, "learnt-*.npz", KEPT)
        keep_newest(self._directory, _EARLIER, 0)


_INDEX = "index."
_EARLIER = "linear-*.npz"
"""What earlier versions kept; never read again."""


def _arrays(stored: Stored) -> dict[str, NDArray[Any]]:
    return {**stored.weights, **{f"{_INDEX}{name}": array for name, array in stored.index.items()}}


def _read(path: Path, lent: Collection[str]) -> dict[str, NDArray[Any]] | None:
    try:
        with path.open("rb") as file, np.load(file) as stored:
            return {n: _mapped(path, n) if f"{path.name}/{n}" in lent else stored[n] for n in stored.files}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


def _mapped(path: Path, name: str) -> NDArray[Any]:
    """An array where it lies in a file of np.savez, which compresses nothing: read when it is looked at, and not checked.

    The local header before it (APPNOTE.TXT 4.3.7 of the ZIP format) has 30 bytes, of which the last four are the lengths of
    the name and of the extra field that follow.
    """
    with path.open("rb") as file, ZipFile(file) as zipped:
        info = zipped.getinfo(f"{name}.npy")
        file.seek(info.header_offset + 26)
        begin = file.tell() + 4 + sum(struct.unpack("<HH", file.read(4)))
        file.seek(begin)
        np.lib.format.read_magic(file)
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        return np.memmap(path, dtype, "r", file.tell(), shape, "F" if fortran else "C")
