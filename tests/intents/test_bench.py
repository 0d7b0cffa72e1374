"""What `make bench` says of a system: the figures in the order of its columns, shares of what was asked."""

from __future__ import annotations

import pytest

from bench import __main__ as bench
from intents.evaluate import Case


def _cases(count: int) -> list[Case]:
    return [Case("", "question", f"问题{n}", "a.one", frozenset({"a.one"})) for n in range(count)]


def test_a_share_is_of_what_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system too slow for all questions is judged by those it got, not taken to be wrong on the others."""
    monkeypatch.setattr(bench, "PATIENCE", -1)
    cases = _cases(100)
    found = bench.measure(lambda text: text, lambda answer, _: answer in {f"问题{n}" for n in range(15)}, cases)
    assert [30, 50.0] == found[:2]
    assert found[2] <= found[3] <= found[4]
