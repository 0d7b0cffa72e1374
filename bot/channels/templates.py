"""The page's templates: one environment for everything that a resident's browser is shown."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from bot.channels.lines import by_law, lines, whole

PAGES = Path(str(files("bot.channels"))) / "pages"


def templates() -> Environment:
    """Everything escaped, a name that is missing is an error."""
    made = Environment(
        loader=FileSystemLoader(PAGES),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # they change with the program: looking at their files for every answer costs two calls of the system
        auto_reload=False,
    )
    made.filters.update(whole=whole, lines=lines, by_law=by_law)
    return made
