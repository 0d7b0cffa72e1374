"""Files of what takes long to make: written whole or not at all, the newest few kept."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path


def put(path: Path, write: Callable[[Path], object]) -> None:
    """Have `write` make a file that then takes the place of `path`; what cannot be written costs time, never an answer."""
    partial = path.with_name(f"part-{id(write)}-{path.name}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(partial)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def newest(directory: Path, pattern: str) -> list[Path]:
    """The files of a pattern, the newest first."""
    with contextlib.suppress(OSError):
        return sorted(directory.glob(pattern), key=lambda p: p.stat().st_mtime, reverse=True)
    return []


def keep_newest(directory: Path, pattern: str, kept: int) -> None:
    """Remove all but the newest few."""
    for extra in newest(directory, pattern)[kept:]:
        with contextlib.suppress(OSError):
            extra.unlink()
