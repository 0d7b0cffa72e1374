"""The typed forms of what is also a button: 菜单, 人工, a ticket number, 删除我的记录; and commands. Options: `bot.picking`.

Words behind a command or behind 人工 are somebody's question: they are never dropped.
"""

from __future__ import annotations

import re
import unicodedata

from bot.messages import Kind
from intents.wording import PUBLIC_NUMBERS

HUMAN = re.compile(
    r"^(?:[转轉]?人工(?:客服|服[务務])?(?:[\s,，:：;；、.。!！?？~～]+(.*))?|(?:[转轉找]|联系|聯[繫系]|我?要)?客服[\s。.!！?？]*)$",
    re.DOTALL,
)
"""With what is said behind 人工, the group; behind 客服 it may be a story of a fraud."""
FORGET = re.compile(
    r"^(请)?(帮我)?(删除|清除|清空)(掉)?(我)?(的)?(全部|所有)?(聊天|提问|对话|个人)?(记录|数据)[\s。.!！]*$"
)
"""Speech recognition ends even a word with a full stop, here and below."""
FORGET_YES = re.compile(
    r"^[“”\"'「」\s]*(?:我?(?:确认|确定)(?:要?删除?)?|是的?[\s,，]*删除|删除)[吧了]?[“”\"'「」\s。.!！]*$"
)
"""After the question whether to; by itself it says nothing."""
FORGET_NO = re.compile(r"^(?:取消|(?:先|暂时)?(?:不要?|别)删除?(?:记录)?[了吧]?|不(?:确认|确定))[\s。.!！]*$")
MENU = re.compile(r"^(?:返回|回到)?(?:主?菜单|主题|目录|首页|menu)[\s。.!！]*$", re.I)
HELP = re.compile(r"^(?:使用)?帮助[\s。.!！]*$|^help[\s.!]*$", re.I)
MORE = re.compile(r"[“”\"\s]*[续續][“”\"\s。.!！]*$")
_LOOK = r"(?:(?:我?[想要]|帮我|请)?(?:查询?|查看)(?:一下|下)?)?(?:我?的)?"
_ASKS = rf"{_LOOK}(?:工单(?:号码?|编号)?|进度)?"
_AFTER = r"(?:的?(?:进度|情况)|(?:现在)?(?:(?:到|处理到)(?:哪|哪里|哪儿|哪一步)|怎么样|怎样|办好|处理好)了?吗?)?"
_HYPHEN = r"[-‐–—]"
_NUMBER = re.compile(rf"{_ASKS}[\s:]*([A-Za-z0-9]{{2}}\s*{_HYPHEN}\s*[A-Za-z0-9]{{4}}){_AFTER}")
_MEANT = re.compile(
    rf"(?:查询|查?工单号?|进度)[\s:]*([A-Za-z0-9][A-Za-z0-9\s._·‐–—-]{{0,19}})|查[\s:]*([A-Za-z0-9]{{2}}{_HYPHEN}?[A-Za-z0-9]{{4}})"
)
"""Whatever Latin letters and digits stand behind 查询 are meant for a number, and never somebody's question."""
_WITHOUT = re.compile(rf"查询|{_LOOK}工单(?:号码?|编号|进度|查询)?")
_WHO = r"(?:你们|有人|专人|工作人员|客服|人工|我(?:刚才|刚刚|头先|昨天|昨日|琴日|前天|之前|上次|上周)?(?:问|提|留|发|写)(?:的|过的|嘅)?(?:问题|话|嘢)?)"
_WHEN = r"(?:什么时候|啥时候|几时|多久|几[天日]|怎么|怎样|点样|点|还没有?|仲未|为什么没|会不会|是不是|会唔会)"
_ANSWER = r"(?:(?:回复|回覆|答复)我?|(?:联系|通知|回答|回|覆|揾)我)[吗呢呀啊的了嘛\s。.!！?？]*(?:[，,].{0,8})?$"
_ELSEWHERE = "申请|复议|公证|法援|援助|仲裁|调解|举报|投诉|信访|12345|12348|热线|鉴定|法院|局|所|律师|老板|公司|对方"
WAITS = re.compile(
    rf"^(?!.*(?:{_ELSEWHERE}))(?=.{{1,30}}$)(?:"
    rf".*工单.*(?:没|仲未|怎么|点|什么时候|几时|多久|忘|丢|哪|查|进度)|.*(?:没|仲未|怎么|点|忘|丢|查|哪).*工单"
    rf"|.*{_WHO}.{{0,8}}{_WHEN}.{{0,6}}{_ANSWER}|.*(?:没|没有|冇)人.{{0,3}}{_ANSWER})"
)
"""Somebody waits for what staff will answer, or asks how it will come; not an answer by an authority."""
COMMANDS = ("start", "menu", "human", "ticket", "forget", "help")
"""Commands of everybody, in the order in which Telegram lists them."""
_SLASHES = ("/", "／")
_START = ("开始", "開始")
_NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)
_WITH_TEXT = {"ticket": "查询", "human": "人工"}
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What a link t.me/bot?start=… brings along (Bot API, deep linking): no words of the person's."""


def ticket(text: str) -> str | None:
    """What was typed for a ticket's number; "" where a ticket is asked for without one, None for any other text."""
    plain = unicodedata.normalize("NFKC", text).strip(" \n。.!?“”\"'「」")
    if found := _NUMBER.fullmatch(plain) or _MEANT.fullmatch(plain):
        number = next(filter(None, found.groups())).strip()
        return None if number in PUBLIC_NUMBERS else number
    return "" if _WITHOUT.fullmatch(plain) else None


def slashed(text: str) -> tuple[str, str] | None:
    """Name and rest of what was typed with a slash before it (/start, /帮助, /menu@bot), the name of a lone slash being help;
    None for any other text."""
    if not text.startswith(_SLASHES):
        return None
    name, rest = (*re.split(r"\s+", text[1:], maxsplit=1), "")[:2]
    return name.partition("@")[0].lower() or "help", rest


def meant(text: str) -> tuple[Kind, str]:
    """Kind and text of what was typed where a platform knows no commands: those of other bots are typed there, too."""
    found = slashed(text.strip())
    if found is None:
        return Kind.TEXT, text
    kind, said = command(*found)
    return kind, "help" if kind is Kind.COMMAND and said not in COMMANDS else said


def command(name: str, rest: str) -> tuple[Kind, str]:
    """Kind and text of the message that a command means, `name` without its slash, `rest` what stands behind it."""
    if name == "forget":
        return Kind.TEXT, "删除记录"
    if rest and name in _WITH_TEXT:
        return Kind.TEXT, f"{_WITH_TEXT[name]} {rest}"
    if name in _START and not rest:
        return Kind.COMMAND, "start"
    if not _NAME.fullmatch(name):
        # no command can be called so: a question with a slash before it
        return Kind.TEXT, f"{name} {rest}".strip()
    if rest and not (name == "start" and _PAYLOAD.fullmatch(rest)):
        return Kind.TEXT, rest
    return Kind.COMMAND, name
