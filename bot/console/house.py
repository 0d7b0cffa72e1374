"""What a page of the console has at hand: the parts of the service (House) and the request with its user (Visit)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.config import Settings
from bot.console.access import PUBLISHERS, may
from bot.console.checks import Checks
from bot.console.door import Door, Entered
from bot.console.kept import Kept
from bot.console.render import Renderer
from bot.desk.changes import Changes
from bot.desk.desk import Desk
from bot.store.accounts import Accounts, Session, User
from bot.store.audit import Audit
from bot.store.reports import Reports
from intents import Matcher

BASE = "/console"
COOKIE = "fawen_staff"
PAGE_ROWS = 50


class Counted(Protocol):
    """Gives the numbers of the first page; they may be some seconds old."""

    async def numbers(self) -> dict[str, int]:
        """Open clusters, overdue ones, waiting proposals."""

    async def moved(self, seconds: float) -> None:
        """Wait until they may have changed, at most so long."""


@dataclass(frozen=True)
class House:
    """The parts that pages stand on."""

    settings: Settings
    accounts: Accounts
    audit: Audit
    door: Door
    desk: Desk
    changes: Changes
    reports: Reports
    matcher: Callable[[], Matcher]
    render: Renderer
    pulse: Counted
    checks: Checks
    now: Callable[[], datetime]
    counted: Kept[Any] = field(default_factory=Kept)
    """Figures that take long to count."""

    async def note(self, visit: Visit, what: str, about: str = "", **detail: Any) -> None:
        """A line of the audit."""
        await self.audit.note(visit.who, what, about, visit.address, **detail)

    async def page(self, visit: Visit, template: str, status: int = 200, **values: Any) -> Response:
        """A whole page inside the console's frame."""
        frame = {
            "visit": visit,
            "menu": menu(visit.user) if visit.user else (),
            "numbers": await self.pulse.numbers() if visit.user else {},
            "here": visit.request.url.path,
            "done": visit.request.query_params.get("done", ""),
            "error": "",
            "now": self.now(),
            "title": self.settings.web.title,
            "publisher": visit.user is not None and visit.user.role in PUBLISHERS,
        }
        return HTMLResponse(self.render.page(template, **{**frame, **values}), status_code=status)

    def welcome(self, response: Response, entered: Entered) -> Response:
        """Put a new session's token into the cookie."""
        response.set_cookie(
            COOKIE, entered.token, path=BASE, httponly=True, samesite="strict",
            secure=self.settings.console.secure_cookies,
        )  # fmt: skip
        return response


@dataclass(frozen=True)
class Visit:
    """One request, its user and its form."""

    request: Request
    token: str = ""
    """What the cookie holds; empty without one."""
    session: Session | None = None
    user: User | None = None
    form: Mapping[str, str] = field(default_factory=dict)
    several: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Fields that occur more than once (checkboxes), in their order."""

    @property
    def who(self) -> str:
        """User name for the records; `-` for nobody."""
        return self.user.name if self.user else "-"

    @property
    def staff(self) -> User:
        """The user of a page that needs one."""
        assert self.user is not None
        return self.user

    @property
    def csrf(self) -> str:
        """The token that every form of this session carries."""
        return self.session.csrf if self.session else ""

    @property
    def address(self) -> str:
        """Where the request came from, as the server knows it."""
        return self.request.client.host if self.request.client else ""

    def number(self, name: str) -> int:
        """A number of the path."""
        return int(self.request.path_params[name])

    def word(self, name: str) -> str:
        """A word of the path."""
        return str(self.request.path_params[name])

    def query(self, name: str, default: str = "") -> str:
        """A value of the query, at most 200 characters."""
        return self.request.query_params.get(name, default)[:200].strip()

    def offset(self) -> int:
        """Where the page of a list begins; nonsense is the beginning."""
        typed = self.query("from", "0")
        return min(int(typed), 10_000_000) if typed.isascii() and typed.isdigit() else 0

    def may(self, path: str) -> bool:
        """Whether this user may open a page."""
        return self.user is not None and may(self.user.role, path)

    def to(self, path: str, done: str = "") -> Response:
        """Go on to another page, which says what was done."""
        mark = "&" if "?" in path else "?"
        return RedirectResponse(f"{BASE}{path}" + (f"{mark}done={done}" if done else ""), status_code=303)


_MENU = (
    ("/", "今日", ""),
    ("/queue", "待办", "open"),
    ("/knowledge", "知识", ""),
    ("/review", "审核", "proposed"),
    ("/reports", "报表", ""),
    ("/users", "用户", ""),
    ("/audit", "审计", ""),
)


def menu(user: User) -> list[tuple[str, str, str]]:
    """Address, name and counter of the pages this user may open."""
    return [(BASE + (path if path != "/" else ""), name, key) for path, name, key in _MENU if may(user.role, path)]
