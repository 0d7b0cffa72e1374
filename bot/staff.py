"""Staff commands around the knowledge: evaluate, test, fit. The work is done in intents/; here it is shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import yaml
from rich.console import Console
from rich.table import Table

from intents import KnowledgeBase, Matcher
from intents.curve_page import curve_picture, lines_of
from intents.encoder import SHIPPED, CachedEncoder, Encoder
from intents.evaluate import Graded, Tally, evaluate, question_files, read_cases, tally
from intents.focus import both_ends
from intents.lint import inspect
from intents.normalize import Normalizer
from intents.phrases import Phrases
from intents.report import html_report

_SHOWN = {"right": "答对", "offered": "选项", "wrong": "答错", "missed": "没答上", "kept": "未误答", "false": "误答",
          "good": "选项合适", "answered": "直接答", "other": "选项偏"}  # fmt: skip


def run_evaluation(
    matcher: Matcher,
    paths: list[Path],
    progress: Any,
    report: Path | None,
    as_json: bool,
    plain: Callable[[], Matcher] | None = None,
) -> list[Graded]:
    """Grade the files, print the tables, write the report; the graded cases. `plain` makes the matcher without sentence vectors,
    whose curve stands in the report beside that of `matcher`."""
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
        lines = lines_of(matcher, graded)
        if matcher.encoders and plain:
            without = plain()
            lines += lines_of(without, evaluate(without, [c for c in cases if not c.before]))
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(html_report(graded, matcher.knowledge.version, seconds, lines), encoding="utf-8")
        report.with_suffix(".svg").write_text(curve_picture(lines), encoding="utf-8")
        if not as_json:
            Console().print(f"报告：{report}")
    return graded


def run_check(directory: Path, laws: Path | None, as_json: bool) -> int:
    """Everything `fawen check` looks at; the number of errors."""
    problems = inspect(directory, date.today(), laws)
    errors = sum(p.severity == "error" for p in problems)
    if as_json:
        keys = ("path", "line", "severity", "code", "message")
        sys.stdout.write(json.dumps([{k: getattr(p, k) for k in keys} for p in problems], ensure_ascii=False, indent=1))
        sys.stdout.write("\n")
    else:
        for problem in problems:
            click.echo(str(problem))
        click.echo(f"{directory}：{errors} 处错误，{len(problems) - errors} 处提醒。")
    return errors


KNOWN = "known_misses.yaml"
_BAD = ("wrong", "missed", "false")


def run_regression(matcher: Matcher, directory: Path, progress: Any, update: bool, add: bool = False) -> int:
    """Our own test questions against the list of known misses; the number of misses that are not on it.

    `update` takes out of the list what is answered now; only `add` puts new misses on it, and the first list of a set
    of signals is written whole.
    """
    name = "+".join(["lexical", *(e.name for e in matcher.encoders)])
    path = directory / "tests" / KNOWN
    data = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None
    known: dict[str, list[str]] = dict((data or {}).get("known") or {})
    graded = evaluate(matcher, [c for p in default_files(directory) for c in read_cases(p)], progress)
    asked = [g for g in graded if g.case.kind in ("question", "outside")]
    missed = {" / ".join([*g.case.before, g.case.text]): g for g in asked if g.grade in _BAD}
    listed = set(known.get(name, ()))
    if update or add:
        whole = add or name not in known
        known[name] = sorted(missed if whole else listed & set(missed))
        head = "# 已知答不对的检验题，按所用的信号分开列。这个名单只应当变短：改进后运行 fawen test --update。\n"
        text = yaml.safe_dump({"known": known}, allow_unicode=True, width=10_000, sort_keys=True)
        path.write_text(head + text, encoding="utf-8")
        listed = set(known[name])
    new = sorted(set(missed) - listed)
    questions = {" / ".join([*g.case.before, g.case.text]) for g in asked}
    for text in sorted(listed - set(missed)):
        why = "现在答对了" if text in questions else "已经不是检验题"
        click.echo(f"tests/{KNOWN}：“{text}”{why}，请从名单里删去（或运行 fawen test --update）。")
    for text in new:
        g = missed[text]
        click.echo(
            f"{g.case.file}：“{text}”应当到 {g.case.entry}，现在是 {g.match.entry or g.match.outcome}（{_SHOWN[g.grade]}）"
        )
    good = sum(g.grade in ("right", "offered", "kept") for g in asked)
    gone = len(listed - set(missed))
    click.echo(
        f"{len(asked)} 题（{name}），答对、给出选项或未误答 {100 * good / max(len(asked), 1):.1f} %；"
        f"已知答错 {len(listed & set(missed))}，新出现 {len(new)}，已改好 {gone}"
        + ("（请运行 fawen test --update 把名单变短）。" if gone else "。")
    )
    return len(new)


def _table(title: str, tallies: list[Tally]) -> Table:
    """One line a file or topic; the shares in words, so that it fits 80 columns."""
    table = Table(title=title, title_justify="left")
    table.add_column("名称", no_wrap=True)
    table.add_column("题数", justify="right")
    table.add_column("结果（%）")
    for t in tallies:
        table.add_row(t.name, str(t.total), "，".join(f"{_SHOWN[k]} {t.share(k)}" for k in _SHOWN if k in t.counts))
    return table


def run_fit(base: KnowledgeBase, tests: Path, encoders: list[Encoder], target: Path, say: Any, progress: Any) -> None:
    """Fit weights for every set of signals and write them, each with its date and figures; ship slow encoders' vectors.

    A set of an encoder that is not given stays as it is, with the date and the knowledge that it was fitted to.
    """
    from intents.fit_all import fit_every

    kept = json.loads(target.read_text(encoding="utf-8"))["sets"] if target.exists() else {}
    data: dict[str, Any] = {"sets": kept}
    found = fit_every(base, tests, encoders, say, progress)
    for name, (fitted, figures) in found.items():
        data["sets"][name] = {
            "fitted_on": date.today().isoformat(),
            "knowledge": base.version,
            "ranking": fitted.ranking.to_json(),
            **({"first": fitted.first.to_json()} if fitted.first else {}),
            "thresholds": asdict(fitted.thresholds),
            "context": [[round(float(x), 4) for x in row] for row in fitted.context],
            "figures": figures,
        }
        say(f"{name} {json.dumps(figures, ensure_ascii=False)}")
    for name in sorted(kept.keys() - found.keys()):
        say(f"{name} 没有重新拟合，仍是 {kept[name]['fitted_on']} 按知识版本 {kept[name]['knowledge']} 拟合的")
    target.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    ship_vectors(base, encoders)


def ship_vectors(base: KnowledgeBase, encoders: list[Encoder], into: Path = SHIPPED) -> None:
    """Write the vectors of every stored question for the encoders that would need minutes at a first start."""
    for encoder in encoders:
        if isinstance(encoder, CachedEncoder) and encoder.slow:
            texts = [both_ends(q, encoder.reads) for _, _, q in Phrases(base, Normalizer(base.lexicon)).all_phrases]
            encoder.encode(texts)
            encoder.save(into / f"vectors-{encoder.name}.npz", texts)


def default_files(base_dir: Path) -> list[Path]:
    """The project's own question files."""
    return question_files(base_dir / "tests")
