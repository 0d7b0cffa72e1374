"""The console's routes: every request passes the same checks before a page sees it.

    path in the table of rules? -> same site? (POST) -> session? -> complete? -> role? -> CSRF token? (POST) -> page

What is refused is said in Chinese and, where somebody is signed in, written into the audit.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.console.access import RULES, Rule
from bot.console.guard import HEADERS, own_site, same_token
from bot.console.house import BASE, COOKIE, House, Visit
from bot.console.plotly_file import script
from bot.errors import ConsoleRefused, DeskConflict, DeskError, DeskNotFound, StoreRefused, StoreUnavailable
from bot.forms import fields

log = logging.getLogger(__name__)

Handler = Callable[[House, Visit], Awaitable[Response]]
_STATIC = Path(__file__).with_name("static")


def routes(house: House) -> list[BaseRoute]:
    """Everything below /console."""
    made: list[BaseRoute] = [_bound(house, rule) for rule in RULES]
    return [
        *made,
        Route(f"{BASE}/static/plotly.min.js", _plotly, methods=["GET"]),
        Mount(f"{BASE}/static", StaticFiles(directory=_STATIC), name="console-static"),
    ]


def _bound(house: House, rule: Rule) -> Route:
    module, _, function = rule.handler.partition(".")
    handler: Handler = getattr(importlib.import_module(f"bot.console.pages.{module}"), function)

    async def answer(request: Request) -> Response:
        response = await _answered(house, rule, handler, request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return Route(BASE + (rule.path if rule.path != "/" else ""), answer, methods=[rule.method])


async def _answered(house: House, rule: Rule, handler: Handler, request: Request) -> Response:
    token = request.cookies.get(COOKIE, "")
    visit = Visit(request, token)
    try:
        if rule.method == "POST" and not own_site(request.headers):
            return await _refused(house, visit, rule, "这个请求不是从管理台的页面发出的，没有执行。")
        found = await house.door.look(token)
        if found is not None:
            visit = Visit(request, token, *found)
        if not rule.public and (turned := await _turned_away(house, visit, rule)):
            return turned
        if rule.method == "POST":
            visit = _with_form(visit, await fields(request, max_files=0, max_fields=1000))
            if not rule.public and not same_token(visit.form.get("csrf", ""), visit.csrf):
                return await _refused(house, visit, rule, "页面放得太久或不是您打开的，没有执行。请返回后刷新再试。")
        if visit.session and rule.handler != "live.stream":
            await house.door.touch(visit.session)
        return await handler(house, visit)
    except (DeskError, ConsoleRefused) as error:
        status = 404 if isinstance(error, DeskNotFound) else 409 if isinstance(error, DeskConflict) else 422
        return await house.page(visit, "message.html", status, message=str(error))
    except StoreRefused as error:
        log.error("console: %s", error)
        return house.render.bare("填写或查找的内容太长，或含有数据库存不了的字符，没有保存。请改了再试。", 422)
    except StoreUnavailable as error:
        log.error("console: store unavailable: %s", error)
        return house.render.bare("数据库暂时连接不上，刚才的操作没有保存。请稍后再试。", 503)


async def _turned_away(house: House, visit: Visit, rule: Rule) -> Response | None:
    """Where a visitor goes who may not see the page; None for those who may."""
    if visit.session is None or visit.user is None:
        if rule.handler == "live.stream":
            return Response(status_code=401)
        return RedirectResponse(f"{BASE}/signin", status_code=303)
    if visit.session.complete == rule.half:
        return RedirectResponse(BASE if visit.session.complete else f"{BASE}/second", status_code=303)
    if visit.user.role not in rule.roles:
        return await _refused(house, visit, rule, "您的角色不能做这件事。需要的话请找管理员。")
    return None


async def _refused(house: House, visit: Visit, rule: Rule, words: str) -> Response:
    if visit.user:
        await house.note(visit, "refused", f"{rule.method} {visit.request.url.path}")
    if visit.session and visit.session.complete:
        return await house.page(visit, "message.html", 403, message=words)
    return house.render.bare(words, 403)


def _with_form(visit: Visit, form: Sequence[tuple[str, str]]) -> Visit:
    several: dict[str, list[str]] = {}
    for name, value in form:
        several.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return Visit(
        visit.request, visit.token, visit.session, visit.user,
        {name: values[-1] for name, values in several.items()},
        {name: tuple(values) for name, values in several.items()},
    )  # fmt: skip


async def _plotly(_: Request) -> Response:
    """Open to everybody: it holds nothing of ours."""
    path = script()
    if path is None:
        return Response(status_code=404)
    return FileResponse(path, media_type="text/javascript", headers={"Cache-Control": "public, max-age=86400"})
