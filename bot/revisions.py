"""A knowledge directory by path or by git revision, for `fawen diff`."""

from __future__ import annotations

import contextlib
import io
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from bot.errors import ConfigError


@contextlib.contextmanager
def knowledge_at(named: str, current: Path) -> Iterator[Path]:
    """The directory itself, or `current` as it was in a git revision, unpacked for as long as the context lasts.

    Raises ConfigError when it is neither.
    """
    path = Path(named)
    if path.is_dir():
        yield path
        return
    top = _git(current, "rev-parse", "--show-toplevel").decode().strip()
    inside = current.resolve().relative_to(Path(top).resolve()).as_posix()
    # a zip: taking out a tar safely needs Python 3.11.4, and Debian 12 has 3.11.2
    archive = _git(Path(top), "archive", "--format=zip", named, inside, named=named)
    with tempfile.TemporaryDirectory() as place:
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            files.extractall(place)  # keeps every member inside
        yield Path(place) / inside


def _git(where: Path, *arguments: str, named: str = "") -> bytes:
    command = ["git", "-C", str(where), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  no shell, fixed program
    except FileNotFoundError:
        raise ConfigError("没有安装 git，只能比较两个目录。") from None
    if done.returncode:
        what = f"“{named}”既不是目录，也不是 git 版本" if named else f"{where} 不在 git 仓库里，只能比较两个目录"
        raise ConfigError(f"{what}（{done.stderr.decode('utf-8', 'replace').strip()[:120]}）。")
    return done.stdout
