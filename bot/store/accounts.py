"""Users of the console, their sessions, and attempts to sign in. Passwords and tokens are only kept as hashes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StoreConflict
from bot.store.accounts_schema import attempts, sessions, users
from bot.store.locks import Lock
from bot.store.shared import Shared


class Role(StrEnum):
    """What a user may do; the console's table of routes says what exactly."""

    CURATOR = "curator"
    """Answers tickets and proposes changes of the knowledge."""
    REVIEWER = "reviewer"
    """A curator who also approves, publishes and rolls back."""
    ADMIN = "admin"
    """A reviewer who also looks after users and reads the audit."""
    AUDITOR = "auditor"
    """Reads reports and the audit, sees no conversation, changes nothing."""


@dataclass(frozen=True, slots=True)
class User:
    """One user; `password` is an argon2id hash."""

    id: int
    name: str
    password: str
    role: Role
    disabled: bool
    secret: str
    """Base32 secret of the second factor (RFC 6238); empty without one."""
    last_step: int
    """Time step of the last code that was accepted, so that no code works twice."""
    created_at: datetime
    seen_at: datetime | None
    """Last sign-in; None before the first."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session; `token` is the SHA-256 of what the cookie holds."""

    token: str
    user: int
    csrf: str
    complete: bool
    """False while the second factor is still asked for: then nothing but that is allowed."""
    created_at: datetime
    seen_at: datetime


class Attempt(StrEnum):
    """What became of an attempt to sign in."""

    WRONG = "wrong"
    """So noted before it is examined."""
    HALF = "half"
    """The password was right; says nothing yet where a second factor is asked for."""
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Limits:
    """How many wrong passwords are let through within `window`."""

    window: timedelta = timedelta(minutes=15)
    pair: int = 5
    """From one address for one name."""
    address: int = 20
    """From one address for whatever names."""
    name: int = 20
    """For one name from whatever addresses; an address from which the name signed in lately is not counted in, so
    that a stranger cannot lock a user out."""
    trusted: timedelta = timedelta(days=30)


class Accounts:
    """Made of `store.shared`. Every method raises StoreUnavailable when the database cannot be reached."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def add(self, name: str, password: str, role: Role) -> User:
        """A new user. Raises StoreConflict when the name is taken."""
        values = {
            "name": name, "password": password, "role": role.value, "disabled": False, "secret": "", "last_step": 0,
            "created_at": self._shared.now(), "seen_at": None,
        }  # fmt: skip

        async def work(connection: AsyncConnection) -> User:
            await connection.execute(sa.insert(users).values(**values))
            return _user((await connection.execute(sa.select(users).where(users.c.name == name))).one())

        try:
            return await self._shared.writer.write(work)
        except StoreConflict:
            raise StoreConflict(f"已经有用户“{name}”。请换一个名字。") from None

    async def user(self, name: str) -> User | None:
        """The user of this name; None when there is none."""
        return await self._one(users.c.name == name)

    async def user_by_id(self, user: int) -> User | None:
        """The user of this number; None when there is none."""
        return await self._one(users.c.id == user)

    async def users(self) -> list[User]:
        """All users by name, the disabled too; empty before the first was made."""
        async with self._shared.reading() as connection:
            return [_user(row) for row in await connection.execute(sa.select(users).order_by(users.c.name))]

    async def any(self) -> bool:
        """Whether there is a user at all."""
        async with self._shared.reading() as connection:
            return (await connection.execute(sa.select(users.c.id).limit(1))).first() is not None

    async def change(self, user: int, *, keep_sessions: bool = False, **values: Any) -> None:
        """Set columns of a user. All sessions of the user end in the same transaction unless `keep_sessions`."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(sa.update(users).where(users.c.id == user).values(**values))
            if not keep_sessions:
                await connection.execute(sa.delete(sessions).where(sessions.c.user == user))

        await self._shared.writer.write(work)

    async def use_step(self, user: int, step: int) -> bool:
        """Note that the code of this time step was used; False when it or a later one was used before."""
        taken = sa.update(users).where(users.c.id == user, users.c.last_step < step).values(last_step=step)

        async def work(connection: AsyncConnection) -> bool:
            return bool((await connection.execute(taken)).rowcount)

        return await self._shared.writer.write(work)

    async def attempt(self, name: str, address: str, limits: Limits) -> int | None:
        """Note an attempt as a wrong one before it is examined; its id, or None when there were too many lately.

        Counting and noting are one transaction: a burst at one moment gets no further than one after another.
        """

        async def work(connection: AsyncConnection) -> int | None:
            await self._shared.lock(connection, Lock.SIGNING_IN)
            if await self._too_many(connection, name, address, limits):
                return None
            values = {"name": name, "address": address, "at": self._shared.now(), "state": Attempt.WRONG.value}
            key = (await connection.execute(sa.insert(attempts).values(**values))).inserted_primary_key
            return int(key[0]) if key else 0

        return await self._shared.writer.write(work)

    async def _too_many(self, connection: AsyncConnection, name: str, address: str, limits: Limits) -> bool:
        since = self._shared.now() - limits.window
        mine, its = attempts.c.address == address, attempts.c.name == name

        def count(where: sa.ColumnElement[bool]) -> Any:
            return sa.func.coalesce(sa.func.sum(sa.case((where, 1), else_=0)), 0)

        query = sa.select(count(sa.and_(mine, its)), count(mine), count(its)).where(
            sa.or_(mine, its), attempts.c.at > since, attempts.c.state == Attempt.WRONG.value
        )
        pair, address_all, name_all = (await connection.execute(query)).one()
        if pair >= limits.pair or address_all >= limits.address:
            return True
        if name_all < limits.name:
            return False
        before = self._shared.now() - limits.trusted
        known = sa.select(attempts.c.id).where(
            its, mine, attempts.c.state == Attempt.GOOD.value, attempts.c.at > before
        )
        return (await connection.execute(known.limit(1))).first() is None

    async def succeeded(self, attempt: int, session: Session, old: str) -> None:
        """A right password or code: mark the attempt, open the session, end the one it replaces."""
        state = Attempt.GOOD if session.complete else Attempt.HALF

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(sa.update(attempts).where(attempts.c.id == attempt).values(state=state.value))
            if session.complete:
                seen = sa.update(users).where(users.c.id == session.user).values(seen_at=self._shared.now())
                await connection.execute(seen)
            await _replace(connection, session, old)

        await self._shared.writer.write(work)

    async def passed(self, attempt: int) -> None:
        """A right password that opens no session (asked for again before a change)."""
        await self._run(sa.update(attempts).where(attempts.c.id == attempt).values(state=Attempt.HALF.value))

    async def rotate(self, session: Session, old: str) -> None:
        """Open a session in the place of another."""

        async def work(connection: AsyncConnection) -> None:
            await _replace(connection, session, old)

        await self._shared.writer.write(work)

    async def session(self, token: str) -> tuple[Session, User] | None:
        """The session of this token hash and its user; None when there is none or the user is disabled."""
        both = sa.select(sessions, users).join(users, users.c.id == sessions.c.user)
        query = both.where(sessions.c.token == token, sa.not_(users.c.disabled)).set_label_style(
            sa.LABEL_STYLE_TABLENAME_PLUS_COL
        )
        async with self._shared.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        data = row._mapping
        return (
            Session(**{c.name: data[f"sessions_{c.name}"] for c in sessions.c}),
            _made({c.name: data[f"users_{c.name}"] for c in users.c}),
        )

    async def touch(self, token: str) -> None:
        """The session was used just now."""
        await self._run(sa.update(sessions).where(sessions.c.token == token).values(seen_at=self._shared.now()))

    async def end(self, token: str) -> None:
        """End one session; nothing happens when it is gone."""
        await self._run(sa.delete(sessions).where(sessions.c.token == token))

    async def purge(self, sessions_before: datetime, attempts_before: datetime) -> int:
        """Delete sessions opened and attempts made before a moment; how many."""

        async def work(connection: AsyncConnection) -> int:
            gone = await connection.execute(sa.delete(sessions).where(sessions.c.created_at < sessions_before))
            tried = await connection.execute(sa.delete(attempts).where(attempts.c.at < attempts_before))
            return int(gone.rowcount + tried.rowcount)

        return await self._shared.writer.write(work)

    async def _one(self, where: sa.ColumnElement[bool]) -> User | None:
        async with self._shared.reading() as connection:
            row = (await connection.execute(sa.select(users).where(where))).one_or_none()
        return _user(row) if row else None

    async def _run(self, statement: Any) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.execute(statement)

        await self._shared.writer.write(work)


async def _replace(connection: AsyncConnection, session: Session, old: str) -> None:
    await connection.execute(sa.delete(sessions).where(sessions.c.token == old))
    values = {name: getattr(session, name) for name in Session.__slots__}
    await connection.execute(sa.insert(sessions).values(**values))


def _user(row: sa.Row[Any]) -> User:
    return _made(dict(row._mapping))


def _made(data: dict[str, Any]) -> User:
    return User(**{**data, "role": Role(data["role"])})
