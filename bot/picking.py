"""What people type where options are offered: a number, a letter, 最后一个, 都不是, 不用了; and what asks nothing by itself.

Each pattern is for a whole text: a question that merely contains such words is a question. Texts come in Simplified
characters (`bot.traditional`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from enum import Enum, auto
from functools import lru_cache

from bot.messages import NONE_OF_THESE
from intents import Match

_LONGEST = 40
"""Characters; what is longer is a question."""
_NUMBER = r"(?:[0-9]{1,2}|[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九])"
_DIGITS = r"\(?[0-9]{1,2}\)?"
_ORDINAL = rf"第\(?{_NUMBER}\)?(?:[个项条号种件]|选项)?"
_NAMED = rf"(?:选项(?:[A-Za-z]|{_NUMBER})|[A-Za-z](?:选?项)?)"
_ANY = rf"(?:{_ORDINAL}|\(?{_NUMBER}\)?[个项条号]?|{_NAMED})"
_MORE = rf"(?:(?:[ 、,/和跟与及同]|还有){_ANY}|{_ORDINAL}){{0,7}}"
_JUST = r"(?:那|我|那我)?就选?"
_WANTS = r"(?:那|请|麻烦)?我?就?(?:想要|想选|要选|选|想问的?|要问的?|问的?|想看|看看?|想了解|了解|想知道|想|要的?|说的|指的|应该|可能|还)?是?"
_TAIL = r"(?:,?(?:谢谢|多谢|唔该|吧|啦|喇|啊|呀|嘛|呢|就行|就好|就可以|都要)){0,2}[。.、,!?~]{0,3}"
CHOICE = re.compile(
    rf"(?:我?(?:选择?|点))?{_ANY}{_MORE}{_TAIL}"
    rf"|{_JUST}(?:{_ORDINAL}|{_DIGITS}[个项条号]?|{_NAMED}){_MORE}{_TAIL}"
    rf"|{_WANTS}(?:{_ORDINAL}|{_DIGITS}[项条号]?|{_NAMED}){_MORE}{_TAIL}"
)
"""Nothing but the number or letter of an option, or of several, after `_plain`: ①, 1), 2号, 我选1, 就第二个, 我要B, 2和3.

就一个 and 我要2个 are amounts, 12348 a telephone.
"""
LAST = re.compile(rf"(?:{_JUST}|{_WANTS})(?:最后|最末|最尾|最下面|最底下)的?(?:[那嗰]?[一1]?[个项条种件]|的|嘅){_TAIL}")
_ONE = re.compile(rf"{_NUMBER}|[A-Za-z]")
_THESE = r"(?:(?:好像|感觉|以上|上述|上面|前面|里面|这里面|[这那呢])(?:[这那]?(?:些|啲|[几两二三四五六0-9][个项条种]))?的?|抱歉|不好意思){0,2}"
_SAID = (
    r"(?:我们?)?(?:想要|要问|想问|要找|想找|想了解|想知道|想说|想揾|需要|想|要|问|找|说|讲|揾)[的嘅]"
    r"(?:那个|那种|问题|选项|答案|内容|情况|事情|事|嘢)?"
)
_RIGHT = r"(?:是|系|对|啱|像|合适|沾边|相关)"
_NOT = r"(?:不|没有|没|唔|冇)"
NONE_OF_THEM = re.compile(
    rf"{_THESE}(?:(?:全部|全|统统|通通|[一哪][个项条])?[都也]{_NOT}{_RIGHT}(?:{_SAID})?|全{_NOT}{_RIGHT}"
    rf"|都?(?:没有|没|冇)(?:(?:任何)?一?[个项条]{_RIGHT}的?(?:{_SAID})?|{_SAID}|(?:对|合适|相关)的)"
    rf"|(?:不是|不系|唔系|唔是){_SAID})(?:[啊呀哦喔啦喇了呢吧的嘛哎哟]){{0,2}}"
)
"""都不是 in the words people have for it: 没有我要的, but not 没有我要的材料."""
NO = re.compile(
    r"(?:[一1][个项条])?都?(?:不是|不对|不行|不|没有|没|唔系|唔是|唔啱|冇|无|否)(?:这个|这些|那个|呢个)?[的啊呀哦呢吧]{0,2}"
)
ENOUGH = re.compile(
    r"(?:好的?|谢谢|多谢|哦|那|我|就|现在|暂时|先){0,3}"
    r"(?:不用|不必|不需要|不要|不了|没了|没有了|没有?别的|没事|不想?问|不选|不看|不麻烦|算了|算啦|算数|唔使|唔要|唔问|冇嘢)"
    r"(?:[啊呀啦喇了吧的晒]|谢谢|多谢|唔该|再见|拜拜){0,4}"
)
_TONE = r"[啊呀哦喔啦喇了呢吧的嘛]{0,2}"
UNHELPED = re.compile(
    rf"(?:我的?)?(?:问题|事情?)?(?:还是?|也|根本|完全|一点都?|都|仲系)?(?:没有?|冇)(?:能|得到)?(?:解决|帮助|帮到我?)(?:到?我?的?(?:问题|忙))?{_TONE}"
    rf"|(?:还是)?(?:解决|帮)(?:不了|唔到)我?的?(?:问题|忙)?{_TONE}|对我(?:没有?|毫无|冇)(?:什么|任何)?(?:用|帮助){_TONE}"
    rf"|(?:你们?|请)?(?:不要|不用|别|唔好|甭)(?:再|老|总|成日)?(?:给|叫|让|推)?我?(?:去)?(?:打|拨)(?:什么)?(?:12348|12345|热线|电话)(?:热线|电话)?{_TONE}"
    rf"|.{{0,8}}(?:又是|老是|总是|就会|只会|只识|净是|全是|动不动就?|(?:什么|啥|咩|样样)都(?:是)?)(?:叫|让|推)?我?们?(?:去)?(?:打|拨)(?:12348|12345|热线|电话){_TONE}"
)
"""What was answered does not help: 没解决, 没帮助; 别老叫我打12348."""
OTHERS = re.compile(
    r"(?:再|给我|帮我|麻烦)?换[一1]?(?:个|批|条|些|组)(?:别的|其[他它]的?)?(?:选项|答案|回答)?"
    rf"{_TONE}|下[一1]?[个批条页]|还有(?:没有?)?(?:别的|其[他它]的?)(?:选项|答案)?[吗么没]?"
)
"""Something else is wanted than what was offered."""
ANOTHER = re.compile(
    rf"(?:不是(?:这个|呢个)?)?(?:我)?(?:想|要)?(?:说|问|讲|指|要|揾)?的?(?:是|系)?(?:另外?(?:的)?(?:[一1]?[个件种条项])(?:事|问题)?|另一回事|别的[事个]?|其[他它]的){_TONE}"
)
"""Another is meant than what was answered: of two that were offered the other one."""
ELSE = re.compile(
    rf"(?:我想)?(?:换(?:[一1]?个)?|问(?:[一1]?个)?)(?:别的|其[他它]的?)?(?:问题|话题|事){_TONE}|问(?:点|些)?别的{_TONE}"
)
"""Another question is going to be asked."""
BACK = re.compile(
    r"(?:返回|回到|退回|回去|看)?(?:上|前)(?:面)?[一1]?[个条步页层级](?:选项|菜单|问题|答案)?|返回|后退|返去|上个问题|重新选(?:择|一下)?"
)
"""What was offered before is to be seen again."""
ON = re.compile(
    rf"(?:请|你|您|那|好的?){{0,2}}(?:继续(?:说|讲|下去|回答)?|接着(?:说|讲|往下说|往下讲|来)?|接下来|往下(?:说|讲)|(?:说|讲)(?:下去|落去)|然后|之后|后来|后面|跟住"
    rf"|(?:还|仲)有(?:什么|咩)?|更多|下一步|再?(?:说|讲)?(?:详细|具体|清楚|仔细)(?:一?[点些]|啲)(?:说说|讲讲)?|展开(?:说说|讲讲)|再?多(?:说|讲)(?:一?点|几句|啲))"
    rf"(?:[呢吗咩没]|{_TONE})"
)
"""More is wanted of what was said; “然后” may end what another question begins with, but here it is all."""
_OF = r"(?:法律|法规|政策|文件|规定|法条|条文|条款|条例)"
_THAT = r"(?:那|请问|这|这个|这样|上面|刚才|刚刚|以上|回答|你们?|您|说|讲|的|是|有|都){0,5}"
BASIS = re.compile(
    rf"{_THAT}(?:{_OF}?的?(?:依据|根据|出处|来源)(?:(?:是|在|系)?(?:什么|啥|咩|哪里|哪儿?|边度|哪条|哪部法律?))?"
    rf"|(?:有)?(?:没有|什么|冇|无){_OF}?(?:上的|的)?(?:依据|根据|出处)"
    rf"|(?:根据|依据|按照?|凭)(?:的?是)?(?:什么|啥|咩|哪[一]?[条部个项份]?{_OF}?)(?:{_OF})?(?:说|讲|来|定|规定)?的?"
    rf"|(?:哪|边)[一1]?[条部个项份](?:{_OF}|法)?(?:里面?|上面?)?(?:规定|说|讲|写)?[的嘅]?|(?:是)?第几条|什么{_OF}(?:规定|说|写)[的嘅]|(?:谁|边个)(?:说|讲|规定|定)[的嘅])"
    rf"(?<!凭什么)(?<!哪个)(?:[呢吗]|{_TONE})"
)
"""On which law the answer rests. 凭什么 is no such question but an outcry, 哪个 asks which one is meant."""
_AGREES = re.compile(r"(?:好的?|行|可以|对的?|是的?|ok|得|收到|知道)[啊呀啦喇了吧嘛哈]{0,2}", re.I)
_PARTICLES = re.compile(r"[吗么呢吧啊呀嘛哦噢喔嗯哈哎唉呃额嘅咩的了]{0,4}")
_AROUND = re.compile(r"[\W_]+")
_SPACE = re.compile(r"(?<![0-9A-Za-z]) | (?![0-9A-Za-z])")
_DIGIT = "〇一二三四五六七八九"


class Aside(Enum):
    """What a text is that asks nothing."""

    CHOICE = auto()
    NONE_OF_THEM = auto()
    NO = auto()
    """Says less than 都不是: 不是, 没有."""
    UNHELPED = auto()
    OTHERS = auto()
    BACK = auto()
    ANOTHER = auto()
    ELSE = auto()
    ON = auto()
    """More of the answer before is wanted."""
    BASIS = auto()
    """Which law the answer before rests on: a question where there is none."""
    ENOUGH = auto()
    """Nothing more is wanted."""
    AGREES = auto()
    PARTICLE = auto()


_KINDS = (
    (ENOUGH, Aside.ENOUGH), (NONE_OF_THEM, Aside.NONE_OF_THEM), (NO, Aside.NO), (_AGREES, Aside.AGREES),
    (_PARTICLES, Aside.PARTICLE), (UNHELPED, Aside.UNHELPED), (OTHERS, Aside.OTHERS), (BACK, Aside.BACK),
    (ELSE, Aside.ELSE), (ON, Aside.ON), (BASIS, Aside.BASIS), (ANOTHER, Aside.ANOTHER),
)  # fmt: skip
DECLINES = (Aside.NONE_OF_THEM, Aside.NO, Aside.OTHERS, Aside.ANOTHER)
"""Amid options they decline all; after an answer they ask for other words, but for 都不是."""
COMPLAINS = (Aside.NONE_OF_THEM, Aside.UNHELPED)
"""After an answer they say that it did not help."""


def choice(text: str, count: int) -> int | None:
    """The number of an option as people type it where `count` are offered: 3, ③, 第三个, 选十二, C, the first of several, 最后一个;
    None for any other text."""
    plain = _SPACE.sub("", " ".join(unicodedata.normalize("NFKC", text).split()))
    if len(plain) > _LONGEST:
        return None
    if LAST.fullmatch(plain):
        return count
    found = _ONE.search(plain) if CHOICE.fullmatch(plain) else None
    return _counted(found.group()) if found else None


def picked(text: str, options: Sequence[str]) -> str | None:
    """The option that a text chooses, NONE_OF_THESE included; "" for a number that is not on the list, None for other texts."""
    position = choice(text, len(options))
    if position is None:
        return NONE_OF_THESE if aside(text) in (*DECLINES, Aside.UNHELPED) else None
    listed = ["", *options, NONE_OF_THESE]
    return listed[position] if position < len(listed) else ""


@lru_cache(1024)
def aside(text: str) -> Aside | None:
    """What a text is that asks nothing; None for a question."""
    if choice(text, 1) is not None:
        return Aside.CHOICE
    bare = _AROUND.sub("", unicodedata.normalize("NFKC", text))
    if len(bare) > _LONGEST:
        return None
    return next((kind for pattern, kind in _KINDS if pattern.fullmatch(bare)), None)


def overrules(said: Aside, match: Match) -> bool:
    """Whether what it is says more than what was found: not where it is a stored question, nor where small talk knows 好的."""
    small = said in (Aside.AGREES, Aside.PARTICLE) and match.outcome == "answer"
    return match.reason not in ("exact", "empty") and not small


def _counted(typed: str) -> int:
    """1 of 1, 一 and A, 23 of 二十三."""
    if typed.isdecimal():
        return int(typed)
    if typed.isascii():
        return ord(typed.upper()) - ord("A") + 1
    tens, ten, ones = typed.rpartition("十")
    return (10 * (_DIGIT.index(tens) if tens else 1) if ten else 0) + (_DIGIT.index(ones) if ones else 0)
