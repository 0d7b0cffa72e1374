"""Updates of every type, as Telegram's documentation shows them; the few fields that matter to a bot."""

from __future__ import annotations

from typing import Any

PERSON = {"id": 42, "is_bot": False, "first_name": "街坊"}
OTHER_BOT = {"id": 99, "is_bot": True, "first_name": "别的机器人"}
US = {"id": 123456, "is_bot": True, "first_name": "法问", "username": "fawen_test_bot"}
PRIVATE = {"id": 42, "type": "private", "first_name": "街坊"}
GROUP = {"id": -500, "type": "supergroup", "title": "街坊群"}
FILE = {"file_id": "f", "file_unique_id": "u"}
_DATE = 1_790_000_000


def message(text: str = "", chat: dict[str, Any] | None = None, number: int = 11, **more: Any) -> dict[str, Any]:
    """A message of a person, in private unless said otherwise."""
    said = {"text": text} if text else {}
    return {"message_id": number, "date": _DATE, "chat": chat or PRIVATE, "from": PERSON, **said, **more}


def mention(text: str, name: str = "@fawen_test_bot") -> dict[str, Any]:
    """A group message with a mention in it."""
    before = text.index(name)
    offset = len(text[:before].encode("utf-16-le")) // 2
    entities = [{"type": "mention", "offset": offset, "length": len(name)}]
    return message(text, GROUP, entities=entities)


def pressed(data: str, chat: dict[str, Any] | None = None, number: int = 1) -> dict[str, Any]:
    """A pressed button under one of our messages."""
    under = {"message_id": number, "date": _DATE, "chat": chat or PRIVATE, "from": US, "text": "…"}
    return {"id": "777", "from": PERSON, "chat_instance": "1", "data": data, "message": under}


ATTACHMENTS: dict[str, dict[str, Any]] = {
    "voice": {"voice": {**FILE, "duration": 2}},
    "video_note": {"video_note": {**FILE, "length": 10, "duration": 2}},
    "audio": {"audio": {**FILE, "duration": 2}},
    "photo": {"photo": [{**FILE, "width": 1, "height": 1}]},
    "sticker": {
        "sticker": {**FILE, "type": "regular", "width": 1, "height": 1, "is_animated": False, "is_video": False}
    },
    "document": {"document": {**FILE}},
    "video": {"video": {**FILE, "width": 1, "height": 1, "duration": 1}},
    "animation": {"animation": {**FILE, "width": 1, "height": 1, "duration": 1}},
    "location": {"location": {"latitude": 22.5, "longitude": 113.4}},
    "contact": {"contact": {"phone_number": "0", "first_name": "街坊"}},
    "dice": {"dice": {"emoji": "🎲", "value": 3}},
    "poll": {
        "poll": {
            "id": "1", "question": "？", "options": [], "total_voter_count": 0, "is_closed": False,
            "is_anonymous": True, "type": "regular", "allows_multiple_answers": False, "allows_revoting": True,
            "members_only": False,
        }
    },
}  # fmt: skip
"""What a message may carry instead of words."""

NOT_FOR_US: dict[str, tuple[str, dict[str, Any]]] = {
    "talk in a group": ("message", message("今晚吃什么", GROUP)),
    "another bot is meant": ("message", message("/help@other_bot", GROUP)),
    "a command nobody of us knows": ("message", message("/roll", GROUP)),
    "a mention of somebody else": ("message", mention("@somebody 继承公证怎么办", "@somebody")),
    "a reply to somebody else": ("message", message("继承公证怎么办", GROUP, reply_to_message=message("问", GROUP))),
    "somebody joined": ("message", message("", GROUP, new_chat_members=[PERSON])),
    "a pinned message": ("message", message("", PRIVATE, pinned_message=message("旧"))),
    "another bot": ("message", {**message("继承公证怎么办"), "from": OTHER_BOT}),
    "a channel post": ("channel_post", {"message_id": 1, "date": _DATE, "chat": {"id": -9, "type": "channel"}}),
    "a channel's post in its group": (
        "message",
        {
            **mention("有问题请问 @fawen_test_bot"),
            "is_automatic_forward": True,
            "from": {"id": 777000, "is_bot": False, "first_name": "Telegram"},
            "sender_chat": {"id": -9, "type": "channel", "title": "中山普法"},
        },
    ),
    "an edited picture": ("edited_message", message("", PRIVATE, edit_date=_DATE, **ATTACHMENTS["photo"])),
    "a kind of update still to be invented": ("quantum_message", {"spin": "up"}),
    "an update that the library cannot read": ("message", {"message_id": "eleven"}),
}
"""Updates that must be passed over in silence."""
