"""`fawen review`, second half: from answers to the knowledge, and the history of everything."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click
import yaml

from bot.cli_options import CONFIG, fail
from bot.cli_place import BY, JSON, WHY, Place, run, who
from bot.cli_review import review

if TYPE_CHECKING:
    from bot.desk.drafts import EntryDraft

__all__ = ["review"]
_CLUSTER = click.argument("cluster", type=int)


@review.command()
@click.option("--cluster", type=int, default=None, help="只看一个问题组。")
@click.option("--published", is_flag=True, help="看发布记录，而不是全部经过。")
@click.option("--limit", default=30, type=click.IntRange(1, 1000), help="最近几条。")
@JSON
@CONFIG
def history(cluster: int | None, published: bool, limit: int, as_json: bool, config: Path | None) -> None:
    """谁在什么时候做了什么，为什么。"""
    from bot import review_tables as show_as
    from bot.store.desk_base import Page

    async def work(place: Place) -> None:
        if published:
            done = await place.stored.publications(Page(limit))
            show_as.as_json({"total": done.total, "rows": done.rows}) if as_json else show_as.publications(done)
        else:
            told = await place.desk.events(cluster, page=Page(limit))
            show_as.as_json({"total": told.total, "rows": told.rows}) if as_json else show_as.events(told.rows)

    run(config, work)


@review.command()
@_CLUSTER
@CONFIG
def draft(cluster: int, config: Path | None) -> None:
    """由已答复的问题组起草新条目，打印成 YAML；改好后用 propose --draft。"""
    found = run(config, lambda place: place.changes.draft(cluster))
    fields = {"entry": found.entry, **found.fields()}
    click.echo(yaml.safe_dump(fields, allow_unicode=True, sort_keys=False, width=1000), nl=False)


@review.command()
@_CLUSTER
@click.option("--entry", default=None, help="加相似问的条目编号。")
@click.option("--question", default=None, help="要加的相似问；默认用这一组的问题。")
@click.option("--draft", "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="新条目的草稿。")
@WHY
@BY
@CONFIG
def propose(
    cluster: int, entry: str | None, question: str | None, file: Path | None, why: str, by: str | None,
    config: Path | None,
) -> None:  # fmt: skip
    """提出修改：给条目加相似问（--entry），或写新条目（--draft）。"""
    from bot import review_tables as show_as

    if (entry is None) == (file is None):
        fail("请写 --entry 条目编号，或 --draft 草稿文件，两者选一。")
    whole = _read_draft(file) if file else None

    async def work(place: Place) -> None:
        if whole is not None:
            made = await place.changes.propose_entry(cluster, whole, who(by), why)
        else:
            said = question or (await place.desk.cluster(cluster)).row.title
            made = await place.changes.propose_question(cluster, entry or "", said, who(by), why)
        show_as.proposal(await place.changes.check(made.id, who(by)))

    run(config, work)


def _read_draft(file: Path) -> EntryDraft:
    from bot.desk.drafts import EntryDraft

    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        for key in ("reviewed", "review_after"):
            if not isinstance(data[key], date):
                raise TypeError(f"{key} 不是日期")
        return EntryDraft(**{**data, "questions": tuple(data["questions"]), "sources": tuple(data["sources"])})
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, KeyError) as error:
        fail(f"草稿 {file} 读不懂（{error}）。请用 fawen review draft 生成后再改。")


@review.command("changes")
@click.option("--all", "every", is_flag=True, help="也看已发布、已退回的。")
@JSON
@CONFIG
def list_changes(every: bool, as_json: bool, config: Path | None) -> None:
    """列出等待发布的修改。"""
    from bot import review_tables as show_as
    from bot.store.desk_base import Page, ProposalState

    states = () if every else (ProposalState.PROPOSED, ProposalState.APPROVED)

    async def work(place: Place) -> None:
        found = await place.stored.find(states, None, Page(100))
        show_as.as_json({"total": found.total, "rows": found.rows}) if as_json else show_as.proposals(found)

    run(config, work)


@review.command()
@click.argument("proposal", type=int)
@JSON
@CONFIG
def change(proposal: int, as_json: bool, config: Path | None) -> None:
    """看一项修改：文字变化、问题、回答变化。"""
    from bot import review_tables as show_as

    async def work(place: Place) -> None:
        found = await place.stored.get(proposal)
        show_as.as_json(found) if as_json else show_as.proposal(found)

    run(config, work)


@review.command()
@click.argument("proposal", type=int)
@BY
@CONFIG
def check(proposal: int, by: str | None, config: Path | None) -> None:
    """重新检查一项修改，并比较回答变化（要几秒）。有错误时退出码为 1。"""
    from bot import review_tables as show_as

    found = run(config, lambda place: place.changes.check(proposal, who(by)))
    show_as.proposal(found)
    sys.exit(1 if found.errors else 0)


@review.command()
@click.argument("proposal", type=int)
@BY
@CONFIG
def approve(proposal: int, by: str | None, config: Path | None) -> None:
    """审核通过；提出的人不能审核自己的修改。"""
    run(config, lambda place: place.changes.approve(proposal, who(by)))
    click.echo(f"修改 {proposal} 已审核通过。发布：fawen review publish {proposal}")


@review.command()
@click.argument("proposal", type=int)
@click.option("--why", required=True, help="退回的理由，提出的人看得到。")
@BY
@CONFIG
def reject(proposal: int, why: str, by: str | None, config: Path | None) -> None:
    """退回一项修改。"""
    run(config, lambda place: place.changes.reject(proposal, who(by), why))
    click.echo(f"修改 {proposal} 已退回。")


@review.command()
@click.argument("proposal", type=int)
@WHY
@BY
@CONFIG
def publish(proposal: int, why: str, by: str | None, config: Path | None) -> None:
    """发布一项修改；运行中的服务几秒内生效。"""
    done = run(config, lambda place: place.changes.publish(proposal, who(by), why))
    click.echo(f"修改 {proposal} 已发布（发布记录 {done.id}）。撤回：fawen review rollback {done.id} --why 理由")


@review.command()
@click.argument("publication", type=int)
@click.option("--why", required=True, help="撤回的理由，留在记录里。")
@BY
@CONFIG
def rollback(publication: int, why: str, by: str | None, config: Path | None) -> None:
    """撤回一次发布；之后的其他改动保留。"""
    done = run(config, lambda place: place.changes.roll_back(publication, who(by), why))
    click.echo(f"发布 {publication} 已撤回（发布记录 {done.id}）。")
