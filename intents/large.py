"""Ranking for bases of tens of thousands of phrases and more: a short list first, signals only for what is on it.

The short list is what the phrases nearest by cosine belong to (`intents.postings`) and what all phrases of an entry together
speak for (BM25), with the routing entries, `none` and what the conversation is about. Linear models and synonyms, which need work for every candidate, are left to `Cascade`;
the weights of the set `large` are fitted without them.
"""

from __future__ import annotations

import numpy as np
from rapidfuzz import fuzz, process

from intents.cascade import Weighed
from intents.context import Context, context_scores
from intents.grams import Floats, Progress
from intents.model import NO_ENTRY, ROUTING, KnowledgeData
from intents.normalize import Normalizer
from intents.phrases import Phrases, Question, is_background
from intents.postings import Asked, LargeIndex, spans
from intents.ranking import Fitted, kinds_of, length_term
from intents.scoring import near_misses

LARGE = ("bm25", "cosine", "unknown", "ratio", "focus_bm25", "against", "aspect")
"""Signals, each meaning what it means in `intents.scoring`."""
LISTED = 24
"""Candidates on the short list by their nearest phrase, beside the routing ones."""
POOLED = 24
"""Groups whose candidates are on it by BM25: a long question may share a little with many phrases of its entry and much with none."""


class LargeRanker:
    """Ranks the candidates of a short list."""

    signals = LARGE

    def __init__(
        self,
        knowledge: KnowledgeData,
        normalizer: Normalizer,
        fitted: Fitted,
        progress: Progress | None = None,
    ) -> None:
        """Raises ValueError when `fitted` is for other signals."""
        if fitted.ranking.signals != LARGE:
            raise ValueError(f"weights for {fitted.ranking.signals} do not fit the signals {LARGE}")
        self.scorer = Phrases(knowledge, normalizer)
        self._fitted = fitted
        self.index = LargeIndex(self.scorer.phrases, self.scorer.groups, progress)
        owners = self.scorer.group_owner
        self._always = [self.scorer.position[c] for c in (*ROUTING, NO_ENTRY) if c in self.scorer.position]
        self._first_group = np.searchsorted(owners, np.arange(len(self.scorer.candidates) + 1))
        self._first_phrase = np.searchsorted(self.index.groups, self._first_group)
        self._kinds = kinds_of(self.scorer.candidates)
        self._background = is_background(self.scorer.candidates)
        self._aspects = {int(at): aspect for aspect, found in self.scorer.of_aspect.items() for at in found}
        self._against: dict[int, list[str]] = {}
        for owner, sentence in zip(self.scorer.against_owner.tolist(), self.scorer.against, strict=True):
            self._against.setdefault(owner, []).append(sentence)

    def weigh(self, question: Question, context: Context | None = None) -> Weighed:
        """P of each candidate of the short list."""
        asked = self.index.asked(question.normal)
        bm25 = self.index.bm25(asked)
        nearest, listed = self._nearest(asked)
        members = sorted({*listed, *self._pooled(bm25), *self._always, *self._in_context(context)})
        nearest |= self._nearest_of(asked, [m for m in members if m not in nearest and m not in self._always])
        names = [self.scorer.candidates[m] for m in members]
        values = self._values(question, bm25, members, nearest)
        extra = context_scores(self.scorer, self._fitted.context, question, context, names) if context else None
        ranking = self._fitted.ranking
        p = ranking.probabilities(values, length_term(question.normal), self._kinds[members], extra)

        def phrase(position: int) -> str:
            at = nearest.get(members[position])
            return self.scorer.originals[at[0]] if at else ""

        return Weighed(names, p, values, ranking, extra is not None, phrase, extra)

    def weigh_all(self, question: Question, nearest: dict[int, tuple[int, float]]) -> Floats:
        """P of every candidate, given for each its nearest phrase and that one's cosine: what short lists are held against."""
        bm25 = self.index.bm25(self.index.asked(question.normal))
        values = self._values(question, bm25, list(range(len(self._kinds))), nearest)
        return self._fitted.ranking.probabilities(values, length_term(question.normal), self._kinds)

    def _nearest(self, asked: Asked) -> tuple[dict[int, tuple[int, float]], list[int]]:
        """Candidates of the phrases nearest by cosine, each with its nearest and that one's cosine; and the LISTED first of them."""
        found = self.index.nearest(asked)
        if not len(found.phrases):
            return {}, []
        owners, first = np.unique(self.scorer.group_owner[self.index.groups[found.phrases]], return_index=True)
        order = np.argsort(first, kind="stable")
        phrases, cosines = found.phrases[first].tolist(), found.cosines[first].tolist()
        near = dict(zip(owners.tolist(), zip(phrases, cosines, strict=True), strict=True))
        return near, owners[order[:LISTED]].tolist()

    def _pooled(self, bm25: Floats) -> list[int]:
        """Candidates of the POOLED groups with the highest BM25."""
        best = np.argpartition(-bm25, POOLED - 1)[:POOLED] if len(bm25) > POOLED else np.arange(len(bm25))
        return list(self.scorer.group_owner[best[bm25[best] > 0]].tolist())

    def _nearest_of(self, asked: Asked, members: list[int]) -> dict[int, tuple[int, float]]:
        """Of each of some candidates the phrase nearest by cosine, the first of equals; those that share nothing are left out."""
        begins, ends = self._first_phrase[members], self._first_phrase[np.array(members, np.intp) + 1]
        phrases, row = spans(begins, ends)
        cosines = self.index.cosines(asked, phrases.astype(np.int32))
        found: dict[int, tuple[int, float]] = {}
        for at in np.lexsort((-phrases, cosines)).tolist():
            if cosines[at] > 0:
                found[members[row[at]]] = int(phrases[at]), float(cosines[at])
        return found

    def _in_context(self, context: Context | None) -> list[int]:
        entry = self.scorer.knowledge.entries.get(context.entry) if context else None
        if entry is None:
            return []
        about = (entry.id, *entry.related, *(c.entry for c in entry.confusable))
        return [self.scorer.position[i] for i in about if i in self.scorer.position]

    def _values(
        self, question: Question, bm25: Floats, members: list[int], nearest: dict[int, tuple[int, float]]
    ) -> Floats:
        values = np.zeros((len(members), len(LARGE)), np.float32)
        column = {name: i for i, name in enumerate(LARGE)}
        values[:, column["bm25"]] = self._best(bm25, members)
        values[:, column["focus_bm25"]] = values[:, column["bm25"]]
        if question.focus:
            values[:, column["focus_bm25"]] = self._best(self.index.bm25(self.index.asked(question.focus)), members)
        unknown = 1 - self.index.coverage(question.normal)
        values[:, column["unknown"]] = unknown * self._background[members]
        rows = [i for i, m in enumerate(members) if m in nearest]
        if rows and question.normal:
            near = [self.scorer.phrases[nearest[members[i]][0]] for i in rows]
            values[rows, column["cosine"]] = [nearest[members[i]][1] for i in rows]
            ratio = process.cdist([question.normal], near, scorer=fuzz.ratio, dtype=np.float32)[0] / 100
            values[rows, column["ratio"]] = ratio
        for i, m in enumerate(members):
            if m in self._aspects:
                values[i, column["aspect"]] = self._aspects[m] in question.aspects
            if m in self._against:
                values[i, column["against"]] = near_misses(question.normal, self._against[m]).max()
        return values

    def _best(self, of_groups: Floats, members: list[int]) -> Floats:
        """Of each member the best of its groups."""
        groups, member = spans(self._first_group[members], self._first_group[np.array(members) + 1])
        out = np.zeros(len(members), np.float32)
        np.maximum.at(out, member, of_groups[groups])
        return out
