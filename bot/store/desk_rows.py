"""Rows of the desk's tables -> values of the house."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.store.base import OutboxState, TicketState
from bot.store.desk_base import (
    Answer,
    Apart,
    ClusterRow,
    Delivery,
    Event,
    Proposal,
    ProposalState,
    Publication,
    delivery_state,
)


def to_cluster(row: sa.Row[Any], channels: tuple[str, ...]) -> ClusterRow:
    """A cluster with the channels of its tickets."""
    return ClusterRow(
        id=row.id,
        title=row.title,
        state=TicketState(row.state),
        owner=row.owner,
        people=row.people,
        size=row.size,
        first_at=row.first_at,
        last_at=row.last_at,
        due_at=row.due_at,
        nearest=(row.nearest, row.confidence) if row.nearest else None,
        apart=Apart(row.apart),
        by_hand=bool(row.by_hand),
        answered_at=row.answered_at,
        channels=channels,
    )


def to_answer(row: sa.Row[Any] | None) -> Answer | None:
    """An answer with the number of its askers; None for None."""
    if row is None:
        return None
    return Answer(row.id, row.cluster, row.text, row.author, row.at, bool(row.correction), int(row.askers))


def to_delivery(row: sa.Row[Any]) -> Delivery:
    """A delivery joined with its outbox row and `blocked`."""
    return Delivery(
        id=row.id,
        answer=row.answer,
        cluster=row.cluster,
        ticket=row.ticket,
        channel=row.channel,
        chat=row.chat,
        person=row.person,
        state=delivery_state(OutboxState(row.state), bool(row.blocked)),
        attempts=row.attempts,
        note=row.note,
        at=row.at,
    )


def to_event(row: sa.Row[Any]) -> Event:
    """One line of history."""
    return Event(**row._mapping)


def to_proposal(row: sa.Row[Any]) -> Proposal:
    """A proposal as stored."""
    data = dict(row._mapping)
    changes = data["changes"]
    return Proposal(
        **{
            **data,
            "state": ProposalState(data["state"]),
            "law": bool(data["law"]),
            "problems": tuple(data["problems"]),
            "changes": None if changes is None else tuple(changes),
        }
    )


def to_publication(row: sa.Row[Any]) -> Publication:
    """A publication with its files."""
    files = {path: (before, after) for path, (before, after) in row.files.items()}
    return Publication(**{**row._mapping, "files": files})
