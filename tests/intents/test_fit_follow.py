"""Fitting what a follow-up takes over, on turns made for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import yaml

from bot.paths import knowledge_dir
from intents.context import FEATURES
from intents.conversation import converse
from intents.decide import Decision
from intents.evaluate import read_cases
from intents.fit_all import dialogues_of
from intents.fit_follow import Dialogue, Listener, Turns, fit_context, fit_follow, lead, see_turns
from intents.matcher import SAME_ASPECT, Match, Matcher
from intents.scoring import Scorer


def _turns(n: int = 20) -> Turns:
    """Three candidates: the right one on the last topic, a likelier one elsewhere, and a group of asks.yaml likelier still."""
    logp = np.log(np.tile(np.array([0.1, 0.3, 0.6], np.float32), (n, 1)))
    features = np.zeros((n, 3, len(FEATURES)), np.float32)
    features[:, 0, 0] = 1
    terms = np.tile(np.array([1, 0.5, 0], np.float32), (n, 1))
    gold = np.tile(np.array([1, 0, 0], np.float32), (n, 1))
    return Turns(logp, features, terms, gold, np.array([0, 0, -20], np.float32), np.arange(n))


def test_the_topic_is_raised_until_the_right_entry_leads() -> None:
    """The amount fitted to the topic lifts its entry over the one elsewhere; groups of asks.yaml are left out of the fit."""
    turns = _turns()
    amounts, _ = fit_context(turns)
    among_entries = turns.with_context(amounts)[:, :2]
    assert [0] * len(among_entries) == among_entries.argmax(1).tolist()
    louder = Turns(turns.logp + np.array([0, 0, 3], np.float32), *(getattr(turns, n) for n in
                   ("features", "terms", "gold", "entries_alone", "dialogue")))  # fmt: skip
    np.testing.assert_allclose(fit_context(louder)[0], amounts, atol=0.05)


FILE = knowledge_dir() / "tests" / "dialogues.yaml"


def _dialogues() -> list[Dialogue]:
    return dialogues_of(read_cases(FILE))


def _alike(match: Match, decision: Decision) -> bool:
    """The same; or the same entry first, answered here and offered there: a cheap step that is sure at once may be a little less or
    more sure than all signals together, and the threshold lies between."""
    if (match.outcome, match.entry) == (decision.outcome, decision.entry):
        return True
    first = [x.entry or next(iter(x.options), None) for x in (match, decision)]
    return first[0] == first[1] and abs(match.confidence - decision.confidence) < 0.03


def test_a_conversation_is_led_as_the_bot_leads_it(matcher: Matcher) -> None:
    """The same outcomes and entries as the matcher's, turn by turn, wherever the ranking decides."""
    assert isinstance(matcher.ranker.scorer, Scorer)
    listener = Listener(matcher.ranker.scorer, matcher.fitted.ranking, matcher.fitted.first)
    ranked = 0
    for dialogue in _dialogues()[:60]:
        found = converse(matcher.match, dialogue.turns)
        if any(match.reason not in ("ranked", "context") or match.confidence in (SAME_ASPECT, 1.0) for match in found):
            continue
        led = lead(listener, dialogue, matcher.fitted.context, matcher.fitted.thresholds)
        assert all(map(_alike, found, led)), (dialogue.turns, led)
        ranked += len(found)
    assert ranked > 60


def test_dialogues_stand_whole() -> None:
    """Every conversation of the file with all its turns, each with what it asks for and what is fair."""
    written = yaml.safe_load(FILE.read_text(encoding="utf-8"))["dialogues"]
    found = _dialogues()
    assert [tuple(d["turns"]) for d in written] == [d.turns for d in found]
    assert [tuple(d["ids"]) for d in written] == [d.entries for d in found]
    assert all(entry in right for d in found for entry, right in zip(d.entries, d.right, strict=True))


def test_a_follow_up_must_be_surer_where_wrong_ones_are_told(matcher: Matcher) -> None:
    """The fitted threshold to answer follow-ups rises when nothing that conversations get is right."""
    assert isinstance(matcher.ranker.scorer, Scorer)
    listener, few = Listener(matcher.ranker.scorer, matcher.fitted.ranking), _dialogues()[:100]
    hopeless = [replace(d, right=(d.right[0], *(frozenset({"chat.bye"}) for _ in d.right[1:]))) for d in few]
    seen = see_turns(listener, few)
    found = [fit_follow(listener, each, seen, matcher.fitted.thresholds).follow for each in (few, hopeless)]
    assert found[0] < found[1]
