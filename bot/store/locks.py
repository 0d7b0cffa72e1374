"""The keys of PostgreSQL's advisory locks: one number each, because everybody on the database shares them."""

from __future__ import annotations

from enum import IntEnum


class Lock(IntEnum):
    """What is done by one at a time."""

    MIGRATING = 7_203_418
    """Bringing the schema up to date."""
    CLUSTERS = 7_203_419
    """Placing, answering, merging and splitting."""
    SIGNING_IN = 7_203_420
    """Counting attempts to sign in and noting them."""
    POLLING = 7_203_421
    """Fetching Telegram's updates."""
    PUBLISHING = 7_203_422
    """Publishing knowledge, from the first file to the last."""
    NEW_KNOWLEDGE = 7_203_423
    """Adding a version of the knowledge."""
    SUMMING = 7_203_424
    """Changing the kept sums of the log, or a row that they hold."""
    RECORDING = 7_203_425
    """Shared by all who write an exchange; alone for a moment by who wants to know which numbers are given out."""
