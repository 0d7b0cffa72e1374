"""Passwords (argon2id, RFC 9106) and codes of the second factor (TOTP, RFC 6238)."""

from __future__ import annotations

import asyncio
import hmac
from datetime import datetime

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bot.errors import ConsoleRefused

SHORTEST, LONGEST = 10, 200
STEP_SECONDS = 30
_COMMON = frozenset(
    {"1234567890", "0123456789", "password123", "qwertyuiop", "1q2w3e4r5t", "administrator", "iloveyou123"}
)
_AT_ONCE = 2
"""Hashes computed at one time: each takes 64 MiB, and a flood of sign-ins must not take the memory."""


def check_new_password(name: str, password: str) -> None:
    """Raises ConsoleRefused, saying what is missing."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise ConsoleRefused(f"密码要有 {SHORTEST} 到 {LONGEST} 个字符，现在是 {len(password)} 个。")
    if len(set(password)) < 5 or password.lower() in _COMMON:
        raise ConsoleRefused("这个密码太容易猜到。可以用几个不相干的词连起来。")
    if name.lower() in password.lower():
        raise ConsoleRefused("密码里不要含用户名。")


class Passwords:
    """Hashes and verifies off the event loop, few at a time."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        """`hasher`: argon2-cffi's default is RFC 9106's second recommendation (64 MiB, 3 passes)."""
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._nobody = ""

    async def hash(self, password: str) -> str:
        """A salted hash with its parameters."""
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def right(self, hashed: str, password: str) -> bool:
        """Whether the password fits; an empty `hashed` (no such user) takes as long and is never right."""
        if not self._nobody:
            self._nobody = await self.hash("no such user")
        async with self._turns:
            good = await asyncio.to_thread(self._fits, hashed or self._nobody, password[:LONGEST])
        return good and bool(hashed)

    def _fits(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False


def new_secret() -> str:
    """A secret for an authenticator app: 160 bits in base32."""
    return pyotp.random_base32()


def enrolment_link(secret: str, name: str) -> str:
    """The otpauth address that authenticator apps open."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="法问")


def step_of_code(secret: str, code: str, now: datetime) -> int | None:
    """The time step whose code this is, one step early or late allowed; None when it is wrong."""
    typed = "".join(c for c in code if c.isdigit())
    totp = pyotp.TOTP(secret, interval=STEP_SECONDS)
    current = int(now.timestamp()) // STEP_SECONDS
    found = None
    for step in (current - 1, current, current + 1):
        if hmac.compare_digest(totp.generate_otp(step), typed):
            found = step
    return found
