"""Who comes in: signing in with password and second factor, sessions that expire, tokens that change.

The cookie holds 32 random bytes; the store holds their SHA-256 only, so that a copy of the database opens no session.
A session is always a new one at sign-in, after the second factor and after a change of one's own password: a token that
was planted beforehand is worth nothing. A change of role or password by an admin ends all sessions of the user.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.config import ConsoleSettings
from bot.console.passwords import Passwords, check_new_password, step_of_code
from bot.console.people import add_user, folded
from bot.errors import ConsoleRefused
from bot.limits import RateLimit
from bot.store.accounts import Accounts, Limits, Role, Session, User

HALF_MINUTES = 5
"""How long the second factor may take."""
PER_MINUTE = 30
"""Attempts from one address that are looked at in a minute; the store's own limits are lower and outlive a restart."""
TOUCH_SECONDS = 60
"""Use of a session is written down at most this often."""
WRONG = "用户名或密码不对。"
TOO_MANY = "试的次数太多，请过 15 分钟再试。"
WRONG_CODE = "验证码不对或已经用过，请等下一个。"


@dataclass(frozen=True, slots=True)
class Entered:
    """A session that was just opened; `token` goes into the cookie and is kept nowhere else."""

    token: str
    user: User
    session: Session


class Door:
    """Opens and closes sessions."""

    def __init__(
        self,
        accounts: Accounts,
        settings: ConsoleSettings,
        now: Callable[[], datetime],
        passwords: Passwords | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._accounts, self._now = accounts, now
        self._passwords = passwords or Passwords()
        self._limits = limits or Limits()
        # a flood is turned away before it reaches the store, which residents' messages share
        self._flood = RateLimit(PER_MINUTE, timedelta(minutes=1))
        self._idle = timedelta(minutes=settings.idle_minutes)
        self._longest = timedelta(hours=settings.session_hours)

    async def enter(self, name: str, password: str, address: str, old: str) -> Entered:
        """Sign in; the session may still want the second factor (`session.complete`). Raises ConsoleRefused.

        What is wrong is not said: an unknown name, a disabled user and a wrong password look and last the same.
        """
        name = folded(name)
        attempt = await self._attempt(name, address)
        user = await self._accounts.user(name)
        known = user is not None and not user.disabled
        right = await self._passwords.right(user.password if user and known else "", password)
        if not right or user is None:
            raise ConsoleRefused(WRONG)
        token, session = self._new(user, complete=not user.secret)
        await self._accounts.succeeded(attempt, session, hashed(old))
        return Entered(token, user, session)

    async def second(self, session: Session, user: User, code: str, address: str) -> Entered:
        """The code of the second factor completes the session. Raises ConsoleRefused."""
        attempt = await self._attempt(user.name, address)
        await self._use_code(user, user.secret, code)
        token, fresh = self._new(user, complete=True)
        await self._accounts.succeeded(attempt, fresh, session.token)
        return Entered(token, user, fresh)

    async def look(self, token: str) -> tuple[Session, User] | None:
        """The session of a cookie and its user; None when there is none, or it is over (then it is deleted)."""
        if not token:
            return None
        found = await self._accounts.session(hashed(token))
        if found is None:
            return None
        session, _ = found
        now = self._now()
        longest = self._longest if session.complete else timedelta(minutes=HALF_MINUTES)
        if now - session.created_at >= longest or now - session.seen_at >= self._idle:
            await self._accounts.end(session.token)
            return None
        return found

    async def touch(self, session: Session) -> None:
        """The person did something: the idle time begins anew."""
        if self._now() - session.seen_at >= timedelta(seconds=TOUCH_SECONDS):
            await self._accounts.touch(session.token)

    async def leave(self, token: str) -> None:
        """Sign out."""
        await self._accounts.end(hashed(token))

    async def confirm(self, user: User, password: str, address: str) -> None:
        """Ask for the password again before a change that matters. Raises ConsoleRefused."""
        attempt = await self._attempt(user.name, address)
        if not await self._passwords.right(user.password, password):
            raise ConsoleRefused("现在的密码不对。")
        await self._accounts.passed(attempt)

    async def add(self, name: str, password: str, role: Role) -> User:
        """A new user. Raises ConsoleRefused (unfit name or password, name taken)."""
        return await add_user(self._accounts, self._passwords, name, password, role)

    async def set_password(self, user: User, password: str) -> None:
        """A new password ends all sessions of the user. Raises ConsoleRefused when it is weak."""
        check_new_password(user.name, password)
        await self._accounts.change(user.id, password=await self._passwords.hash(password))

    async def set_second(self, user: User, secret: str, code: str) -> None:
        """Switch the second factor on, once its code was seen to be right. Raises ConsoleRefused."""
        await self._use_code(user, secret, code)
        await self._accounts.change(user.id, secret=secret)

    async def again(self, user: User) -> Entered:
        """A new session for somebody whose sessions were just ended by a change of their own."""
        token, session = self._new(user, complete=True)
        await self._accounts.rotate(session, "")
        return Entered(token, user, session)

    async def _attempt(self, name: str, address: str) -> int:
        if not self._flood.allow(("console", address), self._now()):
            raise ConsoleRefused(TOO_MANY)
        attempt = await self._accounts.attempt(name, address, self._limits)
        if attempt is None:
            raise ConsoleRefused(TOO_MANY)
        return attempt

    async def _use_code(self, user: User, secret: str, code: str) -> None:
        step = step_of_code(secret, code, self._now())
        if step is None or not await self._accounts.use_step(user.id, step):
            raise ConsoleRefused(WRONG_CODE)

    def _new(self, user: User, complete: bool) -> tuple[str, Session]:
        token, now = secrets.token_urlsafe(32), self._now()
        return token, Session(hashed(token), user.id, secrets.token_urlsafe(32), complete, now, now)


def hashed(token: str) -> str:
    """What the store knows of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
