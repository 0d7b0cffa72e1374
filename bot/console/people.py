"""Looking after users: the same rules for the console's page and for `fawen user`."""

from __future__ import annotations

import re
import unicodedata

from bot.console.passwords import Passwords, check_new_password
from bot.errors import ConsoleRefused, StoreConflict
from bot.store.accounts import Accounts, Role, User

_NAME = re.compile(r"[a-z0-9一-鿿][a-z0-9一-鿿._-]{1,39}\Z")


def folded(name: str) -> str:
    """A user name as it is stored: full width and capitals folded."""
    return unicodedata.normalize("NFKC", name).strip().lower()[:40]


async def free_name(accounts: Accounts, name: str) -> str:
    """The name as it will be stored. Raises ConsoleRefused (unfit or taken)."""
    name = folded(name)
    if not _NAME.match(name):
        raise ConsoleRefused(f"用户名“{name}”不能用：要 2 到 40 个字母、数字或汉字，中间可以有点、横线。")
    if await accounts.user(name) is not None:
        raise ConsoleRefused(f"已经有用户“{name}”。请换一个名字。")
    return name


async def add_user(accounts: Accounts, passwords: Passwords, name: str, password: str, role: Role) -> User:
    """A new user. Raises ConsoleRefused (unfit name or password, name taken)."""
    name = await free_name(accounts, name)
    check_new_password(name, password)
    try:
        return await accounts.add(name, await passwords.hash(password), role)
    except StoreConflict as error:
        raise ConsoleRefused(str(error)) from None


async def named(accounts: Accounts, name: str) -> User:
    """The user of this name. Raises ConsoleRefused."""
    user = await accounts.user(folded(name))
    if user is None:
        raise ConsoleRefused(f"没有用户“{name}”。用 fawen user list 看有哪些。")
    return user


async def change_role(accounts: Accounts, user: User, role: Role) -> None:
    """Another role; all the user's sessions end. Raises ConsoleRefused for the last admin."""
    if user.role is Role.ADMIN and role is not Role.ADMIN:
        await _not_the_last(accounts, user)
    await accounts.change(user.id, role=role.value)


async def disable(accounts: Accounts, user: User) -> None:
    """Nobody signs in as this user any more; all sessions end. Raises ConsoleRefused for the last admin."""
    if user.role is Role.ADMIN:
        await _not_the_last(accounts, user)
    await accounts.change(user.id, disabled=True)


async def enable(accounts: Accounts, user: User) -> None:
    """The user may sign in again."""
    await accounts.change(user.id, disabled=False)


def role_named(text: str) -> Role:
    """The role of a form or a command line. Raises ConsoleRefused."""
    try:
        return Role(text)
    except ValueError:
        names = "、".join(Role)
        raise ConsoleRefused(f"没有角色“{text}”。可用的角色：{names}。") from None


async def _not_the_last(accounts: Accounts, user: User) -> None:
    others = [u for u in await accounts.users() if u.role is Role.ADMIN and not u.disabled and u.id != user.id]
    if not others:
        raise ConsoleRefused(f"“{user.name}”是最后一个可用的管理员。请先让另一个人当管理员。")
