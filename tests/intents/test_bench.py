"""What `make bench` says of a system: the figures in the order of its columns, shares of what was asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import __main__ as bench
from bench import ablation, peers, scale
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
    """A row for all signals and one for each group; figures of held-out phrases and of test questions."""
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


def test_times_are_set_beside_ours() -> None:
    """“x ours” is the median of a system by that of the matcher without an encoder, wherever it stands."""
    found = [("slow", [9, 50.0, 4.0, 5.0, 6.0]), (bench.OURS, [9, 90.0, 2.0, 3.0, 4.0])]
    table = bench.show("", found, [0.5, 0.1])
    assert ["2.00", "1.00"] == list(table.columns[-1].cells)


def test_agreements_are_in_the_table() -> None:
    """A base of which every candidate is ranked says so; a peer that was not asked leaves its place empty."""
    row = {"build": 1.0, "peak": 0.1, "p50": 2.0, "p99": 3.0, "worst": 4.0, "rapidfuzz": 10.0, "bm25s": None}
    brute_force = {"phrase": (100.0, 9), "answered": (99.9, 5), "ranking": (97.5, 8)}
    rows = [{**row, "size": 10, **dict.fromkeys(brute_force)}, {**row, "size": 99, **brute_force}]
    cells = {str(c.header): list(c.cells) for c in scale.show(rows).columns}
    assert ["all ranked", "97.5 of 8"] == cells["first of all same %"]
    assert ["all ranked", "99.9 of 5"] == cells["top answer same %"]
    assert ["all ranked", "100.0 of 9"] == cells["nearest phrase same %"]
    assert ["10.00", "10.00"] == cells["rapidfuzz ratio ms"]
    last = list(scale.show(rows).columns)[-4:]
    assert [["10.00"] * 2, ["5.00"] * 2, [""] * 2, [""] * 2] == [list(c.cells) for c in last]


def test_full_text_search_pools_the_phrases_of_an_entry() -> None:
    """A question with a trigram of each of three phrases of an entry is of that entry, not of a phrase with two."""
    own = [("a.one", text) for text in ("公证处在哪里", "几点钟上班", "收费吗要钱")]
    others = [(f"c.{n}", f"法律援助第{n}号的申请要带什么材料才可以") for n in range(4)]
    ask = peers.fts5_trigram([*own, ("b.two", "证处几点的证明怎样开"), *others])
    assert ask("公证处几点钟收费吗") == "a.one"
