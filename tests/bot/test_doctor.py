"""`fawen doctor` and `fawen wechat menu` against a fake API: one Chinese line for each thing, with its remedy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pydantic import ValidationError

from bot.app import utc_now
from bot.channels.wechat_codes import PlatformSaid
from bot.channels.wechat_menu import shown, wanted
from bot.checkup import Finding
from bot.cli import main
from bot.config import MenuButton, Settings, WeChat
from bot.doctor import Surroundings, check_wechat_callback, check_wechat_token, doctor, examine
from intents import Matcher
from tests.channels.wechat_peer import KEY, TOKEN
from tests.channels.wechat_running import running
from tests.channels.wechat_server import APP_ID, FakeWeChat, running_wechat
from tests.sample import write_sample


@pytest.fixture
async def wechat() -> AsyncIterator[FakeWeChat]:
    async with running_wechat() as server:
        yield server


def settings(wechat: FakeWeChat, path: Path, **more: Any) -> Settings:
    """Complete settings, but for what a test changes."""
    given = {
        "app_id": APP_ID, "app_secret": "test-synthetic-secret", "token": TOKEN, "encoding_aes_key": KEY,
        "api_base": wechat.url, "callback_url": "http://127.0.0.1:9/wechat", **more,
    }  # fmt: skip
    return Settings.model_validate({"wechat": given, **quiet(path)})


def quiet(path: Path) -> dict[str, Any]:
    """Settings that nobody can complain of."""
    knowledge = path / "knowledge"
    if not knowledge.exists():
        write_sample(knowledge)
    return {
        "store": {"url": f"sqlite+aiosqlite:///{path}/d.db"},
        "knowledge": {"dir": knowledge, "cache_dir": path / "cache", "encoder": "off"},
        "server": {"port": 0},
    }


async def bad_lines(made: Settings) -> str:
    """What the doctor complains of."""
    return "\n".join(str(f) for f in await doctor(made, utc_now) if not f.good)


async def test_all_is_well(sample_matcher: Matcher, wechat: FakeWeChat, tmp_path: Path) -> None:
    """With the service running and complete settings every line is good."""
    async with running(sample_matcher, utc_now, wechat, tmp_path) as service:
        made = settings(wechat, tmp_path, callback_url=f"{service.url}/wechat")
        found = await doctor(made, utc_now)
    machine = ("设置文件", "数据库结构", "磁盘", "磁盘", "知识库", "句向量", "端口", "反向代理")
    assert [
        f"✓ {name}"
        for name in (*machine, "数据库", "本机时钟", "Telegram", "微信设置", "微信 access_token", "时钟", "微信回调")
    ] == [str(f).partition("：")[0] for f in found]


async def test_without_wechat_there_is_nothing_to_complain_of(tmp_path: Path) -> None:
    made = Settings.model_validate(quiet(tmp_path))
    assert "" == await bad_lines(made)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"encoding_aes_key": "short"}, ("43", "EncodingAESKey")),
        ({"encoding_aes_key": ""}, ("wechat.encoding_aes_key", "43")),
        ({"app_secret": ""}, ("wechat.app_secret", "微信开发者平台")),
        ({"token": ""}, ("wechat.token", "微信开发者平台")),
        ({"mode": "plain"}, ("plain", "safe")),
        ({"app_secret": "wrong"}, ("40125", "重置 AppSecret")),
        ({"app_id": "wx-wrong"}, ("40013", "AppID")),
        ({"api_base": "http://127.0.0.1:9"}, ("连接不上", "防火墙")),
        ({}, ("没有应答", "反向代理")),
    ],
)
async def test_each_trouble_is_named(
    wechat: FakeWeChat, tmp_path: Path, change: dict[str, str], words: tuple[str, ...]
) -> None:
    """The setting, and where to get it."""
    said = await bad_lines(settings(wechat, tmp_path, **change))
    assert [] == [word for word in words if word not in said], said
    assert "test-synthetic-secret" not in said


@pytest.mark.parametrize("code", [40164, 61004])
async def test_the_white_list(wechat: FakeWeChat, tmp_path: Path, code: int) -> None:
    """A caller that is not on the list is told on which page to add what."""
    wechat.faults["stable_token"] = [code]
    assert "API IP 白名单" in await bad_lines(settings(wechat, tmp_path))


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ("invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 63a5-1b2c", "203.0.113.7"),
        ("access clientip is not registered requestIP: 203.0.113.7 rid: 638fefcc-674a03e0", "203.0.113.7"),
        ("invalid ip 2001:db8::7, not in whitelist", "2001:db8::7"),
        ("not in whitelist", ""),
    ],
)
def test_the_address_that_wechat_saw_is_told(words: str, address: str) -> None:
    """An operator behind a gateway does not know it; nothing else of WeChat's words is taken over."""
    said = str(PlatformSaid(40164, words))
    assert said.endswith(f"微信看到的是 {address}）" if address else "（微信错误码 40164）")
    assert "微信看到的" not in str(PlatformSaid(40001, words))


async def test_a_frozen_secret(wechat: FakeWeChat, tmp_path: Path) -> None:
    """40243: frozen by the account's own people, and how to undo it."""
    wechat.faults["stable_token"] = [40243]
    assert "解冻" in await bad_lines(settings(wechat, tmp_path))


async def test_a_wrong_clock(sample_matcher: Matcher, wechat: FakeWeChat, tmp_path: Path) -> None:
    """Against WeChat's Date header: how far off, which way, what to do."""
    async with running(sample_matcher, utc_now, wechat, tmp_path) as service:
        for off, way in ((timedelta(minutes=10), "快"), (timedelta(minutes=-10), "慢")):
            around = Surroundings(settings(wechat, tmp_path), service.store, lambda o=off: utc_now() + o)  # type: ignore[misc]  # a bound default
            (clock,) = [f for f in await check_wechat_token(around) if f.name == "时钟"]
            assert (False, True, True) == (clock.good, way in clock.said, "timedatectl" in clock.said)


async def test_a_callback_with_another_token(sample_matcher: Matcher, wechat: FakeWeChat, tmp_path: Path) -> None:
    """What runs there has other settings, or is another program."""
    async with running(sample_matcher, utc_now, wechat, tmp_path) as service:
        other = settings(wechat, tmp_path, token="another", callback_url=f"{service.url}/wechat")  # noqa: S106
        (finding,) = await check_wechat_callback(Surroundings(other, service.store, utc_now))
        assert (False, True) == (finding.good, "同一个 wechat.token" in finding.said)
        strange = settings(wechat, tmp_path, callback_url=f"{wechat.url}/elsewhere")
        (finding,) = await check_wechat_callback(Surroundings(strange, service.store, utc_now))
        assert (False, True) == (finding.good, "HTTP 404" in finding.said)


async def test_a_check_that_breaks_is_a_finding(sample_matcher: Matcher, wechat: FakeWeChat, tmp_path: Path) -> None:
    """The others are made all the same."""

    async def check_broken(around: Surroundings) -> list[Finding]:
        raise RuntimeError("bug")

    async def check_good(around: Surroundings) -> list[Finding]:
        return [Finding(True, "好", "好")]

    async with running(sample_matcher, utc_now, wechat, tmp_path) as service:
        around = Surroundings(settings(wechat, tmp_path), service.store, utc_now)
        found = await examine(around, [check_broken, check_good])
    assert [("broken", False), ("好", True)] == [(f.name, f.good) for f in found]


async def test_an_unusable_database(tmp_path: Path) -> None:
    made = Settings.model_validate({"store": {"url": f"sqlite+aiosqlite:///{tmp_path}/no/such/d.db"}})
    assert "数据库" in await bad_lines(made)


async def command(wechat: FakeWeChat, path: Path, *arguments: str, **more: str) -> Result:
    """`fawen …` with the settings in the environment, off the event loop that serves the fake."""
    environ = {
        "FAWEN_WECHAT__APP_ID": APP_ID, "FAWEN_WECHAT__APP_SECRET": "test-synthetic-secret", "FAWEN_WECHAT__TOKEN": TOKEN,
        "FAWEN_WECHAT__ENCODING_AES_KEY": KEY, "FAWEN_WECHAT__API_BASE": wechat.url,
        "FAWEN_STORE__URL": f"sqlite+aiosqlite:///{path}/d.db", **more,
    }  # fmt: skip
    return await asyncio.to_thread(CliRunner().invoke, main, list(arguments), env=environ)


async def test_the_menu_is_compared_and_pushed(wechat: FakeWeChat, tmp_path: Path) -> None:
    """Different: shown, exit code 1, nothing changed. Pushed. Then equal, and pushing again changes nothing."""
    first = await command(wechat, tmp_path, "wechat", "menu")
    assert (1, True, None) == (first.exit_code, "+问法律 [click] menu" in first.output, wechat.menu), first.output
    assert 0 == (await command(wechat, tmp_path, "wechat", "menu", "--push")).exit_code
    assert ["问法律", "转人工", "怎么用"] == [b["name"] for b in wechat.menu or []]
    again = await command(wechat, tmp_path, "wechat", "menu", "--push")
    assert (0, True, 1) == (again.exit_code, "一致" in again.output, wechat.count("menu/create"))


async def test_a_menu_of_two_rows_from_the_environment(wechat: FakeWeChat, tmp_path: Path) -> None:
    """A JSON list in FAWEN_WECHAT__MENU; entries below a button, and a link."""
    menu = '[{"name": "办事", "sub": [{"name": "公证收费", "key": "notary.fee"}, {"name": "网页", "url": "https://a.example/"}]}]'
    done = await command(wechat, tmp_path, "wechat", "menu", "--push", FAWEN_WECHAT__MENU=menu)
    assert 0 == done.exit_code, done.output
    assert wechat.menu == [
        {
            "name": "办事",
            "sub_button": [
                {"type": "click", "name": "公证收费", "key": "notary.fee"},
                {"type": "view", "name": "网页", "url": "https://a.example/"},
            ],
        }
    ]


async def test_a_refused_menu_is_explained(wechat: FakeWeChat, tmp_path: Path) -> None:
    """The code's meaning in Chinese, exit code 2, no traceback, no token."""
    wechat.faults["get"] = [48001]
    done = await command(wechat, tmp_path, "wechat", "menu")
    assert (2, True) == (done.exit_code, "权限" in done.output)
    assert "Traceback" not in done.output
    assert "token-1" not in done.output


async def test_doctor_on_the_command_line(wechat: FakeWeChat, tmp_path: Path) -> None:
    """A line for each finding, exit code 1 while something is wrong."""
    done = await command(wechat, tmp_path, "doctor", FAWEN_WECHAT__ENCODING_AES_KEY="short", FAWEN_SERVER__PORT="9")
    assert 1 == done.exit_code
    assert "✗ 微信设置" in done.output
    assert "✓ 微信 access_token" in done.output


@pytest.mark.parametrize(
    ("button", "words"),
    [
        ({"name": "一个太长的名称", "key": "menu"}, "16 个字节"),
        ({"name": "", "key": "menu"}, "16 个字节"),
        ({"name": "问", "key": "menu", "url": "https://a.example"}, "正好写一样"),
        ({"name": "问"}, "正好写一样"),
        ({"name": "问", "sub": [{"name": "无"}]}, "正好写一样"),
    ],
)
def test_a_menu_that_wechat_would_refuse(button: dict[str, Any], words: str) -> None:
    """Said at the start, with the name and what is wrong."""
    with pytest.raises(ValidationError, match=words):
        WeChat.model_validate({"menu": [button]})
    with pytest.raises(ValidationError):
        WeChat.model_validate({"menu": [{"name": "问", "key": "menu"}] * 4})


def test_the_menu_read_back_equals_the_one_sent() -> None:
    """WeChat adds empty sub_button lists; they make no difference, another order does."""
    buttons = wanted([MenuButton(name="甲", key="menu"), MenuButton(name="乙", url="https://a.example/")])
    assert shown(buttons) == shown([{**b, "sub_button": []} for b in buttons])
    assert shown(buttons) != shown(buttons[::-1])
