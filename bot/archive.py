"""The curators' YAML files as one compressed archive and back; the same files give the same bytes."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from bot.curate.files import write_atomically
from bot.desk.publishing import MARKER
from bot.errors import EditError

Files = Mapping[str, bytes]
"""Path below the knowledge directory, with slashes -> content."""


def files_of(directory: Path) -> dict[str, bytes]:
    """The YAML files of a directory, tests too; hidden ones are left out."""
    found = {}
    for path in sorted(directory.rglob("*.yaml")):
        name = path.relative_to(directory)
        if not any(part.startswith(".") for part in name.parts):
            found[name.as_posix()] = path.read_bytes()
    return found


def pack(files: Files) -> tuple[str, bytes]:
    """(Digest, archive). The digest is the SHA-256 of the archive before it is compressed, in hex."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(files):
            info = tarfile.TarInfo(name)
            info.size = len(files[name])
            tar.addfile(info, io.BytesIO(files[name]))
    whole = raw.getvalue()
    return hashlib.sha256(whole).hexdigest(), gzip.compress(whole, 6, mtime=0)


def unpack(archive: bytes) -> dict[str, bytes]:
    """The files of an archive. Raises EditError for one that names anything but YAML files below its directory."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive))) as tar:
        for info in tar:
            name, content = PurePosixPath(info.name), tar.extractfile(info)
            if content is None or name.is_absolute() or ".." in name.parts or name.suffix != ".yaml":
                raise EditError(f"数据库里的知识版本含有不认识的文件“{info.name}”，没有使用。")
            found[name.as_posix()] = content.read()
    return found


def bring(directory: Path, files: Files) -> int:
    """Make the YAML files of a directory these, only what differs; how many were written or taken away.

    Meanwhile the marker keeps a running service from reading half of them. Only under bot.desk.publishing.alone.
    Raises EditError when the directory cannot be written.
    """
    before = files_of(directory)
    changed = {name: content for name, content in files.items() if before.get(name) != content}
    gone = [name for name in before if name not in files]
    if not changed and not gone:
        return 0
    write_atomically(directory / MARKER, "正在更新，请勿改动。\n")
    for name, content in sorted(changed.items()):
        write_atomically(directory / name, content.decode("utf-8"))
    for name in gone:
        (directory / name).unlink(missing_ok=True)
    (directory / MARKER).unlink(missing_ok=True)
    return len(changed) + len(gone)


def number_in(path: Path) -> int | None:
    """The number of a version that `put_number` left in a file; None without one."""
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def put_number(path: Path, number: int) -> None:
    """Remember the number of a version, whole or not at all. Raises EditError."""
    write_atomically(path, f"{number}\n")
