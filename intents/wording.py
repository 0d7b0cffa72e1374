"""What a text of the bot must not say, as far as words can tell; one rule a line, each with its remedy.

| code      | finding                                                                              | severity |
|-----------|--------------------------------------------------------------------------------------|----------|
| promise   | an outcome is promised                                                               | error    |
| phone     | a run of digits that looks like a telephone number and is on no list                 | error    |
| personal  | a mobile or identity card number, in a question                                      | error    |
| link      | a web address that is not the public legal service's own                             | error    |
| address   | a street with a house number: nobody has confirmed one                               | error    |
| hours     | office hours                                                                         | error    |
| number    | a document of the pledge reform under another number than its own                    | error    |
| future    | a law that is in force is spoken of as coming                                        | error    |
| old_law   | a law that was replaced is named as if it held                                       | warning  |
| unsettled | a name of 2023's plans of which nothing more is known, without the reference onward  | error    |
| money     | an amount in digits: laws name amounts, offices change them                          | warning  |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

PUBLIC_NUMBERS = frozenset(
    [
        *("12348", "12345", "12356", "12355", "12368", "12338", "12333", "12309", "96110", "12388", "12380"),
        *("110", "119", "120", "122", "12306", "12329", "12366"),
    ]
)
PUBLIC_LINKS = ("https://gd.12348.gov.cn/",)
OFFICIAL = (".gov.cn", ".npc.gov.cn", ".court.gov.cn", ".spp.gov.cn")
"""Ends of host names that sources may link to."""
_PHONE = re.compile(
    r"(?<![\d.〔第])(?:0\d{2,3}[-—\s]?[2-8]\d{6,7}|1[3-9]\d{9}|[48]00[-\s]?\d{3}[-\s]?\d{4}|1[12]\d|12\d{3}|9[56]\d{3}|"
    r"[2-8]\d{6,7})(?![\d年元件个号条〕.])"
)
_PERSONAL = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|\d{17}[\dXx])(?!\d)")
_LINK = re.compile(r"(?:https?://|www\.)[^\s，。；、）)”》]*", re.I)
_NUMBERS = {"国办发〔2020〕": "42", "粤办函〔2020〕": "334", "中府办函〔2021〕": "123"}
_DOCUMENT = re.compile("(" + "|".join(map(re.escape, _NUMBERS)) + r")\s*(\d+)")
_UNSETTLED = re.compile(r"新十条|深中通办|湾区西岸|法治观察员|多元调处中心")
_ONWARD = re.compile(r"发布为准|12348|12345")


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach in a text, at a position in characters."""

    at: int
    code: str
    message: str
    severe: bool = True


def _simple(code: str, pattern: str, message: str, severe: bool = True) -> Callable[[str], Iterator[Finding]]:
    compiled = re.compile(pattern)

    def rule(text: str) -> Iterator[Finding]:
        for found in compiled.finditer(text):
            yield Finding(found.start(), code, message.format(found.group()), severe)

    return rule


_RULES = (
    _simple(
        "promise",
        r"一定能|肯定会|肯定能|必定|保证(?:您|能|可以|办成|胜诉)|包(?:您|你|办成|赢)|百分之百|绝对(?:能|可以|会)|稳赢|必胜",
        "有许诺的话“{}”。请改成说明条件和办法。",
    ),
    _simple(
        "address",
        r"(?:路|大道|大街|街|巷)\s?[\d一二三四五六七八九十]+\s?号",
        "“{}”像门牌地址。没有核实的地址不写，请改成“可拨打 12348 询问”。",
    ),
    _simple(
        "hours",
        r"(?:上午|下午|早上|周[一二三四五六日]|星期[一二三四五六日])\s?\d{1,2}\s?(?:[:：点]\s?\d{0,2}|时)\s?(?:至|到|[-—~～])",
        "“{}”像办公时间。没有核实的办公时间不写，请改成“可拨打 12348 询问”。",
    ),
    _simple(
        "future",
        r"(?<![“‘])即将(?:出台|施行|实施)",
        "“{}”：已经施行的不能这样写，请改成施行日期，或写“2023 年文件提出”。",
    ),
    _simple(
        "old_law",
        r"(?<!省)《法律援助条例》|《(?:中华人民共和国)?行政复议法实施条例》",
        "{}已被新法替代，不能当作现行规定。请改引新法。",
        severe=False,
    ),
    _simple(
        "money",
        r"\d[\d,.]*\s?万?元",
        "金额“{}”：只写法律条文里有的金额，收费标准一律不写。请再核对一次。",
        severe=False,
    ),
)


def breaches(text: str) -> Iterator[Finding]:
    """Everything that a text of ours must not say."""
    for rule in _RULES:
        yield from rule(text)
    for found in _PHONE.finditer(text):
        if found.group() not in PUBLIC_NUMBERS:
            said = f"“{found.group()}”像电话号码，但不在允许的热线名单里。核实不了就删去。"
            yield Finding(found.start(), "phone", said)
    for found in _LINK.finditer(text):
        if not found.group().startswith(PUBLIC_LINKS):
            yield Finding(found.start(), "link", f"网址“{found.group()}”不能写进回答，只能写 {PUBLIC_LINKS[0]}。")
    for found in _DOCUMENT.finditer(text):
        head, number = found.groups()
        if number != _NUMBERS[head]:
            yield Finding(
                found.start(), "number", f"文号应当是“{head}{_NUMBERS[head]} 号”，现在是“{found.group()} 号”。"
            )


def unsettled(answer: str) -> Iterator[Finding]:
    """Names of plans in an answer that does not say where the present state can be asked."""
    found = _UNSETTLED.search(answer)
    if found and not _ONWARD.search(answer):
        said = f"写到“{found.group()}”，要说明“请以市司法局发布为准”或请居民拨打 12348。"
        yield Finding(found.start(), "unsettled", said)


def personal(text: str) -> Iterator[Finding]:
    """Numbers of a person in a question that somebody really asked."""
    for found in _PERSONAL.finditer(text):
        yield Finding(found.start(), "personal", f"“{found.group()[:3]}…”像个人的手机号或证件号，请删去。")
