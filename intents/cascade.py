"""One probability a candidate for a question, at no more cost than it needs: steps of dearer and dearer signals.

    first     grams, in one look-up                  taken at its word from SURE_AT_ONCE
    lexical   and letter by letter                   from SURE
    + each encoder in turn                           from SURE; the last one always

In a conversation a question that is surely of an entry is taken at its word at the first step; for any other everything is
computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from intents.context import Context, context_scores, expanded, whole
from intents.encoder import Encoder
from intents.focus import both_ends
from intents.grams import Floats
from intents.phrases import Phrases, Question
from intents.ranking import Fitted, Ranking, kinds_of, length_term
from intents.scoring import LEXICAL, Evidence, Scorer, encoder_signals
from intents.steps import Known, Steps, Wanted, at_once

SURE_AT_ONCE = 0.95
SURE = 0.9
"""Least probability at which a step is taken at its word and the dearer signals are not computed."""


@dataclass(frozen=True)
class Weighed:
    """What the ranking made of a question."""

    names: Sequence[str]
    """The candidates that were compared."""
    p: Floats
    """One probability a name."""
    values: Floats
    """Signals (names, signals) as far as they were computed."""
    ranking: Ranking
    """The weights that were used."""
    used_context: bool
    """Whether the conversation so far had a say."""
    nearest: Callable[[int], str]
    """The stored question nearest to the text, for a position in `names`; '' without any."""
    extra: Floats | None = None
    """What the conversation added to each score, where it had a say."""


class Cascade:
    """Ranks with a Scorer: every candidate, every signal that is needed."""

    def __init__(self, scorer: Scorer, fitted: Fitted, steps: Sequence[Ranking] = ()) -> None:
        """`steps` are the rankings for the lexical signals and each encoder but the last; `fitted` is for all of them."""
        self.scorer: Phrases = scorer
        self._scorer, self._fitted, self._steps = scorer, fitted, tuple(steps)
        self._kinds = kinds_of(scorer.candidates)
        every = (*steps, fitted.ranking)
        for ranking in every:
            if scorer.signals[: len(ranking.signals)] != ranking.signals:
                raise ValueError(f"weights for {ranking.signals} do not fit the signals {scorer.signals}")

    @property
    def signals(self) -> tuple[str, ...]:
        """Names of the columns of `Weighed.values`."""
        return self._scorer.signals

    def weigh(self, question: Question, context: Context | None = None) -> Weighed:
        """P of each candidate."""
        return at_once(self.weighing(question, context))

    def weighing(self, question: Question, context: Context | None = None) -> Steps[Weighed]:
        """The same in steps."""
        scorer = self._scorer
        evidence = scorer.first(question)
        length = length_term(question.normal)
        if first := self._fitted.first:
            p = self._apply(first, evidence, length)
            if p.max() >= SURE_AT_ONCE and (context is None or whole(scorer.candidates[int(p.argmax())])):
                return self._weighed(p, evidence, first)
        extra = (yield from self._said_before(question, context)) if context else None
        scorer.add_letters(question, evidence)
        for ranking, encoder in zip(self._steps, scorer.encoders, strict=False):
            if extra is None:
                p = self._apply(ranking, evidence, length)
                if p.max() >= SURE:
                    return self._weighed(p, evidence, ranking)
            yield from self._add_sentence(encoder, question, evidence)
        for encoder in scorer.encoders[len(self._steps) :]:
            yield from self._add_sentence(encoder, question, evidence)
        ranking = self._fitted.ranking
        return self._weighed(self._apply(ranking, evidence, length, extra), evidence, ranking, extra)

    def _add_sentence(self, encoder: Encoder, question: Question, evidence: Evidence) -> Steps[None]:
        vector = yield Wanted(encoder, both_ends(question.text, encoder.reads))
        known = Known(encoder.name, encoder.reads, encoder.slow, vector)
        self._scorer.add_sentence(known, question, evidence.values)

    def _said_before(self, question: Question, context: Context) -> Steps[Floats | None]:
        """What the conversation adds to each candidate; None when it has no say."""
        longer: dict[str, Floats] = {}
        questions = expanded(self._scorer, question, context)
        for named in questions:
            # an entry may be called what its topic is called
            if named.text not in longer:
                longer[named.text] = (yield from self.weighing(named)).p
        longer_p = [longer[named.text] for named in questions]
        return context_scores(self._scorer, self._fitted.context, question, context, longer=longer_p)

    def _apply(self, ranking: Ranking, evidence: Evidence, length: float, extra: Floats | None = None) -> Floats:
        return ranking.probabilities(evidence.values[:, : len(ranking.signals)], length, self._kinds, extra)

    def _weighed(self, p: Floats, evidence: Evidence, ranking: Ranking, extra: Floats | None = None) -> Weighed:
        def nearest(candidate: int) -> str:
            at = self._scorer.nearest(evidence, candidate)
            return self._scorer.originals[at] if at >= 0 else ""

        return Weighed(self._scorer.candidates, p, evidence.values, ranking, extra is not None, nearest, extra)


def step_names(encoders: Sequence[str]) -> list[str]:
    """Names in weights.json of the rankings of all steps but the last: `lexical`, `lexical+use` ..."""
    return ["+".join(["lexical", *encoders[:n]]) for n in range(len(encoders))]


def step_signals(encoders: Sequence[str]) -> tuple[str, ...]:
    """The signals of a set of encoders, in the order of a Scorer."""
    return LEXICAL + tuple(s for name in encoders for s in encoder_signals(name))
