"""WeChat's messages and events -> Message, and what each allows to send afterwards.

Sources: 接收普通消息, 接收事件推送, 关于重试的消息排重 (messages by MsgId, events by FromUserName + CreateTime),
客服消息 (what opens which allowance). Fields are those of wechat_xml.read.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.channels.wechat_xml import Unreadable
from bot.messages import Kind, Message
from bot.store.platform_base import Opens
from bot.typed import meant

CHANNEL = "wechat"
COMMANDS = ("start", "menu", "human", "help")
MORE = ("续", "續", "继续", "繼續", "下一页", "下一頁")
"""What turns the page."""
_UNSUPPORTED = re.compile(r"[\[【]收到不支持的消息类型")
"""WeChat's own words in place of a sticker."""
_EMOTICON = re.compile(
    r"\[(?:[A-Za-z]{2,15}|666|微笑|撇嘴|色|发呆|得意|流泪|害羞|闭嘴|睡|大哭|尴尬|发怒|调皮|呲牙|惊讶|难过|囧|抓狂|吐|偷笑|愉快|白眼|傲慢"
    r"|困|惊恐|憨笑|悠闲|咒骂|疑问|嘘|晕|衰|骷髅|敲打|再见|擦汗|抠鼻|鼓掌|坏笑|右哼哼|鄙视|委屈|快哭了|阴险|亲亲|可怜|笑脸|生病|脸红"
    r"|破涕为笑|恐惧|失望|无语|嘿哈|捂脸|奸笑|机智|皱眉|耶|吃瓜|加油|汗|天啊|社会社会|旺柴|好的|打脸|哇|翻白眼|让我看看|叹气|苦涩|裂开"
    r"|嘴唇|爱心|心碎|拥抱|强|弱|握手|胜利|抱拳|勾引|拳头|合十|啤酒|咖啡|蛋糕|玫瑰|凋谢|菜刀|炸弹|便便|月亮|太阳|庆祝|礼物|红包|發|福"
    r"|烟花|爆竹|猪头|跳跳|发抖|转圈)\]|/:[!-.0-~]{1,9}"
)
"""WeChat's own faces come as words, in both of its spellings: [微笑], /::)."""
_OKAY = re.compile(r"(?:\[(?:OK|好的)\])+")
_SCENE = "qrscene_"
_ACTIONS = ("click", "subscribe", "scan", "scancode_push", "scancode_waitmsg")
"""Events that open the allowance of a minute; opening a link from the menu (VIEW) does not."""
_KINDS = {"voice": Kind.VOICE, "image": Kind.IMAGE}


@dataclass(frozen=True, slots=True)
class Incoming:
    """One delivery, understood."""

    message_id: str
    chat: str
    """The person's openid."""
    account: str
    """Our own name in WeChat, which a reply must carry as its sender."""
    at: datetime
    message: Message | None = None
    """None: `success` is all that is answered."""
    opens: Opens | None = None
    more: bool = False
    """The person asks for the next page."""
    left: bool = False
    """The person does not follow any more."""


def understand(fields: Mapping[str, str], choice: Callable[[str], bool]) -> Incoming:
    """`choice(key)`: whether it is an entry or a topic, which keys of the menu and scenes of a QR code may name.

    Raises Unreadable when a field that every delivery has is missing.
    """
    try:
        person, account = fields["FromUserName"], fields["ToUserName"]
        created, sort = fields["CreateTime"], fields["MsgType"].lower()
        at = datetime.fromtimestamp(int(created), UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        raise Unreadable("FromUserName, ToUserName, CreateTime or MsgType is missing or unfit") from None
    if not 0 < len(person) <= 128:
        raise Unreadable("FromUserName is empty or too long")
    if sort == "event":
        return _event(fields, choice, person, account, at)
    message_id = f"m{fields['MsgId']}" if fields.get("MsgId", "").isascii() and fields.get("MsgId") else ""
    message_id = message_id[:80] or _digest("m", person, created, sort)
    kind, text = _said(sort, fields)
    message = Message(CHANNEL, person, person, text, kind, at, message_id)
    more = kind in (Kind.TEXT, Kind.VOICE) and text.strip('。.!！ “”"') in MORE
    return Incoming(message_id, person, account, at, message, Opens.MESSAGE, more)


def _said(sort: str, fields: Mapping[str, str]) -> tuple[Kind, str]:
    if sort == "text":
        text = fields.get("Content", "")
        return (Kind.OTHER, "") if _UNSUPPORTED.match(text) else meant(_worded(text))
    if sort == "voice":
        return Kind.VOICE, fields.get("Recognition", "")
    # a picture, a place or a link says nothing that could be looked up; a place is personal as well
    return _KINDS.get(sort, Kind.OTHER), ""


def _worded(text: str) -> str:
    """A text without faces, which ask nothing; the one that agrees says so in words."""
    return text if _OKAY.fullmatch(text) else _EMOTICON.sub(" ", text)


def _event(
    fields: Mapping[str, str], choice: Callable[[str], bool], person: str, account: str, at: datetime
) -> Incoming:
    name, key = fields.get("Event", "").lower(), fields.get("EventKey", "")
    message_id = _digest("e", person, fields["CreateTime"], name, key)
    did = _did(name, key, choice)
    message = Message(CHANNEL, person, person, did[1], did[0], at, message_id) if did else None
    opens = Opens.ACTION if name in _ACTIONS else None
    return Incoming(message_id, person, account, at, message, opens, left=name == "unsubscribe")


def _did(name: str, key: str, choice: Callable[[str], bool]) -> tuple[Kind, str] | None:
    """What an event means to the dialogue; None for what needs no answer."""
    if name == "subscribe":
        scene = key.removeprefix(_SCENE)
        return (Kind.CHOICE, scene) if scene and choice(scene) else (Kind.FOLLOW, "")
    if name in ("click", "scan"):
        if key in COMMANDS:
            return Kind.COMMAND, key
        return (Kind.CHOICE, key) if choice(key) else (Kind.COMMAND, "menu")
    if name == "scancode_waitmsg":
        # the phone shows "receiving" until something comes
        return Kind.COMMAND, "menu"
    return None


def _digest(prefix: str, *parts: str) -> str:
    return prefix + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]
