"""Where secrets come from: files and the environment, so that config.yaml need not hold any.

For each secret setting, `telegram.token` for example, the first of these that is there counts:

    FAWEN_TELEGRAM__TOKEN           the environment
    FAWEN_TELEGRAM__TOKEN_FILE      a file that the environment names (containers: /run/secrets/…)
    $CREDENTIALS_DIRECTORY/telegram.token    systemd's LoadCredential= (systemd.exec(5), Credentials)
    telegram: {token_file: …}       a file that config.yaml names
    telegram: {token: …}            in config.yaml itself: works, and `fawen serve` and `fawen doctor` advise against it
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.errors import ConfigError

_FILE = "_file"
_LONGEST = 8192
"""Bytes of a secret's file; more is another file by mistake."""
Secrets = Mapping[str, tuple[str, ...]]
"""Section -> its secret settings."""


def take_files(data: dict[str, Any], environ: Mapping[str, str], secrets: Secrets) -> None:
    """Put into `data` what files hold, in place of the settings that name them. Raises ConfigError."""
    for section, names in secrets.items():
        part = data.get(section, {})
        if not isinstance(part, dict):
            # named with all the others' faults when the settings are made
            continue
        for name in names:
            where = f"{section}.{name}"
            written = part.pop(name + _FILE, None)
            if written and part.get(name):
                raise ConfigError(f"设置“{where}”和“{where}{_FILE}”只能写一个。")
            if path := _named(environ, section, name) or written:
                part[name] = _read(where, Path(str(path)))
                data[section] = part


def _named(environ: Mapping[str, str], section: str, name: str) -> str:
    """The file that the environment names for a secret, or systemd's; empty when there is none. Raises ConfigError."""
    variable = f"FAWEN_{section}__{name}".upper()
    named = environ.get(variable + _FILE.upper(), "")
    if named and variable in environ:
        raise ConfigError(f"环境变量 {variable} 和 {variable}{_FILE.upper()} 只能设一个。")
    credential = Path(environ.get("CREDENTIALS_DIRECTORY", ""), f"{section}.{name}")
    return named or (str(credential) if environ.get("CREDENTIALS_DIRECTORY") and credential.is_file() else "")


def _read(where: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            found = file.read(_LONGEST + 1)
        text = found.decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"设置“{where}”的文件 {path} 读不了（{type(error).__name__}）。请检查路径和权限。") from None
    if not text or len(found) > _LONGEST or "\n" in text:
        raise ConfigError(f"设置“{where}”的文件 {path} 应当只有一行，就是密钥本身。")
    return text


def written_out(data: Mapping[str, Any], secrets: Secrets) -> list[str]:
    """Secrets that stand in the settings file itself; a database address counts when it has a password."""
    found = []
    for section, names in secrets.items():
        part = data.get(section)
        for name in names:
            value = part.get(name) if isinstance(part, dict) else None
            if value and (section != "store" or _password(str(value))):
                found.append(f"{section}.{name}")
    return found


def _password(url: str) -> bool:
    try:
        return bool(urlsplit(url).password)
    except ValueError:
        return False
