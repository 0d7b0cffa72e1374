"""Reading and writing knowledge files: the outcome is checked as a whole before a byte is written.

A file is written beside itself and renamed, so that a reader (the running service, an editor) sees the old text or
the new one and never half of it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from bot.errors import EditError, KnowledgeError
from intents import KnowledgeBase, Problem


def read_text(path: Path) -> str:
    """The text with its own line ends; "" when there is no file. Raises EditError when it is not UTF-8."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise EditError(f"{path} 不是 UTF-8 编码，请另存为 UTF-8。") from None


def write_atomically(path: Path, text: str) -> None:
    """Replace a file by a rename. Raises EditError when the directory or disk does not allow it."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    partial = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            partial = Path(file.name)
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        partial.chmod(mode)
        partial.replace(path)
    except OSError as error:
        if partial:
            partial.unlink(missing_ok=True)
        raise EditError(f"{path} 写不进去（{error.strerror or error}）。请检查磁盘空间和权限。") from None


def change_file(directory: Path, name: str, change: Callable[[str], str]) -> list[Problem]:
    """Change one file, such as `entries/notary.yaml`, and keep the base valid; the warnings of the new state.

    Raises EditError when the change cannot be made, KnowledgeError when the base would have errors afterwards:
    then nothing is written.
    """
    before = read_text(directory / name)
    return apply(directory, {name: (before, change(before))})


def apply(directory: Path, changes: Mapping[str, tuple[str, str]]) -> list[Problem]:
    """Write several files, {name: (text it was made from, new text)}, if the base stays valid; the warnings left.

    Raises KnowledgeError with every problem when it would not, EditError when a file was changed by somebody else in
    the meantime; in both cases nothing is written.
    """
    wanted = {name: texts for name, texts in changes.items() if texts[0] != texts[1]}
    problems = check_with(directory, {name: after for name, (_, after) in wanted.items()})
    if any(p.severity == "error" for p in problems):
        raise KnowledgeError(problems)
    for name, (before, _) in wanted.items():
        if read_text(directory / name) != before:
            raise EditError(f"{name} 刚刚被别人改过，没有写入。请重新打开再改一次。")
    for name, (_, after) in wanted.items():
        write_atomically(directory / name, after)
    return problems


def check_with(directory: Path, texts: Mapping[str, str]) -> list[Problem]:
    """Every problem the directory would have with these files' texts in place."""
    with tempfile.TemporaryDirectory(prefix="fawen-") as place:
        staged = Path(place) / "knowledge"
        shutil.copytree(directory, staged, ignore=shutil.ignore_patterns("tests", ".*"))
        for name, text in texts.items():
            target = staged / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode("utf-8"))
        return KnowledgeBase.check(staged)
