"""Staff commands around the knowledge: evaluate, test, fit. The work is done in intents/; here it is shown."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.table import Table

from intents import KnowledgeBase, Matcher
from intents.encoder import Encoder
from intents.evaluate import Graded, Tally, evaluate, question_files, read_cases, tally
from intents.report import html_report

_SHOWN = {"right": "答对", "offered": "选项", "wrong": "答错", "missed": "没答上", "kept": "未误答", "false": "误答",
          "good": "选项合适", "answered": "直接答", "other": "选项偏"}  # fmt: skip


def run_evaluation(
    matcher: Matcher, paths: list[Path], progress: Any, report: Path | None, as_json: bool
) -> list[Graded]:
    """Grade the files, print the tables, write the report; the graded cases."""
    cases = [case for path in paths for case in read_cases(path)]
    started = perf_counter()
    graded = evaluate(matcher, cases, progress)
    seconds = perf_counter() - started
    files = tally(graded, lambda g: g.case.file)
    topics = tally((g for g in graded if g.case.kind == "question"), lambda g: g.case.entry.partition(".")[0])
    if as_json:
        out = {t.name: {"n": t.total, **{k: t.share(k) for k in t.counts}} for t in files}
        sys.stdout.write(json.dumps(out, ensure_ascii=False, indent=1) + "\n")
    else:
        console = Console()
        console.print(_table("按文件", files))
        console.print(_table("按主题", topics))
        console.print(f"共 {len(graded)} 题，{seconds:.1f} 秒，每题 {1000 * seconds / max(len(graded), 1):.2f} 毫秒")
    if report:
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(html_report(graded, matcher.knowledge.version, seconds), encoding="utf-8")
        if not as_json:
            Console().print(f"报告：{report}")
    return graded


def _table(title: str, tallies: list[Tally]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("名称")
    table.add_column("题数", justify="right")
    present = [k for k in _SHOWN if any(k in t.counts for t in tallies)]
    for key in present:
        table.add_column(f"{_SHOWN[key]} %", justify="right")
    for t in tallies:
        table.add_row(t.name, str(t.total), *(f"{t.share(k)}" if k in t.counts else "" for k in present))
    return table


def run_fit(base: KnowledgeBase, tests: Path, sets: list[list[Encoder]], target: Path, say: Any, progress: Any) -> None:
    """Fit weights for each set of encoders and write them with the date and figures."""
    from intents.fit_all import fit_set

    data: dict[str, Any] = {"fitted_on": date.today().isoformat(), "knowledge": base.version, "sets": {}}
    for encoders in sets:
        name = "+".join(["lexical", *(e.name for e in encoders)])
        say(f"== {name}")
        fitted, figures = fit_set(base, tests, encoders, progress)
        data["sets"][name] = {
            "ranking": fitted.ranking.to_json(),
            "thresholds": asdict(fitted.thresholds),
            "context": [[round(float(x), 4) for x in row] for row in fitted.context],
            "figures": figures,
        }
        say(json.dumps(figures, ensure_ascii=False))
    target.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def default_files(base_dir: Path) -> list[Path]:
    """The project's own question files."""
    return question_files(base_dir / "tests")
