"""Dockerfile and compose file, read as data: no container engine is needed, and none was used."""

from __future__ import annotations

import http.server
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.config import Settings
from deploy.healthcheck import ready

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"


def _stages() -> list[list[tuple[str, str]]]:
    """Instructions by stage: (name, rest)."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    stages: list[list[tuple[str, str]]] = []
    for line in lines:
        name, _, rest = line.partition(" ")
        if name == "FROM":
            stages.append([])
        if stages:
            stages[-1].append((name, rest.strip()))
    return stages


def _compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return found


def test_the_image_runs_as_nobody_special() -> None:
    """A number other than root's, given before anything starts, in the last stage."""
    last = _stages()[-1]
    users = [rest for name, rest in last if name == "USER"]
    assert ["10001:10001"] == users
    names = [name for name, _ in last]
    assert names.index("USER") < names.index("ENTRYPOINT")


def test_the_image_holds_no_tools_of_building() -> None:
    """The compiler of the wheel stays in the first stage; only environment, knowledge and health check come over."""
    first, last = _stages()
    assert any("hatchling" in rest for _, rest in first)
    copied = [rest for name, rest in last if name == "COPY"]
    assert ["/opt/fawen", "/src/knowledge", "deploy/healthcheck.py"] == [
        next(word for word in rest.split() if not word.startswith("--")) for rest in copied
    ]
    assert not any("pip" in rest for name, rest in last if name == "RUN")


def test_every_package_is_held_against_its_hash() -> None:
    """Each `pip install` reads a lock with hashes, or our own wheel and nothing else."""
    installs = [
        part for name, rest in _stages()[0] if name == "RUN" for part in rest.split("&&") if "pip install" in part
    ]
    assert 3 == len(installs)
    for line in installs:
        assert "--require-hashes -r deploy/" in line or "--no-deps --no-index /dist/fawen-" in line


def test_what_is_copied_is_there_and_sent_to_the_builder() -> None:
    """Each source of COPY exists and is let through by the ignore file, and nothing private is."""
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    allowed = {line[1:] for line in lines if line.startswith("!")}
    assert "*" in lines
    for name, rest in _stages()[0] + _stages()[1]:
        if name != "COPY" or "--from=" in rest:
            continue
        *sources, _ = [word for word in rest.split() if not word.startswith("--")]
        for source in sources:
            assert (ROOT / source).exists(), source
            assert source in allowed, source
    assert set() == allowed & {"config.yaml", "deploy/secrets.env", ".git", "tests"}


def test_the_settings_of_the_image_load() -> None:
    """The environment in the Dockerfile and in the compose file is of settings that exist."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    given = dict(re.findall(r"(FAWEN_[A-Z_]+)=(\S+)", text))
    for name, service in _compose()["services"].items():
        own = {k: v for k, v in service.get("environment", {}).items() if k.startswith("FAWEN_")}
        loaded = Settings.load(None, {**given, **own})
        assert ("0.0.0.0", 8000) == (loaded.server.host, loaded.server.port)
        if name.startswith("fawen"):
            assert (True, True) == (loaded.web.secure_cookies, loaded.console.secure_cookies)
            # what the console publishes is in the database, and so in its backup
            assert "store" == loaded.knowledge.source
            assert loaded.store.url.get_secret_value().endswith("@postgres/fawen")


def test_the_sample_of_secrets_loads() -> None:
    """Every line of secrets.env.example, filled in, is a setting."""
    text = (DEPLOY / "secrets.env.example").read_text(encoding="utf-8")
    given = dict(re.findall(r"^#?(FAWEN_[A-Z_]+)=(\S*)$", text, re.MULTILINE))
    assert {"FAWEN_STORE__URL", "FAWEN_TELEGRAM__TOKEN", "FAWEN_WECHAT__APP_SECRET"} <= set(given)
    Settings.load(None, given)


def test_the_guide_of_one_machine_starts_with_the_sample_as_it_is(tmp_path: Path) -> None:
    """Both guides install secrets.env.example: whatever stands in it active leaves the database to config.yaml."""
    guide = (DEPLOY / "README.zh-CN.md").read_text(encoding="utf-8")
    assert "install -m 600 secrets.env.example /etc/fawen/secrets.env" in guide
    text = (DEPLOY / "secrets.env.example").read_text(encoding="utf-8")
    active = dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE))
    written = re.search(r"```yaml\n(store: .*?)```", guide, re.DOTALL)
    assert written is not None
    (tmp_path / "config.yaml").write_text(written[1], encoding="utf-8")
    loaded = Settings.load(tmp_path / "config.yaml", active)
    assert "sqlite+aiosqlite:////var/lib/fawen/fawen.db" == loaded.store.url.get_secret_value()
    assert (False, False) == (loaded.telegram.on, loaded.wechat.on)


def test_the_database_s_password_is_asked_for_and_stands_in_one_place() -> None:
    """compose.env.example has each variable of the compose file and no other; without it nothing starts."""
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    wanted = re.findall(r"\$\{(\w+)(:\?)?", text)
    assert {("POSTGRES_PASSWORD", ":?")} == set(wanted)
    sample = (DEPLOY / "compose.env.example").read_text(encoding="utf-8")
    assert ["POSTGRES_PASSWORD"] == re.findall(r"^(\w+)=$", sample, re.MULTILINE)


def test_an_upgrade_changes_one_replica_at_a_time() -> None:
    """Build, one until it is healthy, nginx looks for it anew, the other, nginx again: `restart` would keep the old image."""
    guide = (DEPLOY / "README.zh-CN.md").read_text(encoding="utf-8")
    steps = re.findall(r"^docker compose (build|up|exec|restart)(.*?)(?: #.*)?$", guide, re.MULTILINE)
    assert [
        ("build", "fawen-1 fawen-2"),
        ("up", "-d --no-deps --wait fawen-1"), ("exec", "nginx nginx -s reload"),
        ("up", "-d --no-deps --wait fawen-2"), ("exec", "nginx nginx -s reload"),
    ] == [(name, rest.strip()) for name, rest in steps]  # fmt: skip


def test_only_the_replicas_get_the_channels_secrets() -> None:
    """A hole in the database or the proxy gives nobody the bot's token."""
    services = _compose()["services"]
    assert {"fawen-1", "fawen-2"} == {name for name, one in services.items() if one.get("env_file")}
    assert {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "POSTGRES_INITDB_ARGS"} == set(
        services["postgres"]["environment"]
    )


def test_tmp_holds_what_learning_hands_over() -> None:
    """A matcher of the shipped knowledge is up to 330 MiB on its way to the service (bot/relearn.py), twice when one ends."""
    for name in ("fawen-1", "fawen-2"):
        (mount,) = _compose()["services"][name]["tmpfs"]
        found = re.fullmatch(r"/tmp:size=(\d+)([mg]),mode=1777", mount)
        assert found is not None, mount
        assert int(found[1]) * {"m": 1, "g": 1024}[found[2]] >= 2 * 330, name


def test_two_replicas_behind_one_door() -> None:
    """Two services that differ in nothing but their name; only nginx has a port to the outside."""
    services = _compose()["services"]
    assert services["fawen-1"] == services["fawen-2"]
    assert {"nginx"} == {name for name, one in services.items() if one.get("ports")}
    upstream = (DEPLOY / "nginx" / "upstream.compose.conf").read_text(encoding="utf-8")
    # for what is not sent again, and for what is
    assert ["fawen-1:8000", "fawen-2:8000"] * 2 == re.findall(r"server (\S+) ", upstream)


def test_the_containers_are_closed() -> None:
    """No new privileges anywhere; the replicas and nginx cannot write their own files and hold no capability too many."""
    services = _compose()["services"]
    for name, one in services.items():
        assert ["no-new-privileges:true"] == one["security_opt"], name
        assert "privileged" not in one
        if name != "postgres":
            assert (True, ["ALL"]) == (one["read_only"], one["cap_drop"]), name
    assert services["postgres"]["networks"] == ["inside"]
    assert _compose()["networks"]["inside"]["internal"] is True


def test_what_the_compose_file_names_exists() -> None:
    """Volumes, networks, dependencies and mounted files."""
    made = _compose()
    for name, one in made["services"].items():
        for volume in one.get("volumes", []):
            source = volume.split(":")[0]
            found = (DEPLOY / source).exists() if source.startswith("./nginx") else source.lstrip("./") == "tls"
            assert found or source in made["volumes"], (name, source)
        assert set(one["networks"]) <= set(made["networks"])
        for other, how in one.get("depends_on", {}).items():
            assert "service_healthy" == how["condition"]
            target = made["services"][other]
            assert "healthcheck" in target or "build" in target, other
    assert any(name == "HEALTHCHECK" for name, _ in _stages()[-1])


def test_no_secret_is_written_down() -> None:
    """Passwords come from secrets.env, which is ignored by git, and stand in no file here."""
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    assert {"/deploy/secrets.env", "/deploy/.env", "/deploy/tls/"} <= set(ignored)
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    assert not re.search(r"(?i)(password|token|secret)\w*[:=]\s*[\"']?[a-z0-9]{6,}", text)


class _Ready(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/readyz" else 404)
        self.end_headers()
        self.wfile.write(json.dumps({"status": "ok"}).encode())

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(params=[200, 503])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """(port, status) of something that answers /readyz."""
    handler = type("Handler", (_Ready,), {"status": request.param})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made.server_address[1], request.param
        made.shutdown()
        thread.join()


def test_the_health_check_tells_ready_from_not(server: tuple[int, int]) -> None:
    """200 is healthy; 503, as while the database is away, is not. Run as the image runs it."""
    port, status = server
    done = subprocess.run(
        [sys.executable, "-I", DEPLOY / "healthcheck.py"], env={"FAWEN_SERVER__PORT": str(port)}, check=False
    )
    assert (status != 200) == done.returncode
    assert (status == 200) == ready(str(port))


def test_nobody_there_is_not_healthy() -> None:
    """A refused connection is an answer too."""
    assert not ready("9")
