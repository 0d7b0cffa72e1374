"""Who corrects: “不是公证，是见证”, “我问的是遗嘱，不是继承”, “说错了，是复议”. Only what is meant is asked for, else what is not meant is found as well.

What somebody tells of their matter in the same form (“不是我打的，是他打的”) is none.
"""

from __future__ import annotations

import re

_LONGEST = 40
"""Characters; what is longer tells a story."""
_BREAK = r"[，,。；;、！!\s]"
_IT = r"(?![我他她它你您佢咱不没])[^，,。；;、！!？?\s]"
_SAY = r"(?:我|俺)?(?:想|要)?(?:问|说|讲|指|找|办|要|想)的?"
_IS = rf"(?:(?:而|我|我们)?(?:是|系)(?:想|要)?(?:问|说|讲|指|办)?|{_SAY}(?:是|系)?)"
_NOT = r"(?:我)?(?:并)?(?:不是|唔系|唔是)(?:想|要)?(?:问|说|讲|指|办|要)?"
_WRONG = r"(?:[我]?(?:说|讲|打|写|搞|问|输)?错[了咗]?)"
_END = r"[的呢啊呀哦喔啦吧]?[。.！!~？?\s]*$"
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"^{_BREAK}*(?:不对|唔对|唔啱|{_WRONG})?{_BREAK}*{_NOT}{_IT}{{1,8}}?(?<!的){_BREAK}*{_IS}(?P<it>{_IT}{{2,14}}?){_END}",
        rf"^{_BREAK}*{_SAY}(?:是|系)(?P<it>{_IT}{{2,12}}?)[的]?{_BREAK}*(?:而|并)?(?:不是|唔系|唔是){_IT}{{2,12}}?{_END}",
        rf"^{_BREAK}*(?:(?:{_WRONG}{_BREAK}*){{1,3}}|(?:不对|不是|唔对|唔系|唔啱|no){_BREAK}+)(?:应该)?{_IS}(?P<it>{_IT}{{2,14}}?){_END}",
        rf"^{_BREAK}*我(?:是|系)(?:想|要)?(?:问|说|讲|指)(?P<it>{_IT}{{2,8}}?){_END}",
    )
)

_NEEDED = re.compile(r"[是系错对啱]|no")
"""One of them stands in every form."""


def meant(text: str) -> str:
    """What a text in Simplified characters says is meant; "" when it corrects nothing."""
    if len(text) > _LONGEST or not _NEEDED.search(text) or "是不是" in text or "系唔系" in text:
        return ""
    found = next(filter(None, (form.match(text) for form in _FORMS)), None)
    return found["it"] if found else ""
