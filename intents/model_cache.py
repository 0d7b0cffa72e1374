"""Linear weights and the index, kept on disk between starts, one file for each set of stored questions; a damaged file is
learnt anew.

What a file is found by are the questions that the weights were learnt from, not the version of the knowledge: a reworded
answer needs nothing learnt anew. With the weights stand the names of their rows and columns, so that a base that differs
by a few questions can begin with them (`WeightsCache.carried_over`) until its own are learnt.

A matcher that is made for another process need not bring what that one has in memory already: such arrays are known by
the file they stand in and their name there, `linear-….npz/linear` (`Stored.named`).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from intents.cachefile import keep_newest, newest, put
from intents.encoder import Encoder

Weights = NDArray[Any]
"""Packed (intents.linear.pack) for grams, float32 for sentence vectors."""
FORMAT = 17
"""Raised whenever grams, signals or the solver change, so that old files are not taken for new ones."""
KEPT = 2
"""Files kept: the newest, so that a roll-back starts at once."""


@dataclass(frozen=True)
class Shape:
    """What rows and columns of weights mean."""

    grams: NDArray[np.int64]
    """Keys of the rows of `linear`, ascending; other weights have the dimensions of an encoder for rows."""
    groups: NDArray[np.str_]
    """A name for each group."""


@dataclass(frozen=True)
class Stored:
    """What a file holds."""

    weights: dict[str, Weights]
    index: dict[str, NDArray[Any]]
    """Parts of the index, see `GramIndex.parts`; empty where they are of other questions."""
    named: dict[str, NDArray[Any]]
    """Those of its arrays that stand in a file as they are, by `file/array`."""


def digest(groups: NDArray[np.int32], *wordings: Sequence[str]) -> str:
    """What weights are learnt from, as 12 hex digits: every wording of each stored question, and the groups they are of."""
    found = hashlib.sha256(np.ascontiguousarray(groups, np.int32).tobytes())
    for wording in wordings:
        found.update("\0".join(wording).encode("utf-8", "surrogatepass") + b"\1")
    return found.hexdigest()[:12]


class WeightsCache:
    """Weights of one set of encoders in a directory."""

    def __init__(self, directory: Path, encoders: Sequence[Encoder], lent: Collection[str] = ()) -> None:
        """`lent` are arrays, as `Stored.named` calls them, that whoever gets the matcher has already: they are not read, but
        looked at where they lie on disk."""
        self._directory, self._lent = directory, frozenset(lent)
        self._names = "+".join(["lexical", *(e.name for e in encoders)])

    def path(self, learnt_from: str) -> Path:
        """The file of the weights that were learnt from this (`digest`)."""
        return self._directory / f"linear-{FORMAT}-{self._names}-{learnt_from}.npz"

    def load(self, learnt_from: str) -> Stored | None:
        """What was learnt before; None when there is nothing."""
        path = self.path(learnt_from)
        found = _read(path, self._lent)
        if not found or not {"linear"} | _NAMES <= found.keys():
            return None
        index = {n.removeprefix(_INDEX): array for n, array in found.items() if n.startswith(_INDEX)}
        weights = {n: array for n, array in found.items() if n not in _NAMES and not n.startswith(_INDEX)}
        return Stored(weights, index, self.named(learnt_from, weights, index))

    def named(
        self, learnt_from: str, weights: Mapping[str, Weights], index: Mapping[str, NDArray[Any]]
    ) -> dict[str, NDArray[Any]]:
        """What stands in the file of these questions, see `Stored.named`."""
        file, parts = self.path(learnt_from).name, {f"{_INDEX}{name}": array for name, array in index.items()}
        return {f"{file}/{name}": array for name, array in {**weights, **parts}.items()}

    def carried_over(self, shape: Shape) -> tuple[Stored, NDArray[np.intp]] | None:
        """The newest weights there are, learnt from other questions, with the groups of this shape, 0 for a new one; and where the
        row of each of its grams is among theirs, -1 for a new one."""
        for path in newest(self._directory, f"linear-{FORMAT}-{self._names}-*.npz"):
            if (found := _read(path, self._lent, with_index=False)) and _NAMES <= found.keys():
                weights = _with_groups(found, shape)
                named = {f"{path.name}/{name}": array for name, array in weights.items() if array is found[name]}
                return Stored(weights, {}, named), _places(found["grams"], shape.grams)
        return None

    def save(
        self, learnt_from: str, weights: Mapping[str, Weights], shape: Shape, index: Mapping[str, NDArray[Any]]
    ) -> None:
        """Keep weights and the parts of the index for the next start; a directory that cannot be written costs time, never
        an answer."""
        parts = {f"{_INDEX}{name}": array for name, array in index.items()}
        kept = {"grams": shape.grams, "groups": shape.groups, **weights, **parts}
        put(self.path(learnt_from), lambda partial: np.savez(partial, allow_pickle=False, **kept))
        keep_newest(self._directory, "linear-*.npz", KEPT)


_NAMES = frozenset(("grams", "groups"))
_INDEX = "index."


def _read(path: Path, lent: Collection[str], with_index: bool = True) -> dict[str, Weights] | None:
    try:
        with path.open("rb") as file, np.load(file) as stored:
            names = [name for name in stored.files if with_index or not name.startswith(_INDEX)]
            return {n: _mapped(path, n) if f"{path.name}/{n}" in lent else stored[n] for n in names}
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


def _with_groups(found: Mapping[str, Weights], shape: Shape) -> dict[str, Weights]:
    """Old weights with a column for each group, by their names."""
    old = {name: i for i, name in enumerate(found["groups"].tolist())}
    columns = np.array([old.get(name, -1) for name in shape.groups.tolist()], np.intp)
    return {name: _columns(array, columns) for name, array in found.items() if name not in _NAMES}


def _columns(array: Weights, columns: NDArray[np.intp]) -> Weights:
    """These columns of an array, 0 where the place is -1."""
    if np.array_equal(columns, np.arange(array.shape[1])):
        return array
    found = np.take(array, np.maximum(columns, 0), axis=1)
    found[:, columns < 0] = 0
    return found


def _places(among: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.intp]:
    """Where each key is among ascending others, -1 where it is not."""
    if not len(among):
        return np.full(len(keys), -1, np.intp)
    at = np.minimum(np.searchsorted(among, keys), len(among) - 1)
    return np.where(among[at] == keys, at, -1)
