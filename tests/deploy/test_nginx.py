"""The nginx sample in front of the real service: TLS, forwarded addresses, limits, what stays inside, live numbers."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from bot.channels.wechat_webhook import MOST_BODY
from bot.config import Settings
from tests.deploy.proxy import NAME, NGINX, Site, answering, configured, proxy_of, running_proxy
from tests.deploy.tools import needed

PASSWORD = "a good long phrase 7"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """nginx and `fawen serve`, once for all tests here."""
    with running_proxy(needed("nginx", "nginx-light"), tmp_path_factory.mktemp("proxy"), ("lin",), PASSWORD) as made:
        yield made


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    """A browser that trusts our certificate and finds the name at 127.0.0.1."""
    with _browser(site) as made:
        yield made


def _browser(site: Site) -> httpx.Client:
    made = httpx.Client(base_url=f"https://127.0.0.1:{site.https}", verify=_trust(site), timeout=30)
    made.headers["host"] = f"{NAME}:{site.https}"
    return made


def _trust(site: Site) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=site.home / "tls" / "fullchain.pem")


def test_nginx_reads_the_sample(tmp_path: Path) -> None:
    """`nginx -t` on the sample as it is shipped, but for ports and certificate paths."""
    path = configured(tmp_path, 18443, 18080, (8000, 8001))
    nginx = needed("nginx", "nginx-light")
    done = subprocess.run(
        [nginx, "-t", "-c", path, "-e", tmp_path / "error.log"], capture_output=True, text=True, check=False
    )
    assert (0, True) == (done.returncode, "syntax is ok" in done.stderr), done.stderr
    assert "[warn]" not in done.stderr


def test_the_body_limit_is_the_service_s() -> None:
    """What nginx lets through is what `server.max_body` takes, and for WeChat what its webhook takes."""
    text = (NGINX / "fawen.conf").read_text(encoding="utf-8")
    limits = [1024 * int(k) for k in re.findall(r"client_max_body_size (\d+)k;", text)]
    assert [Settings().server.max_body, MOST_BODY] == limits


def test_the_two_upstreams_differ_in_names_only() -> None:
    """On one machine and under compose the same rules hold."""
    one, two = (
        re.sub(r"server \S+|^#.*", "", (NGINX / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
        for name in ("upstream.conf", "upstream.compose.conf")
    )
    assert one == two
    own, again = (text.partition("{")[2] for text in re.findall(r"upstream \w+ \{[^}]*\}", one))
    assert re.sub("fawen|#.*", "", own).split() == re.sub("fawen_again|#.*", "", again).split()


@pytest.mark.parametrize("path", ["/api/chat", "/telegram"])
def test_a_replica_cut_off_from_its_database_gives_its_share_away(path: str, tmp_path: Path) -> None:
    """It answers 503 and has kept nothing: the other one gets the very same message."""
    with (
        answering(503, 200) as servers,
        proxy_of(needed("nginx", "nginx-light"), tmp_path, servers) as site,
        _browser(site) as client,
    ):
        assert {200} == {client.post(path, json={"text": "x"}).status_code for _ in range(8)}


def test_what_may_have_been_kept_is_not_sent_twice(tmp_path: Path) -> None:
    """The page's form says by itself what is wrong; its answer, whatever it is, is the visitor's."""
    with (
        answering(503, 200) as servers,
        proxy_of(needed("nginx", "nginx-light"), tmp_path, servers) as site,
        _browser(site) as client,
    ):
        assert {503, 200} == {client.post("/say", data={"text": "x"}).status_code for _ in range(8)}


def test_without_a_database_the_service_itself_says_so(tmp_path: Path) -> None:
    """Every replica answers 503: the program gets that, not a page of nginx, and the visitors' pages stay."""
    with (
        answering(503, 503) as servers,
        proxy_of(needed("nginx", "nginx-light"), tmp_path, servers) as site,
        _browser(site) as client,
    ):
        said = [client.post("/api/chat", json={"text": "x"}) for _ in range(12)]
        assert {(503, "fawen")} == {(one.status_code, one.text) for one in said}
        assert {200} == {client.get("/").status_code for _ in range(4)}


@pytest.mark.parametrize(("path", "most"), [("/wechat", 80), ("/telegram", 80), ("/static/x", 60)])
def test_a_platform_may_have_many_connections(path: str, most: int, tmp_path: Path) -> None:
    """Eighty requests at the same moment from one address: a platform's all go on, of a visitor those above sixty do not."""
    with (
        answering(200, 200, together=most) as servers,
        proxy_of(needed("nginx", "nginx-light"), tmp_path, servers) as site,
        ExitStack() as stack,
    ):
        request = f"POST {path} HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
        opened = [stack.enter_context(_connected(site)) for _ in range(80)]
        for one in opened:
            one.sendall(request.encode())
        said = [one.recv(12) for one in opened]
        assert Counter({b"HTTP/1.1 200": most, b"HTTP/1.1 429": 80 - most}) == Counter(said)


def _connected(site: Site) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", site.https), timeout=60)
    return _trust(site).wrap_socket(plain, server_hostname=NAME)


def test_the_page_over_tls_with_a_dead_replica(client: httpx.Client) -> None:
    """One server of the upstream is away: every visitor is served by the other, page, form and API."""
    for _ in range(4):
        page = client.get("/")
        assert (200, "text/html; charset=utf-8") == (page.status_code, page.headers["content-type"])
    said = client.post("/api/chat", json={"session": "s1", "text": "法律援助收费吗"})
    assert ("answer", "legal_aid.cost") == (said.json()["outcome"], said.json()["entry"])
    own = f"https://{client.headers['host']}"
    form = client.post("/say", data={"text": "法律援助收费吗"}, headers={"origin": own})
    assert 303 == form.status_code
    foreign = client.post("/say", data={"text": "法律援助收费吗"}, headers={"origin": "https://evil.example"})
    assert 403 == foreign.status_code


def test_cookies_are_for_tls_only(client: httpx.Client, site: Site) -> None:
    """Secure, out of reach of scripts; browsers are told once to come by TLS only, and not where there is none."""
    assert ["max-age=31536000"] == client.get("/").headers.get_list("strict-transport-security")
    assert "strict-transport-security" not in httpx.get(f"http://127.0.0.1:{site.behind}/").headers
    for cookie in client.get("/").headers.get_list("set-cookie"):
        assert {"secure", "httponly"} <= {part.strip().lower() for part in cookie.split(";")}, cookie


def test_plain_http_is_sent_to_https(site: Site) -> None:
    """Nothing is answered without TLS."""
    said = httpx.get(f"http://127.0.0.1:{site.http}/?a=1", headers={"host": NAME})
    assert (301, f"https://{NAME}/?a=1") == (said.status_code, said.headers["location"])


def test_another_name_is_not_answered(site: Site) -> None:
    """Whoever invents a Host, as for poisoned links, gets no answer at all."""
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"http://127.0.0.1:{site.http}/", headers={"host": "evil.example"})


@pytest.mark.parametrize("path", ["/metrics", "/metrics?x=1"])
def test_metrics_stay_inside(path: str, client: httpx.Client, site: Site) -> None:
    """Prometheus asks the service itself; through the proxy there is nothing, not even with forged headers."""
    assert 404 == client.get(path, headers={"x-forwarded-for": "127.0.0.1"}).status_code
    assert 200 == httpx.get(f"http://127.0.0.1:{site.behind}{path}").status_code


def test_too_much_is_refused_at_the_door(client: httpx.Client) -> None:
    """A body over the limit never reaches the service."""
    said = client.post("/api/chat", content=b" " * 70_000, headers={"content-type": "application/json"})
    assert 413 == said.status_code


@pytest.mark.parametrize(
    "begun",
    [b"GET / HTTP/1.1\r\nHost: www.exam", b"POST /api/chat HTTP/1.1\r\nHost: %s\r\nContent-Length: 50\r\n\r\n{"],
)
def test_who_sends_too_slowly_is_cut_off(begun: bytes, site: Site) -> None:
    """A request that never goes on, in its header or in its body, holds no connection: nginx closes it."""
    with (
        socket.create_connection(("127.0.0.1", site.https), timeout=60) as plain,
        _trust(site).wrap_socket(plain, server_hostname=NAME) as connection,
    ):
        connection.sendall(begun.replace(b"%s", NAME.encode()))
        said = b""
        while part := connection.recv(4096):
            said += part
    assert said == b"" or said.startswith(b"HTTP/1.1 408")


def test_the_real_address_is_known_and_a_forged_one_is_not_believed(client: httpx.Client, site: Site) -> None:
    """The audit names where a sign-in came from, as nginx saw it; the visitor's own header is dropped."""
    browser = _signed_in(client, {"x-forwarded-for": "203.0.113.9", "forwarded": "for=203.0.113.9"})
    page = browser.get("/console/audit").text
    assert "203.0.113.9" not in page
    assert "127.0.0.1" in page


def test_live_numbers_come_at_once(client: httpx.Client) -> None:
    """The console's event stream is not held back: the first event arrives while the connection stays open."""
    browser = _signed_in(client)
    with browser.stream("GET", "/console/live") as stream:
        assert "text/event-stream" in stream.headers["content-type"]
        for line in stream.iter_lines():
            if line.startswith("event:"):
                break
        assert "event: numbers" == line


def test_a_flood_from_one_address_is_turned_away(client: httpx.Client) -> None:
    """More sign-ins than a person can make get 429 from nginx. Last here: it uses up the address's sign-ins."""
    own = {"origin": f"https://{client.headers['host']}"}
    seen = [client.post("/console/signin", data={"name": "x"}, headers=own).status_code for _ in range(40)]
    assert 429 in seen
    assert 403 == seen[0]


def _signed_in(client: httpx.Client, headers: dict[str, str] | None = None) -> httpx.Client:
    """The client with a session."""
    own = {"origin": f"https://{client.headers['host']}", **(headers or {})}
    form = {"name": "lin", "password": PASSWORD}
    done = client.post("/console/signin", data=form, headers=own)
    assert (303, "/console") == (done.status_code, done.headers.get("location"))
    # httpx keeps cookies for the host it connects to; the name in front of it is the proxy's
    client.cookies.update({"fawen_staff": done.cookies["fawen_staff"]})
    return client
