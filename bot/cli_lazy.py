"""A group of commands of which each is imported when it is used: the whole of them takes a second and a half.

Database, web server and Excel are of no use to who checks a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """Its own commands, and others of which it knows the place."""

    def __init__(self, *args: Any, elsewhere: Mapping[str, str], **kwargs: Any) -> None:
        """`elsewhere` maps a command's name to `module:variable`."""
        super().__init__(*args, **kwargs)
        self._elsewhere = elsewhere

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in alphabetical order."""
        return sorted({*super().list_commands(ctx), *self._elsewhere})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name; None for a name that nobody has. Raises TypeError where no command is."""
        if cmd_name not in self._elsewhere:
            return super().get_command(ctx, cmd_name)
        module, _, variable = self._elsewhere[cmd_name].partition(":")
        found = getattr(import_module(module), variable)
        if not isinstance(found, click.Command):
            raise TypeError(f"{module}:{variable} is a {type(found).__name__}, no command")
        return found
