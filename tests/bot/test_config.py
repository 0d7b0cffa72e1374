"""Settings: documented, overridable, and clear when wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.config import Settings
from bot.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "config.example.yaml"


def test_the_example_shows_every_setting_with_its_default() -> None:
    """config.example.yaml has each setting, and its value is the default."""
    shown = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    sections = {name: set(field.annotation.model_fields) for name, field in Settings.model_fields.items()}  # type: ignore[union-attr]
    assert sections == {name: set(values) for name, values in shown.items()}
    assert Settings() == Settings.load(EXAMPLE, {})


def test_each_setting_has_a_line_of_explanation() -> None:
    """Every key of the example carries a comment."""
    bare = [
        line for line in EXAMPLE.read_text(encoding="utf-8").splitlines()
        if line.startswith("  ") and ":" in line and "#" not in line
    ]  # fmt: skip
    assert [] == bare


def test_the_environment_wins() -> None:
    """FAWEN_SECTION__KEY overrides the file."""
    settings = Settings.load(
        EXAMPLE, {"FAWEN_SERVER__PORT": "9000", "FAWEN_TELEGRAM__TOKEN": "123:abc", "PATH": "/bin"}
    )
    assert (9000, "123:abc") == (settings.server.port, settings.telegram.token.get_secret_value())


def test_staff_chats_from_the_environment() -> None:
    """Several ids, separated by commas; groups are negative."""
    settings = Settings.load(None, {"FAWEN_TELEGRAM__STAFF_CHATS": "42, -1001234"})
    assert (42, -1001234) == settings.telegram.staff_chats


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"FAWEN_SERVER__PORT": "99999"}, ("server.port", "99999")),
        ({"FAWEN_SERVER__PROT": "1"}, ("server.prot", "config.example.yaml")),
        ({"FAWEN_TELEGRAM__STAFF_CHATS": "@staff"}, ("telegram.staff_chats", "@staff")),
        ({"FAWEN_TELEGRAM__MODE": "push"}, ("telegram.mode", "push")),
    ],
)
def test_a_wrong_setting_is_named(environ: dict[str, str], words: tuple[str, str]) -> None:
    """Key, value and remedy."""
    with pytest.raises(ConfigError) as caught:
        Settings.load(None, environ)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize(
    ("variable", "value", "wrong"),
    [
        ("FAWEN_SERVER__PORT", "abc", "应当是整数"),
        ("FAWEN_DIALOGUE__PER_MINUTE", "0", "不能小于 1"),
        ("FAWEN_WEB__SECURE_COOKIES", "maybe", "应当是 true 或 false"),
        ("FAWEN_TELEGRAM__MODE", "push", "只能是 'polling' 或 'webhook'"),
        ("FAWEN_WECHAT__TOKN", "x", "不认识的设置“wechat.tokn”"),
        ("FAWEN_NIX__X", "x", "不认识的设置“nix”"),
        ("FAWEN_WEB__EMBED_ORIGINS", "https://www.example.gov.cn/", "写法不对"),
    ],
)
def test_what_is_wrong_is_said_where_it_was_written(tmp_path: Path, variable: str, value: str, wrong: str) -> None:
    """In Chinese, with the name of the variable: nobody looks for it in a file that does not have it."""
    path = tmp_path / "config.yaml"
    path.write_text("web: {title: 问法}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        Settings.load(path, {variable: value})
    assert str(caught.value).startswith(f"环境变量 {variable}：")
    assert wrong in str(caught.value)


def test_what_is_wrong_in_the_file_is_said_with_its_path(tmp_path: Path) -> None:
    """The variable of another setting is not blamed."""
    path = tmp_path / "config.yaml"
    path.write_text("server: {port: abc}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=f"{path.name}：设置“server.port”的值 'abc' 不对：应当是整数"):
        Settings.load(path, {"FAWEN_SERVER__HOST": "127.0.0.1"})


def test_secrets_do_not_show() -> None:
    """Printing the settings hides tokens and the database password; an error does not show them either."""
    settings = Settings.load(
        None, {"FAWEN_TELEGRAM__TOKEN": "123:hidden", "FAWEN_STORE__URL": "postgresql://u:pw1@h/d"}
    )
    assert "hidden" not in repr(settings)
    assert "pw1" not in repr(settings)


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    """The path stands in the message."""
    with pytest.raises(ConfigError, match="nowhere"):
        Settings.load(tmp_path / "nowhere.yaml", {})
    broken = tmp_path / "broken.yaml"
    broken.write_text("server: [", encoding="utf-8")
    with pytest.raises(ConfigError, match="broken"):
        Settings.load(broken, {})
