"""Values of the house <-> rows of the tables."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.messages import Message, Reply
from bot.store.base import Exchange, OutboxState, Outgoing, Ticket, TicketState, Turn


def of_message(message: Message, now: datetime) -> dict[str, Any]:
    """Columns of `messages`, not answered yet."""
    return {
        "channel": message.channel,
        "message_id": message.message_id,
        "chat": message.chat,
        "person": message.person,
        "received_at": now,
        "body": message.to_json(),
        "done": False,
    }


def of_turn(turn: Turn) -> dict[str, Any]:
    """Columns of `exchanges`."""
    message, reply = turn.message, turn.reply
    return {
        "channel": message.channel,
        "message_id": message.message_id,
        "chat": message.chat,
        "person": message.person,
        "at": message.at,
        "text": message.text,
        "kind": message.kind.value,
        "key": reply.key,
        "outcome": reply.outcome,
        "entry": reply.entry,
        "confidence": reply.confidence,
        "ticket": reply.ticket,
        "nearest": [list(pair) for pair in turn.nearest],
        "knowledge_version": turn.knowledge_version,
        "took_ms": turn.took_ms,
        "feedback": "",
    }


def to_exchange(row: sa.Row[Any]) -> Exchange:
    """Inverse of `of_turn`."""
    data = dict(row._mapping)
    data.pop("id")
    return Exchange(**{**data, "nearest": _pairs(data["nearest"])})


def of_ticket(ticket: Ticket) -> dict[str, Any]:
    """Columns of `tickets`."""
    return {
        "number": ticket.number,
        "channel": ticket.channel,
        "chat": ticket.chat,
        "person": ticket.person,
        "text": ticket.text,
        "reason": ticket.reason,
        "nearest": [list(pair) for pair in ticket.nearest],
        "opened_at": ticket.opened_at,
        "state": ticket.state.value,
        "answer": ticket.answer,
        "answered_at": ticket.answered_at,
        "knowledge_version": ticket.knowledge_version,
        "due_at": ticket.due_at,
        "apart": ticket.apart,
        "owner": ticket.owner,
        "ignored": ticket.ignored,
    }


def to_ticket(row: sa.Row[Any]) -> Ticket:
    """Inverse of `of_ticket`."""
    data = dict(row._mapping)
    for placing in ("place", "leads", "by_hand"):
        data.pop(placing)
    return Ticket(**{**data, "nearest": _pairs(data["nearest"]), "state": TicketState(data["state"])})


def of_outgoing(channel: str, chat: str, reply: Reply, ref: str, now: datetime) -> dict[str, Any]:
    """Columns of `outbox`, due at once."""
    return {
        "channel": channel,
        "chat": chat,
        "ref": ref,
        "reply": reply.to_json(),
        "state": OutboxState.PENDING.value,
        "attempts": 0,
        "created_at": now,
        "due_at": now,
        "note": "",
    }


def to_outgoing(row: sa.Row[Any]) -> Outgoing:
    """A row as its sender gets it: taken, so SENDING."""
    return Outgoing(
        row.id, row.channel, row.chat, Reply.from_json(row.reply), row.ref, row.attempts, OutboxState.SENDING
    )


def _pairs(raw: Any) -> tuple[tuple[str, float], ...]:
    return tuple((str(entry), float(confidence)) for entry, confidence in raw)
