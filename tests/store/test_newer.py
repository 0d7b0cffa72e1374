"""A database of a newer program is left as it is, and named with what to do."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.errors import StoreError
from bot.store.connect import newest
from bot.store.sql import SqlStore
from tests.sample import service_environ

NEWER = "UPDATE alembic_version SET version_num = '9999'"


async def test_a_schema_that_the_program_does_not_know_is_refused(store: SqlStore) -> None:
    """Its revision, the program's and both remedies are said each time; nobody is kept waiting by the refused start."""
    async with store.shared.engine.execution_options(write=True).begin() as connection:
        await connection.execute(sa.text(NEWER))
    for _ in range(2):
        again = SqlStore(store._url.render_as_string(hide_password=False), now=store._now)
        with pytest.raises(StoreError, match=rf"9999 比程序新（程序要 {newest()}）.*升级过它的那个版本.*fawen restore"):
            await again.start()
        await again._engine.dispose()
    async with store.shared.reading() as connection:
        assert "9999" == (await connection.execute(sa.text("SELECT version_num FROM alembic_version"))).scalar_one()


async def test_the_service_says_so_in_one_line(tmp_path: Path) -> None:
    """`fawen serve` on such a database ends with 2 and the sentence, without a trace of the program."""
    store = SqlStore(f"sqlite+aiosqlite:///{tmp_path}/fawen.db", now=lambda: pytest.fail("nothing is written"))
    await store.start()
    await store.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "fawen.db")) as database, database:
        database.execute(NEWER)
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-m", "bot", "serve"],
        cwd=tmp_path, env=service_environ(tmp_path), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (2, True, False) == (done.returncode, "9999 比程序新" in done.stderr, "Traceback" in done.stderr), (
        done.stderr
    )
