"""`fawen review`: the queue on the command line. Exit codes: 0 done, 1 refused (with the reason), 2 wrong usage."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from bot.cli_options import CONFIG
from bot.cli_place import BY, JSON, Place, now, run, who

_CLUSTER = click.argument("cluster", type=int)
_STATES = ("new", "assigned", "answered", "published", "ignored", "all")


@click.group()
def review() -> None:
    """人工答复：没答上的问题、答复、写入知识库。

    退出码：0 办成，1 不能这样办（说明原因），2 用法或设置不对。
    """


@review.command("list")
@click.option("--state", type=click.Choice(_STATES), default=None, help="状态；默认 new 和 assigned。")
@click.option("--owner", default=None, help="负责人；空字符串表示没人负责的。")
@click.option("--channel", default="", help="渠道：web、telegram、wechat。")
@click.option("--topic", default="", help="最接近条目的主题，如 notary。")
@click.option("--text", default="", help="问题里的字，或工单号。")
@click.option("--apart", is_flag=True, help="看单独存放的（无意义、辱骂、广告）。")
@click.option("--overdue", is_flag=True, help="只看超过承诺时间的。")
@click.option("--order", type=click.Choice(["people", "age", "due", "newest"]), default="people", help="排序。")
@click.option("--limit", default=20, type=click.IntRange(1, 1000), help="一页几组。")
@click.option("--page", default=1, type=click.IntRange(1), help="第几页。")
@JSON
@CONFIG
def list_clusters(state: str | None, limit: int, page: int, as_json: bool, config: Path | None, **fields: Any) -> None:
    """列出问题组，问的人最多的在前。"""
    from bot import review_tables as show_as
    from bot.store.base import TicketState
    from bot.store.desk_base import OPEN, Filter, Page

    states: tuple[TicketState, ...] = OPEN if state is None else ()
    if state not in (None, "all"):
        states = (TicketState(state),)
    which = Filter(states=states, **fields)

    async def work(place: Place) -> None:
        found = await place.desk.clusters(which, Page(limit, (page - 1) * limit))
        if as_json:
            show_as.as_json({"total": found.total, "rows": found.rows})
        else:
            show_as.clusters(found, await place.desk.numbers(), now())

    run(config, work)


@review.command()
@click.argument("what")
@JSON
@CONFIG
def show(what: str, as_json: bool, config: Path | None) -> None:
    """看一个问题组（编号）或一张工单（工单号）。"""
    from bot import review_tables as show_as

    async def work(place: Place) -> None:
        # a ticket number always has a letter or a hyphen as it is shown; bare digits are a cluster
        if not what.isdigit():
            ticket = await place.desk.ticket(what)
            show_as.as_json(ticket) if as_json else show_as.ticket(ticket)
        else:
            cluster = await place.desk.cluster(int(what))
            show_as.as_json(cluster) if as_json else show_as.cluster(cluster, now())

    run(config, work)


@review.command()
@_CLUSTER
@click.argument("text", required=False)
@click.option("--correction", is_flag=True, help="更正先前的答复，重新发给每一个人。")
@BY
@CONFIG
def answer(cluster: int, text: str | None, correction: bool, by: str | None, config: Path | None) -> None:
    """答复一个问题组，发给组里每一个人；不写 TEXT 就从标准输入读。"""
    said = text if text is not None else sys.stdin.read()
    done = run(config, lambda place: place.desk.answer(cluster, said, who(by), correction=correction))
    click.echo(f"问题组 {done.cluster} 已答复，发给 {done.askers} 人。进度：fawen review show {done.cluster}")


@review.command()
@_CLUSTER
@click.argument("owner")
@BY
@CONFIG
def assign(cluster: int, owner: str, by: str | None, config: Path | None) -> None:
    """分派给 OWNER；空字符串 "" 表示放回。"""
    run(config, lambda place: place.desk.assign(cluster, owner, who(by)))
    click.echo(f"问题组 {cluster} 由 {owner} 负责。" if owner else f"问题组 {cluster} 已放回待办。")


@review.command()
@_CLUSTER
@click.option("--reason", required=True, help="不处理的理由，留在记录里。")
@BY
@CONFIG
def ignore(cluster: int, reason: str, by: str | None, config: Path | None) -> None:
    """定为不处理。"""
    run(config, lambda place: place.desk.ignore(cluster, reason, who(by)))
    click.echo(f"问题组 {cluster} 定为不处理。放回：fawen review release {cluster}")


@review.command()
@_CLUSTER
@BY
@CONFIG
def release(cluster: int, by: str | None, config: Path | None) -> None:
    """把不处理的或单独存放的放回待办。"""
    run(config, lambda place: place.desk.release(cluster, who(by)))
    click.echo(f"问题组 {cluster} 已放回待办。")


@review.command()
@click.argument("into", type=int)
@click.argument("others", type=int, nargs=-1, required=True)
@BY
@CONFIG
def merge(into: int, others: tuple[int, ...], by: str | None, config: Path | None) -> None:
    """把 OTHERS 各组并入 INTO；程序不会再拆开。"""
    run(config, lambda place: place.desk.merge(into, others, who(by)))
    click.echo(f"已并入问题组 {into}。")


@review.command()
@_CLUSTER
@click.argument("numbers", nargs=-1, required=True)
@BY
@CONFIG
def split(cluster: int, numbers: tuple[str, ...], by: str | None, config: Path | None) -> None:
    """把工单 NUMBERS 拆出成新的一组；程序不会再放回。"""
    fresh = run(config, lambda place: place.desk.split(cluster, numbers, who(by)))
    click.echo(f"已拆出，新的问题组编号是 {fresh}。")


@review.command()
@click.argument("delivery", type=int)
@BY
@CONFIG
def resend(delivery: int, by: str | None, config: Path | None) -> None:
    """把一条不确定或未送达的答复再发一次（DELIVERY 是送达记录的编号）。"""
    run(config, lambda place: place.desk.send_again(delivery, who(by)))
    click.echo(f"送达记录 {delivery} 将再发一次。")
