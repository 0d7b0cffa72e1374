"""Secrets from the environment and from files; what stands in config.yaml itself is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.config import Settings, secret_settings, secrets_in
from bot.errors import ConfigError


def _file(directory: Path, name: str, text: str) -> Path:
    path = directory / name
    path.write_text(text, encoding="utf-8")
    return path


def _token(config: Path | None, **environ: str) -> str:
    return Settings.load(config, environ).telegram.token.get_secret_value()


def test_every_secret_setting_is_known() -> None:
    """Tokens, secrets, keys and the database's address."""
    assert {
        "server": ("metrics_token",),
        "store": ("url",),
        "telegram": ("token", "webhook_secret"),
        "wechat": ("app_secret", "token", "encoding_aes_key", "encoding_aes_key_old"),
    } == secret_settings()


def test_where_a_secret_comes_from_and_what_wins(tmp_path: Path) -> None:
    """Environment, the environment's file, systemd's credential, the settings' file, the settings: the first there is."""
    systemd = tmp_path / "credentials"
    systemd.mkdir()
    inline = _file(tmp_path, "inline.yaml", "telegram: {token: from-yaml}")
    by_file = _file(tmp_path, "file.yaml", f"telegram: {{token_file: {_file(tmp_path, 'a', 'from-yaml-file')}}}")
    named = str(_file(tmp_path, "b", "from-named-file\n"))
    assert "from-yaml" == _token(inline)
    assert "from-yaml-file" == _token(by_file)
    assert "from-yaml-file" == _token(by_file, CREDENTIALS_DIRECTORY=str(systemd))
    _file(systemd, "telegram.token", "from-systemd\n")
    assert "from-systemd" == _token(by_file, CREDENTIALS_DIRECTORY=str(systemd))
    assert "from-named-file" == _token(inline, CREDENTIALS_DIRECTORY=str(systemd), FAWEN_TELEGRAM__TOKEN_FILE=named)
    assert "from-environment" == _token(
        by_file, CREDENTIALS_DIRECTORY=str(systemd), FAWEN_TELEGRAM__TOKEN="from-environment"
    )
    assert "from-named-file" == _token(None, FAWEN_TELEGRAM__TOKEN_FILE=named)


@pytest.mark.parametrize("content", ["", "\n", "geheim\ntwo", "x" * 9000])
def test_a_file_that_is_no_secret_is_named(tmp_path: Path, content: str) -> None:
    """Empty, several lines, far too long: setting and path, never what is in it."""
    path = _file(tmp_path, "secret", content)
    with pytest.raises(ConfigError, match=r"telegram\.token.*secret.*只有一行") as caught:
        _token(None, FAWEN_TELEGRAM__TOKEN_FILE=str(path))
    assert "geheim" not in str(caught.value)


def test_two_places_at_once_are_refused(tmp_path: Path) -> None:
    """A value and a file for the same secret in one place; a file that is not there."""
    both = _file(tmp_path, "both.yaml", "telegram: {token: a, token_file: b}")
    with pytest.raises(ConfigError, match="只能写一个"):
        _token(both)
    with pytest.raises(ConfigError, match="FAWEN_TELEGRAM__TOKEN_FILE 只能设一个"):
        _token(None, FAWEN_TELEGRAM__TOKEN="a", FAWEN_TELEGRAM__TOKEN_FILE="b")
    with pytest.raises(ConfigError, match=r"telegram\.token.*nowhere"):
        _token(None, FAWEN_TELEGRAM__TOKEN_FILE="nowhere")
    with pytest.raises(ConfigError, match="不认识的设置"):
        Settings.load(None, {"FAWEN_TELEGRAM__PROXY_FILE": "only secrets come from files"})


def test_what_stands_in_the_file_is_named_but_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`fawen serve` says which secrets to move, once, and starts all the same."""

    async def run(settings: Settings) -> None:
        assert "s3cret" == settings.telegram.token.get_secret_value()

    monkeypatch.setattr("bot.serve.run", run)
    path = _file(
        tmp_path, "c.yaml",
        "telegram: {token: s3cret, webhook_secret: ''}\nstore: {url: 'postgresql+asyncpg://u:pw@h/d'}\n",
    )  # fmt: skip
    assert ["store.url", "telegram.token"] == secrets_in(path)
    assert [] == secrets_in(_file(tmp_path, "d.yaml", "telegram: {token_file: x}\nstore: {url: 'sqlite:///a.db'}\n"))
    done = CliRunner().invoke(main, ["serve", "--config", str(path)])
    assert (0, True) == (done.exit_code, "store.url、telegram.token 直接写在" in done.output), done.output
    assert "s3cret" not in done.output
