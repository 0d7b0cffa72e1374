"""One's own password and second factor."""

from __future__ import annotations

from starlette.responses import Response

from bot.console.house import House, Visit
from bot.console.passwords import enrolment_link, new_secret
from bot.errors import ConsoleRefused


async def show(house: House, visit: Visit) -> Response:
    """The page, with a fresh secret to enrol where there is none yet."""
    return await _page(house, visit, new_secret())


async def _page(house: House, visit: Visit, secret: str, error: str = "") -> Response:
    user = visit.staff
    return await house.page(
        visit,
        "account.html",
        422 if error else 200,
        secret=secret,
        otpauth=enrolment_link(secret, user.name),
        error=error,
    )


async def password(house: House, visit: Visit) -> Response:
    """Change one's own password; every other session ends, this one gets a new token."""
    user = visit.staff
    try:
        if visit.form.get("fresh", "") != visit.form.get("again", ""):
            raise ConsoleRefused("两次输入的新密码不一样。")
        await house.door.confirm(user, visit.form.get("password", ""), visit.address)
        await house.door.set_password(user, visit.form.get("fresh", ""))
    except ConsoleRefused as error:
        return await _page(house, visit, new_secret(), str(error))
    await house.note(visit, "password_set", f"user:{user.name}")
    return house.welcome(visit.to("/account", "password_set"), await house.door.again(user))


async def second_on(house: House, visit: Visit) -> Response:
    """Switch the second factor on: password and a first code prove that the app is set up."""
    user, secret = visit.staff, visit.form.get("secret", "")
    try:
        await house.door.confirm(user, visit.form.get("password", ""), visit.address)
        await house.door.set_second(user, secret, visit.form.get("code", ""))
    except ConsoleRefused as error:
        return await _page(house, visit, secret, str(error))
    await house.note(visit, "second_on", f"user:{user.name}")
    return house.welcome(visit.to("/account", "second_on"), await house.door.again(user))


async def second_off(house: House, visit: Visit) -> Response:
    """Switch it off, with the password."""
    user = visit.staff
    try:
        await house.door.confirm(user, visit.form.get("password", ""), visit.address)
    except ConsoleRefused as error:
        return await _page(house, visit, new_secret(), str(error))
    await house.accounts.change(user.id, secret="")
    await house.note(visit, "second_off", f"user:{user.name}")
    return house.welcome(visit.to("/account", "second_off"), await house.door.again(user))
