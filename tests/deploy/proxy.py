"""The sample configuration of nginx, running: real certificates of our own, real ports, the real service behind."""

from __future__ import annotations

import datetime
import http.server
import ipaddress
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.sample import ROOT, service_environ

NAME = "www.example.gov.cn"
NGINX = ROOT / "deploy" / "nginx"


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_certificate(directory: Path) -> None:
    """fullchain.pem and privkey.pem for the sample's name, for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1)).add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    directory.mkdir()
    (directory / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (directory / "privkey.pem").write_bytes(private)


def configured(home: Path, https: int, http: int, servers: tuple[int, int]) -> Path:
    """The sample with these ports and a certificate of our own; patience with slow senders is a second instead of ten, so
    that nobody has to wait for it, and nothing else is changed."""
    make_certificate(home / "tls")
    site = (NGINX / "fawen.conf").read_text(encoding="utf-8")
    site = re.sub(
        r"listen 443\b", f"listen 127.0.0.1:{https}", re.sub(r"listen 80\b", f"listen 127.0.0.1:{http}", site)
    )
    site = site.replace("/etc/nginx/tls", str(home / "tls")).replace("/var/www/acme", str(home))
    site, patient = re.subn(r"client_(header|body)_timeout 10s;", r"client_\1_timeout 1s;", site)
    assert 2 == patient
    upstream = (NGINX / "upstream.conf").read_text(encoding="utf-8")
    for sample, real in zip((8000, 8001), servers, strict=True):
        upstream = upstream.replace(f"127.0.0.1:{sample}", f"127.0.0.1:{real}")
    temporary = "".join(
        f"{kind}_temp_path {home}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = home / "nginx.conf"
    path.write_text(
        f"daemon off;\npid {home}/nginx.pid;\nerror_log {home}/error.log;\nworker_processes 1;\n"
        f"{'user root;' if os.getuid() == 0 else ''}\n"
        f"events {{}}\nhttp {{\naccess_log {home}/access.log;\n{temporary}{upstream}\n{site}\n}}\n",
        encoding="utf-8",
    )
    return path


@dataclass(frozen=True)
class Site:
    """A running nginx with the service behind it."""

    https: int
    http: int
    behind: int
    """The service's own port."""
    home: Path


@contextmanager
def running_proxy(nginx: str, home: Path, users: tuple[str, ...] = (), password: str = "") -> Iterator[Site]:
    """nginx in front of one `fawen serve`; the second server of the upstream is not there."""
    with ExitStack() as stack:
        port = stack.enter_context(_serving(home, users, password))
        yield stack.enter_context(proxy_of(nginx, home, (free_port(), port)))


@contextmanager
def proxy_of(nginx: str, home: Path, servers: tuple[int, int]) -> Iterator[Site]:
    """nginx in front of whatever listens at these ports; `behind` is the second."""
    site = Site(free_port(), free_port(), servers[1], home)
    path = configured(home, site.https, site.http, servers)
    process = subprocess.Popen([nginx, "-c", path, "-e", home / "error.log"])  # noqa: S603  our own program
    try:
        _listening(site.https, process)
        yield site
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def answering(*statuses: int, together: int = 1) -> Iterator[tuple[int, int]]:
    """Two replicas that answer every POST with these statuses, as soon as so many are there `together`, and every GET with 200;
    their ports."""
    with ExitStack() as stack:
        ports, barrier = [], threading.Barrier(together)
        for status in statuses:
            handler = type("Handler", (_Replica,), {"status": status, "barrier": barrier})
            made = stack.enter_context(_Replicas(("127.0.0.1", 0), handler))
            threading.Thread(target=made.serve_forever).start()
            stack.callback(made.shutdown)
            ports.append(int(made.server_address[1]))
        one, two = ports
        yield one, two


class _Replicas(http.server.ThreadingHTTPServer):
    request_queue_size = 128


class _Replica(http.server.BaseHTTPRequestHandler):
    status = 200
    barrier = threading.Barrier(1)

    def do_GET(self) -> None:
        self._say(200)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.barrier.wait(60)
        self._say(self.status)

    def _say(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "5")
        self.end_headers()
        self.wfile.write(b"fawen")

    def log_message(self, *_: object) -> None:
        """Quiet."""


def _listening(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise AssertionError(f"nginx ended with exit code {process.returncode}")


@contextmanager
def _serving(home: Path, users: tuple[str, ...], password: str) -> Iterator[int]:
    environ = service_environ(
        home,
        FAWEN_SERVER__HSTS_SECONDS="31536000",
        FAWEN_WEB__SECURE_COOKIES="true",
        FAWEN_CONSOLE__SECURE_COOKIES="true",
    )
    program = [sys.executable, "-m", "bot"]
    for user in users:
        add = [*program, "user", "add", user, "--role", "admin"]
        subprocess.run(add, cwd=home, env=environ, input=password, text=True, check=True, capture_output=True)  # noqa: S603
    with subprocess.Popen([*program, "serve"], cwd=home, env=environ, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                break
        else:
            raise AssertionError("fawen serve did not start:\n" + "".join(said))
        try:
            yield int(found[1])
        finally:
            process.terminate()
            rest = process.stderr.read()
            code = process.wait(30)
        assert (0, False) == (code, "Traceback" in rest), rest
