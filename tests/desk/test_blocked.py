"""Telegram refuses, the person comes back: the answer follows them, once."""

from __future__ import annotations

from bot.desk.sender import Sender
from bot.errors import DeliveryRefused
from bot.messages import Kind, Message, Reply
from bot.store.desk_base import DeliveryState
from tests.desk.conftest import Workplace


class Platform:
    """Keeps what it was sent; a blocked chat is refused."""

    def __init__(self) -> None:
        self.blocked: set[str] = set()
        self.sent: list[tuple[str, str, str]] = []

    async def send(self, chat: str, reply: Reply, ref: str) -> None:
        """As a channel's send."""
        if chat in self.blocked:
            raise DeliveryRefused("Forbidden: bot was blocked by the user")
        self.sent.append((chat, reply.key, reply.text))


async def _empty(sender: Sender) -> None:
    """Send until nothing is due: one message of a chat at a time."""
    while await sender.once():
        pass


async def test_who_blocked_the_bot_gets_the_answer_when_they_write_again(place: Workplace) -> None:
    """Blocked is noted for staff; the next message brings reply and answer as two messages; nothing comes twice."""
    platform = Platform()
    sender = Sender("telegram", place.store, platform.send)
    await place.say("转人工", "a", "telegram")
    number = await place.ticket("楼道堵死了找谁", "a", "telegram")
    await _empty(sender)
    platform.blocked.add("a")
    await place.desk.answer(1, "找社区。", "li")
    await _empty(sender)
    assert [DeliveryState.BLOCKED] == [d.state for d in await place.desk.deliveries(1)]
    platform.blocked.clear()
    for text in ("法律援助收费吗", "法律援助是什么"):
        await place.say(text, "a", "telegram")
        await _empty(sender)
    late = [text for _, key, text in platform.sent if key == "late_answer"]
    assert (1, True) == (len(late), number in late[0] and "找社区。" in late[0])
    assert [DeliveryState.SENT] == [d.state for d in await place.desk.deliveries(1)]
    assert "entry" in {key for _, key, _ in platform.sent}


async def test_what_was_asked_in_private_is_not_told_in_a_group(place: Workplace) -> None:
    """The same person in another chat: the answer waits for the chat it was asked in."""
    await place.say("转人工", "a", "web")
    await place.ticket("楼道堵死了找谁", "a", "web")
    await place.desk.answer(1, "找社区。", "li")
    assert [] == await place.store.late("web", "group-1", refused_only=False)
    assert 1 == len(await place.store.late("web", "a", refused_only=False))


async def test_what_was_refused_in_a_group_waits_for_the_group(place: Workplace) -> None:
    """Chat and person differ in a group: whoever speaks there next brings the answer out, once."""
    platform = Platform()
    sender = Sender("telegram", place.store, platform.send)
    for number, text in enumerate(("转人工", "楼道堵死了找谁")):
        message = Message("telegram", "group-1", "a", text, Kind.TEXT, place.clock(), f"g{number}")
        await place.dialogue.handle(message, deliver=True)
    await place.gatherer.once()
    await _empty(sender)
    platform.blocked.add("group-1")
    await place.desk.answer(1, "找社区。", "li")
    await _empty(sender)
    platform.blocked.clear()
    for number in (2, 3):
        message = Message("telegram", "group-1", "b", "法律援助收费吗", Kind.TEXT, place.clock(), f"g{number}")
        await place.dialogue.handle(message, deliver=True)
        await _empty(sender)
    assert 1 == sum("找社区。" in text for chat, _, text in platform.sent if chat == "group-1")
