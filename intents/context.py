"""Follow-ups: what a short or elliptical question takes from the exchange before it.

“那要多少钱” after 继承公证 means the fee of notarization. Scores of candidates near the last entry are raised by fitted
amounts; a longer question with a subject of its own needs less help, so the amounts shrink with length. A change of
subject (“对了”, “换个问题”) takes nothing over.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from intents.grams import Floats
from intents.model import ASK, NO_ENTRY, Entry, KnowledgeData
from intents.phrases import Phrases, Question

if TYPE_CHECKING:
    pass

FEATURES = ("topic", "self", "related", "aspect", "own", "expanded", "named")
LEAST = np.array([0, -4, 0, 0, 0, 0, 0], np.float32)
"""Least that each feature adds."""
_NOT_EXPANDED = (0, 0)
EXPANDED_LENGTH = 16
"""Longest follow-up, in characters of its normal form, that is also asked with a name of what was spoken of before it."""
HOUSES = frozenset({"service"})
"""Topics that hold many matters: “要多少钱” after the bar examination is not asked of a lawyer's fee, which is of this topic, too."""
GENERAL = 4
"""Topics from which a group of asks.yaml leaves the subject wholly open (“要多少钱”): a conversation always says which."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the conversation was about; the caller lets it lapse (ten minutes)."""

    entry: str
    """The entry of the last answer, or the first option chosen."""


def topic_of(entry: str) -> str:
    """`notary` of `notary.fee`."""
    return entry.partition(".")[0]


def whole(name: str) -> bool:
    """Whether a question that is surely this candidate needs nothing of what was said before: an entry, no small talk."""
    return name != NO_ENTRY and not name.startswith((ASK, "chat."))


def expanded(scorer: Phrases, question: Question, context: Context) -> list[Question]:
    """“万一不批呢” after a question on legal aid as “法律援助万一不批呢”: with the name of the topic, and with that of the
    entry; empty for what stands on its own feet.

    A topic such as 公共法律服务 names nothing that anybody asks about; its entries do (“劳动仲裁”, “司法鉴定”).
    """
    entry = scorer.knowledge.entries.get(context.entry)
    if entry is None or len(question.normal) > EXPANDED_LENGTH or shifts(scorer, question):
        return []
    title = next((t.title for t in scorer.knowledge.topics if t.id == entry.topic), "")
    return [scorer.question(f"{name}{question.text}") for name in (title, name_of(entry))]


def name_of(entry: Entry) -> str:
    """The shortest of its title and stored questions, which nearly always is what people call it."""
    return min((entry.title, *(q for q in entry.questions if len(q) > 1)), key=len)


def context_features(
    scorer: Phrases,
    question: Question,
    context: Context,
    names: Sequence[str] | None = None,
    longer: Sequence[Floats] = (),
) -> Floats:
    """(names, FEATURES): flags of the same topic, the same entry, related to it, asked aspect within the topic, the same
    entry where its topic has none on the asked aspect; and P of each expanded question (`longer`, 0 without them).

    `names` are the candidates in question, all of the base by default.
    """
    near: Iterable[int] = range(len(names)) if names is not None else ()
    features = np.zeros((len(scorer.candidates if names is None else names), len(FEATURES)), np.float32)
    knowledge = scorer.knowledge
    entry = knowledge.entries.get(context.entry)
    if entry is None or shifts(scorer, question):
        return features
    related = {*entry.related, *(c.entry for c in entry.confusable)}
    asked, house = question.aspects, entry.topic in HOUSES
    alone = bool(asked) and not any(e.aspect in asked for e in knowledge.entries.values() if e.topic == entry.topic)
    if names is None:
        names, near = scorer.candidates, _places(scorer).near(entry, related)
    for i in near:
        name = names[i]
        other = knowledge.entries.get(name)
        if other is None:
            continue
        same, itself = other.topic == entry.topic and other.topic != "chat", name == entry.id
        features[i] = (
            same,
            itself and entry.topic != "chat",
            name in related,
            same and other.aspect != "" and other.aspect in asked and (itself or name in related or not house),
            itself and alone,
            *_NOT_EXPANDED,
        )
    for column, p in zip(range(-len(_NOT_EXPANDED), 0), longer, strict=False):
        features[:, column] = p
    return features


def shifts(scorer: Phrases, question: Question) -> bool:
    """Whether the text itself says that the subject changes."""
    plain = scorer.normalizer.plain(question.text)
    return any(plain.startswith(word) for word in scorer.shift_words)


def context_scores(
    scorer: Phrases,
    weights: Floats,
    question: Question,
    context: Context,
    names: Sequence[str] | None = None,
    longer: Sequence[Floats] = (),
) -> Floats | None:
    """What is added to each candidate's score; None when the context has no say.

    `weights` (3, FEATURES): at length 0, per ten characters, and for a text that starts like a follow-up. `names` and
    `longer` as in `context_features`.
    """
    features = context_features(scorer, question, context, names, longer)
    if not features.any():
        return None
    added = features @ amounts(context_terms(scorer, question), weights)
    taken = _places(scorer).taken(context.entry) if names is None else settled(scorer.knowledge, names, context.entry)
    return np.asarray(added + taken, np.float32)


def amounts(terms: Floats, weights: Floats) -> Floats:
    """How much each feature adds: never less than nothing, but that it is the entry just answered may count against it."""
    return np.asarray(np.maximum(terms @ weights, LEAST), np.float32)


def settled(knowledge: KnowledgeData, names: Sequence[str], before: str) -> Floats:
    """What the conversation takes from questions that could mean several things, most of them of its topic or one of them what
    was spoken of: it says which; (names,).

    “没钱请律师” in the midst of a neighbours' quarrel stays a question to ask back; “收费吗” never does, in no conversation.
    """
    entry = knowledge.entries.get(before)
    amounts = np.zeros(len(names), np.float32)
    if entry is None:
        return amounts
    for i, name in enumerate(names):
        ask = knowledge.asks.get(name)
        # “没钱请律师” amid labour arbitration is of legal aid all the same: its group has more of that
        if ask is not None and (
            before in ask.entries or (topics := _most_of(ask.entries)) is None or entry.topic in topics
        ):
            amounts[i] = -20
    return amounts


class _Places:
    """Where the candidates of one base stand, looked up once: a follow-up has to do with a few of hundreds."""

    def __init__(self, knowledge: KnowledgeData, names: Sequence[str]) -> None:
        self._knowledge, self._names = knowledge, names
        self._at = {name: i for i, name in enumerate(names)}
        self._topics: dict[str, list[int]] = defaultdict(list)
        for name, i in self._at.items():
            if entry := knowledge.entries.get(name):
                self._topics[entry.topic].append(i)
        self._taken: dict[str, Floats] = {}

    def near(self, entry: Entry, related: Iterable[str]) -> set[int]:
        """Positions of the entry, of its topic, and of what is related to it."""
        return {
            *self._topics.get(entry.topic, ()),
            *(self._at[name] for name in (entry.id, *related) if name in self._at),
        }

    def taken(self, before: str) -> Floats:
        """`settled` for every candidate."""
        if before not in self._taken:
            self._taken[before] = settled(self._knowledge, self._names, before)
        return self._taken[before]


_PLACES: WeakKeyDictionary[Phrases, _Places] = WeakKeyDictionary()


def _places(scorer: Phrases) -> _Places:
    if (found := _PLACES.get(scorer)) is None:
        found = _PLACES[scorer] = _Places(scorer.knowledge, scorer.candidates)
    return found


@lru_cache(4096)
def _most_of(entries: tuple[str, ...]) -> frozenset[str] | None:
    """The topics that most of these are of; None where they are of so many that any conversation says which."""
    topics = Counter(topic_of(e) for e in entries if not e.startswith("chat."))
    if len(topics) >= GENERAL:
        return None
    return frozenset(name for name, count in topics.items() if count == max(topics.values()))


def context_terms(scorer: Phrases, question: Question) -> Floats:
    """What the amounts depend on: 1, the length in tens of characters (at most 4), starts like a follow-up."""
    starts = scorer.normalizer.plain(question.text).startswith(scorer.followup_words)
    return np.array([1, min(len(question.normal), 40) / 10, starts], np.float32)
