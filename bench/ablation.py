"""`python -m bench.ablation`: what each signal earns: the fit again without it, on the same held-out phrases and test questions.

Loss is the mean of -log P of what is right, in nats, over phrases that the base did not hold when they were asked; top-1 is the
share of questions whose likeliest candidate is right. A row is all signals but the ones named; the first row has all. Test
questions are among what the weights are fitted to (some forty numbers for twenty thousand questions).
A line of the first table is of the base with no synonym in its lexicon. Two lines are of what is no signal, with and without it: words written by their sound (`intents.sounds`) in the test questions
that have one, and pairs of entries declared confusable, which are asked back (`intents.decide`), in those that meet one. Takes
about a quarter of an hour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bot.brain import make_encoders
from bot.config import KnowledgeSettings
from bot.paths import knowledge_dir
from intents import KnowledgeBase, Matcher
from intents.cascade import step_signals
from intents.encoder import Encoder
from intents.evaluate import Case, evaluate, question_files, read_cases
from intents.fit import Observed, fit_ranking, only, probabilities
from intents.fit_all import Seen, see

GROUPS = {
    "asking clause (focus_bm25)": ("focus_bm25",),
    "words": ("words",),
    "grams of an entry (bm25, focus_bm25)": ("bm25", "focus_bm25"),
    "grams of a phrase (cosine)": ("cosine",),
    "unknown": ("unknown",),
    "aspect (question-type cues)": ("aspect",),
    "ratio": ("ratio",),
    "against (not_questions)": ("against",),
}


def row(seen: Seen, observed: Observed) -> list[str]:
    """Loss and top-1 of held-out phrases and of test questions under weights for what was observed of them."""
    p = probabilities(fit_ranking(observed)[0], observed)
    names, found = seen.scorer.candidates, []
    for rows in (slice(seen.phrases), slice(seen.phrases, None)):
        gold = observed.gold[rows]
        usable = gold.sum(1) > 0
        loss = -np.log((p[rows] * gold).sum(1)[usable] + 1e-9).mean()
        first = [names[int(i)] in right for i, right in zip(p[rows].argmax(1), seen.right[rows], strict=True)]
        found += [f"{loss:.3f}", f"{100 * np.mean(first):.1f}"]
    return found


def table(seen: Seen, title: str, signals: tuple[str, ...], others: Mapping[str, Seen] | None = None) -> Table:
    """One row for all signals, and one for each group left out; `others` are the same questions seen in another way, a row each."""
    shown = Table(title=title, title_justify="left")
    for column in ("without", "loss, phrases", "top-1 %", "loss, tests", "top-1 %"):
        shown.add_column(column, justify="left" if column == "without" else "right", no_wrap=True)
    shown.add_row("(all signals)", *row(seen, only(seen.observed, signals)))
    left_out = {**GROUPS, **{f"{s} and the like": step_signals((s,))[-3:] for s in signals if f"{s}_near" in signals}}
    for name, group in track(list(left_out.items()), "fitting", transient=True):
        shown.add_row(name, *row(seen, only(seen.observed, tuple(s for s in signals if s not in group))))
    for name, other in (others or {}).items():
        shown.add_row(name, *row(other, only(other.observed, signals)))
    return shown


def sounds(base: KnowledgeBase) -> str:
    """How test questions with a word written by its sound fare, with and without mending it."""
    matcher = Matcher(base, cache=KnowledgeSettings().cache_dir)
    cases = [c for c in single() if matcher.misspelt(c.text)]
    found, ours = [], matcher.sounds
    for used in (None, ours):
        matcher.sounds = used
        found.append(outcomes(matcher, cases))
    return f"{len(cases)} test questions with a word by its sound, no encoder: {found[0]} as typed; {found[1]} mended"


def confusable(base: KnowledgeBase, encoders: Sequence[Encoder]) -> str:
    """How test questions fare that are asked back since an entry declared confusable comes close behind, and without that rule."""
    made = [Matcher(b, encoders=encoders, cache=KnowledgeSettings().cache_dir) for b in (base, alone(base))]
    cases = [c for c in single() if made[0].match(c.text).outcome != made[1].match(c.text).outcome]
    name, (asked_back, answered) = encoders[-1].name if encoders else "no encoder", (outcomes(m, cases) for m in made)
    return f"{len(cases)} test questions with a confusable entry close behind, {name}: {asked_back}; without the rule: {answered}"


def alone(base: KnowledgeBase) -> KnowledgeBase:
    """The same knowledge with no entry declared confusable with another."""
    entries = {name: replace(entry, confusable=()) for name, entry in base.entries.items()}
    return replace(base, entries=entries)


def outcomes(matcher: Matcher, cases: list[Case]) -> str:
    """How often each grade is given."""
    counts = Counter(g.grade for g in evaluate(matcher, cases))
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"


def single() -> list[Case]:
    """The test questions of one text that mean one thing."""
    cases = [c for path in question_files(knowledge_dir() / "tests") for c in read_cases(path)]
    return [c for c in cases if c.kind in ("question", "outside")]


def main() -> None:
    """Both tables and both lines."""
    settings, console = KnowledgeSettings(), Console(width=110)
    encoders, _ = make_encoders(settings.encoder, settings.cache_dir)
    base = KnowledgeBase.load(knowledge_dir())
    console.print(sounds(base))
    for n in range(len(encoders) + 1):
        console.print(confusable(base, encoders[:n]))
    tests = knowledge_dir() / "tests"
    unfolded = see(replace(base, lexicon=replace(base.lexicon, synonyms={})), tests, [])
    seen = see(base, tests, encoders)
    console.print(table(seen, "no encoder", step_signals([]), {"synonyms": unfolded}))
    console.print(table(seen, "with sentence vectors", step_signals([e.name for e in encoders])))


if __name__ == "__main__":
    main()
