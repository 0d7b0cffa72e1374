"""One whole fit: cross-validation and own test questions -> ranking -> thresholds -> context, with figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from intents.cascade import step_signals
from intents.curve import asked_alone, curve
from intents.encoder import CachedEncoder, Encoder
from intents.evaluate import Case, question_files, read_cases
from intents.fit import Example, Observed, cross_validate, fit_ranking, observe, only, probabilities
from intents.fit_decisions import fit_thresholds
from intents.fit_follow import Dialogue, Listener, fit_context, fit_follow, see_turns
from intents.grams import Floats
from intents.knowledge import KnowledgeBase
from intents.large import LARGE
from intents.model import ASK
from intents.normalize import Normalizer
from intents.ranking import Fitted, Thresholds
from intents.scoring import FIRST, Scorer

TEST_WEIGHT = 3.0
"""A test question counts as much as three phrases: it was written by somebody who had not seen the phrases."""

AMBIGUOUS = 2.0
"""How often an ambiguous test question counts that is bare (`Question.bare`), among those that decide when to answer: of the bare
test questions a third is ambiguous, of the bare messages that residents send about half."""


@dataclass(frozen=True)
class Seen:
    """Everything the fits look at: held-out phrases first, then our own test questions."""

    base: KnowledgeBase
    scorer: Scorer
    """Of the whole base, with every encoder."""
    observed: Observed
    texts: list[str]
    """What each row asks."""
    right: list[frozenset[str]]
    phrases: int
    """How many of the rows are held-out phrases."""
    dialogues: list[Dialogue]


def see(
    base: KnowledgeBase,
    tests: Path,
    encoders: Sequence[Encoder],
    progress: Callable[[int, int], None] | None = None,
) -> Seen:
    """Every signal of every phrase under a base that does not hold it, and of every test question under the whole."""
    cases = [case for path in question_files(tests) for case in read_cases(path)]
    total = len(base.background) + sum(len(e.questions) for e in base.published().values())
    done = [0]

    def tick() -> None:
        done[0] += 1
        if progress and done[0] % 50 == 0:
            progress(min(done[0], total), total)

    encoders = [e.remembered() if isinstance(e, CachedEncoder) else e for e in encoders]
    held_out, examples = cross_validate(base, encoders, tick=tick)
    scorer = Scorer(base, Normalizer(base.lexicon), encoders)
    asked = [Example(c.text, c.fair, TEST_WEIGHT) for c in cases if c.kind in ("question", "outside")]
    right = [e.right for e in [*examples, *asked]]
    for case in cases:
        if case.kind == "ambiguous":
            groups = _groups(base, case)
            asked.append(Example(case.text, groups or case.fair, TEST_WEIGHT))
            right.append(frozenset({*groups, *case.fair, ASK}))
    both = Observed.join([held_out, observe(scorer, asked)])
    texts = [e.text for e in [*examples, *asked]]
    return Seen(base, scorer, both, texts, right, len(examples), dialogues_of(cases))


def fit_set(
    seen: Seen,
    signals: Sequence[str],
    quick: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Fitted, dict[str, Any]]:
    """Fit everything for some of the signals; the figures are of the same questions. Each phrase among them was asked of a base that
    did not hold it, test questions of the whole; the ranking, some forty numbers, is fitted to both, the thresholds to the second."""
    both, names = only(seen.observed, signals), seen.scorer.candidates
    ranking, loss = fit_ranking(both)
    first = fit_ranking(only(both, FIRST))[0] if quick else None
    p = probabilities(ranking, both)
    # a held-out phrase is often the only one of its wording, far harder than what people ask: our own test questions,
    # written apart from the phrases, decide when to answer
    own = slice(seen.phrases, None)
    right = seen.right[own]
    bare = both.bare[own]
    often = [AMBIGUOUS if ASK in gold and alone else 1 for gold, alone in zip(right, bare.tolist(), strict=True)]
    weights = both.weights[own] * np.array(often, np.float32)
    thresholds, value = fit_thresholds(seen.base, names, p[own], right, weights, bare, tick=progress)
    listener = Listener(seen.scorer, ranking, first)
    turns = see_turns(listener, seen.dialogues)
    context, context_loss = fit_context(turns)
    thresholds = fit_follow(listener, seen.dialogues, turns, thresholds)
    figures = {
        "phrases": seen.phrases,
        "test_questions": len(seen.right) - seen.phrases,
        "follow_ups": len(turns.logp),
        "loss": round(loss, 4),
        "top1_phrases": _top1(p[: seen.phrases], seen.right[: seen.phrases], names),
        "top1_tests": _top1(p[own], seen.right[own], names),
        "worth": round(value, 4),
        "context_loss": round(context_loss, 4),
        "curve_phrases": _curve(seen, p, both, slice(seen.phrases), thresholds),
        "curve_tests": _curve(seen, p, both, own, thresholds),
    }
    return Fitted(ranking, thresholds, context, first), figures


def fit_every(
    base: KnowledgeBase,
    tests: Path,
    encoders: Sequence[Encoder],
    say: Callable[[str], object] = lambda _: None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, tuple[Fitted, dict[str, Any]]]:
    """All sets of weights.json: `lexical`, one more for each encoder in their order, and `large`."""
    seen = see(base, tests, encoders, progress)
    names = [e.name for e in encoders]
    found = {}
    for n in range(len(names) + 1):
        name = "+".join(["lexical", *names[:n]])
        say(f"fitting {name}")
        found[name] = fit_set(seen, step_signals(names[:n]), progress=progress)
    say("fitting large")
    found["large"] = fit_set(seen, LARGE, quick=False, progress=progress)
    return found


def _groups(base: KnowledgeBase, case: Case) -> frozenset[str]:
    """The groups of asks.yaml that offer what an ambiguous test question should offer."""
    return frozenset(a.id for a in base.asks.values() if len(case.fair & set(a.entries)) * 2 >= len(case.fair))


def dialogues_of(cases: Sequence[Case]) -> list[Dialogue]:
    """The conversations whose later turns are among the cases, in order."""
    found: list[Dialogue] = []
    for case in cases:
        if case.kind == "dialogue":
            before = found.pop() if len(case.before) > 1 else _first(case)
            found.append(
                Dialogue((*before.turns, case.text), (*before.entries, case.entry), (*before.right, case.fair))
            )
    return found


def _first(case: Case) -> Dialogue:
    return Dialogue(case.before, (case.first,), (frozenset({case.first}),))


def _curve(seen: Seen, p: Floats, observed: Observed, rows: slice, thresholds: Thresholds) -> list[list[float]]:
    """`intents.curve.Point` of some of the questions, one list each."""
    asked = asked_alone(p[rows], seen.right[rows], observed.bare[rows].tolist())
    return [list(astuple(point)) for point in curve(seen.base, seen.scorer.candidates, asked, thresholds)]


def _top1(p: np.ndarray, right: Sequence[frozenset[str]], candidates: Sequence[str]) -> float:
    hits = [candidates[int(i)] in gold for i, gold in zip(p.argmax(1), right, strict=True)]
    return round(100 * float(np.mean(hits)), 1) if hits else 0.0
