"""Pages from templates: autoescape everywhere, and the small words (dates, ages, states) that all pages use."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse, Response

from bot.console import words
from bot.console.access import ROLE_NAMES, ROLE_NOTES
from bot.console.plotly_file import style_ids

HERE = timezone(timedelta(hours=8))
"""China has one time zone and no summer time."""


class Renderer:
    """Holds the templates."""

    def __init__(self) -> None:
        self._pages = Environment(
            loader=FileSystemLoader(Path(__file__).with_name("templates")),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._pages.filters.update(
            when=when, day=day, age=age, share=share, channel=_named(words.CHANNELS), state=_named(words.STATES),
            reason=_named(words.REASONS), delivery=_named(words.DELIVERIES), event=_named(words.EVENTS),
            proposal=_named(words.PROPOSALS), kind=_named(words.KINDS), audited=_named(words.AUDITED), detail=_named(words.DETAILS),
            apart=_named(words.APART), publication=_named(words.PUBLICATIONS), outcome=_named(words.OUTCOMES),
        )  # fmt: skip
        self._pages.globals.update(
            ROLE_NAMES=ROLE_NAMES,
            ROLE_NOTES=ROLE_NOTES,
            DONE=words.DONE,
            CHANGED=words.CHANGED,
            link=link,
            spent=spent,
            PLOTLY_STYLES=style_ids(),
        )

    def page(self, template: str, **values: Any) -> str:
        """One page as HTML. A name that the template wants and does not get is an error."""
        return self._pages.get_template(template).render(**values)

    def bare(self, message: str, status: int) -> Response:
        """A page for somebody who is not signed in, or when nothing else can be had."""
        return HTMLResponse(self._pages.get_template("bare.html").render(message=message), status_code=status)


def _named(names: Mapping[str, str]) -> Any:
    return lambda key: names.get(str(getattr(key, "value", key)), str(key))


def when(moment: datetime | None) -> str:
    """11-23 10:05, local time; a dash for never."""
    return moment.astimezone(HERE).strftime("%m-%d %H:%M") if moment else "—"


def day(moment: datetime | None) -> str:
    """2026-11-23, local time."""
    return moment.astimezone(HERE).strftime("%Y-%m-%d") if moment else "—"


def age(moment: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits."""
    minutes = max(0, int((now - moment).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} 分钟"
    if minutes < 48 * 60:
        return f"{minutes // 60} 小时"
    return f"{minutes // 1440} 天"


def spent(first: datetime, due: datetime, now: datetime) -> int:
    """How much of the promised time is used up, in per cent, at most 100."""
    whole = (due - first).total_seconds()
    return 100 if whole <= 0 else max(0, min(100, round(100 * (now - first).total_seconds() / whole)))


def share(part: float) -> str:
    """0.0832 -> 8 %."""
    return f"{100 * part:.0f} %"


def link(path: str, query: Mapping[str, str], **changes: str | int) -> str:
    """An address with some values of its query changed; empty ones are left out."""
    merged = {**query, **{k: str(v) for k, v in changes.items()}}
    merged.pop("done", None)
    kept = {k: v for k, v in merged.items() if v not in ("", "0")}
    return path + ("?" + urlencode(kept) if kept else "")
