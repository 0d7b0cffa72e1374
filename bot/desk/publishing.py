"""Several knowledge files brought into force together: all or none, whenever the program is stopped.

While the marker file is there, the running service does not reload (bot.brain). A lock file lets one process at a time
write. What a stop left half written is completed from the journal in the database; a file that somebody else changed
in that moment is left alone, and the others go back.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from bot.curate.files import read_text, write_atomically
from bot.errors import EditError

MARKER, LOCK = ".publishing", ".publish.lock"
Files = Mapping[str, tuple[str | None, str | None]]
"""Path below the knowledge directory -> text before and after; None where there is no file."""


@contextlib.asynccontextmanager
async def alone(directory: Path) -> AsyncIterator[None]:
    """Hold the directory's write lock. Raises EditError when the directory cannot be written."""
    try:
        lock = (directory / LOCK).open("w")
    except OSError as error:
        raise EditError(f"知识目录 {directory} 写不进去（{error.strerror or error}）。请检查权限。") from None
    with lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        yield


def write_all(directory: Path, files: Files) -> None:
    """Write every file; only under `alone`, and only what is journalled."""
    write_atomically(directory / MARKER, "正在发布，请勿改动。\n")
    for path, (_, after) in sorted(files.items()):
        _write(directory / path, after)
    (directory / MARKER).unlink(missing_ok=True)


def take_up(directory: Path, files: Files) -> bool:
    """Finish what a stop interrupted: True when every file is as it shall be, False when all are as they were.

    False comes of a file that is neither: somebody changed it since, and it stays as it is.
    """
    now = {path: read_text(directory / path) if (directory / path).exists() else None for path in files}
    strange = [path for path, texts in files.items() if now[path] not in texts]
    if not strange:
        write_all(directory, files)
        return True
    for path, (before, after) in files.items():
        if now[path] == after and path not in strange:
            _write(directory / path, before)
    (directory / MARKER).unlink(missing_ok=True)
    return False


def _write(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink(missing_ok=True)
    elif not path.exists() or read_text(path) != text:
        write_atomically(path, text)
