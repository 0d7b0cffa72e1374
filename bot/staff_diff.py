"""`fawen diff`: what a change of the knowledge does to questions people really ask, before it is published."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from sqlalchemy.engine import make_url

from bot.brain import make_encoders
from bot.config import Settings
from bot.errors import StoreError
from bot.paths import knowledge_dir
from bot.revisions import knowledge_at
from intents import KnowledgeBase, Matcher
from intents.diff import KINDS, Change, compare
from intents.diff_page import html_page
from intents.evaluate import question_files, read_cases
from intents.model import KnowledgeData

LOGGED = 10_000
"""Newest exchanges of the log that are asked again."""


def run_diff(
    settings: Settings, old: str, new: str, progress: Any, page: Path | None, as_json: bool, log: bool = True
) -> None:
    """Which test questions, stored questions and, with `log`, recorded questions get another answer from NEW.

    Raises ConfigError when a name is neither directory nor revision, KnowledgeError when one cannot be loaded.
    """
    current = settings.knowledge.dir or knowledge_dir()
    encoders, _ = make_encoders(settings.knowledge.encoder, settings.knowledge.cache_dir)
    with knowledge_at(old, current) as before, knowledge_at(new, current) as after:
        first, second = (
            Matcher(KnowledgeBase.load(place), encoders=encoders, cache=settings.knowledge.cache_dir)
            for place in (before, after)
        )
        tests = [c.text for place in (after, before) for p in question_files(place / "tests") for c in read_cases(p)]
    logged = asyncio.run(logged_questions(settings)) if log and _has_store(settings) else Counter()
    origins = origins_of(tests, [first.knowledge, second.knowledge], logged)
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, len(origins))

    changes = compare(first, second, origins, tick)
    changes.sort(key=lambda c: (list(KINDS).index(c.kind), -logged[c.text]))
    if page:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(html_page(changes, len(origins), origins, f"{old} → {new}"), encoding="utf-8")
    _say(changes, origins, page, as_json)


def origins_of(tests: list[str], bases: list[KnowledgeData], logged: Counter[str]) -> dict[str, str]:
    """Every question to ask, once, and where it comes from: what residents asked comes first."""
    found = {text: f"居民问过 {times} 次" for text, times in logged.most_common()}
    for text in tests:
        found.setdefault(text, "检验题")
    for base in bases:
        for entry in base.entries.values():
            for question in entry.questions:
                found.setdefault(question, "相似问")
    return found


def _has_store(settings: Settings) -> bool:
    """Whether there is a store already: looking for its questions must not make an empty one."""
    url = make_url(settings.store.url.get_secret_value())
    return url.get_backend_name() != "sqlite" or bool(url.database and Path(url.database).exists())


async def logged_questions(settings: Settings) -> Counter[str]:
    """The recorded questions (redacted when they were recorded) and how often each was asked."""
    from bot.app import utc_now
    from bot.store import open_store

    store = open_store(settings.store.url.get_secret_value(), now=utc_now)
    try:
        await store.start()
        rows = await store.exchanges(limit=LOGGED)
    except StoreError as error:
        click.echo(f"读不到问答记录，只比较检验题和相似问：{error}", err=True)
        return Counter()
    finally:
        await store.close()
    return Counter(row.text for row in rows if row.kind == "text" and row.text.strip())


def _say(changes: list[Change], origins: dict[str, str], page: Path | None, as_json: bool) -> None:
    if as_json:
        listed = [{**asdict(c), "origin": origins[c.text]} for c in changes]
        click.echo(json.dumps(listed, ensure_ascii=False, indent=1))
        return
    for kind, title in KINDS.items():
        rows = [c for c in changes if c.kind == kind]
        if rows:
            click.echo(f"{title}（{len(rows)}）")
        for change in rows:
            moved = f"    {change.old}" if kind == "answer" else f"    原来 {change.old}\n    现在 {change.new}"
            click.echo(f"  {change.text}（{origins[change.text]}）\n{moved}")
    click.echo(f"{len(origins)} 个问题里，{len(changes)} 个的回答有变化。" + (f"网页：{page}" if page else ""))
