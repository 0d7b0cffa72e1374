"""Every exception that fawen raises on purpose.

FawenError
├── ConfigError           a setting is missing, unknown or out of range
├── KnowledgeError        the knowledge base has errors (carries every Problem)
├── EditError             a change of a knowledge file could not be made; nothing was written
├── StoreError
│   ├── StoreUnavailable  the database could not be reached: try again later
│   ├── StoreConflict     the row exists already (a ticket number, a message): not to be repeated as it is
│   └── StoreRefused      the database does not take a value, now or later: not to be repeated as it is
├── DeskError             what staff asked of the desk cannot be done (its message is Chinese and shown to them)
│   ├── DeskNotFound      no cluster, ticket, proposal or publication of that name
│   ├── DeskRefused       the input is unfit (no reason given, empty answer), or this person may not do it
│   └── DeskConflict      the state does not allow it (any more): answered, settled or published in between
├── ConsoleRefused        what a user of the console typed is unfit (its message is Chinese and shown to them)
└── DeliveryError         a message could not be brought to the person
    ├── DeliveryRefused   the platform said no, and will say no again (blocked, not following)
    ├── DeliveryDelayed   the platform said later (flood limit, outage); `retry_after` seconds if it said so
    └── DeliveryUncertain the platform's answer was lost: it may have arrived, so it is never repeated blindly

A message names the thing, the value and the remedy.
"""

from __future__ import annotations

from intents.errors import FawenError, KnowledgeError

__all__ = [
    "ConfigError",
    "ConsoleRefused",
    "DeliveryDelayed",
    "DeliveryError",
    "DeliveryRefused",
    "DeliveryUncertain",
    "DeskConflict",
    "DeskError",
    "DeskNotFound",
    "DeskRefused",
    "EditError",
    "FawenError",
    "KnowledgeError",
    "StoreConflict",
    "StoreError",
    "StoreRefused",
    "StoreUnavailable",
]


class ConfigError(FawenError):
    """A setting is missing, unknown or out of range."""


class EditError(FawenError):
    """A change of a knowledge file could not be made; nothing was written. The message is Chinese."""


class StoreError(FawenError):
    """The store could not do what was asked."""


class StoreUnavailable(StoreError):
    """The database could not be reached or did not answer in time; nothing was written."""


class StoreConflict(StoreError):
    """A row with this key exists already."""


class StoreRefused(StoreError):
    """The database does not take a value (too long for its column, a NUL); nothing was written."""


class DeskError(FawenError):
    """What staff asked of the desk cannot be done."""


class DeskNotFound(DeskError):
    """Nothing of that name."""


class DeskRefused(DeskError):
    """The input is unfit, or this person may not do it."""


class DeskConflict(DeskError):
    """The state does not allow it, or does so no longer."""


class ConsoleRefused(FawenError):
    """What a user of the console typed is unfit: a weak password, a wrong code, a missing reason."""


class DeliveryError(FawenError):
    """A message could not be brought to the person."""


class DeliveryRefused(DeliveryError):
    """The platform refused for good: the person blocked the bot, left, or the request is malformed."""


class DeliveryDelayed(DeliveryError):
    """The platform asked to come later, or was certainly not reached."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DeliveryUncertain(DeliveryError):
    """The request was sent and its answer was lost; it may have been carried out."""
