"""The menu below the chat: from the settings to WeChat's JSON, and what differs from the one in force.

Source: 自定义菜单-创建接口: at most three buttons with at most five below each; names of 16 and 60 bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.config import MenuButton, MenuItem


def wanted(menu: Sequence[MenuButton]) -> list[dict[str, Any]]:
    """The `button` list of menu/create."""
    return [
        {"name": button.name, "sub_button": [_item(item) for item in button.sub]} if button.sub else _item(button)
        for button in menu
    ]


def shown(buttons: Sequence[dict[str, Any]]) -> list[str]:
    """One line a button, of our own buttons and of what menu/get gives: equal lines mean an equal menu."""
    lines: list[str] = []
    for button in buttons:
        below = button.get("sub_button") or []
        lines.append(f"{button.get('name', '')}" if below else _line(button))
        lines += [f"  {_line(item)}" for item in below]
    return lines


def _item(button: MenuButton | MenuItem) -> dict[str, Any]:
    if button.url:
        return {"type": "view", "name": button.name, "url": button.url}
    return {"type": "click", "name": button.name, "key": button.key}


def _line(item: dict[str, Any]) -> str:
    does = item.get("key") or item.get("url") or item.get("media_id") or item.get("pagepath") or ""
    return f"{item.get('name', '')} [{item.get('type', '')}] {does}"
