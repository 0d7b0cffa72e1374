"""What need not keep a person waiting for a person: nonsense, mere abuse, adverts, small talk. Careful rather than complete.

A text is set apart only when the matcher has found nothing likely, and one of these holds:

| kind     | rule                                                                                                  |
|----------|-------------------------------------------------------------------------------------------------------|
| nonsense | one or two characters over and over, keys in a row, letters no word is made of, interjections only     |
| abuse    | swear words and what stands around them (你, 他妈, 真是, 东西), and nothing else is left               |
| advert   | two words of an offer, or one and a way to reach the seller                                           |
| chat     | a short request of intents.small_talk (weather, a sum, a poem, a recipe), and no word of anybody's trouble |
| by data  | it nearly equals a background question of the domains in DOMAINS (knowledge/outside.yaml)             |

Whoever asks or complains (怎么, 吗, 被骗, 投诉, help ...) is never set apart by a rule, however rude: a plea that
contains swearing has something left when the swearing is taken out. Short numbers people call are no nonsense.
"""

from __future__ import annotations

import re

from intents.matcher import Match
from intents.model import NO_ENTRY, ROUTING, KnowledgeData
from intents.nearby import Nearby
from intents.normalize import Normalizer
from intents.small_talk import CHAT, DOMAINS_OF_TALK, SmallTalk, troubled
from intents.wording import PUBLIC_NUMBERS

NONSENSE, ABUSE, ADVERT = "nonsense", "abuse", "advert"
DOMAINS = {"乱码与残句": NONSENSE, "广告与转发": ADVERT, **dict.fromkeys(DOMAINS_OF_TALK, CHAT)}
"""Background domains whose questions need nobody."""
NEARLY = 90.0
"""Likeness (`intents.nearby`) from which a text counts as one of those questions."""
IN_SCOPE = 0.35
"""An entry at least this likely keeps a text in the queue."""
_ASKS = re.compile(
    r"[?？]|怎么|怎样|如何|点样|点算|点办|咋|吗|嘛|呢|么办|能不能|能否|可不可以|可唔可以|得唔得|是不是|系咪|有没有|有冇|多少|"
    r"几多|几时|几点|哪|边度|边个|什么时候|为什么|点解|求|帮|救|想问|请问|咨询|投诉|举报|起诉|状告|控告|上诉|赔|欠|骗|"
    r"被(?!单|子|套)|打人|打我|受伤|工伤|家暴|拆迁|离婚|抚养|冤|害|不给|不肯|唔肯|不让|拖|"
    r"\b(?:help|how|what|why|where|who|can|please|need)\b",
    re.I,
)
_SWEAR = re.compile(
    r"傻[逼比叉屄bB×x]|煞笔|沙雕|脑残|智障|弱智|白痴|蠢货|蠢猪|废物|垃圾|混蛋|王八蛋|王八|狗东西|狗屁|放屁|去死|"
    r"滚蛋|滚开|滚|他妈的|他妈|你妈的|你妈|妈的|尼玛|草泥马|操你|操|艹|贱人|人渣|神经病|有病|扑街|仆街|冚家铲|屌你|屌|"
    r"粉肠|戇居|戆居|死全家|\b(?:fuck|shit|sb|nmsl|cnm|tmd|wtf|bitch|idiot)\b",
    re.I,
)
_AROUND = re.compile(
    r"[你您他她它我咱们这那个的了着过是就都真也还又太很好全给去吧啊呀哦呢嘛哈妈爸娘死大小一帮群些只条头种和跟]|"
    r"机器人|机器|客服|系统|东西|玩意儿?|什么|简直|特么|一个|人|破|烂|[\W_\d]",
)
_OFFER = re.compile(
    r"代办|代开|代写|代考|代刷|办证|办理各类|发票|贷款|放款|秒到账|无抵押|利息低|低息|刷单|兼职|日结|招聘|招普工|招代理|诚招|"
    r"加盟|躺赚|包过|包邮|批发|特价|打折|折扣|优惠|促销|团购|开业|开盘|回收|转让|出售|出租|出一台|上门服务|专业疏通|免费领|"
    r"免费送|送礼|领红包|扫码|加微信|加我|微信同号|先到先得|名额有限|限时|诚邀|推广|接单|售价|现货|厂家|货源|荷官|博彩|彩票|"
    r"返利|学徒班|招生|周年庆"
)
_REACH = re.compile(
    r"〔手机号〕|〔账号〕|〔邮箱〕|https?://|www\.|微信|\bvx\b|\bqq\b|电话|热线|联系|扫码|进群|私聊|私我|凭此短信", re.I
)
_HAN = re.compile(r"[㐀-鿿]")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz", "0123456789", "9876543210")
_SOUNDS = re.compile(r"^[啊哦额呃嗯哈呵嘿唉哎呀哇啦咯嘛吧呢了的噢喔哼嘻诶欸嘟咕噜]+$")


class Sorter:
    """Sorts texts that became tickets because nothing was found; of one knowledge base, immutable."""

    def __init__(self, knowledge: KnowledgeData, normalizer: Normalizer) -> None:
        self._normalizer = normalizer
        self._known = Nearby(lambda gram: 1.0)
        self._talk = SmallTalk({b.domain for b in knowledge.background if b.entry == NO_ENTRY})
        for n, background in enumerate(knowledge.background):
            kind = DOMAINS.get(background.domain)
            text = normalizer.plain(background.question)
            if kind and background.entry == NO_ENTRY and text:
                self._known.add(f"{kind}:{n}", text)

    def kind(self, text: str, match: Match | None) -> str:
        """NONSENSE, ABUSE, ADVERT, CHAT, or empty for what a person shall read."""
        if match is None or match.outcome == "answer" or _likeliest(match, elsewhere=False) >= IN_SCOPE:
            return ""
        plain = self._normalizer.plain(text)
        if plain in PUBLIC_NUMBERS:
            return ""
        if match.outcome == "none" and self._talk.is_it(self._normalizer.simple(text)):
            # the weather is no question for another authority either
            return CHAT
        if _likeliest(match) >= IN_SCOPE:
            return ""
        if near := self._known.nearest(plain, NEARLY):
            kind = near.key.partition(":")[0]
            return "" if kind == CHAT and troubled(text) else kind
        if _ASKS.search(text):
            return ""
        if _is_nonsense(text, plain):
            return NONSENSE
        if mere_abuse(text):
            return ABUSE
        return ADVERT if _is_advert(text) else ""


def _likeliest(match: Match, elsewhere: bool = True) -> float:
    """P of the likeliest entry; with those that only refer `elsewhere`, or without."""
    return max((c.confidence for c in match.candidates if elsewhere or c.entry not in ROUTING), default=0.0)


def _is_nonsense(text: str, plain: str) -> bool:
    bare = re.sub(r"[\W_]+", "", text).lower()
    if len(bare) >= 3 and len(set(bare)) == 1:
        return True
    if len(bare) >= 5 and len(set(bare)) == 2:
        return True
    if _SOUNDS.match(plain):
        return True
    return not _HAN.search(bare) and bare.isascii() and _is_mash(bare)


def _is_mash(bare: str) -> bool:
    """Keys in a row, or many letters with hardly a vowel; no word of any language that is written in Latin letters."""
    in_rows = sum(any(bare[i : i + 3] in row for row in _ROWS) for i in range(len(bare) - 2))
    if len(bare) >= 4 and in_rows >= 0.6 * (len(bare) - 2):
        return True
    letters = [c for c in bare if c.isalpha()]
    vowels = sum(c in "aeiouy" for c in letters)
    return len(letters) >= 6 and vowels < 0.12 * len(letters)


def mere_abuse(text: str) -> bool:
    """Whether a text is swear words and what stands around them, and nothing else."""
    if not _SWEAR.search(text):
        return False
    left = _AROUND.sub("", _SWEAR.sub("", text))
    return not left


def _is_advert(text: str) -> bool:
    offers = len(set(_OFFER.findall(text)))
    return offers >= 2 or (offers == 1 and bool(_REACH.search(_OFFER.sub("", text))))
