"""Addresses of pages in a message: “https://… 这个律师靠谱吗” asks what stands beside the address."""

from __future__ import annotations

import re

LINK = re.compile(r"(?:https?://|www\.)[\w./?=&%#~:+,;@!$*()\[\]-]+", re.I | re.ASCII)
_LEAST = 4
"""Han characters beside a link from which on they are what is asked."""
_HAN = re.compile(r"[\u3400-\u9fff]")


def without_links(text: str) -> str:
    """The text without its links; as it is where little else stands in it."""
    if "http" not in text and "www." not in text.lower():
        return text
    rest = LINK.sub(" ", text).strip()
    return rest if len(_HAN.findall(rest)) >= _LEAST else text
