"""Requests that are plainly of no office: the weather, a sum, a poem, a recipe, a song.

Only what is short, says nothing but such a request, and has no word of anybody's trouble: “台风天停工工资怎么算” is a question of
wages. Each form counts only where the knowledge has its domain among the background questions (knowledge/outside.yaml).
"""

from __future__ import annotations

import re
from collections.abc import Collection

CHAT = "chat"
LONGEST = 24
"""Characters, without what is no letter; a longer text may tell of something."""
_TO_ME = r"(?:请|麻烦|你|您|能不能|能|可以|可不可以|帮我|帮忙|给我|跟我|再|来|快|随便|想听|想看|我想|我要){0,4}"
_SOME = r"(?:一?[首个篇段句副幅则条张只支]|几[首个篇段句]|点|下|一下)?"
_FORMS = {
    "天气与出行": re.compile(
        r"天气|气温|下不下雨|会下雨|有雨吗|落唔落雨|会唔会落雨|会落雨|几多度|(?:今天|明天|后天|今晚|现在|今日|听日)(?:中山|这里|外面)?(?:多少|几)度|带伞|要打伞"
        r"|雾霾(?:严重|大)[吗不]|紫外线|回南天|台风几[号时点]"
    ),
    "算数与学习": re.compile(
        r"[\d一二三四五六七八九十百千万零两]+(?:加上?|减去?|乘以?|除以|[-+*/×÷])[\d一二三四五六七八九十百千万零两]+.{0,4}(?:等于|是)?(?:几|多少)"
        r"|[\d.]+\s*[-+*/×÷]\s*[\d.]+\s*[=＝等]|根号|三角函数|勾股定理|翻译.{0,6}[a-z]{2,}|用(?:英语|英文|日语)怎么(?:说|讲|写)",
        re.I,
    ),
    "诗文": re.compile(
        rf"^{_TO_ME}(?:写|作|背|念|吟|朗诵|对){_SOME}(?:关于|以)?.{{0,12}}(?:诗|诗词|绝句|律诗|对联|春联|散文|情书|歌词|作文)(?:吧|吗|呗|听听|给我听|来听听)?$"
    ),
    "指令与娱乐": re.compile(
        rf"^{_TO_ME}(?:讲|说|来|唱|放|播放){_SOME}.{{0,6}}(?:笑话|段子|故事|歌|老歌|儿歌|谜语|绕口令|相声)(?:吧|吗|呗|听听|听下|来听|来听听|给我听)*$"
        r"|星座|运势|双色球|六合彩|王者荣耀|世界杯|欧冠|股票(?:今天|明天|会|涨|跌)|(?:今天|明天)股[市票]"
    ),
    "做菜生活": re.compile(
        r"(?:肉|鱼|鸡|鸭|鹅|汤|粥|饭|菜|蛋|面|虾|蟹|饺子|牛河|豆浆|乳鸽)(?:要)?(?:怎么|怎样|点样?|如何)(?:做|煮|炒|炖|蒸|腌|煲|烧|煎|整)"
    ),
    "代码": re.compile(
        r"用?(?:python|java|c\+\+|javascript|php|golang|sql)(?:语言)?(?:帮我)?[写实]|冒泡排序|快速排序", re.I
    ),
    "闲聊": re.compile(
        r"^(?:你|您)(?:今天|昨天|中午|晚上)?(?:吃饭|食饭|吃过饭|吃饱|睡觉|喝水)(?:了|咗)?(?:吗|没|没有|未|呀|啊)*$|^.{0,4}陪我(?:聊|倾|说说话).{0,6}$"
        r"|^(?:你|您)(?:喜欢|钟意|爱)(?:我|吃什么|什么颜色|听歌)吗?$"
    ),
}
DOMAINS_OF_TALK = tuple(domain for domain in _FORMS if domain != "闲聊")
"""Domains whose stored questions are such requests; of those of 闲聊 some tell of troubles."""
_TROUBLE = re.compile(
    r"[法证钱费收犯赌]|重视|问题|社区|行为|买卖|文件|材料|律师|仲裁|调解|复议|援助|合同|协议|工资|工钱|加班|上班|停工|停课|停业|老板|公司|单位|工地|工伤|报销|补贴|补助|津贴|高温"
    r"|赔|欠|骗|罚|告|诉|偿|责任|损|淹|漏|塌|砸|打我|打人|打了|伤|死|病|疼|痛|救|自杀|不想活|活着|孩子|老人|儿子|女儿|侵权|抄袭|盗|偷|版权|署名"
    r"|派出所|警|报案|投诉|举报|纠纷|违|政府|政策|规定|办事|办理|申请|户口|物业|邻居|房东|租|离婚|家暴|威胁|害|冤|不给|不肯|被"
    r"|取消|退[票款钱]|误|延|航班|出事|买到|变质|中毒|过期|虫|电话|窗口|开门|关门|受理"
)


def troubled(text: str) -> bool:
    """Whether a text has a word of anybody's trouble, or of what an office does."""
    return _TROUBLE.search(text) is not None


class SmallTalk:
    """The forms whose domains a knowledge base has."""

    def __init__(self, domains: Collection[str]) -> None:
        self._forms = [form for domain, form in _FORMS.items() if domain in domains]

    def is_it(self, text: str) -> bool:
        """Whether a text in Simplified characters is such a request and nothing else."""
        bare = re.sub(r"[^\w+*/×÷=.-]+", "", text)
        return len(bare) <= LONGEST and not troubled(text) and any(form.search(bare) for form in self._forms)
