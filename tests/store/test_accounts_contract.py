"""Accounts and audit on SQLite and PostgreSQL: what the console's safety stands on."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import StoreConflict
from bot.store.accounts import Accounts, Limits, Role, Session, User
from bot.store.accounts_schema import audit
from bot.store.audit import Audit
from bot.store.sql import SqlStore
from tests.fakes import FakeClock


def session(user: User, clock: FakeClock, token: str = "t1", complete: bool = True) -> Session:
    return Session(token, user.id, "csrf", complete, clock(), clock())


async def test_a_name_is_taken_once(store: SqlStore) -> None:
    accounts = Accounts(store.shared)
    assert not await accounts.any()
    made = await accounts.add("lin", "hash", Role.ADMIN)
    with pytest.raises(StoreConflict, match="lin"):
        await accounts.add("lin", "other", Role.CURATOR)
    assert [made] == await accounts.users()
    assert (made, made, None) == (
        await accounts.user("lin"), await accounts.user_by_id(made.id), await accounts.user("eve")
    )  # fmt: skip
    assert await accounts.any()


async def test_a_session_replaces_the_one_before(store: SqlStore, clock: FakeClock) -> None:
    accounts = Accounts(store.shared)
    user = await accounts.add("lin", "hash", Role.ADMIN)
    await accounts.rotate(session(user, clock, "old"), "")
    await accounts.rotate(session(user, clock, "new"), "old")
    assert await accounts.session("old") is None
    assert (session(user, clock, "new"), user) == await accounts.session("new")
    await accounts.end("new")
    assert await accounts.session("new") is None


async def test_a_change_ends_every_session_and_a_disabled_user_has_none(store: SqlStore, clock: FakeClock) -> None:
    accounts = Accounts(store.shared)
    user = await accounts.add("lin", "hash", Role.ADMIN)
    await accounts.rotate(session(user, clock, "a"), "")
    await accounts.change(user.id, role=Role.CURATOR.value)
    assert await accounts.session("a") is None
    await accounts.rotate(session(user, clock, "b"), "")
    await accounts.change(user.id, keep_sessions=True, disabled=True)
    assert await accounts.session("b") is None


async def test_a_code_works_once(store: SqlStore) -> None:
    accounts = Accounts(store.shared)
    user = await accounts.add("lin", "hash", Role.ADMIN)
    taken = await asyncio.gather(*(accounts.use_step(user.id, 100) for _ in range(5)))
    assert 1 == taken.count(True)
    assert (False, True) == (await accounts.use_step(user.id, 99), await accounts.use_step(user.id, 101))


async def test_a_burst_of_attempts_gets_no_further_than_one_after_another(store: SqlStore) -> None:
    accounts = Accounts(store.shared)
    tries = [accounts.attempt("lin", f"a{n % 10}", Limits()) for n in range(200)]
    assert Limits().name == sum(found is not None for found in await asyncio.gather(*tries))
    other = [accounts.attempt(f"user{n}", "b", Limits()) for n in range(100)]
    assert Limits().address == sum(found is not None for found in await asyncio.gather(*other))


async def test_attempts_are_forgotten_in_time(store: SqlStore, clock: FakeClock) -> None:
    accounts = Accounts(store.shared)
    for _ in range(Limits().pair):
        await accounts.attempt("lin", "a", Limits())
    assert await accounts.attempt("lin", "a", Limits()) is None
    clock.pass_by(minutes=15)
    assert await accounts.attempt("lin", "a", Limits()) is not None
    assert Limits().pair + 1 == await accounts.purge(clock(), clock() + timedelta(seconds=1))


async def test_the_audit_only_grows(store: SqlStore) -> None:
    """The database itself refuses to change, delete or empty it."""
    notes = Audit(store.shared)
    await notes.note("lin", "answered", "cluster:1", "192.0.2.1", size=3)
    await notes.note("chen", "published", "proposal:2")
    statements = [sa.update(audit).values(who="eve"), sa.delete(audit)]
    for statement in statements:
        with pytest.raises(SQLAlchemyError, match="only grows"):
            async with store.shared.engine.begin() as connection:
                await connection.execute(statement)
    lines, total = await notes.lines()
    assert (2, ["chen", "lin"]) == (total, [line.who for line in lines])
    assert ({"size": 3}, "192.0.2.1") == (lines[1].detail, lines[1].address)
    for kept in ({"who": "lin"}, {"what": ("answered",)}, {"about": "cluster:1"}):
        found, count = await notes.lines(**kept)
        assert (1, "lin") == (count, found[0].who)
    page, total = await notes.lines(limit=1, offset=1)
    assert (2, "lin") == (total, page[0].who)
