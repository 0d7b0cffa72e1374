"""What `make bench` says of a system: the figures in the order of its columns, shares of what was asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import __main__ as bench
from bench import ablation
from intents import KnowledgeBase
from intents.evaluate import Case
from intents.fit_all import see
from intents.scoring import LEXICAL


def _cases(count: int) -> list[Case]:
    return [Case("", "question", f"问题{n}", "a.one", frozenset({"a.one"})) for n in range(count)]


def test_a_share_is_of_what_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system too slow for all questions is judged by those it got, not taken to be wrong on the others."""
    monkeypatch.setattr(bench, "PATIENCE", -1)
    cases = _cases(100)
    found = bench.measure(lambda text: text, lambda answer, _: answer in {f"问题{n}" for n in range(15)}, cases)
    assert [30, 50.0] == found[:2]
    assert found[2] <= found[3] <= found[4]


def test_each_signal_is_left_out_once(tmp_path: Path) -> None:
    """A row for all signals, then one for each group; figures of held-out phrases and of test questions."""
    ways = ("多少钱", "要收费吗", "费用是多少", "花多少", "贵不贵", "怎么收费", "收几多", "价钱")
    base = KnowledgeBase.from_phrases(
        [(entry, f"{word}{way}") for entry, word in (("a.one", "公证"), ("a.two", "仲裁")) for way in ways]
    )
    (tmp_path / "a.yaml").write_text("tests:\n  - {q: 公证贵吗, entry: a.one}\n", encoding="utf-8")
    shown = ablation.table(see(base, tmp_path, []), "no encoder", LEXICAL)
    assert shown.row_count == 1 + len(ablation.GROUPS)
    assert all(float(str(cell)) >= 0 for column in shown.columns[1:] for cell in column.cells)


def test_what_is_left_out_is_a_signal() -> None:
    assert {s for group in ablation.GROUPS.values() for s in group} == set(LEXICAL)
