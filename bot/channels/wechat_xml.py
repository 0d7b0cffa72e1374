"""WeChat's XML: read without DTD, entities or external references; written so that no text can leave its CDATA."""

from __future__ import annotations

import re

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from bot.errors import FawenError

_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not allow anywhere (production 2, Char)."""


class Unreadable(FawenError):
    """Not the XML of a message."""


def read(body: bytes) -> dict[str, str]:
    """Names and texts of the fields below the root. Raises Unreadable, for a DTD as well.

    Fields with fields of their own (ScanCodeInfo) come as an empty text; of a repeated name the first counts.
    """
    try:
        root = fromstring(body, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Unreadable(f"not XML as WeChat sends it ({type(error).__name__})") from None
    fields: dict[str, str] = {}
    for child in root:
        fields.setdefault(str(child.tag), (child.text or "").strip())
    return fields


def text_reply(to: str, sender: str, at: int, text: str) -> str:
    """A passive text reply; `at` seconds since 1970."""
    return (
        f"<xml><ToUserName>{_cdata(to)}</ToUserName><FromUserName>{_cdata(sender)}</FromUserName>"
        f"<CreateTime>{at}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content>{_cdata(text)}</Content></xml>"
    )


def sealed_reply(sealed: str, signature: str, at: int, nonce: str) -> str:
    """The envelope around an encrypted reply."""
    return (
        f"<xml><Encrypt>{_cdata(sealed)}</Encrypt><MsgSignature>{_cdata(signature)}</MsgSignature>"
        f"<TimeStamp>{at}</TimeStamp><Nonce>{_cdata(nonce)}</Nonce></xml>"
    )


def _cdata(text: str) -> str:
    return "<![CDATA[" + _FORBIDDEN.sub("", text).replace("]]>", "]]]]><![CDATA[>") + "]]>"
