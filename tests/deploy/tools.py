"""Programs that a user's machine may lack: their tests are skipped there with a reason, and fail in CI."""

from __future__ import annotations

import os
import shutil

import pytest


def needed(name: str, package: str) -> str:
    """The path of a program; without it the test is skipped, or fails where CI is set."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        missing = f"no {name} on this machine: apt install {package}"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found
