"""`fawen wechat menu` and `fawen doctor`."""

from __future__ import annotations

import asyncio
import sys
from difflib import unified_diff
from pathlib import Path

import click

from bot.cli_options import CONFIG, config_path, fail, settings_from
from bot.config import Settings
from bot.errors import FawenError


@click.group()
def wechat() -> None:
    """微信公众号。"""


@wechat.command()
@CONFIG
@click.option("--push", is_flag=True, help="不一样时，把设置里的菜单发布到公众平台。")
def menu(config: Path | None, push: bool) -> None:
    """自定义菜单：比较设置和公众平台上的；不一样又没有 --push 时退出码为 1。"""
    try:
        differs = asyncio.run(_menu(settings_from(config), push))
    except FawenError as error:
        fail(str(error))
    sys.exit(1 if differs and not push else 0)


@click.command()
@CONFIG
def doctor(config: Path | None) -> None:
    """体检：设置、数据库、磁盘、知识库、端口、时钟、反向代理、微信，每项一行；有问题时退出码为 1。"""
    from bot.app import utc_now
    from bot.doctor import doctor as examine

    found = asyncio.run(examine(settings_from(config), utc_now, config_path(config)))
    for finding in found:
        click.echo(str(finding))
    sys.exit(0 if all(finding.good for finding in found) else 1)


async def _menu(settings: Settings, push: bool) -> bool:
    """Print what differs, push it if wanted; whether it differed. Raises FawenError."""
    from bot.app import utc_now
    from bot.channels import wechat_api, wechat_menu
    from bot.doctor import opened
    from bot.store.platform import PlatformStore

    if not settings.wechat.app_id or not settings.wechat.app_secret.get_secret_value():
        fail("需要先设置 wechat.app_id 和 wechat.app_secret（微信开发者平台“开发密钥”）。")
    async with opened(settings, utc_now) as store, wechat_api.make_client(settings.wechat) as client:
        api = wechat_api.WeChatApi(settings.wechat, client, PlatformStore(store.shared), utc_now)
        wanted = wechat_menu.wanted(settings.wechat.menu)
        there, here = wechat_menu.shown(await api.menu()), wechat_menu.shown(wanted)
        if there == here:
            click.echo("公众平台上的菜单与设置一致。")
            return False
        for line in unified_diff(there, here, "公众平台", "设置", lineterm="", n=99):
            click.echo(line)
        if push:
            await api.push_menu(wanted)
            click.echo("已发布。手机上最多 24 小时内更新，取消关注再关注可以马上看到。")
        else:
            click.echo("要发布设置里的菜单，请加 --push。")
        return True
