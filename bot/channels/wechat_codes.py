"""WeChat's return codes (全局返回码): which way each goes, and in one Chinese sentence what to do.

Where a setting is to be found: 服务端 API 调用说明 (developers.weixin.qq.com/doc/service/guide/dev/api).
"""

from __future__ import annotations

import ipaddress
import re

from bot.errors import FawenError

STALE_TOKEN = frozenset([40001, 40014, 42001])
"""The access token is not valid (any more): renew it once, try once again."""
WAITS = frozenset([45015, 45047, 48001])
"""Nothing may be sent to this person now: it goes out with their next message."""
REFUSED = frozenset([40003, 43004, 43019, 45002, 48002, 50002])
"""No, and no again."""
PAUSES: dict[int, float] = {
    -1: 5.0,
    45009: 3600.0,
    45011: 60.0,
    **dict.fromkeys((40013, 40125, 40164, 40243, 61004), 600.0),
}
"""Known failures that pass; seconds until the next try."""
OTHER_PAUSE = 300.0
_NOT_LISTED = frozenset([40164, 61004])
"""Called from an address that is not on the account's list."""
_WHITE_LIST = (
    "本机的出口 IP 不在白名单里。请到微信开发者平台“开发密钥”的“API IP 白名单”加上这台服务器的公网 IP，几分钟后生效。"
)

_EXPLAINED = {
    -1: "微信系统繁忙，稍后会自动再试。",
    40001: "access_token 无效，或 wechat.app_secret 不对。请到微信开发者平台“开发密钥”核对，忘了就重置。",
    40003: "openid 不对，这个人不是本公众号的关注者。",
    40013: "wechat.app_id 不对。请到微信开发者平台“开发密钥”核对 AppID。",
    40014: "access_token 不合法。请检查有没有别的程序在强制刷新同一个公众号的 access_token。",
    40018: "菜单名称太长：一级不超过 16 个字节，二级不超过 60 个字节。",
    40125: "wechat.app_secret 不对。请到微信开发者平台“开发密钥”重置 AppSecret，再填到 wechat.app_secret。",
    40164: _WHITE_LIST,
    40243: "AppSecret 被冻结了。请到微信开发者平台“开发密钥”解冻，十分钟后生效。",
    42001: "access_token 已过期。",
    43004: "这个人没有关注公众号。",
    43019: "这个人在公众号的黑名单里。",
    45002: "消息太长。",
    45009: "今天的接口调用次数用完了，明天自动恢复。",
    45011: "调用太频繁，一分钟后自动再试。",
    45015: "这个人超过 48 小时没有发来消息，等他下次发消息时一并回复。",
    45047: "这个人上次发消息以后能主动发的条数用完了，等他下次发消息时一并回复。",
    46003: "公众平台上还没有菜单。",
    48001: "公众号没有这个接口的权限（未认证的订阅号没有客服消息和自定义菜单）。请在公众平台“接口权限”查看。",
    48002: "这个人关闭了接收消息。",
    50002: "这个公众号或用户受到限制，请登录公众平台查看通知。",
    61004: _WHITE_LIST,
}


class PlatformSaid(FawenError):
    """WeChat answered with a return code other than 0."""

    def __init__(self, code: int, words: str = "") -> None:
        """`words` are WeChat's own; only an address of ours that is not on the list is taken from them."""
        address = _address(words) if code in _NOT_LISTED else ""
        seen = f"；微信看到的是 {address}" if address else ""
        super().__init__(f"{explain(code)}（微信错误码 {code}{seen}）")
        self.code = code


def explain(code: int) -> str:
    """What a code means and what to do about it."""
    return _EXPLAINED.get(code, "微信没有接受，含义见公众平台文档“全局返回码”。")


def _address(words: str) -> str:
    """The first IP address in "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: …"; empty without one."""
    for part in re.findall(r"[0-9A-Fa-f.:]+", words):
        try:
            return str(ipaddress.ip_address(part))
        except ValueError:
            continue
    return ""
