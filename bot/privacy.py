"""Redaction: what could name or reach a person is taken out before anything is written.

Covered: mobile and landline numbers, identity cards, bank cards, passports and permits, e-mail, licence plates, QQ and
WeChat ids where they are called that, street addresses down to the house. Not covered: people's names (they cannot be
told from common words without false alarms; the page asks not to give them). Public numbers, law articles, amounts,
dates and document numbers stay. Idempotent, linear in the length of the text.

Sources: GB 11643-1999 (identity card and its check character), ISO/IEC 7812-1 (Luhn), 个人信息保护法第二十八条.
"""

from __future__ import annotations

import re
import unicodedata

PHONE, CARD_ID, BANK, PASSPORT, MAIL, PLATE, ACCOUNT, ADDRESS = (
    "〔手机号〕", "〔身份证号〕", "〔银行卡号〕", "〔证件号〕", "〔邮箱〕", "〔车牌号〕", "〔账号〕", "〔地址〕",
)  # fmt: skip
_CHINESE = dict(zip("零〇一二三四五六七八九幺洞两", "00123456789102", strict=True))
_DIGIT = "0-9零〇一二三四五六七八九幺"
_GAP = r"[ \t\-.·、,，‐–—_/()]{0,2}"
_RUN = re.compile(rf"(?<![0-9a-zA-Z])(?:\+|00)?[{_DIGIT}](?:{_GAP}[{_DIGIT}]){{6,24}}[xX]?(?![0-9])")
_MOBILE = re.compile(r"(?:(?:86)?0?)(1[3-9]\d{9})\Z")
_LANDLINE = re.compile(r"(?:86)?0(?:10|2\d|[3-9]\d{2})[2-8]\d{6,7}\Z")
_LOCAL = re.compile(r"[2-8]\d{6,7}\Z")
_FOREIGN = re.compile(r"[０-ｚ＠．＋－]|(?![0-9])\d")
"""Full-width forms, and digits (Unicode category Nd) of any script but our own."""
_MAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}")
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][·\s]?[A-HJ-NP-Z0-9]{5,6}(?![A-Za-z0-9])",
    re.I,
)
_PASSPORT = re.compile(r"(?<![A-Za-z0-9])(?:[EeGgDdSsPpHhMmCcWw][A-Za-z]?\d{7,9})(?![A-Za-z0-9])")
_ACCOUNT = re.compile(
    r"((?:微信号?|wechat|weixin|vx|wx|qq号?|扣扣|支付宝账?号?)(?:号码|账号|是|为|[:：\s])*)([A-Za-z0-9][A-Za-z0-9_\-]{4,25})",
    re.I,
)
_HOUSE = re.compile(
    r"(?<!第)[A-Za-z0-9一二三四五六七八九十百]{1,6}(?:号(?!文|令|公告|线|码|称|召)|栋|幢|座(?!位|机|谈)|单元|期(?=[0-9A-Za-z]))"
    r"(?:[A-Za-z0-9一二三四五六七八九十之-]{1,5}(?:栋|幢|座|楼|单元|梯|层|房|室|号|铺|卡)){0,6}(?:[0-9]{3,4}(?![0-9]))?"
)
_ROAD = re.compile(
    r"(?:路|街|大道|巷|里|弄|村|社区|花园|花苑|小区|苑|大厦|广场|公寓|城|组|队|镇|邨)"
    r"[一-鿿0-9]{0,8}\Z"
)
_START = re.compile(r"[^一-鿿A-Za-z0-9]|住在|住址|地址|家在|位于|我在|在|到|是|住|的|为|把|和|跟|从")
_LONGEST = 100
"""Characters that the longest number takes with its gaps."""
_NUMBERISH = "0123456789０１２３４５６７８９零〇一二三四五六七八九幺xX+ \t-.·、,，‐–—_/()"
_BACK = 40
"""Characters before a house number that may belong to the address."""
_CONTACT = re.compile(r"(?:电话|手机|号码|联系|打|致电|座机|tel)[^0-9]{0,6}\Z", re.I)


def redact(text: str) -> str:
    """The text with personal numbers and addresses replaced by placeholders such as 〔手机号〕."""
    folded = _fold(text)
    for pattern, mark in ((_MAIL, MAIL), (_PLATE, PLATE)):
        folded = pattern.sub(mark, folded)
    folded = _ACCOUNT.sub(lambda m: m.group(1) + ACCOUNT, folded)
    folded = _RUN.sub(_number, folded)
    folded = _PASSPORT.sub(PASSPORT, folded)
    return _addresses(folded)


def whole(text: str, most: int) -> str:
    """At most the first `most` characters, without a number at the end that the cut may have torn: half a telephone
    number is not recognised as one."""
    if len(text) <= most:
        return text
    before, end = text[: max(0, most - _LONGEST)], text[max(0, most - _LONGEST) : most]
    return before + end.rstrip(_NUMBERISH)


def _addresses(text: str) -> str:
    """Replace house numbers together with the road or estate before them."""
    out: list[str] = []
    done = 0
    for house in _HOUSE.finditer(text):
        if house.start() < done:
            continue
        window = text[max(done, house.start() - _BACK) : house.start()]
        if not _ROAD.search(window):
            continue
        begin = 0
        for stop in _START.finditer(window):
            begin = stop.end()
        out += [text[done : house.start() - len(window) + begin], ADDRESS]
        done = house.end()
    return "".join(out) + text[done:]


def _fold(text: str) -> str:
    """Full-width digits and letters to plain ones; everything else as it was."""
    return _FOREIGN.sub(lambda m: unicodedata.normalize("NFKC", m.group()), text)


def _number(match: re.Match[str]) -> str:
    found = match.group()
    digits = "".join(_CHINESE.get(c, c) for c in found if c.isalnum()).upper()
    kind = _kind(digits, match.string[: match.start()], found)
    if kind:
        return kind
    inner = _inside(digits)
    return inner or found


def _kind(digits: str, before: str, raw: str) -> str | None:
    bare = digits.rstrip("X")
    if _MOBILE.match(digits.removeprefix("00")):
        return PHONE
    if _is_identity(digits):
        return CARD_ID
    if 13 <= len(bare) <= 19 and bare == digits and (_luhn(bare) or (len(bare) >= 16 and not _year(bare))):
        return BANK
    if _LANDLINE.match(digits):
        return PHONE
    if _LOCAL.match(digits) and _CONTACT.search(before[-12:]) and raw[0].isdigit():
        return PHONE
    return None


def _inside(digits: str) -> str | None:
    """A long run that holds a mobile or identity number among other digits is redacted whole."""
    if len(digits) < 12:
        return None
    if re.search(r"1[3-9]\d{9}", digits) and len(digits) <= 24:
        return PHONE
    return CARD_ID if any(_is_identity(digits[i : i + 18]) for i in range(len(digits) - 17)) else None


def _is_identity(digits: str) -> bool:
    if re.fullmatch(r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]", digits):
        # region and date are plausible: redacted even where the check character is mistyped
        return True
    if re.fullmatch(r"\d{17}[\dX]", digits):
        weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
        total = sum(int(d) * w for d, w in zip(digits, weights, strict=False))
        return "10X98765432"[total % 11] == digits[17]
    return bool(re.fullmatch(r"[1-9]\d{7}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}", digits))


def _luhn(digits: str) -> bool:
    doubled = [int(d) * (2 if i % 2 else 1) for i, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _year(digits: str) -> bool:
    """Two dates written together (20230101 20231231) are no card number."""
    return bool(re.fullmatch(r"(?:(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])){2}", digits))
