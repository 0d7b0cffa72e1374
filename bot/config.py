"""Settings: config.yaml, overridden by the environment (`FAWEN_SERVER__PORT=9000`); every one has a default.

`config.example.yaml` documents each setting and is held against this file by a test. Secrets are wrapped, so that
printing the settings hides them. An unknown or wrong setting is named with its value and the remedy.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from bot.credentials import take_files, written_out
from bot.errors import ConfigError

ENV_PREFIX = "FAWEN_"
Port = Annotated[int, Field(ge=0, le=65535)]
Positive = Annotated[float, Field(gt=0)]


Origin = Annotated[str, Field(pattern=r"^https?://[a-z0-9.\-]+(:[0-9]{1,5})?$")]


def _parts(value: Any) -> Any:
    """`1,-100200` from the environment -> a list; anything else as it is."""
    return [part for part in value.replace(" ", "").split(",") if part] if isinstance(value, str) else value


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _network(value: str) -> str:
    """An address or network as it is written. Raises ValueError with the remedy."""
    try:
        ipaddress.ip_network(value)
    except ValueError:
        raise ValueError(f"“{value}”不是 IP 地址或网段，写成 127.0.0.1 或 10.0.0.0/24") from None
    return value


Proxies = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], BeforeValidator(_parts)]


class Server(_Section):
    """The HTTP server for the chat page, the API and the webhooks."""

    host: str = "127.0.0.1"
    port: Port = 8000
    """0 takes any free port."""
    max_body: Annotated[int, Field(ge=1024)] = 65536
    """Largest request body, bytes."""
    hsts_seconds: Annotated[int, Field(ge=0)] = 0
    """How long browsers are to come by HTTPS only, sent over HTTPS; 0: nothing is said. Hard to take back."""
    trusted_proxies: Proxies = ("127.0.0.1", "::1")
    """Whose X-Forwarded-For and X-Forwarded-Proto are believed, addresses or networks; all others' are ignored."""
    metrics_token: SecretStr = SecretStr("")
    """Lets others than this machine read /metrics, as `Authorization: Bearer …`."""


class StoreSettings(_Section):
    """The database."""

    url: SecretStr = SecretStr("sqlite+aiosqlite:///fawen.db")


class KnowledgeSettings(_Section):
    """Where the curated answers are."""

    dir: Path | None = None
    """None: the directory `knowledge` beside the program, or the one inside the installed package."""
    source: Literal["files", "store"] = "files"
    """`store`: what `fawen knowledge push` and the console publish into the database is in force, on every machine."""
    reload_seconds: Annotated[float, Field(ge=0)] = 2.0
    """How often changed files are looked for; 0 switches reloading off."""
    cache_dir: Path = Path(".cache")
    """Where learnt weights and sentence vectors are kept; safe to delete."""
    encoder: Annotated[str, Field(pattern=r"^(auto|fast|off|onnx:.+)$")] = "auto"
    """Sentence vectors when the packages for them are installed; `fast` leaves out the slower of the two; `onnx:` and a
    directory takes a model of one's own, for which `fawen fit` must be run once."""


class Web(_Section):
    """The chat page."""

    enabled: bool = True
    title: str = "中山公共法律服务"
    secure_cookies: bool = False
    """Set where the page is served over HTTPS."""
    embed_origins: Annotated[tuple[Origin, ...], BeforeValidator(_parts)] = ()
    """Sites whose pages may show the chat in a frame and call the API, `https://www.example.gov.cn`."""


class Telegram(_Section):
    """The Telegram bot; off without a token."""

    token: SecretStr = SecretStr("")
    base_url: str = "https://api.telegram.org"
    """Server root, without /bot."""
    mode: Literal["polling", "webhook"] = "polling"
    webhook_secret: SecretStr = SecretStr("")
    webhook_url: str = ""
    """Public https address that ends in /telegram; registered at start in webhook mode."""
    proxy: str = ""
    """Used for fetching and for sending."""
    staff_chats: Annotated[tuple[int, ...], BeforeValidator(_parts)] = ()
    """Chats that hear of new tickets and may ask /queue and /stats."""

    @property
    def on(self) -> bool:
        """Whether there is a bot to be."""
        return bool(self.token.get_secret_value())


class MenuItem(_Section):
    """A button below the chat (自定义菜单): with `key` it says something to the bot, with `url` it opens a page."""

    name: str
    key: Annotated[str, Field(max_length=128)] = ""
    """`start`, `menu`, `human`, `help`, or the id of a topic or an entry."""
    url: Annotated[str, Field(max_length=1024)] = ""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _check_button(self.name, 60, (self.key, self.url))
        return self


class MenuButton(_Section):
    """One of the three buttons of the first row: a button like any other, or the lid of up to five in `sub`."""

    name: str
    key: Annotated[str, Field(max_length=128)] = ""
    url: Annotated[str, Field(max_length=1024)] = ""
    sub: Annotated[tuple[MenuItem, ...], Field(max_length=5)] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _check_button(self.name, 16, (self.key, self.url, self.sub))
        return self


def _check_button(name: str, most: int, does: tuple[object, ...]) -> None:
    if not name or len(name.encode()) > most:
        raise ValueError(f"菜单名称“{name}”应当有 1 到 {most} 个字节（一个汉字 3 个字节）")
    if sum(bool(one) for one in does) != 1:
        raise ValueError(f"菜单“{name}”要在 key、url、sub 里正好写一样")


def _json(value: Any) -> Any:
    """A list written as JSON, as the environment has it."""
    return json.loads(value) if isinstance(value, str) else value


class WeChat(_Section):
    """The WeChat Official Account; off without app_id and token."""

    app_id: str = ""
    app_secret: SecretStr = SecretStr("")
    token: SecretStr = SecretStr("")
    encoding_aes_key: SecretStr = SecretStr("")
    encoding_aes_key_old: SecretStr = SecretStr("")
    """The key before the present one, for messages on their way while it is changed."""
    mode: Literal["plain", "compatible", "safe"] = "safe"
    api_base: str = "https://api.weixin.qq.com"
    callback_url: str = ""
    """The address that was entered at WeChat, ending in /wechat; `fawen doctor` asks there as WeChat does."""
    menu: Annotated[tuple[MenuButton, ...], BeforeValidator(_json), Field(max_length=3)] = (
        MenuButton(name="问法律", key="menu"),
        MenuButton(name="转人工", key="human"),
        MenuButton(name="怎么用", key="help"),
    )
    """Pushed by `fawen wechat menu --push`."""

    @property
    def on(self) -> bool:
        """Whether there is an account to answer for."""
        return bool(self.app_id and self.token.get_secret_value())


class Dialogue(_Section):
    """How the bot talks."""

    max_length: Annotated[int, Field(ge=20, le=4000)] = 500
    """Longest question that is answered, characters; longer ones are asked to be shortened."""
    context_minutes: Positive = 10.0
    """How long a follow-up is understood from the exchange before it."""
    per_minute: Annotated[int, Field(ge=1)] = 20
    """Messages a person may send at once; after that so many a minute, evenly."""
    reply_days: Annotated[int, Field(ge=1)] = 3
    """Working days within which a ticket is promised to be answered."""


class DeskSettings(_Section):
    """The staff's desk."""

    hours: str = ""
    """Working hours, said with each ticket; empty: not said."""
    gather_seconds: Positive = 1.0
    """How often new tickets are gathered into clusters."""


class Limits(_Section):
    """What the service takes on at once; more gets a courteous text."""

    per_second: Annotated[int, Field(ge=1)] = 300
    """Messages a second, all channels together; those that can wait (Telegram) wait instead."""
    in_work: Annotated[int, Field(ge=1)] = 500
    """Messages being answered at the same moment, all channels together."""


class ConsoleSettings(_Section):
    """The review console for staff."""

    enabled: bool = True
    secure_cookies: bool = False
    """Set where the console is served over HTTPS."""
    idle_minutes: Positive = 60.0
    """A session ends after so long without use."""
    session_hours: Positive = 12.0
    """A session ends after so long in any case."""


class LogSettings(_Section):
    """What is written to standard error."""

    format: Literal["text", "json"] = "text"
    """Lines for people, or one JSON object a line for programs."""
    level: Literal["info", "warning", "error"] = "info"


class Retention(_Section):
    """How long what residents wrote is kept."""

    enabled: bool = True
    """Whether the service deletes by itself, once a day; `fawen purge` does so in any case."""
    conversation_days: Annotated[int, Field(ge=1)] = 90
    """Conversations as shown to their person."""
    question_days: Annotated[int, Field(ge=1)] = 365
    """Text and person of a recorded question; what is left is counted in reports and names nobody."""
    ticket_days: Annotated[int, Field(ge=1)] = 365
    """Text and person of a ticket, counted from when it was settled; open ones stay."""


class Office(_Section):
    """Facts that only the operator knows; answers leave them out until they are filled in."""

    address: str = ""
    phone: str = ""
    hours: str = ""


class Settings(_Section):
    """All settings."""

    server: Server = Server()
    store: StoreSettings = StoreSettings()
    knowledge: KnowledgeSettings = KnowledgeSettings()
    web: Web = Web()
    telegram: Telegram = Telegram()
    wechat: WeChat = WeChat()
    dialogue: Dialogue = Dialogue()
    desk: DeskSettings = DeskSettings()
    limits: Limits = Limits()
    console: ConsoleSettings = ConsoleSettings()
    retention: Retention = Retention()
    log: LogSettings = LogSettings()
    office: Office = Office()

    @classmethod
    def load(cls, path: Path | None, environ: Mapping[str, str]) -> Self:
        """Read a file (None: defaults only), then the environment. Raises ConfigError naming key, value, remedy."""
        data = _read(path) if path else {}
        secrets = secret_settings()
        take_files(data, environ, secrets)
        files = {f"{ENV_PREFIX}{section}__{key}_FILE".upper() for section, keys in secrets.items() for key in keys}
        for name, value in environ.items():
            if name.startswith(ENV_PREFIX) and "__" in name and name not in files:
                section, _, key = name[len(ENV_PREFIX) :].lower().partition("__")
                part = data.setdefault(section, {})
                if not isinstance(part, dict):
                    raise ConfigError(f"设置“{section}”应当是一组键值，现在是 {part!r}。")
                part[key] = value
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise ConfigError(_explain(error, path, environ)) from None


def secret_settings() -> dict[str, tuple[str, ...]]:
    """Section -> its secret settings, which may come from files (bot.credentials)."""
    found = {}
    for section, field in Settings.model_fields.items():
        part = field.annotation
        assert isinstance(part, type)
        assert issubclass(part, BaseModel)
        found[section] = tuple(name for name, one in part.model_fields.items() if one.annotation is SecretStr)
    return {section: names for section, names in found.items() if names}


def secrets_in(path: Path) -> list[str]:
    """Secrets that the settings file itself holds, `telegram.token`. Raises ConfigError."""
    return written_out(_read(path), secret_settings())


def _read(path: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"找不到设置文件 {path}。请复制 config.example.yaml，或去掉 --config。") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"设置文件 {path} 读不懂：{error}") from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ConfigError(f"设置文件 {path} 应当是一组键值。请对照 config.example.yaml。")
    return {str(k): ({} if v is None else v) for k, v in data.items()}


_WRONG = {
    "int_parsing": "应当是整数", "int_type": "应当是整数", "int_from_float": "应当是整数", "float_parsing": "应当是数字",
    "float_type": "应当是数字", "bool_parsing": "应当是 true 或 false", "bool_type": "应当是 true 或 false",
    "string_type": "应当是文字", "string_pattern_mismatch": "写法不对", "greater_than": "应当大于 {gt}",
    "greater_than_equal": "不能小于 {ge}", "less_than_equal": "不能大于 {le}", "literal_error": "只能是 {expected}",
    "too_long": "最多 {max_length} 个", "string_too_long": "最多 {max_length} 个字符", "missing": "没有写",
    "value_error": "{error}",
}  # fmt: skip
"""What is wrong, by pydantic's type of error; others in pydantic's words."""


def _names(variable: str, place: Sequence[int | str]) -> bool:
    """Whether an environment variable is a setting, or one of a section that there is not."""
    named = ENV_PREFIX + "__".join(str(part) for part in place[:2]).upper()
    return variable == named or (len(place) == 1 and variable.startswith(f"{named}__"))


def _explain(error: ValidationError, path: Path | None, environ: Iterable[str]) -> str:
    """One line: each setting with where it was written, its value and the remedy."""
    lines = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"])
        where = next((f"环境变量 {name}" for name in environ if _names(name, problem["loc"])), path or "环境变量")
        if problem["type"] == "extra_forbidden":
            lines.append(f"{where}：不认识的设置“{key}”。可用的设置见 config.example.yaml。")
        else:
            secret = any(word in key for word in ("token", "secret", "key", "url"))
            found = "（不显示）" if secret else repr(problem["input"])
            wrong = (
                _WRONG.get(problem["type"], problem["msg"]).format_map(problem.get("ctx", {})).replace(" or ", " 或 ")
            )
            lines.append(f"{where}：设置“{key}”的值 {found} 不对：{wrong}。允许的值见 config.example.yaml。")
    return " ".join(lines)
