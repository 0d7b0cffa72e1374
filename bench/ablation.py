"""`python -m bench.ablation`: what each signal earns: the fit again without it, on the same held-out phrases and test questions.

Loss is the mean of -log P of what is right, in nats, over phrases that the base did not hold when they were asked; top-1 is the
share of questions whose likeliest candidate is right. A row is all signals but the ones named; the first row has all. Test
questions are among what the weights are fitted to (some forty numbers for twenty thousand questions).
The last line is of words written by their sound (`intents.sounds`), which is no signal: test questions with such a word, answered
with and without it. Takes about a quarter of an hour.
"""

from __future__ import annotations

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bot.brain import make_encoders
from bot.config import KnowledgeSettings
from bot.paths import knowledge_dir
from intents import KnowledgeBase, Matcher
from intents.cascade import step_signals
from intents.evaluate import evaluate, question_files, read_cases, tally
from intents.fit import fit_ranking, only, probabilities
from intents.fit_all import Seen, see

GROUPS = {
    "synonyms (concept_*)": ("concept_cosine", "concept_bm25", "concept_linear"),
    "asking clause (focus_*)": ("focus_linear", "focus_bm25"),
    "linear model (linear, concept_linear, focus_linear)": ("linear", "concept_linear", "focus_linear"),
    "grams of an entry (bm25, concept_bm25, focus_bm25)": ("bm25", "concept_bm25", "focus_bm25"),
    "grams of a phrase (cosine, concept_cosine)": ("cosine", "concept_cosine"),
    "unknown": ("unknown",),
    "aspect (question-type cues)": ("aspect",),
    "ratio": ("ratio",),
    "partial": ("partial",),
    "against (not_questions)": ("against",),
}


def row(seen: Seen, signals: tuple[str, ...]) -> list[str]:
    """Loss and top-1 of held-out phrases and of test questions under weights for these signals."""
    observed = only(seen.observed, signals)
    p = probabilities(fit_ranking(observed)[0], observed)
    names, found = seen.scorer.candidates, []
    for rows in (slice(seen.phrases), slice(seen.phrases, None)):
        gold = observed.gold[rows]
        usable = gold.sum(1) > 0
        loss = -np.log((p[rows] * gold).sum(1)[usable] + 1e-9).mean()
        first = [names[int(i)] in right for i, right in zip(p[rows].argmax(1), seen.right[rows], strict=True)]
        found += [f"{loss:.3f}", f"{100 * np.mean(first):.1f}"]
    return found


def table(seen: Seen, title: str, signals: tuple[str, ...]) -> Table:
    """One row for all signals and one for each group left out."""
    shown = Table(title=title, title_justify="left")
    for column in ("without", "loss, phrases", "top-1 %", "loss, tests", "top-1 %"):
        shown.add_column(column, justify="left" if column == "without" else "right", no_wrap=True)
    shown.add_row("(all signals)", *row(seen, signals))
    left_out = {**GROUPS, **{f"{s} and the like": step_signals((s,))[-3:] for s in signals if f"{s}_near" in signals}}
    for name, group in track(list(left_out.items()), "fitting", transient=True):
        shown.add_row(name, *row(seen, tuple(s for s in signals if s not in group)))
    return shown


def sounds(base: KnowledgeBase) -> str:
    """How test questions with a word written by its sound fare, with and without mending it."""
    settings = KnowledgeSettings()
    matcher = Matcher(base, cache=settings.cache_dir)
    cases = [c for path in question_files(knowledge_dir() / "tests") for c in read_cases(path)]
    cases = [c for c in cases if c.kind in ("question", "outside") and matcher.misspelt(c.text)]
    found, ours = [], matcher.sounds
    for used in (None, ours):
        matcher.sounds = used
        (one,) = tally(evaluate(matcher, cases), lambda _: "")
        found.append(", ".join(f"{name} {count}" for name, count in sorted(one.counts.items())))
    return f"{len(cases)} test questions with a word by its sound, no encoder: {found[0]} as typed; {found[1]} mended"


def main() -> None:
    """Both tables and the line on sounds."""
    settings, console = KnowledgeSettings(), Console(width=110)
    encoders, _ = make_encoders(settings.encoder, settings.cache_dir)
    base = KnowledgeBase.load(knowledge_dir())
    console.print(sounds(base))
    seen = see(base, knowledge_dir() / "tests", encoders)
    for title, names in (("no encoder", []), ("with sentence vectors", [e.name for e in encoders])):
        console.print(table(seen, title, step_signals(names)))


if __name__ == "__main__":
    main()
