"""What staff chats may ask on Telegram: /queue and /stats."""

from __future__ import annotations

from collections.abc import Collection

from bot.channels.telegram_updates import STAFF_COMMANDS
from bot.desk.promise import ZONE
from bot.messages import Kind, Message, Reply
from bot.replies import phrase
from bot.store.base import Store, Ticket, TicketState
from intents.model import KnowledgeData

SHOWN = 10
_WORDS = 40
"""Characters of a question in the list."""


def staff_command(message: Message, staff: Collection[int]) -> str:
    """`queue` or `stats` where a message is that and comes from a staff chat; else ""."""
    known = message.kind is Kind.COMMAND and message.text in STAFF_COMMANDS
    return message.text if known and message.chat in map(str, staff) else ""


async def staff_reply(name: str, base: KnowledgeData, store: Store) -> Reply:
    """The reply to `queue` or `stats`. Raises StoreUnavailable."""
    counts = await store.counts(log=name != "queue")
    if name == "queue":
        return _said("staff_queue", await _queue(base, store, counts))
    values = {
        "exchanges": counts.get("exchanges", 0),
        "tickets": counts.get("tickets", 0),
        **{state: counts.get(f"ticket_{state}", 0) for state in ("new", "assigned")},
        **{state: counts.get(f"outbox_{state}", 0) for state in ("pending", "uncertain", "failed")},
    }
    filled = {key: str(value) for key, value in values.items()}
    return _said("staff_stats", phrase(base, "staff_stats", version=base.version, **filled))


async def _queue(base: KnowledgeData, store: Store, counts: dict[str, int]) -> str:
    # what the desk set apart (nonsense, adverts) waits for nobody
    waiting = [t for t in await store.tickets(TicketState.NEW, limit=10 * SHOWN) if not t.apart][:SHOWN]
    if not waiting:
        return phrase(base, "staff_queue_empty")
    head = phrase(base, "staff_queue", count=str(counts.get("ticket_new", len(waiting))))
    return "\n".join([head, *(_row(base, ticket) for ticket in waiting)])


def _row(base: KnowledgeData, ticket: Ticket) -> str:
    question = ticket.text if len(ticket.text) <= _WORDS else f"{ticket.text[:_WORDS]}…"
    return phrase(
        base,
        "staff_queue_row",
        ticket=ticket.number,
        channel=phrase(base, f"channel_{ticket.channel}"),
        date=ticket.opened_at.astimezone(ZONE).strftime("%m-%d %H:%M"),
        question=" ".join(question.split()),
    )


def _said(key: str, text: str) -> Reply:
    return Reply(key=key, text=text, outcome="answer")
