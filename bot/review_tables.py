"""How `fawen review` shows clusters, tickets, changes and history: 80 columns, Chinese, colour only where it warns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import date, datetime, timedelta
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.desk.promise import ZONE
from bot.store.base import Ticket
from bot.store.desk_base import (
    ClusterPage,
    ClusterRow,
    DeliveryState,
    DeskNumbers,
    Event,
    Listing,
    Proposal,
    ProposalState,
    Publication,
    TicketPage,
)

STATES = {"new": "待办", "assigned": "处理中", "answered": "已答复", "published": "已入库", "ignored": "不处理"}
DELIVERY = {"waiting": "待送达", "sending": "发送中", "sent": "已送达", "uncertain": "不确定", "failed": "未送达",
            "blocked": "对方屏蔽"}  # fmt: skip
REASONS = {"none": "没有答案", "none_of_these": "都不是", "unhelpful": "没帮助", "human": "转人工"}
APART = {"": "", "nonsense": "无意义", "abuse": "辱骂", "advert": "广告", "chat": "闲聊"}
PROPOSALS = {
    "proposed": "待审核",
    "approved": "已审核",
    "rejected": "已退回",
    "published": "已发布",
    "rolled_back": "已撤回",
}
KINDS = {"question": "加相似问", "entry": "新条目", "edit": "改条目"}
DONE = {"published": "已发布", "rolled_back": "已撤回", "publishing": "发布中", "failed": "失败"}
EVENTS = {
    "assigned": "分派", "answered": "答复", "corrected": "更正", "ignored": "不处理", "released": "放回", "merged": "并入",
    "split": "拆出", "proposed": "提出修改", "checked": "检查", "approved": "审核通过", "rejected": "退回",
    "published": "发布", "rolled_back": "撤回", "sent_again": "重发",
}  # fmt: skip
CHANNELS = {"web": "网页", "telegram": "Telegram", "wechat": "微信", "terminal": "终端"}
_WIDTH = 80


def console() -> Console:
    """Standard output, never wider than 80 columns."""
    found = Console(highlight=False)
    if found.width > _WIDTH:
        found.width = _WIDTH
    return found


def as_json(value: Any) -> None:
    """Print a value of the desk for programs."""
    click.echo(json.dumps(_plain(value), ensure_ascii=False, indent=1))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


def moment(at: datetime | None) -> str:
    """Date and minute in Zhongshan; empty for none."""
    return at.astimezone(ZONE).strftime("%m-%d %H:%M") if at else ""


def age(passed: timedelta) -> str:
    """A waiting time in its largest unit."""
    hours = int(passed.total_seconds() // 3600)
    if hours >= 24:
        return f"{hours // 24} 天"
    return f"{hours} 小时" if hours else f"{max(int(passed.total_seconds() // 60), 0)} 分"


def clusters(found: Listing[ClusterRow], numbers: DeskNumbers, now: datetime) -> None:
    """The queue."""
    out, table = console(), Table()
    for title, justify in (("编号", "right"), ("人", "right"), ("等了", "right")):
        table.add_column(title, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for title in ("状态", "负责人"):
        table.add_column(title, no_wrap=True, max_width=10)
    table.add_column("问题", ratio=1)
    for row in found.rows:
        waited = age(now - row.first_at)
        shown = f"[red]{waited}！[/red]" if row.overdue(now) else waited
        state = APART[row.apart] or STATES[row.state]
        table.add_row(str(row.id), str(row.people), shown, state, escape(row.owner), escape(_short(row.title, 60)))
    out.print(table)
    late = f"，[red]超期 {numbers.overdue} 组[/red]" if numbers.overdue else ""
    out.print(f"共 {found.total} 组，本页 {len(found.rows)} 组{late}。看一组：fawen review show 编号")
    if numbers.unplaced:
        out.print(f"另有 {numbers.unplaced} 张新工单等待归组（服务运行时自动归组）。")
    if set_apart := sum(numbers.apart.values()):
        out.print(f"单独存放的无意义、辱骂和广告 {set_apart} 张：fawen review list --apart")


def cluster(page: ClusterPage, now: datetime) -> None:
    """One cluster with tickets, answer, deliveries and history."""
    out, row = console(), page.row
    out.print(f"[bold]问题组 {row.id}[/bold]  {STATES[row.state]}{_owner(row.owner)}  {APART[row.apart]}")
    out.print(escape(row.title))
    promised = "已超期" if row.overdue(now) else "最迟"
    out.print(f"{row.people} 人，{row.size} 张工单；最早 {moment(row.first_at)}，{promised} {moment(row.due_at)}")
    if row.nearest:
        out.print(f"最接近的条目：{row.nearest[0]}（{row.nearest[1]:.0%}）")
    out.print(_tickets(page.tickets))
    if page.answer:
        out.print(f"[bold]答复[/bold]（{escape(page.answer.author)}，{moment(page.answer.at)}）")
        out.print(escape(page.answer.text))
    if page.ignored:
        out.print(f"不处理的理由：{escape(page.ignored)}")
    if page.deliveries:
        _deliveries(out, page)
    for change in page.proposals:
        out.print(f"修改 {change.id}：{KINDS[change.kind]} {change.entry}，{PROPOSALS[change.state]}")
    events(page.events, out)


def _owner(owner: str) -> str:
    return f"（{escape(owner)}）" if owner else ""


def _tickets(found: Iterable[Ticket]) -> Table:
    table = Table()
    for title in ("工单", "时间", "渠道", "来由"):
        table.add_column(title, no_wrap=True)
    table.add_column("原话", ratio=1)
    for one in found:
        said = escape(_short(one.text, 80))
        table.add_row(
            one.number, moment(one.opened_at), CHANNELS.get(one.channel, one.channel), REASONS[one.reason], said
        )
    return table


def _deliveries(out: Console, page: ClusterPage) -> None:
    table = Table(title="送达", title_justify="left")
    for title in ("记录", "工单", "渠道", "状态"):
        table.add_column(title, no_wrap=True)
    table.add_column("说明", ratio=1)
    for one in page.deliveries:
        state = DELIVERY[one.state]
        if one.state in (DeliveryState.UNCERTAIN, DeliveryState.FAILED, DeliveryState.BLOCKED):
            state = f"[red]{state}[/red]"
        table.add_row(str(one.id), one.ticket, CHANNELS.get(one.channel, one.channel), state, escape(one.note))
    out.print(table)


def ticket(page: TicketPage) -> None:
    """One ticket with its conversation and nearest entries."""
    out, one = console(), page.ticket
    home = f"问题组 {page.cluster.id}" if page.cluster else "还没有归组"
    out.print(f"[bold]工单 {one.number}[/bold]  {STATES[one.state]}{_owner(one.owner)}  {home}  {APART[one.apart]}")
    out.print(
        f"{CHANNELS.get(one.channel, one.channel)}，{moment(one.opened_at)}，{REASONS[one.reason]}；最迟 {moment(one.due_at)}"
    )
    for entry, confidence in one.nearest:
        out.print(f"  {confidence:>4.0%}  {entry}")
    out.print(f"当时的知识版本：{one.knowledge_version}")
    for message, reply in page.conversation:
        out.print(f"[bold]问[/bold] {escape(message.text)}")
        out.print(f"[bold]答[/bold] {escape(_short(reply.text, 200))}")
    if not page.conversation:
        out.print("没有聊天记录（本人已删除，或已过保存期）。原话：" + escape(one.text))
    if one.answer:
        out.print(f"[bold]答复[/bold] {escape(one.answer)}")


def events(found: Iterable[Event], out: Console | None = None) -> None:
    """Lines of history."""
    table = Table(title="经过", title_justify="left")
    for title in ("时间", "谁", "做了什么"):
        table.add_column(title, no_wrap=True, max_width=14)
    table.add_column("说明", ratio=1)
    for event in found:
        about = f"组 {event.cluster}" if event.cluster else ""
        change = f"修改 {event.proposal}" if event.proposal else ""
        said = " ".join(part for part in (about, event.ticket, change, event.why) if part)
        table.add_row(moment(event.at), escape(event.who), EVENTS.get(event.what, event.what), escape(said))
    (out or console()).print(table)


def proposals(found: Listing[Proposal]) -> None:
    """Changes of the knowledge."""
    out, table = console(), Table()
    for title in ("编号", "状态", "种类", "提出"):
        table.add_column(title, no_wrap=True, max_width=10)
    table.add_column("条目和理由", ratio=1)
    for one in found.rows:
        said = f"{one.entry} {one.why}" + (f" [red]{one.errors} 处错误[/red]" if one.errors else "")
        table.add_row(str(one.id), PROPOSALS[one.state], KINDS[one.kind], escape(one.author), said)
    out.print(table)
    out.print(f"共 {found.total} 项。看一项：fawen review change 编号")


def proposal(one: Proposal) -> None:
    """One change: text diff, problems, answer diff."""
    out = console()
    law = "，改动回答内容，要第二人审核" if one.law and one.state is ProposalState.PROPOSED else ""
    out.print(f"[bold]修改 {one.id}[/bold]  {KINDS[one.kind]} {one.entry}  {PROPOSALS[one.state]}{law}")
    out.print(f"{escape(one.author)}，{moment(one.at)} {escape(one.why)}")
    for line in one.diff.splitlines():
        colour = {"+": "green", "-": "red"}.get(line[:1], "")
        out.print(f"[{colour}]{escape(line)}[/{colour}]" if colour else escape(line))
    for problem in one.problems:
        word = "[red]错误[/red]" if problem["severity"] == "error" else "提醒"
        out.print(f"{word} {problem['path']}：{escape(problem['message'])}")
    if one.changes is None:
        out.print(f"还没有比较回答变化：fawen review check {one.id}")
        return
    out.print(f"回答有变化的问题 {len(one.changes)} 个")
    for change in one.changes[:30]:
        out.print(f"  {escape(change['text'])}：{escape(change['old'])} → {escape(change['new'])}")


def publications(found: Listing[Publication]) -> None:
    """What came into force."""
    out, table = console(), Table()
    for title in ("编号", "时间", "谁", "审核", "状态"):
        table.add_column(title, no_wrap=True, max_width=12)
    table.add_column("文件和理由", ratio=1)
    for one in found.rows:
        what = f"撤回发布 {one.undoes}" if one.undoes else f"修改 {one.proposal}"
        said = f"{what}：{'、'.join(one.files)} {one.why}"
        table.add_row(
            str(one.id), moment(one.at), escape(one.author), escape(one.approver), DONE[one.state], escape(said)
        )
    out.print(table)
    out.print(f"共 {found.total} 次。撤回：fawen review rollback 编号 --why 理由")


def _short(text: str, most: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"
