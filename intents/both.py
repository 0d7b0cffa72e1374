"""The same asked of two matters in one breath: “法律援助和公证都要带什么”, “复议要钱吗，信访要钱吗”.

Nothing that parts questions elsewhere (`intents.several`) stands between them, so the message would be answered for one matter
alone. What compares the two (“公证和鉴定有什么区别”) is one question.
"""

from __future__ import annotations

import re

LONGEST = 30
"""Characters; a longer text tells a story."""
_MATTER = (
    "法律援助|法援|行政复议|复议|行政诉讼|人民调解|调解|告知承诺|社区矫正|劳动仲裁|商事仲裁|仲裁|信访|司法鉴定|鉴定|律师费|请律师|"
    "(?:继承|遗嘱|赠与|委托|亲属关系|学历|出生|婚前财产)?公证"
)
_TWO = re.compile(rf"({_MATTER})(?:和|跟|与|同埋|同|及|以及|还有|、|,|，)({_MATTER})")
_COMPARED = re.compile(
    "区别|不同|差别|分别是什么|哪个|哪一个|边个|哪种|一样|一回事|先|还是|关系|比|冲突|同时|一起|代替|可以.?(?:用|当)|能.?(?:用|当)|变|转"
)
_TWICE = re.compile(
    rf"^[^，,]*(?:{_MATTER})[^，,]*(?:吗|么|多少|多久|哪里|哪|什么|几天)[，,][^，,]*(?:{_MATTER})[^，,]*$"
)
_EVERY = re.compile("分别|都|各|两样|两个")


def of_both(text: str) -> list[str]:
    """The two questions of such a message, in order; none for any other."""
    if len(text) > LONGEST or _COMPARED.search(text):
        return []
    if _TWICE.match(text):
        first, second = re.split("[，,]", text)
        return [first, second] if _named(first) != _named(second) else []
    found = _TWO.search(text)
    if not found or found[1] == found[2]:
        return []
    return [_EVERY.sub("", f"{text[: found.start()]}{matter}{text[found.end() :]}") for matter in found.groups()]


def _named(text: str) -> str:
    found = re.search(_MATTER, text)
    return found[0] if found else ""
