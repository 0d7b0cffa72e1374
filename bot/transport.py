"""A large object from one process to another in small pieces, so that taking it in never holds the interpreter long.

`pickle.loads` of a whole matcher is one call in C of some 200 ms during which no other thread runs: the service would
stand still. Here large arrays become files of their own and large collections many short pickles; between two of them
the event loop gets its turn. The directory is private to the two processes: pickles are never read from elsewhere.
"""

from __future__ import annotations

import gc
import io
import pickle  # nosec B403  # read only from a directory that this program made for itself
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, sleep
from types import MappingProxyType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

LARGE = 100
"""Members from which a collection travels in pieces."""
ARRAY_BYTES = 1 << 16
"""Bytes from which an array is a file of its own."""
_ATOMS, _OBJECTS = 500, 10
"""Members of one piece: of texts and numbers, and of anything larger."""
_PIECES = "pieces"
NOTHING: Mapping[str, Any] = MappingProxyType({})
SWITCH = 0.0002
"""Seconds after which a thread that works beside the event loop hands the interpreter over."""
WORK, REST = 0.001, 0.002
"""Seconds that such a thread works at a stretch where it can stop, and leaves the interpreter alone afterwards."""


def save(value: Any, directory: Path, shared: Mapping[str, Any] = NOTHING) -> None:
    """Write a value; `shared` are objects, by name, that the other side has already and that are only named."""
    with (directory / _PIECES).open("wb") as file:
        _Packer(file, directory, shared).piece("root", 0, value)


@contextmanager
def standing_back() -> Iterator[None]:
    """A thread's long work beside the event loop: the interpreter is handed over 25 times as often meanwhile.

    An answer lets go of the interpreter some twenty times (numpy, SQLite) and waits each time until this thread hands it
    back: with the usual 5 ms (sys.setswitchinterval) that adds up to a fifth of a second.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    # a full collection among a million new objects that all stay is one call of a tenth of a second
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
        sys.setswitchinterval(usual)


class Rests:
    """Called between two pieces of such work: sleeps when it has gone on long enough, so that most of the time the event
    loop need not even ask for the interpreter."""

    def __init__(self) -> None:
        self._since = perf_counter()

    def __call__(self) -> None:
        """Sleep for REST after WORK."""
        if perf_counter() - self._since >= WORK:
            sleep(REST)
            self._since = perf_counter()


def load(directory: Path, shared: Mapping[str, Any] = NOTHING) -> Any:
    """Read what `save` has written; `shared` has every name that `save` was given. Meant for a thread beside the event loop."""
    with standing_back():
        return _load(directory, shared)


def _load(directory: Path, shared: Mapping[str, Any]) -> Any:
    boxes: dict[int, Any] = {}
    root = None
    rests = Rests()
    with (directory / _PIECES).open("rb") as file:
        while file.peek(1):
            rests()
            kind, number, content = _Unpacker(file, directory, boxes, shared).load()
            if kind == "root":
                root = content
            elif kind == "tuple":
                boxes[number] = tuple(boxes[number])
            elif kind == "dict":
                boxes.setdefault(number, {}).update(_interned(content))
            else:
                boxes.setdefault(number, []).extend(content)
    return root


def _interned(pairs: Sequence[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    """Texts that are keys shared with the version before: letting that go is then cheap as well."""
    return ((sys.intern(k) if type(k) is str else k, v) for k, v in pairs)


def _array(path: Path) -> NDArray[Any]:
    """What np.save has written (rows after rows), read without the interpreter: np.load holds it for 30 ms and more."""
    with path.open("rb", buffering=0) as file:
        np.lib.format.read_magic(file)
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        array = np.empty(shape, dtype)
        rest = array.reshape(-1).view(np.uint8).data
        while len(rest):
            if not (got := file.readinto(rest)):
                raise EOFError(f"{path} ends too early")
            rest = rest[got:]
    return array


def _frozen(mapping: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(mapping)


class _Packer:
    """Writes pieces; the members of a collection come before what holds it."""

    def __init__(self, file: BinaryIO, directory: Path, shared: Mapping[str, Any]) -> None:
        self._file, self._directory = file, directory
        self._shared = {id(value): name for name, value in shared.items()}
        self._numbers: dict[int, int] = {}
        self._alive: list[Any] = []
        self._parts: set[int] = set()

    def piece(self, kind: str, number: int, content: Any) -> None:
        """One pickle of its own; what it holds in turn is written first."""
        buffer = io.BytesIO()
        _Pickler(buffer, self).dump((kind, number, content))
        self._file.write(buffer.getvalue())

    def name(self, value: Any) -> tuple[str, int | str] | None:
        """How a value is named instead of written; None for what is written in place."""
        if id(value) in self._shared:
            return "shared", self._shared[id(value)]
        if id(value) in self._numbers:
            return ("array" if isinstance(value, np.ndarray) else "box"), self._numbers[id(value)]
        if isinstance(value, np.ndarray) and value.nbytes >= ARRAY_BYTES:
            number = self._number(value)
            np.save(self._directory / f"{number}.npy", np.ascontiguousarray(value), allow_pickle=False)
            return "array", number
        if type(value) in (list, tuple, dict) and len(value) >= LARGE and id(value) not in self._parts:
            return "box", self._box(value)
        return None

    def _number(self, value: Any) -> int:
        self._numbers[id(value)] = len(self._numbers)
        # an id is only good for as long as its object lives
        self._alive.append(value)
        return self._numbers[id(value)]

    def _box(self, value: Any) -> int:
        number = self._number(value)
        kind = "dict" if isinstance(value, dict) else "list"
        members = list(value.items() if isinstance(value, dict) else value)
        plain = (str, int, float, np.integer, np.floating)
        sample = members[0][1] if kind == "dict" else members[0]
        step = _ATOMS if isinstance(sample, plain) else _OBJECTS
        if isinstance(sample, tuple) and all(isinstance(x, plain) for x in sample):
            step = _ATOMS // 4
        for start in range(0, len(members), step):
            part = members[start : start + step]
            self._parts.add(id(part))
            self.piece(kind, number, part)
            self._parts.discard(id(part))
        if isinstance(value, tuple):
            self.piece("tuple", number, None)
        return number


class _Pickler(pickle.Pickler):
    def __init__(self, file: BinaryIO, packer: _Packer) -> None:
        super().__init__(file, protocol=5)
        self._packer = packer

    def persistent_id(self, value: Any) -> tuple[str, int | str] | None:
        return self._packer.name(value)

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, MappingProxyType):
            return _frozen, (dict(value),)
        return NotImplemented


class _Unpacker(pickle.Unpickler):
    def __init__(self, file: BinaryIO, directory: Path, boxes: dict[int, Any], shared: Mapping[str, Any]) -> None:
        super().__init__(file)
        self._directory, self._boxes, self._shared = directory, boxes, shared

    def persistent_load(self, name: Any) -> Any:
        kind, number = name
        if kind == "shared":
            return self._shared[number]
        if kind == "array" and number not in self._boxes:
            self._boxes[number] = _array(self._directory / f"{number}.npy")
        return self._boxes[number]
