"""What a browser's form says, as it may be stored; the page and the console read theirs here."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from bot.messages import storable


async def fields(request: Request, **bounds: Any) -> list[tuple[str, str]]:
    """Names and texts of a form in their order; files are left out. `bounds` are those of `Request.form`.

    Raises HTTPException for one that cannot be read. In some charsets that a form may name (utf-7) there are halves of
    characters, which cannot be stored.
    """
    try:
        form = await request.form(**bounds)
    except UnicodeError:
        raise HTTPException(400) from None
    return [(name, storable(value)) for name, value in form.multi_items() if isinstance(value, str)]
