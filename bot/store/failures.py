"""What a failure of the database means to who asked for something: come later, or never again as it is."""

from __future__ import annotations

import sqlalchemy as sa

from bot.errors import StoreError, StoreRefused, StoreUnavailable


def failure(shown: str, what: str, error: Exception) -> StoreError:
    """StoreRefused for a value that the database does not take, else StoreUnavailable; neither shows a value.

    `shown` is the database without its password; `what` could not be done with it: `read`, `written`, `used`.
    """
    kind = type(getattr(error, "orig", None) or error).__name__
    if unfit(error):
        return StoreRefused(f"store {shown} does not take a value ({kind}): it will not take it later either")
    return StoreUnavailable(f"store {shown} cannot be {what} ({kind}): check that it runs and is reachable")


def unfit(error: BaseException) -> bool:
    """Whether the database refuses a value, as PostgreSQL does a NUL or a text that is too long (SQLSTATE class 22)."""
    state = getattr(getattr(error, "orig", None) or error, "sqlstate", None)
    return isinstance(error, sa.exc.DataError) or (isinstance(state, str) and state.startswith("22"))
