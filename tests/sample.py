"""A small knowledge base with real answers, and a dialogue on a store in memory."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from bot.dialogue import Dialogue
from bot.messages import Kind, Message, Reply
from tests.fakes import FakeClock, MemoryStore, a_message

ROOT = Path(__file__).resolve().parent.parent
_TAIL = """    sources:
      - {source: legal_aid_law, article: 第二条}
    reviewed: 2026-11-23
    review_after: 2027-05-23
    status: published
"""


def service_environ(home: Path, **settings: str) -> dict[str, str]:
    """Variables of a `fawen serve` on any free port with the sample and a database below `home`; none of ours is inherited."""
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith("FAWEN_")},
        "FAWEN_SERVER__PORT": "0",
        "FAWEN_STORE__URL": f"sqlite+aiosqlite:///{home}/fawen.db",
        "FAWEN_KNOWLEDGE__DIR": str(write_sample(home / "knowledge")),
        "FAWEN_KNOWLEDGE__CACHE_DIR": str(home / "cache"),
        "FAWEN_KNOWLEDGE__ENCODER": "off",
        "PYTHONPATH": str(ROOT),
        **settings,
    }


def write_sample(target: Path) -> Path:
    """Six entries in four topics: two confusable, one emergency, the two routing ones."""
    (target / "entries").mkdir(parents=True)
    for name in ("sources.yaml", "texts.yaml"):
        shutil.copy(ROOT / "knowledge" / name, target / name)
    (target / "lexicon.yaml").write_text(
        "aspects: {fee: [多少钱, 收费, 花费]}\nfollowup_starts: [那]\n", encoding="utf-8"
    )
    (target / "outside.yaml").write_text(
        "outside:\n  - {entry: none, domain: 闲聊, questions: [今天天气怎么样, 给我讲个笑话, 晚饭吃什么好]}\n"
        "  - {entry: chat.case_advice, domain: 婚姻, questions: [离婚房子怎么分, 孩子抚养权归谁]}\n",
        encoding="utf-8",
    )

    def entry(name: str, title: str, questions: list[str], answer: str, extra: str = "") -> str:
        lines = "".join(f"      - {q}\n" for q in questions)
        body = f"    title: {title}\n    questions:\n{lines}    answer: |\n      {answer}\n{extra}"
        return f"  {name}:\n{body}{_TAIL}"

    def topic(name: str, title: str, order: int, *entries: str) -> None:
        text = f"topic: {{title: {title}, order: {order}}}\nentries:\n" + "".join(entries)
        (target / "entries" / f"{name}.yaml").write_text(text, encoding="utf-8")

    topic(
        "legal_aid", "法律援助", 1,
        entry("what", "法律援助是什么", ["法律援助是什么", "法援是干什么的", "什么叫法律援助"], "法律援助是国家的制度。"),
        entry("cost", "法律援助收费吗", ["法律援助收费吗", "法援律师要给钱吗"], "不收费。", "    aspect: fee\n"),
    )  # fmt: skip
    topic(
        "notary", "公证", 2,
        entry("inheritance", "继承公证", ["继承公证怎么办", "房产继承要公证吗", "老人去世房子公证"], "带材料去公证处。"),
        entry("fee", "公证收费", ["公证收费标准", "做个公证多少钱"], "以公示为准。", "    aspect: fee\n"),
    )  # fmt: skip
    topic(
        "safety", "紧急情况", 3,
        entry(
            "violence", "正在遭受暴力", ["他正在打我怎么办"], "请马上报警。",
            '    call:\n      - {number: "110", label: 报警}\n    triggers:\n      - {all: [[现在, 正在], [打我]]}\n',
        ),
    )  # fmt: skip
    topic(
        "chat", "会话", 4,
        entry("human", "转人工", ["转人工", "我要找真人"], "好的。"),
        entry("case_advice", "具体案件咨询", ["我的案子能赢吗"], "请拨打 12348。"),
        entry("other_department", "别的部门", ["社保怎么交"], "请拨打 12345。"),
    )  # fmt: skip
    return target


@dataclass
class Talk:
    """A dialogue to talk to, with everything it stands on at hand."""

    dialogue: Dialogue
    store: MemoryStore
    clock: FakeClock
    count: int = 0

    async def say(self, text: str, kind: Kind = Kind.TEXT, ref: str = "") -> Reply:
        """One message of one visitor."""
        return await self.dialogue.handle(self.message(text, kind, ref))

    def message(self, text: str, kind: Kind = Kind.TEXT, ref: str = "") -> Message:
        """The next message, not sent yet."""
        self.count += 1
        return a_message(text, self.clock, self.count, kind, ref)
