"""The page that a browser gets for what is not there or broke: in the size and the writing of its visit, with a way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from starlette.responses import HTMLResponse, Response

from bot.channels import visit
from bot.channels.templates import templates
from bot.headers import content_policy

_HOME = ("/", "回到聊天页面")
_DESK = ("/console", "回到管理台")
_PAGES = templates()


def alone(
    cookies: Mapping[str, str],
    path: str,
    status: int,
    said: str,
    traditional: Callable[[str], str] | None,
    frames: Sequence[str] = (),
) -> Response:
    """One sentence as a page, with a way back from `path`; `traditional` writes it in Traditional characters; `frames` are
    sites that may show it, but never what is the console's. The knowledge is not asked: it may be what is broken."""
    seen = visit.read(cookies)
    desk = path == _DESK[0] or path.startswith(f"{_DESK[0]}/")
    way, home = _DESK if desk else _HOME
    if traditional and seen.traditional:
        said, home = traditional(said), traditional(home)
    lang = visit.language(bool(traditional) and seen.traditional)
    html = _PAGES.get_template("alone.html").render(said=said, way=way, home=home, size=seen.size, lang=lang)
    policy = content_policy(() if desk else frames)
    return HTMLResponse(
        html, status_code=status, headers={"Cache-Control": "no-store", "Content-Security-Policy": policy}
    )
