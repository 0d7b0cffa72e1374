"""A page of another site that embeds the chat, served over real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_HEAD = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>某局网站</title></head><body style="margin:0;font:17px/1.6 sans-serif;background:#fff;color:#111">
<header style="background:#1d4f91;color:#fff;padding:16px">某局网站</header>
<main style="padding:16px"><h1>办事指南</h1><p>这是别的网站的一页，右下角的按钮打开问答。</p></main>"""
_SCRIPT = '<script src="{}/embed.js" defer></script>'
_FRAME = '<iframe id="by-hand" title="问答" src="{}/"></iframe>'


@dataclass
class Host:
    """The other site. Known before ours is started, which has to name it."""

    port: int
    embeds: str = field(default="", init=False)
    """The address of our site, set once it runs."""

    @property
    def named(self) -> str:
        """Its origin by name: another site than 127.0.0.1 to a browser, which keeps cookies apart by site."""
        return f"http://localhost:{self.port}"

    @property
    def numbered(self) -> str:
        """Its origin by number: the very same pages under another origin."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def other_site(port: int = 0) -> Iterator[Host]:
    """Serve `/` with our script and `/frame` with an iframe made by hand, on any free port unless one is given."""

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            tag = _FRAME if self.path.startswith("/frame") else _SCRIPT
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(f"{_HEAD}{tag.format(host.embeds)}</body></html>".encode())

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Other) as server:
        host = Host(server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield host
        server.shutdown()
