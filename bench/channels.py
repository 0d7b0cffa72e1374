"""Messages a second of each channel, end to end with the durable store, beside an echo on the same server in the same run.

    python -m bench.channels [--seconds 5]

One server process (uvicorn, the service's own application, SQLite with synchronous=FULL, the shipped knowledge, sentence
vectors off) and one client process on the same machine, twice: once every question is worked out anew (nothing is
remembered), once people ask the same hundred questions, as most people do, and the service remembers what it understood.
Messages are our own test questions, from one of 400 people; an answer counts when it is committed: the page's and API's
when the response is there, Telegram's when the exchange and its outbox row are stored, WeChat's (plain mode) when the
passive reply is there. Telegram's own sending (30 a second at most, by its rules) is not part of this.

Three echoes stand beside a channel, behind the same server, middleware and router. "echo": the same request read, for
WeChat its signature and age checked and its XML parsed, and its text sent back. "echo kept": the same, and before the answer
it is kept as a message is, by the service's own store: a look at what was before, then its three rows, durable. "echo talk":
channel and store as in service, and only where the dialogue understands it says back what it was told: what understanding and
answering cost.

A machine too slow for the steady 100 a second shows in the last column: WeChat then answers with the outage text and
keeps nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from time import perf_counter, sleep, time
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import httpx
from rich.console import Console
from rich.table import Table

from bench.load import Load, flat_out, steady
from bench.mixed_plan import post
from bot.channels.visit import VISIT
from bot.channels.wechat_crypto import sign
from bot.paths import knowledge_dir
from bot.recall import REMEMBERED
from intents.evaluate import question_files, read_cases

PEOPLE = 400
CONNECTIONS = 128
"""Kept busy flat out: with 32 the server often has nothing to do but to wait for the disk, and what is measured is a commit."""
RATE = 100.0
SECRET = "bench-secret"  # noqa: S105  for this run only


def questions() -> list[str]:
    """Our own test questions, each once."""
    cases = [c for path in question_files(knowledge_dir() / "tests") for c in read_cases(path)]
    return list(dict.fromkeys(c.text for c in cases if c.kind == "question"))


Make = Callable[[int, str], bytes]


def api_request(path: str) -> Make:
    """A request of the JSON API, or of the echo with the very same body."""

    def make(number: int, text: str) -> bytes:
        body = {"session": f"s{number % PEOPLE}", "text": text}
        return post(path, json.dumps(body, ensure_ascii=False).encode(), "application/json")

    return make


def page_request(path: str) -> Make:
    """A question from the page, as its script sends it; the answer is a piece of HTML."""

    def make(number: int, text: str) -> bytes:
        said = urlencode({"text": text, "id": f"n{number}"}).encode()
        cookie = f"Cookie: {VISIT}=bench-visit-{number % PEOPLE:012d}"
        form = "application/x-www-form-urlencoded"
        return post(path, said, form, cookie, "X-Fawen: bubbles", "Sec-Fetch-Site: same-origin")

    return make


def telegram_request(number: int, text: str) -> bytes:
    """A webhook delivery."""
    person = 1 + number % PEOPLE
    message = {
        "message_id": number, "date": 1_790_000_000, "text": text, "chat": {"id": person, "type": "private"},
        "from": {"id": person, "is_bot": False, "first_name": "x"},
    }  # fmt: skip
    body = json.dumps({"update_id": number, "message": message}, ensure_ascii=False).encode()
    return post("/telegram", body, "application/json", f"X-Telegram-Bot-Api-Secret-Token: {SECRET}")


def wechat_request(path: str) -> Make:
    """A delivery in plain mode: signed, with a nonce of its own; or the very same to an echo."""
    return lambda number, text: _wechat(path, number, text)


def _wechat(path: str, number: int, text: str) -> bytes:
    at, nonce = str(int(time())), f"n{number}"
    message = (
        f"<xml><ToUserName>gh</ToUserName><FromUserName>o{number % PEOPLE}</FromUserName><CreateTime>{at}</CreateTime>"
        f"<MsgType>text</MsgType><Content>{escape(text)}</Content><MsgId>{number}</MsgId></xml>"
    )
    query = f"signature={sign(SECRET, at, nonce)}&timestamp={at}&nonce={nonce}"
    return post(f"{path}?{query}", message.encode(), "text/xml")


ECHOES = ("echo", "echo kept", "echo talk")
"""What stands beside a channel, from the barest to the one nearest to it."""
CHANNELS: dict[str, tuple[Callable[[str], Make], str, str]] = {
    "web page": (page_request, "-form", "/say"),
    "web API": (api_request, "", "/api/chat"),
    "WeChat": (wechat_request, "-wechat", "/wechat"),
}
"""How a channel is asked, how the path of its bare echo ends, and its own path."""
TARGETS: dict[str, Make] = {
    f"{name} {echo}".strip(): make(at)
    for name, (make, bare, path) in CHANNELS.items()
    for echo, at in zip((*ECHOES, ""), (f"/echo{bare}", f"/echo-kept{bare}", f"/echo-talk{path}", path), strict=True)
} | {"Telegram": telegram_request}
"""Telegram's updates are acknowledged when they are stored and answered afterwards: no echo does the like."""


def requests(make: Make, texts: list[str], numbers: Iterator[int], repeat: bool) -> Iterator[bytes]:
    """Prepared requests without end; with `repeat` everybody asks the same hundred questions."""
    asked = texts[:100] if repeat else texts
    return (make(number, asked[number % len(asked)]) for number in numbers)


class Server:
    """The service in a process of its own."""

    def __init__(self, directory: str, recall: int) -> None:
        command = [sys.executable, "-m", "bench.channel_server", directory, SECRET, str(recall)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603  our own module
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=60)

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def exchanges(self) -> int:
        """Messages answered and recorded."""
        return int(self._http.get("/count").json()["exchanges"])

    def settled(self, expected: int, seconds: float = 60.0) -> float:
        """Wait until so many exchanges are recorded; how long it took, seconds."""
        started = perf_counter()
        while self.exchanges() < expected and perf_counter() - started < seconds:
            sleep(0.05)
        return perf_counter() - started

    def stop(self) -> None:
        """End the process that was started here."""
        self._http.close()
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)


async def measure(server: Server, name: str, texts: list[str], seconds: float, repeat: bool) -> tuple[Load, Load, int]:
    """One target: flat out, then at a steady 100 a second; and how many answered messages were not recorded."""
    numbers = itertools.count(1_000_000 * list(TARGETS).index(name) + 1)
    made = requests(TARGETS[name], texts, numbers, repeat)
    before = server.exchanges()
    warm = await flat_out(server.port, made, 1.0, CONNECTIONS)
    counted = not name.endswith(ECHOES[:2])
    if counted:
        server.settled(before + warm.done)
    before = server.exchanges()
    fast = await flat_out(server.port, made, seconds, CONNECTIONS)
    if name == "Telegram":
        # acknowledged is stored; the answers are still being made
        fast.seconds += server.settled(before + fast.done)
    calm = await steady(server.port, made, seconds, RATE)
    missing = 0
    if counted:
        server.settled(before + fast.done + calm.done)
        missing = fast.done + calm.done - (server.exchanges() - before)
    return fast, calm, missing


def run(texts: list[str], seconds: float, repeat: bool) -> Table:
    """One server, every target in turn."""
    asked = "the same hundred questions" if repeat else f"{len(texts)} questions, each worked out anew"
    table = Table(title=f"{asked}, {PEOPLE} people, {platform.machine()}", title_justify="left")
    for column in ("channel", "msg/s", *(f"% {echo}" for echo in ECHOES), "p50 ms", "p99 ms", "failed", "lost"):
        table.add_column(column, justify="left" if column == "channel" else "right", no_wrap=True)
    Path("out").mkdir(exist_ok=True)
    # in the checkout (ignored by git), not in /tmp, which may be memory: a commit shall reach a disk
    with tempfile.TemporaryDirectory(dir=Path("out").resolve()) as directory:
        server = Server(directory, REMEMBERED if repeat else 0)
        try:
            rates: dict[str, float] = {}
            for name in TARGETS:
                fast, calm, missing = asyncio.run(measure(server, name, texts, seconds, repeat))
                rates[name] = fast.rate
                echoes = [f"{name} {echo}" for echo in ECHOES] if name in CHANNELS else []
                beside = [f"{100 * fast.rate / rates[e]:.0f}" for e in echoes] or [""] * len(ECHOES)
                table.add_row(
                    name, f"{fast.rate:.0f}", *beside, f"{calm.percentile(0.5):.0f}", f"{calm.percentile(0.99):.0f}",
                    str(fast.failed + calm.failed), str(missing),
                )  # fmt: skip
        finally:
            server.stop()
    return table


def wide() -> Console:
    """Into a file a table is 80 columns wide unless told otherwise, and its figures are cut."""
    return Console(width=None if Console().is_terminal else 170)


def main() -> None:
    """Run and print both tables; percentiles are at a steady 100 messages a second, `lost` was answered and not recorded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0)
    show(wide(), parser.parse_args().seconds)


def show(console: Console, seconds: float = 2.0) -> None:
    """Both tables; with two seconds for each measure less than two minutes altogether."""
    texts = questions()
    for repeat in (False, True):
        console.print(run(texts, seconds, repeat))


if __name__ == "__main__":
    main()
