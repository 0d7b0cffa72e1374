"""`fawen export` and `fawen import`: the knowledge as a workbook for staff, and back."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import click

from bot.curate.imports import Plan, Skipped, plan_import, write_plan
from bot.curate.sheets import rows_of
from bot.curate.workbook import REASON, read_workbook, write_workbook


def run_export(directory: Path, path: Path) -> None:
    """Write the workbook and say what is in it. Raises EditError."""
    rows = rows_of(directory)
    write_workbook(path, rows)
    counts = "，".join(f"{name} {len(found)} 行" for name, found in rows.items())
    click.echo(f"{path}：{counts}。")


def run_import(directory: Path, path: Path, dry_run: bool, aside: Path | None, as_json: bool) -> int:
    """Read the workbook and write the files, or only say what would change; the number of rows left out.

    Rows left out go into a workbook of their own, `aside` or `<name>-未导入.xlsx` beside the file. Raises EditError and
    KnowledgeError; then nothing was written.
    """
    plan = plan_import(directory, read_workbook(path), date.today())
    if not dry_run:
        write_plan(directory, plan)
    if plan.skipped and (aside or not dry_run):
        aside = aside or path.with_name(f"{path.stem}-未导入.xlsx")
        write_workbook(
            aside, _left_out(plan.skipped), ("没有导入的行，原因写在最后一列。改好以后可以直接导入这个文件。",)
        )
    else:
        aside = None
    if as_json:
        click.echo(json.dumps(_as_json(plan, dry_run, aside), ensure_ascii=False, indent=1))
    else:
        _show(plan, dry_run, aside)
    return len(plan.skipped) + len(plan.faults)


def _left_out(skipped: list[Skipped]) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for item in skipped:
        found.setdefault(item.row.sheet, []).append({**item.row.cells, REASON: item.reason})
    return found


def _as_json(plan: Plan, dry_run: bool, aside: Path | None) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "changes": [{"sheet": c.row.sheet, "row": c.row.number, "change": c.describe()} for c in plan.changes],
        "skipped": [{"sheet": s.row.sheet, "row": s.row.number, "reason": s.reason} for s in plan.skipped],
        "faults": plan.faults,
        "files": sorted(plan.texts),
        "skipped_file": str(aside) if aside else None,
    }


def _show(plan: Plan, dry_run: bool, aside: Path | None) -> None:
    for change in plan.changes:
        click.echo(f"{'会改' if dry_run else '已改'}：{change.describe()}")
    for fault in plan.faults:
        click.echo(f"没有读：{fault}")
    for item in plan.skipped:
        click.echo(f"没有导入：{item}")
    files = "、".join(sorted(plan.texts)) or "没有文件"
    click.echo(
        f"{'试运行，什么也没有写。' if dry_run else ''}{len(plan.changes)} 处改动（{files}），{len(plan.skipped)} 行没有导入。"
        + (f"没有导入的行在：{aside}" if aside else "")
    )
    if plan.changes and not dry_run:
        click.echo("下一步：fawen check 和 fawen test；正在运行的服务几秒内会换上新内容。")
