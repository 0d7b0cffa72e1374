"""The chat page; its API for programs is api.py.

    GET  /             the page, with this visit's history; works without JavaScript
    POST /say          a form post: text, choice, ticket number or feedback; 303 back to the page, or the new bubbles
                       for the script; the page itself with a reply that was not recorded (200; 503 for `outage`), and for
                       a browser that keeps no cookies, whose visit the page's forms carry
    GET  /say          back to the page, whose address this is after such a reply
    GET  /late         answers that staff gave to this visit since, as bubbles; 204 when there are none
    GET  /size         长者模式: remembers the size and goes back
    GET  /embed.js     puts the page into a frame of another site (web.embed_origins); 404 while there is none
    GET  /static/...   style, script, mark

Form posts from other sites are refused by Sec-Fetch-Site and Origin (Fetch Metadata, W3C).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot import replies
from bot.channels import api, visit
from bot.channels.templates import PAGES, templates
from bot.channels.visit import Visit
from bot.config import Web
from bot.dialogue import Dialogue
from bot.errors import StoreUnavailable
from bot.forms import fields
from bot.headers import content_policy
from bot.logs import attend
from bot.messages import Kind, Message, Reply
from bot.store.base import Store
from bot.typed import meant
from intents.model import KnowledgeData

CHANNEL = "web"
HISTORY = 40
"""Bubbles of this visit shown when the page is opened again."""
_FIELDS = (
    ("text", Kind.TEXT), ("choice", Kind.CHOICE), ("ticket", Kind.TEXT), ("feedback", Kind.FEEDBACK),
    ("command", Kind.COMMAND),
)  # fmt: skip
_MOST_ID = 64
_DIGEST = 16
_MOST_REF = _DIGEST + 1 + _MOST_ID
_AGAIN = ("busy", "outage")
"""Keys of replies that ask to send it again."""


@dataclass(frozen=True, slots=True)
class Bubble:
    """One exchange as it is shown."""

    message: Message | None
    """None for an answer that staff gave later: no words of the person's own belong to it."""
    reply: Reply
    traditional: bool
    late: str = ""
    """Names a late answer, so that the open page shows it once."""


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
        self._traditional = dialogue.traditional
        self._pages = templates()

    def routes(self) -> list[BaseRoute]:
        """Everything this channel answers."""
        programs = api.Api(self._dialogue, self._knowledge, self._now, self._traditional)
        return [
            # routes are tried in their order: what is asked most comes first
            *programs.routes(self._settings.title, self._settings.embed_origins),
            Route("/", self.page, methods=["GET"]),
            Route("/say", self.say, methods=["GET", "POST"]),
            Route("/late", self.late, methods=["GET"]),
            Route("/size", self.size, methods=["GET"]),
            Route("/embed.js", self.embed, methods=["GET"]),
            Mount("/static", StaticFiles(directory=PAGES / "static"), name="static"),
        ]

    async def page(self, request: Request) -> Response:
        """The whole page with this visit's history."""
        return await self._whole(visit.read(request.cookies))

    async def _whole(
        self, seen: Visit, unsaved: tuple[Bubble, ...] = (), *, status: int = 200, typed: str = "", form: str = ""
    ) -> Response:
        """The page; `unsaved` stands below the history, `typed` in the field, `form` is the id that its forms carry."""
        try:
            history = await self._history(seen.name)
        except StoreUnavailable:
            history = []
        base = self._knowledge()
        opening, hot = replies.greeting(base, "greeting"), replies.hot(base)
        if seen.traditional:
            opening = self._traditional.reply(opening)
            hot = self._traditional.reply(replace(opening, options=hot)).options
        html = self._render(
            "chat.html", seen, opening=opening, hot=hot, bubbles=[*history, *unsaved], landing=True,
            topics=opening.options, title=self._written(seen.traditional, self._settings.title), typed=typed,
            form=form or secrets.token_urlsafe(12),
        )  # fmt: skip
        return visit.remember(self._framed(HTMLResponse(html, status_code=status)), seen, self._settings)

    def _framed(self, response: Response) -> Response:
        """A page that the sites of web.embed_origins may show in a frame."""
        response.headers["Content-Security-Policy"] = content_policy(self._settings.embed_origins)
        return response

    async def _history(self, chat: str) -> list[Bubble]:
        """What was said in this visit, and the answers that staff gave since, in the order of time."""
        said = [
            (message.at, message, reply, "") for message, reply in await self._store.history(CHANNEL, chat, HISTORY)
        ]
        bubbles, traditional = [], False
        late = [(one.at, None, one.reply, one.at.isoformat()) for one in await self._store.visit(CHANNEL, chat)]
        for _, message, reply, name in sorted([*said, *late], key=lambda one: one[0]):
            if message is not None and message.kind is Kind.TEXT:
                traditional = self._writing(message.text, traditional)
            bubbles.append(self._bubble(message, reply, traditional, name))
        return bubbles

    async def say(self, request: Request) -> Response:
        """One form post; the script asks for the bubbles only (`X-Fawen: bubbles`)."""
        if request.method != "POST":
            return RedirectResponse("/", status_code=303)
        if not visit.same_site(request):
            return self._framed(
                HTMLResponse(self._render("refused.html", visit.read(request.cookies)), status_code=403)
            )
        form = dict(await fields(request))
        seen = visit.read(request.cookies, form.get("visit", ""))
        message = self._message(form, seen.name)
        if message.kind is Kind.TEXT:
            seen = replace(seen, traditional=self._writing(message.text, seen.traditional))
        attend(CHANNEL, message.message_id)
        reply = await self._dialogue.handle(message)
        if request.headers.get("x-fawen") == "bubbles":
            html = self._render("bubbles.html", seen, bubbles=[self._bubble(message, reply, seen.traditional)])
            response = HTMLResponse(html, headers={"Content-Language": visit.language(seen.traditional)})
            return visit.remember(response, seen, self._settings)
        if await self._saved(message):
            if not seen.kept:
                # a browser that keeps no cookies would come back as somebody else
                return await self._whole(seen)
            return visit.remember(RedirectResponse("/#latest", status_code=303), seen, self._settings)
        # in no history: it is shown now or never
        typed = message.text if message.kind is Kind.TEXT and reply.key in _AGAIN else ""
        return await self._whole(
            seen, (self._bubble(message, reply, seen.traditional),), status=503 if reply.key == "outage" else 200,
            typed=typed, form=form.get("form", ""),
        )  # fmt: skip

    async def _saved(self, message: Message) -> bool:
        """Whether the page will show this exchange when it is opened next."""
        try:
            return await self._store.seen(message.channel, message.message_id) is not None
        except StoreUnavailable:
            return False

    async def late(self, request: Request) -> Response:
        """What the open page asks for every half minute while it shows a ticket."""
        seen = visit.read(request.cookies, request.headers.get("x-fawen-visit", ""))
        try:
            given = await self._store.visit(CHANNEL, seen.name)
        except StoreUnavailable:
            given = []
        if not given:
            return Response(status_code=204, headers={"Cache-Control": "no-store"})
        bubbles = [self._bubble(None, one.reply, seen.traditional, one.at.isoformat()) for one in given]
        return HTMLResponse(
            self._render("bubbles.html", seen, bubbles=bubbles), headers={"Cache-Control": "no-store"}
        )  # fmt: skip

    async def size(self, request: Request) -> Response:
        """长者模式 without JavaScript: remember the size and go back."""
        response = RedirectResponse("/", status_code=303)
        visit.keep_size(response, request.query_params.get("to", ""), self._settings)
        return response

    async def embed(self, request: Request) -> Response:
        """The script that another site includes."""
        if not self._settings.embed_origins:
            return api.error(404, "not_found", "没有设置允许嵌入的网站（web.embed_origins）。")
        script = self._render("embed.js", visit.read({}), origins=self._settings.embed_origins)
        headers = {"Cache-Control": "max-age=300", "Cross-Origin-Resource-Policy": "cross-origin"}
        return Response(script, media_type="text/javascript", headers=headers)

    def _message(self, form: Mapping[str, str], chat: str) -> Message:
        field, kind = next(((f, k) for f, k in _FIELDS if form.get(f)), ("text", Kind.TEXT))
        text = form.get(field, "").strip()
        if field == "text":
            kind, text = meant(text)
        # an id belongs to its visit; the page shows it again for feedback, so that the visit's own name may not stand in it
        within = sha256(chat.encode()).hexdigest()[:_DIGEST]
        message = Message(
            channel=CHANNEL,
            chat=chat,
            person=chat,
            text=f"查询 {text}" if field == "ticket" else text,
            kind=kind,
            at=self._now(),
            message_id=f"{within}:{form.get('id', '')[:_MOST_ID] or secrets.token_urlsafe(12)}",
            ref=form.get("ref", "")[:_MOST_REF],
        )
        if form.get("id") or not form.get("form"):
            return message
        # a form that is sent twice is one message; with other words in it, after going back, it is another. Of the words
        # only what may be kept goes into the name
        said = "\0".join((form["form"], message.kind, self._dialogue.clean(message).text, message.ref))
        return replace(message, message_id=f"{within}:{sha256(said.encode()).hexdigest()[:32]}")

    def _bubble(self, message: Message | None, reply: Reply, traditional: bool, late: str = "") -> Bubble:
        return Bubble(message, self._traditional.reply(reply) if traditional else reply, traditional, late)

    def _writing(self, text: str, before: bool) -> bool:
        found = self._traditional.written(text)
        return before if found is None else found

    def _written(self, traditional: bool, text: str) -> str:
        return self._traditional.text(text) if traditional else text

    def _render(self, template: str, seen: Visit, **values: Any) -> str:
        base = self._knowledge()

        def say(key: str, **fill: str) -> str:
            return self._written(seen.traditional, replies.phrase(base, key, **fill))

        def cited(bubble: Bubble, most: int | None = None) -> str:
            return self._written(bubble.traditional, replies.sources_line(base, bubble.reply, most))

        def asked(bubble: Bubble) -> str:
            if bubble.message is None:
                return ""
            said = replies.spoken(base, bubble.message)
            return said if bubble.message.kind is Kind.TEXT else self._written(bubble.traditional, said)

        page = self._pages.get_template(template)
        given = {"landing": False, "form": "", "carried": "" if seen.kept else seen.name, **values}
        return page.render(
            say=say, cited=cited, asked=asked, size=seen.size, lang=visit.language(seen.traditional), **given
        )
