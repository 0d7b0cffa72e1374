"""The script of the installed plotly package, served by ourselves: nothing is loaded from outside."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

_STYLE = re.compile(r'getElementById\("([0-9a-f]{64})"\)\)\{var \w+=document\.createElement\("style"\)')


def script() -> Path | None:
    """Where the script lies; None when plotly is not installed."""
    spec = find_spec("plotly")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0]) / "package_data" / "plotly.min.js"
    return path if path.exists() else None


def style_ids() -> tuple[str, ...]:
    """Ids of the style elements (for maps, which we have none of) that the script adds unless they are in the page.

    They would be against our Content-Security-Policy; an empty element of that id keeps the script from trying.
    """
    path = script()
    return tuple(_STYLE.findall(path.read_text(encoding="utf-8"))) if path else ()
