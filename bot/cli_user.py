"""`fawen user`: who may come into the console. Passwords are asked for or read from standard input, never arguments."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click
from rich.console import Console
from rich.table import Table

from bot.cli_options import CONFIG, settings_from
from bot.cli_place import with_store
from bot.console import people
from bot.console.access import ROLE_NAMES, ROLE_NOTES
from bot.console.passwords import Passwords, check_new_password
from bot.store.accounts import Accounts, Role, User
from bot.store.audit import Audit

T = TypeVar("T")
_ROLE = click.Choice([role.value for role in Role])
_WHO = "fawen"


@click.group()
def user() -> None:
    """管理台的用户：新增、改密码、改角色、停用。"""


@user.command()
@click.argument("name")
@click.option("--role", type=_ROLE, default=Role.CURATOR.value, show_default=True, help="角色。")
@CONFIG
def add(name: str, role: str, config: Path | None) -> None:
    """新增一位用户；密码在终端里输入，或者从标准输入读第一行。"""

    async def work(accounts: Accounts, audit: Audit) -> User:
        free = await people.free_name(accounts, name)
        made = await people.add_user(accounts, Passwords(), free, _password(), Role(role))
        await audit.note(_WHO, "user_added", f"user:{made.name}", role=role)
        return made

    made = _run(config, work)
    click.echo(f"已新增{ROLE_NAMES[made.role]}“{made.name}”。请到 /console 登录。")


@user.command()
@click.argument("name")
@CONFIG
def passwd(name: str, config: Path | None) -> None:
    """改密码；对方所有的登录都会退出。"""

    async def work(accounts: Accounts, audit: Audit) -> None:
        found = await people.named(accounts, name)
        password = _password()
        check_new_password(found.name, password)
        await accounts.change(found.id, password=await Passwords().hash(password))
        await audit.note(_WHO, "password_set", f"user:{found.name}")

    _run(config, work)
    click.echo("已改密码。")


@user.command()
@click.argument("name")
@click.argument("role", type=_ROLE)
@CONFIG
def role(name: str, role: str, config: Path | None) -> None:
    """改角色；对方需要重新登录。"""

    async def work(accounts: Accounts, audit: Audit) -> None:
        found = await people.named(accounts, name)
        await people.change_role(accounts, found, Role(role))
        await audit.note(_WHO, "role_changed", f"user:{found.name}", role=role)

    _run(config, work)
    click.echo(f"已改为{ROLE_NAMES[Role(role)]}：{ROLE_NOTES[Role(role)]}。")


@user.command()
@click.argument("name")
@CONFIG
def disable(name: str, config: Path | None) -> None:
    """停用；对方马上退出，不能再登录。"""
    _switch(config, name, people.disable, "user_disabled")
    click.echo("已停用。恢复：fawen user enable " + name)


@user.command()
@click.argument("name")
@CONFIG
def enable(name: str, config: Path | None) -> None:
    """重新启用。"""
    _switch(config, name, people.enable, "user_enabled")
    click.echo("已启用。")


@user.command("second-off")
@click.argument("name")
@CONFIG
def second_off(name: str, config: Path | None) -> None:
    """关闭两步验证（对方手机丢了才用）。"""

    async def off(accounts: Accounts, found: User) -> None:
        await accounts.change(found.id, secret="")

    _switch(config, name, off, "second_off")
    click.echo("两步验证已关闭。")


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 打印。")
@CONFIG
def show(as_json: bool, config: Path | None) -> None:
    """列出全部用户。"""

    async def work(accounts: Accounts, audit: Audit) -> list[User]:
        return await accounts.users()

    users = _run(config, work)
    if as_json:
        rows = [
            {
                "name": u.name, "role": u.role.value, "disabled": u.disabled, "second_factor": bool(u.secret),
                "seen_at": u.seen_at.isoformat() if u.seen_at else None,
            }
            for u in users
        ]  # fmt: skip
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    if not users:
        click.echo("还没有用户。新增第一位管理员：fawen user add 名字 --role admin")
        return
    table = Table()
    for column in ("用户", "角色", "状态", "两步验证", "上次登录（UTC）"):
        table.add_column(column)
    for u in users:
        seen = u.seen_at.strftime("%Y-%m-%d %H:%M") if u.seen_at else "—"
        table.add_row(u.name, ROLE_NAMES[u.role], "停用" if u.disabled else "可用", "开" if u.secret else "关", seen)
    Console().print(table)


def _switch(config: Path | None, name: str, change: Callable[[Accounts, User], Awaitable[None]], what: str) -> None:
    async def work(accounts: Accounts, audit: Audit) -> None:
        found = await people.named(accounts, name)
        await change(accounts, found)
        await audit.note(_WHO, what, f"user:{found.name}")

    _run(config, work)


def _password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("密码（不会显示）", hide_input=True, confirmation_prompt="再输一次"))
    return sys.stdin.readline().rstrip("\r\n")


def _run(config: Path | None, work: Callable[[Accounts, Audit], Awaitable[T]]) -> T:
    """Do one thing with the accounts; what is refused ends the program with its reason and 1, wrong settings with 2."""
    return with_store(settings_from(config), lambda store: work(Accounts(store.shared), Audit(store.shared)))
