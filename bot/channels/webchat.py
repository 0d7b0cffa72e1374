"""The chat page and its JSON API.

    GET  /             the page, with this visit's history; works without JavaScript
    POST /say          a form post: text, choice or feedback; 303 back to the page, or the new bubbles for the script
    POST /api/chat     {"session", "text"} -> {"outcome", "text", "entry", "options", "sources", "ticket"}
    GET  /static/...   style, script, mark

Form posts from other sites are refused by Sec-Fetch-Site and Origin (Fetch Metadata, W3C): the visit's cookie is
SameSite=Lax, and a browser that sends neither header cannot carry the cookie across sites.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot import replies
from bot.channels import api
from bot.config import Web
from bot.dialogue import Dialogue
from bot.errors import StoreUnavailable
from bot.messages import Kind, Message, Reply
from bot.store.base import Store
from intents.model import KnowledgeData

CHANNEL = "web"
COOKIE = "fawen_visit"
SIZE_COOKIE = "fawen_size"
SIZES = ("standard", "elder", "large")
HISTORY = 40
"""Bubbles of this visit shown when the page is opened again."""
_PAGES = Path(str(files("bot.channels"))) / "pages"
_FIELDS = (("text", Kind.TEXT), ("choice", Kind.CHOICE), ("feedback", Kind.FEEDBACK), ("command", Kind.COMMAND))


class WebChat:
    """Turns HTTP requests into Messages and Replies into pages; holds no conversation of its own."""

    def __init__(
        self,
        dialogue: Dialogue,
        knowledge: Callable[[], KnowledgeData],
        store: Store,
        settings: Web,
        now: Callable[[], datetime],
    ) -> None:
        self._dialogue = dialogue
        self._knowledge = knowledge
        self._store = store
        self._settings = settings
        self._now = now
        self._pages = Environment(
            loader=FileSystemLoader(_PAGES),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def routes(self) -> list[BaseRoute]:
        """Everything this channel answers."""
        return [
            Route("/", self.page, methods=["GET"]),
            Route("/say", self.say, methods=["POST"]),
            Route("/size", self.size, methods=["GET"]),
            *api.routes(self._dialogue, self._now),
            Mount("/static", StaticFiles(directory=_PAGES / "static"), name="static"),
        ]

    async def page(self, request: Request) -> Response:
        """The whole page with this visit's history."""
        visit = request.cookies.get(COOKIE) or secrets.token_urlsafe(18)
        try:
            history = await self._history(visit)
        except StoreUnavailable:
            history = []
        base = self._knowledge()
        opening = replies.greeting(base, "greeting")
        html = self._render(
            "chat.html",
            opening=opening,
            hot=replies.hot(base),
            history=history,
            topics=opening.options,
            size=_size(request.cookies),
            title=self._settings.title,
        )
        return self._remember(HTMLResponse(html), visit)

    async def _history(self, visit: str) -> list[tuple[Message, Reply]]:
        """What was said in this visit, and the answers that staff gave since, in the order of time."""
        said = await self._store.history(CHANNEL, visit, HISTORY)
        for late in await self._store.visit(CHANNEL, visit):
            # no words of the person's own belong to a late answer: the page shows no bubble for an empty message
            nothing = Message(CHANNEL, visit, visit, "", Kind.TEXT, late.at, "")
            said.append((nothing, late.reply))
        return sorted(said, key=lambda pair: pair[0].at)

    async def say(self, request: Request) -> Response:
        """One form post; the script asks for the bubbles only (`X-Fawen: bubbles`)."""
        if not _same_site(request):
            return HTMLResponse(self._render("refused.html"), status_code=403)
        form = await request.form()
        visit = request.cookies.get(COOKIE) or secrets.token_urlsafe(18)
        message = self._message({k: v for k, v in form.items() if isinstance(v, str)}, visit)
        reply = await self._dialogue.handle(message)
        if request.headers.get("x-fawen") == "bubbles":
            html = self._render("bubbles.html", exchanges=[(message, reply)], size=_size(request.cookies))
            return self._remember(HTMLResponse(html), visit)
        return self._remember(RedirectResponse("/#latest", status_code=303), visit)

    async def size(self, request: Request) -> Response:
        """长者模式 without JavaScript: remember the size and go back."""
        wanted = request.query_params.get("to", "standard")
        response = RedirectResponse("/", status_code=303)
        response.set_cookie(
            SIZE_COOKIE, wanted if wanted in SIZES else "standard", max_age=365 * 86400, samesite="lax",
            secure=self._settings.secure_cookies,
        )  # fmt: skip
        return response

    def _message(self, form: Mapping[str, str], visit: str) -> Message:
        field, kind = next(((f, k) for f, k in _FIELDS if form.get(f)), ("text", Kind.TEXT))
        return Message(
            channel=CHANNEL,
            chat=visit,
            person=visit,
            text=form.get(field, "").strip(),
            kind=kind,
            at=self._now(),
            message_id=form.get("id") or secrets.token_urlsafe(12),
            ref=form.get("ref", ""),
        )

    def _render(self, template: str, **values: Any) -> str:
        base = self._knowledge()

        def say(key: str, **fill: str) -> str:
            return replies.phrase(base, key, **fill)

        def cited(reply: Reply, most: int | None = None) -> str:
            return replies.sources_line(base, reply, most)

        def asked(message: Message) -> str:
            return replies.spoken(base, message)

        page = self._pages.get_template(template)
        return page.render(say=say, cited=cited, asked=asked, **values)

    def _remember(self, response: Response, visit: str) -> Response:
        response.set_cookie(
            COOKIE, visit, max_age=7 * 86400, httponly=True, samesite="lax", secure=self._settings.secure_cookies
        )
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def _size(cookies: Mapping[str, str]) -> str:
    wanted = cookies.get(SIZE_COOKIE, "standard")
    return wanted if wanted in SIZES else "standard"


def _same_site(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or origin.split("://", 1)[-1] == request.headers.get("host", "")
