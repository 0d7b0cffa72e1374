"""One's own account and other people's: second factor, passwords, roles."""

from __future__ import annotations

import re

import pyotp
import pytest

from bot.console import people
from bot.console.door import HALF_MINUTES
from bot.console.passwords import check_new_password, step_of_code
from bot.errors import ConsoleRefused
from bot.store.accounts import Role
from tests.console.desk import CHEAP, PASSWORD, Browser, Office
from tests.fakes import FakeClock

FRESH = "another secret 9"


def code(secret: str, clock: FakeClock) -> str:
    """What an authenticator app shows now."""
    return pyotp.TOTP(secret).at(clock())


async def enrolled(office: Office) -> tuple[Browser, str]:
    """An admin with a second factor, and its secret."""
    browser = await office.signed_in(Role.ADMIN)
    page = (await browser.get("/account")).text
    found = re.search(r'name="secret" value="([A-Z2-7]{32})"', page)
    assert found is not None
    assert f"secret={found.group(1)}" in page  # the otpauth link carries the same secret
    secret = found.group(1)
    done = await browser.post("/account/second", secret=secret, code=code(secret, office.clock), password=PASSWORD)
    assert 303 == done.status_code
    return browser, secret


async def test_with_a_second_factor_the_password_alone_opens_nothing(office: Office) -> None:
    """Between both steps only the second step answers; its token is another one."""
    _, secret = await enrolled(office)
    office.clock.pass_by(minutes=1)
    browser = office.browser()
    first = await browser.sign_in("lin")
    assert "/console/second" == first.headers["location"]
    half = browser.cookie
    assert ["/console/second"] * 3 == [(await browser.get(p)).headers["location"] for p in ("", "/queue", "/users")]
    await browser.get("/second")
    assert 403 == (await browser.post("/second", code="000000")).status_code
    assert 303 == (await browser.post("/second", code=code(secret, office.clock))).status_code
    assert half != browser.cookie
    assert 200 == (await browser.get("/users")).status_code


async def test_a_code_is_used_once_and_in_time(office: Office) -> None:
    """The code that switched it on does not sign in; a half session is over after five minutes."""
    _, secret = await enrolled(office)
    used = code(secret, office.clock)
    browser = office.browser()
    await browser.sign_in("lin")
    await browser.get("/second")
    assert 403 == (await browser.post("/second", code=used)).status_code
    office.clock.pass_by(minutes=HALF_MINUTES)
    late = await browser.post("/second", code=code(secret, office.clock))
    assert "/console/signin" == late.headers["location"]


async def test_codes_of_the_neighbouring_half_minutes_count(clock: FakeClock) -> None:
    """Clocks of phones differ a little."""
    secret = pyotp.random_base32()
    near = [code(secret, clock)]
    for _ in range(2):
        clock.pass_by(seconds=30)
        near.append(code(secret, clock))
    clock.pass_by(seconds=-30)
    assert all(step_of_code(secret, typed, clock()) for typed in near)
    clock.pass_by(seconds=90)
    assert step_of_code(secret, near[0], clock()) is None
    assert step_of_code(secret, "", clock()) is None


async def test_guessing_codes_is_throttled(office: Office) -> None:
    """Five wrong codes, then the right one is not looked at either."""
    _, secret = await enrolled(office)
    office.clock.pass_by(minutes=20)
    browser = office.browser()
    await browser.sign_in("lin")
    await browser.get("/second")
    for _ in range(5):
        await browser.post("/second", code="000000")
    assert "试的次数太多" in (await browser.post("/second", code=code(secret, office.clock))).text


async def test_a_new_password_ends_the_other_sessions(office: Office) -> None:
    """Here one stays in, under a new token; elsewhere one is out; the old password is dead."""
    browser, other = await office.signed_in(Role.ADMIN), await office.signed_in(Role.ADMIN)
    before = browser.cookie
    wrong = await browser.post("/account/password", password="not it", fresh=FRESH, again=FRESH)
    assert (422, True) == (wrong.status_code, "现在的密码不对" in wrong.text)
    assert 422 == (await browser.post("/account/password", password=PASSWORD, fresh=FRESH, again="x")).status_code
    assert 303 == (await browser.post("/account/password", password=PASSWORD, fresh=FRESH, again=FRESH)).status_code
    assert before != browser.cookie
    assert (200, 303) == ((await browser.get("")).status_code, (await other.get("")).status_code)
    assert 403 == (await other.sign_in("lin", PASSWORD)).status_code
    assert 303 == (await other.sign_in("lin", FRESH)).status_code


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaa", "1234567890", "my name is Lin", "x" * 201])
def test_weak_passwords_are_refused(password: str) -> None:
    """Too short, too simple, well known, with the name in it, or absurdly long."""
    with pytest.raises(ConsoleRefused):
        check_new_password("lin", password)


async def test_the_last_admin_stays(office: Office) -> None:
    """Nobody can be left without an admin, and nobody changes their own role."""
    browser = await office.signed_in(Role.ADMIN)
    me = await office.house.accounts.user("lin")
    assert me is not None
    refused = await browser.post(f"/users/{me.id}/role", role="curator")
    assert (422, True) == (refused.status_code, "另一位管理员" in refused.text)
    with pytest.raises(ConsoleRefused, match="最后一个"):
        await people.disable(office.house.accounts, me)
    second = await office.hire(Role.ADMIN, "zhou")
    await people.change_role(office.house.accounts, me, Role.CURATOR)
    with pytest.raises(ConsoleRefused, match="最后一个"):
        await people.change_role(office.house.accounts, second, Role.AUDITOR)


@pytest.mark.parametrize(("name", "words"), [("lin", "已经有"), ("x", "不能用"), ("a b", "不能用"), ("<b>", "不能用")])
async def test_unfit_names_are_refused(office: Office, name: str, words: str) -> None:
    """Taken, too short, or with characters that are none of a name; what was typed is still in the form."""
    browser = await office.signed_in(Role.ADMIN)
    response = await browser.post("/users", name=name, password=FRESH, role="curator")
    assert (422, True) == (response.status_code, words in response.text)


async def test_without_users_the_page_says_how_to_begin(office: Office) -> None:
    """The first admin is made on the server, not by whoever comes first."""
    page = await office.browser().get("/signin")
    assert ("fawen user add" in page.text, 'name="password"' in page.text) == (True, False)
    await office.house.accounts.add("lin", CHEAP.hash(PASSWORD), Role.ADMIN)
    assert "fawen user add" not in (await office.browser().get("/signin")).text


@pytest.mark.parametrize(("charset", "word", "status"), [("utf-7", b"+2AA-", 403), ("undefined", b"x", 400)])
async def test_a_form_in_a_strange_charset_is_no_error_of_ours(
    office: Office, charset: str, word: bytes, status: int
) -> None:
    """Before anybody has signed in: halves of characters are no name, what cannot be read is refused."""
    await office.house.accounts.add("lin", CHEAP.hash(PASSWORD), Role.ADMIN)
    browser = office.browser()
    parts = b"".join(
        b'--B\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name, word)
        for name in (b"name", b"password")
    )
    headers = {**browser.headers, "content-type": f"multipart/form-data; boundary=B; charset={charset}"}
    said = await browser.client.post("/console/signin", content=parts + b"--B--\r\n", headers=headers)
    assert (status, "") == (said.status_code, browser.cookie)
