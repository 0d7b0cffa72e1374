"""用户: who may come in, and as what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from bot.console import people
from bot.console.house import House, Visit
from bot.errors import ConsoleRefused
from bot.store.accounts import Role, User


async def show(house: House, visit: Visit) -> Response:
    """All users."""
    return await _page(house, visit)


async def _page(house: House, visit: Visit, error: str = "") -> Response:
    return await house.page(
        visit, "users.html", 422 if error else 200, users=await house.accounts.users(), roles=list(Role), error=error,
        form=visit.form,
    )  # fmt: skip


async def add(house: House, visit: Visit) -> Response:
    """A new user with a first password, to be changed at the first sign-in."""
    form = visit.form
    try:
        role = people.role_named(form.get("role", ""))
        made = await house.door.add(form.get("name", ""), form.get("password", ""), role)
    except ConsoleRefused as error:
        return await _page(house, visit, str(error))
    await house.note(visit, "user_added", f"user:{made.name}", role=made.role.value)
    return visit.to("/users", "user_added")


async def _change(
    house: House, visit: Visit, what: str, work: Callable[[User], Awaitable[None]], **detail: str
) -> Response:
    user = await house.accounts.user_by_id(visit.number("user"))
    try:
        if user is None:
            raise ConsoleRefused("没有这个用户。请刷新页面再看。")
        if user.id == visit.staff.id:
            raise ConsoleRefused("自己的账号请在“我的账号”里改；角色请另一位管理员来改。")
        await work(user)
    except ConsoleRefused as error:
        return await _page(house, visit, str(error))
    await house.note(visit, what, f"user:{user.name}", **detail)
    return visit.to("/users", what)


async def role(house: House, visit: Visit) -> Response:
    """Another role; the user signs in anew."""
    typed = visit.form.get("role", "")

    async def work(user: User) -> None:
        await people.change_role(house.accounts, user, people.role_named(typed))

    return await _change(house, visit, "role_changed", work, role=typed)


async def disable(house: House, visit: Visit) -> Response:
    """Out, at once."""
    return await _change(house, visit, "user_disabled", lambda user: people.disable(house.accounts, user))


async def enable(house: House, visit: Visit) -> Response:
    """In again."""
    return await _change(house, visit, "user_enabled", lambda user: people.enable(house.accounts, user))


async def password(house: House, visit: Visit) -> Response:
    """A new password for somebody who forgot theirs."""
    typed = visit.form.get("password", "")
    return await _change(house, visit, "password_set", lambda user: house.door.set_password(user, typed))


async def second_off(house: House, visit: Visit) -> Response:
    """Switch the second factor off for somebody who lost their phone."""
    return await _change(house, visit, "second_off", lambda user: house.accounts.change(user.id, secret=""))
