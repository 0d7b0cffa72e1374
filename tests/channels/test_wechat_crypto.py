"""Signatures and encryption, held against wechatpy, an implementation that is not ours."""

from __future__ import annotations

import base64
import secrets
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException
from wechatpy.utils import check_signature

from bot.channels.wechat_crypto import Envelope, Forged, check, sign
from bot.channels.wechat_xml import Unreadable, read, sealed_reply, text_reply
from bot.errors import ConfigError
from tests.channels.wechat_peer import KEY, OLD_KEY, TOKEN
from tests.channels.wechat_server import APP_ID

OURS = Envelope(KEY, APP_ID)
THEIRS = WeChatCrypto(TOKEN, KEY, APP_ID)


def test_the_peer_reads_us_and_we_read_the_peer_at_every_length() -> None:
    """0 to 200 bytes, more than six blocks: every padding there is."""
    for length in range(201):
        text = ("问" * (length // 3) + "a" * (length % 3))[:length]
        sealed = OURS.seal(text)
        xml = sealed_reply(sealed, sign(TOKEN, "1700000000", "n", sealed), 1_700_000_000, "n")
        assert text == THEIRS.decrypt_message(xml, sign(TOKEN, "1700000000", "n", sealed), "1700000000", "n")
        theirs = read(THEIRS.encrypt_message(text, "n", "1700000000").encode())
        check(theirs["MsgSignature"], TOKEN, "1700000000", "n", theirs["Encrypt"])
        assert text == OURS.open(theirs["Encrypt"]).decode()


@given(st.text(max_size=3000))
def test_whatever_is_sealed_comes_out(text: str) -> None:
    assert text == OURS.open(OURS.seal(text)).decode()


@given(st.binary(max_size=200))
def test_what_was_not_sealed_is_refused(data: bytes) -> None:
    """Never another error, and never a text."""
    with pytest.raises(Forged):
        OURS.open(base64.b64encode(data).decode())


def test_another_account_or_key_is_refused() -> None:
    """Sealed for another AppID, with another key, or with one byte changed."""
    for sealed in (Envelope(KEY, "wx-another").seal("问"), Envelope(OLD_KEY, APP_ID).seal("问")):
        with pytest.raises(Forged):
            OURS.open(sealed)
    sealed = Envelope(KEY, "wx-another").seal("问")
    xml = sealed_reply(sealed, sign(TOKEN, "1", "n", sealed), 1, "n")
    with pytest.raises(InvalidAppIdException):
        THEIRS.decrypt_message(xml, sign(TOKEN, "1", "n", sealed), "1", "n")
    with pytest.raises(Forged):
        OURS.open("not base64!")


def test_a_length_that_lies_is_refused() -> None:
    """The length inside must fit what is there, or text would be taken from the AppID."""
    long = Envelope(KEY, APP_ID, lambda n: secrets.token_bytes(n) + b"\xff\xff\xff\xff")
    with pytest.raises(Forged):
        OURS.open(long.seal("问"))


def test_signatures_are_as_the_peer_computes_them() -> None:
    check_signature(TOKEN, sign(TOKEN, "1700000000", "n"), "1700000000", "n")
    check(sign(TOKEN, "1", "n"), "n", TOKEN, "1")
    for wrong in ("", "x", sign(TOKEN, "1", "m"), "签名"):
        with pytest.raises(Forged):
            check(wrong, TOKEN, "1", "n")


@pytest.mark.parametrize("key", ["", "short", KEY + "=", KEY[:-1], "!" * 43, "中" * 43])
def test_a_wrong_key_is_named(key: str) -> None:
    """Which setting, how many characters it should have, where to find it; not the key itself."""
    with pytest.raises(ConfigError, match="43") as caught:
        Envelope(key, APP_ID)
    assert "encoding_aes_key" in str(caught.value)
    assert not key or key not in str(caught.value)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_no_text_leaves_its_cdata(text: str) -> None:
    """Whatever an answer says, `]]>` included, is read back by a plain parser; what XML forbids is left out."""
    xml = text_reply("o1", "gh", 1, text + "]]><Content>别的</Content>")
    root = ElementTree.fromstring(xml)
    assert 1 == len(root.findall("Content"))
    shown = "".join(c for c in text if c in "\t\n\r" or c >= " " and c not in "\ufffe\uffff")
    expected = (shown + "]]><Content>别的</Content>").replace("\r\n", "\n").replace("\r", "\n")
    assert expected == root.findtext("Content")


BOMB = (
    b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><xml><Content>&b;</Content></xml>"""
)
OUTSIDE = b"""<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><Content>&a;</Content></xml>"""


@pytest.mark.parametrize(
    "body",
    [BOMB, OUTSIDE, b"<!DOCTYPE x><xml/>", b"", b"{}", b"<xml>", b"<xml>&a;</xml>", b"\xff\xfe", b"<xml/><xml/>",
     b'<?xml version="1.0" encoding="no-such"?><xml/>'],
)  # fmt: skip
def test_entities_and_rubbish_are_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(body)
