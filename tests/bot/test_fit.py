"""What `fawen fit` writes beside the weights: when each set was fitted, and to which knowledge."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from bot.staff import run_fit
from intents import KnowledgeBase, fit_all
from intents.ranking import WEIGHTS_FILE, load_fitted


def test_a_set_that_is_not_fitted_keeps_its_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without encoders the sets of encoders stay as they are, and say what they were fitted to."""
    monkeypatch.setattr(
        fit_all, "fit_every", lambda *_: {n: (load_fitted(n), {"loss": 1.0}) for n in ("lexical", "large")}
    )
    target, said = tmp_path / "weights.json", list[str]()
    before = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))["sets"]
    target.write_text(WEIGHTS_FILE.read_text(encoding="utf-8"), encoding="utf-8")
    base = KnowledgeBase.from_phrases([("a.one", "公证要多少钱")])
    run_fit(base, tmp_path, [], target, said.append, None)
    written = json.loads(target.read_text(encoding="utf-8"))
    assert ["sets"] == list(written)
    fitted = {"fitted_on": date.today().isoformat(), "knowledge": base.version}
    for name, data in written["sets"].items():
        assert (fitted.items() <= data.items()) if name in ("lexical", "large") else data == before[name]
    assert [n for n in before if n not in ("lexical", "large")] == [
        line.split()[0] for line in said if "没有重新拟合" in line
    ]


def test_each_shipped_set_says_what_it_was_fitted_to() -> None:
    for data in json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))["sets"].values():
        assert date.fromisoformat(data["fitted_on"]) <= date.today()
        assert len(data["knowledge"]) == 12
