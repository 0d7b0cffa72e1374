"""Signatures and the AES envelope of WeChat's compatible and safe modes.

Source: 消息加解密说明 (developers.weixin.qq.com/doc/subscription/guide/dev/push/encryption): SHA-1 over the sorted, joined
parts; AES-256-CBC, IV = the key's first 16 bytes, PKCS#7 to 32 bytes; inside 16 random bytes, the length of the message
in bytes (4, big endian), the message, the AppID.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import struct
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from bot.errors import ConfigError, FawenError

KEY_CHARACTERS = 43
_BLOCK = 32
_HEAD = 16


class Forged(FawenError):
    """A delivery that WeChat cannot have sent; the message says which check failed, never what was expected."""


def sign(*parts: str) -> str:
    """Hex SHA-1 of the sorted parts: token, timestamp, nonce, and for `msg_signature` the ciphertext."""
    # the algorithm is WeChat's choice
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324  # nosec B324


def check(given: str, *parts: str) -> None:
    """Compare a signature in constant time. Raises Forged."""
    if not hmac.compare_digest(given.encode(), sign(*parts).encode()):
        raise Forged("signature does not match")


class Envelope:
    """Encrypts and decrypts with one EncodingAESKey."""

    def __init__(self, encoding_key: str, app_id: str, random: Callable[[int], bytes] = secrets.token_bytes) -> None:
        """Raises ConfigError when the key is not 43 characters of base64."""
        try:
            # WeChat leaves out the final "="
            key = base64.b64decode(encoding_key + "=", validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(encoding_key) != KEY_CHARACTERS or len(key) != 32:
            raise ConfigError(
                f"wechat.encoding_aes_key 应当是 {KEY_CHARACTERS} 个字母数字，现在是 {len(encoding_key)} 个。"
                "请从微信开发者平台“消息与事件推送”里的 EncodingAESKey 完整复制。"
            )
        self._key, self._app_id, self._random = key, app_id.encode(), random

    def _cipher(self) -> Cipher[CBC]:
        return Cipher(AES(self._key), CBC(self._key[:16]))

    def seal(self, text: str) -> str:
        """Base64 ciphertext of a message."""
        body = text.encode()
        plain = self._random(_HEAD) + struct.pack(">I", len(body)) + body + self._app_id
        pad = _BLOCK - len(plain) % _BLOCK
        encryptor = self._cipher().encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()).decode()

    def open(self, sealed: str) -> bytes:
        """The message inside. Raises Forged when it is not sealed with this key for this AppID."""
        try:
            data = base64.b64decode(sealed, validate=True)
            decryptor = self._cipher().decryptor()
            plain = decryptor.update(data) + decryptor.finalize()
        except (binascii.Error, ValueError):
            raise Forged("ciphertext cannot be read") from None
        pad = plain[-1] if plain else 0
        if not 1 <= pad <= _BLOCK or plain[-pad:] != bytes([pad]) * pad or len(plain) - pad < _HEAD + 4:
            raise Forged("ciphertext cannot be read")
        (length,) = struct.unpack(">I", plain[_HEAD : _HEAD + 4])
        body, app_id = plain[_HEAD + 4 : _HEAD + 4 + length], plain[_HEAD + 4 + length : -pad]
        if len(body) != length or not hmac.compare_digest(app_id, self._app_id):
            raise Forged("ciphertext is for another AppID")
        return body
