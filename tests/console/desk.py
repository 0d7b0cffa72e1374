"""A console on a real store, asked without a network: what the tests of the console stand on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import httpx
from argon2 import PasswordHasher

from bot.console.access import RULES
from bot.console.door import Door
from bot.console.house import House
from bot.console.passwords import Passwords
from bot.store.accounts import Role, User
from bot.store.sql import SqlStore
from tests.fakes import FakeClock

PASSWORD = "correct horse 77"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""The hash is what costs a second for each test, and it is not what they are about."""
ADDRESS = "http://console.test"
OWN = {"origin": ADDRESS, "sec-fetch-site": "same-origin"}
NAMES = {Role.CURATOR: "wang", Role.REVIEWER: "chen", Role.ADMIN: "lin", Role.AUDITOR: "zhao"}
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Browser:
    """One person's browser: cookies, and the token of the forms it was given."""

    client: httpx.AsyncClient
    csrf: str = ""
    headers: dict[str, str] = field(default_factory=lambda: dict(OWN))

    async def get(self, path: str) -> httpx.Response:
        """Open a page; its CSRF token is remembered."""
        response = await self.client.get(f"/console{path}")
        if found := _CSRF.search(response.text):
            self.csrf = found.group(1)
        return response

    async def post(self, path: str, **form: Any) -> httpx.Response:
        """Send a form with the token; redirects are not followed."""
        return await self.client.post(f"/console{path}", data={"csrf": self.csrf, **form}, headers=self.headers)

    async def sign_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        """Name and password, then the first page."""
        response = await self.post("/signin", name=name, password=password)
        await self.get("")
        return response

    @property
    def cookie(self) -> str:
        """The session's token; empty when there is none."""
        return next((c.value or "" for c in self.client.cookies.jar if c.name == "fawen_staff"), "")


@dataclass
class Office:
    """The console, its store and its clock."""

    house: House
    store: SqlStore
    clock: FakeClock
    app: Any
    browsers: list[httpx.AsyncClient] = field(default_factory=list)

    def browser(self, address: str = "192.0.2.7") -> Browser:
        """A fresh browser at an address."""
        transport = httpx.ASGITransport(self.app, client=(address, 4000))
        client = httpx.AsyncClient(transport=transport, base_url=ADDRESS)
        self.browsers.append(client)
        return Browser(client)

    async def hire(self, role: Role, name: str = "") -> User:
        """A user of this role."""
        return await self.house.accounts.add(name or NAMES[role], CHEAP.hash(PASSWORD), role)

    async def signed_in(self, role: Role) -> Browser:
        """A browser with a session of this role."""
        if await self.house.accounts.user(NAMES[role]) is None:
            await self.hire(role)
        browser = self.browser()
        assert 303 == (await browser.sign_in(NAMES[role])).status_code
        return browser

    async def audited(self) -> list[tuple[str, str, str]]:
        """(who, what, about) of the audit, newest first."""
        lines, _ = await self.house.audit.lines(limit=1000)
        return [(line.who, line.what, line.about) for line in lines]


def cheap_door(house_parts: dict[str, Any], clock: FakeClock) -> Door:
    """A door whose hashes cost nothing."""
    return Door(house_parts["accounts"], house_parts["settings"].console, clock, Passwords(CHEAP))


def filled(path: str) -> str:
    """A rule's path with numbers and names in it."""
    for hole, value in (
        ("{cluster:int}", "1"), ("{proposal:int}", "1"), ("{publication:int}", "1"), ("{user:int}", "1"),
        ("{number}", "ER-NJSE"), ("{entry}", "notary.fee"), ("{form}", "csv"),
    ):  # fmt: skip
        path = path.replace(hole, value)
    return "" if path == "/" else path


GUARDED = [rule for rule in RULES if not rule.public]
