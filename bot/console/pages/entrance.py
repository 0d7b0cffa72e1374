"""Signing in and out."""

from __future__ import annotations

from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.console.house import BASE, COOKIE, House, Visit
from bot.errors import ConsoleRefused


async def form(house: House, visit: Visit) -> Response:
    """The sign-in page; somebody who is in already goes on."""
    if visit.session and visit.session.complete:
        return RedirectResponse(BASE, status_code=303)
    return await _form(house, visit)


async def _form(house: House, visit: Visit, error: str = "", name: str = "", status: int = 200) -> Response:
    first = not await house.accounts.any()
    html = house.render.page(
        "signin.html", error=error, name=name, first=first, done=visit.query("done"), title=house.settings.web.title
    )
    return HTMLResponse(html, status_code=status)


async def enter(house: House, visit: Visit) -> Response:
    """Name and password; then the second factor or the first page."""
    name = visit.form.get("name", "").strip()[:40]
    try:
        entered = await house.door.enter(name, visit.form.get("password", ""), visit.address, visit.token)
    except ConsoleRefused as error:
        # a name that nobody has may be a password typed into the wrong field: it is not written down
        known = await house.accounts.user(name) is not None
        await house.audit.note(name if known else "-", "sign_in_failed", "", visit.address)
        return await _form(house, visit, str(error), name, 403)
    if not entered.session.complete:
        return house.welcome(RedirectResponse(f"{BASE}/second", status_code=303), entered)
    await house.audit.note(entered.user.name, "signed_in", "", visit.address)
    return house.welcome(RedirectResponse(BASE, status_code=303), entered)


async def second_form(house: House, visit: Visit) -> Response:
    """Ask for the code of the authenticator app."""
    return HTMLResponse(house.render.page("second.html", error="", csrf=visit.csrf, title=house.settings.web.title))


async def second(house: House, visit: Visit) -> Response:
    """The code; a right one completes the session under a new token."""
    assert visit.session is not None
    if visit.form.get("leave"):
        return await leave(house, visit)
    try:
        entered = await house.door.second(visit.session, visit.staff, visit.form.get("code", ""), visit.address)
    except ConsoleRefused as error:
        await house.note(visit, "sign_in_failed", "second factor")
        html = house.render.page("second.html", error=str(error), csrf=visit.csrf, title=house.settings.web.title)
        return HTMLResponse(html, status_code=403)
    await house.note(visit, "signed_in")
    return house.welcome(RedirectResponse(BASE, status_code=303), entered)


async def leave(house: House, visit: Visit) -> Response:
    """Sign out."""
    await house.door.leave(visit.token)
    await house.note(visit, "signed_out")
    response = visit.to("/signin", "signed_out")
    secure = house.settings.console.secure_cookies
    response.delete_cookie(COOKIE, path=BASE, httponly=True, samesite="strict", secure=secure)
    return response
