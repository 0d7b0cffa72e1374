"""Matcher(knowledge).match(text, context) -> Match: one of three outcomes, with the reason.

Order of decision, each step final: nothing typed; a stored question (always its entry); an emergency rule; in a
conversation the same aspect of another subject (“公证呢”); the ranking. Who has just been told what to do in an emergency and
asks for a number (“打哪个电话”) is told once more, not asked which of several is meant.
Ties are broken by the candidate's id in alphabetical order. The same knowledge and text give the same bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from numpy.typing import NDArray

from intents.beside import asked, untold_fee, with_aspects
from intents.both import of_both
from intents.cascade import Cascade, Weighed, step_names
from intents.context import Context
from intents.conversation import LEAST_OFFERED, for_another, named_only, offered, published, same_aspect
from intents.correction import meant
from intents.decide import LOOKED_AT, MAX_OPTIONS, Decision, decide
from intents.encoder import Encoder
from intents.focus import both_ends
from intents.forms import read_forms
from intents.grams import Progress
from intents.large import LargeRanker
from intents.links import without_links
from intents.mends import MENDS
from intents.model import ASK, HOTLINES, NO_ENTRY, SAFETY, Ask, KnowledgeData
from intents.model_cache import LearntCache
from intents.normalize import MAX_LENGTH, Normalizer
from intents.phrases import MAX_PHRASES, Question
from intents.ranking import Fitted, load_fitted, top
from intents.safety import SafetyRules
from intents.scoring import Scorer
from intents.several import in_order, next_context, questions_of
from intents.sounds import Sounds
from intents.steps import Steps, at_once
from intents.turned import asks, turned

Outcome = Literal["answer", "options", "none"]
RANKED_LENGTH = 1_200
"""Characters that are ranked; of longer texts the beginning and the end, where the matter and the question stand."""
EXPANDED = 2
"""A text that NFKC makes longer by more than this is ranked as NFKC writes it."""
RANKED = 6
NUMBER_LENGTH = 7
"""Digits and nothing else from here on are no short number of a service (12348): no question can be found in them."""
ASPECT_LENGTH = 8
"""Characters up to which a text may name nothing but an aspect."""
SAME_ASPECT = 0.9
"""Confidence that “公证呢” asks what was asked before."""


class Candidate(NamedTuple):
    """One entry that was considered."""

    entry: str
    confidence: float
    """Probability that this entry is what was meant, 0 to 1."""
    phrase: str = ""
    """The stored question that it is, where one is what was typed; of what was ranked `intents.explain` tells the nearest."""


@dataclass(frozen=True, slots=True)
class Match:
    """What a text means to the knowledge base."""

    text: str
    outcome: Outcome
    entry: str | None
    options: tuple[str, ...]
    """What would be offered, best first; for an answer the runners-up."""
    confidence: float
    reason: str
    """`empty` (no word in it), `exact`, `safety`, `ranked`, or `context` when the last exchange decided."""
    candidates: tuple[Candidate, ...] = ()
    ask: str = ""
    """For options: the question to ask back, where the knowledge has one."""
    detail: str = ""
    """For safety the words that fired; for options and none why it is no answer."""
    rest: tuple[str, ...] = ()
    """For an answer what else the message asks for, in its order: entries to be offered."""

    def to_json(self) -> dict[str, Any]:
        """One line of the batch contract."""
        return {
            "text": self.text,
            "outcome": self.outcome,
            "entry": self.entry,
            "options": list(self.options),
            "confidence": round(self.confidence, 4),
        }


class Matcher:
    """Understands questions against one knowledge base; immutable after construction, safe to share."""

    def __init__(
        self,
        knowledge: KnowledgeData,
        *,
        encoders: Sequence[Encoder] = (),
        cache: Path | None = None,
        fitted: Fitted | None = None,
        progress: Progress | None = None,
        lent: Collection[str] = (),
    ) -> None:
        """`cache` is a directory for what takes seconds to learn; without it the base is learnt at each start.

        A base of more phrases than MAX_PHRASES is ranked by short lists and without encoders; `progress(done, total)` is told
        how far its index is. `lent` are names of arrays (`named`) that whoever it is made for has already.
        """
        self.knowledge = knowledge
        small = count_phrases(knowledge) <= MAX_PHRASES
        self.normalizer = Normalizer(knowledge.lexicon, read_forms(knowledge, cache) if cache and small else None)
        self.safety = SafetyRules(knowledge.entries.values(), self.normalizer)
        self.encoders = tuple(encoders) if small else ()
        self.ranker: Cascade | LargeRanker
        self.named: dict[str, NDArray[Any]] = {}
        """Arrays of it that stand in the cache as they are; in another process that learns, others of this name are the same."""
        if small:
            self.fitted = fitted or load_fitted("+".join(["lexical", *(e.name for e in encoders)]))
            self.ranker = self._cascade(cache, lent, () if fitted else tuple(e.name for e in encoders))
        else:
            self.fitted = fitted or load_fitted("large")
            self.ranker = LargeRanker(knowledge, self.normalizer, self.fitted, progress)
        self.sounds = self._words_by_sound() if small else None
        """None for a large base, whose words are too many to be looked for by their sound."""
        self._exact = self._stored_questions()
        asking = (e for e in knowledge.entries.values() if e.status == "published" and asks(e.title))
        self._titles = {self.normalizer.plain(e.title): (e.id, e.title) for e in asking}
        self._looked: tuple[str, str, Match | None] = ("", "", None)

    def _cascade(self, cache: Path | None, lent: Collection[str], steps: tuple[str, ...]) -> Cascade:
        kept = LearntCache(cache, self.encoders, lent) if cache else None
        scorer = Scorer(self.knowledge, self.normalizer, self.encoders, cache=kept)
        self.named = scorer.named
        return Cascade(scorer, self.fitted, [load_fitted(name).ranking for name in step_names(steps)])

    def _words_by_sound(self) -> Sounds:
        normal = self.normalizer
        own = ((owner, normal(question)) for owner, questions in self.knowledge.owned() for question in questions)
        others = (normal(b.question) for b in self.knowledge.background)
        return Sounds(own, others, self.safety.words)

    def _stored_questions(self) -> dict[str, tuple[str, str]]:
        scorer = self.ranker.scorer
        normal = dict(zip(scorer.originals, scorer.phrases, strict=True))
        exact: dict[str, tuple[str, str]] = {}
        folded: dict[str, tuple[str, str]] = {}
        for owner, questions in self.knowledge.owned():
            for question in questions:
                exact.setdefault(self.normalizer.plain(question), (owner, question))
                folded.setdefault(normal.get(question) or self.normalizer(question), (owner, question))
        # what was typed counts before what it means: a folded form never takes the place of a plain one
        for form, stored in folded.items():
            exact.setdefault(form, stored)
        exact.pop("", None)
        return exact

    def match(self, text: str, context: Context | None = None) -> Match:
        """Decide what one text means. Never raises on any text."""
        return at_once(self.matching(text, context))

    def matching(self, text: str, context: Context | None = None) -> Steps[Match]:
        """The same in steps, for who does not want to wait for sentence vectors."""
        whole = yield from self._matching(text, context)
        ranked = whole.reason in ("ranked", "context")
        parts = questions_of(text[:RANKED_LENGTH]) if ranked else []
        both = of_both(text) if ranked and whole.outcome != "none" and len(parts) < 2 else []
        parts = both or parts
        if len(parts) < 2:
            aspects = asked(text, self._aspects) if whole.outcome != "none" else []
            aspects = aspects or untold_fee(self.knowledge, whole, self._aspects)
            return with_aspects(self.knowledge, whole, aspects) if aspects else whole
        found: list[Match] = []
        before = context
        for part in parts:
            # of two matters in one breath each names its own
            found.append((yield from self._matching(part, None if both else before)))
            before = next_context(found, whole, context)
        return in_order(whole, found)

    def _aspects(self, part: str) -> frozenset[str]:
        return self.ranker.scorer.question(part).aspects

    def _matching(self, text: str, context: Context | None) -> Steps[Match]:
        """What a text means as one question."""
        text = text[:MAX_LENGTH]
        said = without_links(text)
        normal = self.normalizer(said)
        if not normal:
            return self.emergency(text) or Match(text, "none", None, (), 0.0, "empty")
        if stored := self._stored(said, normal, context):
            return replace(stored, text=text)
        if normal.isdecimal() and len(normal) >= NUMBER_LENGTH:
            return Match(text, "none", None, (), 0.0, "empty")
        mended, emergency = self._first_look(text)
        if emergency:
            return emergency
        if corrected := (yield from self._corrected(text, context)):
            return corrected
        if context is not None and (subject := self._same_aspect(text, context)):
            same = (Candidate(subject, SAME_ASPECT),)
            return Match(text, "answer", subject, (), SAME_ASPECT, "context", same, detail="上一句问的同一方面")
        question = self._question(mended)
        weighed = yield from self._weighing(question, context)
        thresholds = self.fitted.thresholds.of(weighed.used_context, question.bare)
        likeliest = top(weighed.p, LOOKED_AT)
        decision = decide(self.knowledge, weighed.names, weighed.p, thresholds, likeliest)
        if decision.ask and (again := self._told_again(text, decision.options, context)):
            return again
        if weighed.used_context and context is not None:
            decision = offered(self.knowledge, weighed.names, weighed.p, likeliest, decision, context)
            decision = for_another(self.knowledge, self.normalizer.plain(text), decision, context)
        unknown = decision.outcome == "none" or (context is None and decision.confidence < LEAST_OFFERED)
        if unknown and (ask := self._aspect_only(question)):
            return self._asked_back(text, ask)
        result = self._result(text, decision, weighed, likeliest[:RANKED])
        for mend in MENDS:
            result = mend(self.knowledge, result)
        return result

    def _corrected(self, text: str, context: Context | None) -> Steps[Match | None]:
        """“不是公证，是复议”: what is meant by itself, where something of the field is found for it."""
        said = meant(self.normalizer.simple(text))
        if not said:
            return None
        found = yield from self._matching(said, context)
        if found.outcome == "none" or (found.entry or "").startswith("chat."):
            return None
        why = "；".join(filter(None, (f"更正为“{said}”", found.detail)))
        return replace(found, text=text, detail=why)

    def _stored(self, text: str, normal: str, context: Context | None) -> Match | None:
        """What a stored question says by itself; in a conversation one that could mean several things says nothing."""
        plain = self.normalizer.plain(text)
        found = self._exact.get(plain) or self._exact.get(normal) or self._turned(plain)
        if found is None:
            return None
        owner, phrase = found
        if owner not in self.knowledge.asks:
            return Match(text, "answer", owner, (), 1.0, "exact", (Candidate(owner, 1.0, phrase),))
        ask = self.knowledge.asks[owner]
        return self._asked_back(text, ask) if context is None else self._told_again(text, ask.entries, context)

    def _turned(self, plain: str) -> tuple[str, str] | None:
        """A stored question or a title with the same words in another order; no group, whose words say too little."""
        for other in (plain, *turned(plain)):
            found = self._exact.get(other) or self._titles.get(other)
            if found and found[0] not in self.knowledge.asks:
                return found
        return None

    def _told_again(self, text: str, meant: Sequence[str], context: Context | None) -> Match | None:
        """What to do in the emergency that was spoken of, for who may mean a telephone number; else None."""
        entry = context.entry if context and set(meant) & {*HOTLINES} else ""
        if not entry.startswith(SAFETY) or not published(self.knowledge, entry):
            return None
        told = (Candidate(entry, 1.0),)
        return Match(text, "answer", entry, (), 1.0, "context", told, detail="刚说过的紧急情况")

    def _aspect_only(self, question: Question) -> Ask | None:
        """The group that asks which matter is meant, for a text that names an aspect and nothing else: “地址呢”."""
        if len(question.aspects) != 1 or len(question.normal) > ASPECT_LENGTH:
            return None
        (aspect,) = question.aspects
        cues = self.knowledge.lexicon.aspects[aspect]
        bare = named_only(self.normalizer.plain(question.text))
        return self.knowledge.asks.get(f"{ASK}{aspect}") if bare in map(self.normalizer.plain, cues) else None

    def _same_aspect(self, text: str, context: Context) -> str | None:
        stored = self._exact.get(named_only(self.normalizer.plain(text)))
        ask = self.knowledge.asks.get(stored[0]) if stored else None
        return same_aspect(self.knowledge, ask, context) if ask else None

    @staticmethod
    def _asked_back(text: str, ask: Ask) -> Match:
        return Match(text, "options", None, ask.entries[:MAX_OPTIONS], 1.0, "exact", ask=ask.ask)

    def emergency(self, text: str) -> Match | None:
        """The safety entry whose rule fires on this text, as typed or as its words sound; None when it is no emergency."""
        return self._first_look(text)[1]

    def _first_look(self, text: str) -> tuple[str, Match | None]:
        """The text as it is read on, and its emergency. The last one is remembered, for who asks for the emergency asks on."""
        looked = self._looked
        if looked[0] != text:
            mended = self._mended(text)
            self._looked = looked = text, mended, self._emergency(text, mended)
        return looked[1:]

    def _emergency(self, text: str, mended: str) -> Match | None:
        found = self.safety.find(text) or (self.safety.find(mended, text) if mended != text else None)
        if found is None:
            return None
        entry, words = found
        return Match(text, "answer", entry, (), 1.0, "safety", (Candidate(entry, 1.0),), detail=words)

    def question(self, text: str) -> Question:
        """The text as it is ranked: of a long one both ends, and what is misspelt by its sound mended."""
        return self._question(self._mended(text))

    def _question(self, mended: str) -> Question:
        return self.ranker.scorer.question(both_ends(mended, RANKED_LENGTH))

    def misspelt(self, text: str) -> dict[str, str]:
        """What is written by its sound, and the word that is meant (`intents.sounds`)."""
        return self.sounds.mended(self.normalizer(text)) if self.sounds else {}

    def _mended(self, text: str) -> str:
        text = without_links(text)
        simple = self.normalizer.simple(text)
        if len(simple) > EXPANDED * len(text):
            # one character that stands for many: how much is read of a text counts what is read
            text = simple
        found = self.misspelt(text)
        if found:
            text = simple
            for written, meant in found.items():
                text = text.replace(written, meant)
        return text

    def weigh(self, question: Question, context: Context | None = None) -> Weighed:
        """P of each candidate, with what led to it."""
        return self.ranker.weigh(question, context)

    def _weighing(self, question: Question, context: Context | None) -> Steps[Weighed]:
        if isinstance(self.ranker, Cascade):
            return (yield from self.ranker.weighing(question, context))
        return self.ranker.weigh(question, context)

    def _result(self, text: str, decision: Decision, weighed: Weighed, likeliest: Sequence[int]) -> Match:
        names, p = weighed.names, weighed.p
        candidates = tuple(
            Candidate(names[i], round(confidence, 4))
            for i, confidence in zip(likeliest, p[likeliest].tolist(), strict=True)
            if names[i] != NO_ENTRY and names[i] not in self.knowledge.asks
        )
        return Match(
            text,
            decision.outcome,
            decision.entry,
            decision.options,
            decision.confidence,
            "context" if weighed.used_context else "ranked",
            candidates,
            decision.ask,
            decision.why,
        )


def count_phrases(knowledge: KnowledgeData) -> int:
    """Stored questions of every kind: of entries, of asks, and the background."""
    return sum(len(questions) for _, questions in knowledge.owned()) + len(knowledge.background)
