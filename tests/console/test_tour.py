"""An outsider's tour: each way in that should not be one is tried, and gets nowhere."""

from __future__ import annotations

import asyncio
import io
import re
from pathlib import Path

import pytest
from openpyxl import load_workbook

from bot.console.access import ADMINS, EVERYONE, EXPORTERS, OVERSEERS, PUBLISHERS, RULES, STAFF, Rule
from bot.desk.export import as_csv, as_xlsx, harmless
from bot.desk.gather import Gatherer
from bot.desk.report import Table
from bot.messages import Kind, Message, Reply
from bot.store.accounts import Limits, Role
from bot.store.base import Ticket, Turn
from tests.console.desk import GUARDED, NAMES, OWN, PASSWORD, Office, filled

FORMULAS = ['=HYPERLINK("http://x")', "+1", "-1+1", "@SUM(A1)", "\t=1", " =1", "＝1+1", "\ufeff=1"]


def _name(rule: Rule) -> str:
    return f"{rule.method} {rule.path}"


async def ask(office: Office, text: str, person: str, number: str) -> None:
    """A question of one person that became a ticket."""
    message = Message("web", person, person, text, Kind.TEXT, office.clock(), f"{person}-{number}")
    ticket = Ticket(number, "web", person, person, text, "none", (("notary.fee", 0.3),), office.clock())
    reply = Reply("no_answer", "已记下。", "none", ticket=number)
    await office.store.finish(Turn(message, reply, {}, ticket, (("notary.fee", 0.3),), "v1", 2.0))


# ---- no session -------------------------------------------------------------------------------------------------------


async def test_without_a_session_every_page_leads_to_the_sign_in(office: Office) -> None:
    """No page and no action answers somebody who is not signed in."""
    browser = office.browser()
    for rule in GUARDED:
        path = filled(rule.path)
        response = await (browser.get(path) if rule.method == "GET" else browser.post(path))
        if rule.handler == "live.stream":
            assert 401 == response.status_code
        else:
            assert (303, "/console/signin") == (response.status_code, response.headers["location"]), _name(rule)
        assert "" == response.text


async def test_made_up_cookies_open_nothing(office: Office) -> None:
    """A guessed token, an empty one and one with strange characters are no session."""
    for value in ("x" * 43, "", "..%2f", "é" * 10):
        browser = office.browser()
        response = await browser.client.get("/console/queue", headers=[(b"cookie", f"fawen_staff={value}".encode())])
        assert 303 == response.status_code


async def test_paths_that_no_rule_names_do_not_exist(office: Office) -> None:
    """Forced browsing: unknown paths, tricks with slashes and dots, and files beside the static ones are not there."""
    browser = await office.signed_in(Role.ADMIN)
    for path in (
        "/admin",
        "//queue",
        "/static/../site.py",
        "/static/%2e%2e/access.py",
        "/templates/frame.html",
    ):
        assert 404 == (await browser.get(path)).status_code


async def test_who_is_lost_in_the_console_is_led_back_to_it(office: Office) -> None:
    browser = await office.signed_in(Role.ADMIN)
    page = await browser.client.get("/console/nowhere", headers={"accept": "text/html"})
    assert (page.status_code, 'href="/console">回到管理台' in page.text) == (404, True)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_refused(office: Office, method: str) -> None:
    """Only GET and POST do anything."""
    browser = await office.signed_in(Role.ADMIN)
    assert 405 == (await browser.client.request(method, "/console/users", headers=OWN)).status_code


# ---- wrong role -------------------------------------------------------------------------------------------------------


def test_every_route_has_a_rule(office: Office) -> None:
    """All routes below /console but the static files come from the one table, each with its roles or marked public."""
    routes = {(m, r.path) for r in office.app.routes if hasattr(r, "methods") for m in r.methods or () if m != "HEAD"}
    console = {(m, p) for m, p in routes if p.startswith("/console")}
    named = {(rule.method, "/console" + (rule.path if rule.path != "/" else "")) for rule in RULES}
    assert named | {("GET", "/console/static/plotly.min.js")} == console
    assert {"entrance.form", "entrance.enter"} == {rule.handler for rule in RULES if rule.public}


def test_roles_hold_one_another_as_said() -> None:
    """Auditors see no conversation and change nothing; only admins look after users."""
    assert Role.AUDITOR not in STAFF | PUBLISHERS | ADMINS
    assert PUBLISHERS < STAFF < EVERYONE
    assert {Role.ADMIN} == ADMINS
    assert Role.CURATOR not in PUBLISHERS | EXPORTERS | OVERSEERS


@pytest.mark.parametrize("role", list(Role))
async def test_a_wrong_role_is_refused_and_written_down(office: Office, role: Role) -> None:
    """Every rule that a role is not in answers 403, changes nothing, and leaves a line in the audit."""
    browser = await office.signed_in(role)
    refused = [r for r in GUARDED if role not in r.roles]
    for rule in refused:
        path = filled(rule.path)
        response = await (browser.get(path) if rule.method == "GET" else browser.post(path))
        assert (403, True) == (response.status_code, "您的角色不能做这件事" in response.text), _name(rule)
    lines = [line for line in await office.audited() if line[1] == "refused"]
    assert [(NAMES[role], "refused", f"{r.method} /console{filled(r.path)}") for r in reversed(refused)] == lines
    assert 1 == len(await office.house.accounts.users())


async def test_the_menu_shows_only_what_the_role_may_open(office: Office) -> None:
    """An auditor is not even offered the queue."""
    page = await (await office.signed_in(Role.AUDITOR)).get("")
    assert ("/console/queue" in page.text, "/console/audit" in page.text) == (False, True)


# ---- forged requests --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://console.test"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "same-origin", "origin": "https://evil.example"},
    ],
)
async def test_posts_from_other_sites_do_nothing(office: Office, headers: dict[str, str]) -> None:
    """Whatever says that another site, or nobody, sent the form is refused, even with the right cookie and token."""
    browser = await office.signed_in(Role.ADMIN)
    browser.headers = headers
    response = await browser.post("/users", name="eve", password="long enough 1", role="admin")
    assert 403 == response.status_code
    assert await office.house.accounts.user("eve") is None


@pytest.mark.parametrize("token", ["", "x", None])
async def test_posts_without_the_forms_token_do_nothing(office: Office, token: str | None) -> None:
    """The cookie alone is not enough; another session's token is not either."""
    browser = await office.signed_in(Role.ADMIN)
    other = await office.signed_in(Role.REVIEWER)
    browser.csrf = other.csrf if token is None else token
    response = await browser.post("/users", name="eve", password="long enough 1", role="admin")
    assert 403 == response.status_code
    assert await office.house.accounts.user("eve") is None


async def test_no_address_changes_anything(office: Office) -> None:
    """Rules that change something are POST only."""
    changing = {"assign", "answer", "ignore", "release", "merge", "split", "approve", "publish", "undo", "role"}
    assert [] == [r.path for r in RULES if r.method == "GET" and r.path.rpartition("/")[2] in changing]


async def test_headers_of_every_answer(office: Office) -> None:
    """Nothing inline, nothing from outside, no frame, no cache; the cookie is out of reach of scripts and other sites."""
    await office.hire(Role.ADMIN)
    browser = office.browser()
    response = await browser.sign_in("lin")
    cookie = response.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=strict", "path=/console"))
    page = await browser.get("")
    assert "no-store" == page.headers["cache-control"]
    policy = page.headers["content-security-policy"]
    assert ("unsafe" in policy, "frame-ancestors 'none'" in policy) == (False, True)
    for path in ("", "/queue", "/knowledge", "/review", "/reports", "/users", "/audit", "/account"):
        html = (await browser.get(path)).text
        assert not re.search(r"<style|\son\w+=|\sstyle=|javascript:|<script(?![^>]*\ssrc=)", html), path
        assert not re.search(r'(?:src|href)="(?:https?:)?//', html), path


# ---- sessions ---------------------------------------------------------------------------------------------------------


async def test_a_planted_token_is_worth_nothing(office: Office) -> None:
    """Session fixation: the token before the sign-in is not the one after it, and opens nothing."""
    await office.hire(Role.ADMIN)
    browser = office.browser()
    browser.client.cookies.set("fawen_staff", "planted", domain="console.test", path="/console")
    await browser.sign_in("lin")
    assert browser.cookie not in ("", "planted")
    thief = office.browser()
    thief.client.cookies.set("fawen_staff", "planted", domain="console.test", path="/console")
    assert 303 == (await thief.get("/queue")).status_code


async def test_signing_in_anew_ends_the_session_before(office: Office) -> None:
    """The old token of the same browser is dead at once."""
    browser = await office.signed_in(Role.ADMIN)
    old = browser.cookie
    await browser.sign_in("lin")
    assert old != browser.cookie
    assert await office.house.door.look(old) is None


async def test_the_store_holds_no_token(office: Office) -> None:
    """A copy of the database opens no session: only hashes are in it, of tokens and of passwords."""
    browser = await office.signed_in(Role.ADMIN)
    raw = b"".join(p.read_bytes() for p in office_files(office))
    assert (False, False) == (browser.cookie.encode() in raw, PASSWORD.encode() in raw)


def office_files(office: Office) -> list[Path]:
    """The database's files."""
    path = Path(str(office.store.shared.engine.url.database))
    return list(path.parent.glob(path.name + "*"))


async def test_sessions_end_when_idle_and_in_any_case(office: Office) -> None:
    """An hour without use ends a session; twelve hours end it even in use."""
    browser = await office.signed_in(Role.ADMIN)
    for _ in range(12):
        office.clock.pass_by(minutes=59)
        assert 200 == (await browser.get("")).status_code
    office.clock.pass_by(minutes=30)
    assert 303 == (await browser.get("")).status_code
    await browser.sign_in("lin")
    office.clock.pass_by(minutes=61)
    assert 303 == (await browser.get("")).status_code


@pytest.mark.parametrize("path", ["role", "disable", "password"])
async def test_a_change_by_the_admin_ends_the_users_sessions(office: Office, path: str) -> None:
    """Another role, a new password or being switched off: the old session is dead with the next request."""
    admin, curator = await office.signed_in(Role.ADMIN), await office.signed_in(Role.CURATOR)
    user = await office.house.accounts.user("wang")
    assert user is not None
    await admin.get("/users")
    done = await admin.post(f"/users/{user.id}/{path}", role="reviewer", password="another secret 9")
    assert 303 == done.status_code
    assert 303 == (await curator.get("/queue")).status_code
    assert await office.house.door.look(curator.cookie) is None


async def test_signing_out_ends_the_session_in_the_store(office: Office) -> None:
    """A copied cookie is worth nothing afterwards."""
    browser = await office.signed_in(Role.ADMIN)
    token = browser.cookie
    assert 303 == (await browser.post("/signout")).status_code
    assert await office.house.door.look(token) is None


# ---- guessing ---------------------------------------------------------------------------------------------------------


async def test_ten_thousand_wrong_passwords(office: Office) -> None:
    """Of 10,000 guesses from ten addresses at one moment, 20 are examined; the rest costs no hash and is told to wait."""
    await office.hire(Role.ADMIN)
    guesses = [office.house.door.enter("lin", f"guess {n}", f"198.51.100.{n % 10}", "") for n in range(10_000)]
    said = [str(result) for result in await asyncio.gather(*guesses, return_exceptions=True)]
    assert (20, 9_980) == (sum("不对" in s for s in said), sum("太多" in s for s in said))


async def test_a_stranger_cannot_lock_a_user_out(office: Office) -> None:
    """From an address where the user signed in lately, the right password still works during such an attack."""
    await office.signed_in(Role.ADMIN)
    for n in range(40):
        await office.browser(f"198.51.100.{n}").sign_in("lin", "wrong")
    home = office.browser()
    assert 303 == (await home.sign_in("lin")).status_code
    stranger = office.browser("203.0.113.9")
    assert 403 == (await stranger.sign_in("lin")).status_code


async def test_one_address_is_throttled_and_freed_in_time(office: Office) -> None:
    """Five wrong passwords for a name from an address, then none is examined for a quarter of an hour."""
    await office.hire(Role.ADMIN)
    browser = office.browser()
    for _ in range(5):
        assert "用户名或密码不对" in (await browser.sign_in("lin", "wrong")).text
    assert "试的次数太多" in (await browser.sign_in("lin", PASSWORD)).text
    office.clock.pass_by(minutes=16)
    assert 303 == (await browser.sign_in("lin", PASSWORD)).status_code


async def test_the_throttle_outlives_a_restart(office: Office) -> None:
    """Attempts are counted in the store, not in memory."""
    from tests.console.desk import cheap_door

    await office.hire(Role.ADMIN)
    for _ in range(Limits().pair):
        await office.browser().sign_in("lin", "wrong")
    parts = {"accounts": office.house.accounts, "settings": office.house.settings}
    with pytest.raises(Exception, match="太多"):
        await cheap_door(parts, office.clock).enter("lin", PASSWORD, "192.0.2.7", "")


async def test_what_is_wrong_is_not_said(office: Office) -> None:
    """An unknown name, a wrong password and a disabled user get the same words; names typed are not written down."""
    user = await office.hire(Role.ADMIN)
    await office.hire(Role.CURATOR)
    wrong = (await office.browser().sign_in("lin", "wrong")).text
    unknown = (await office.browser().sign_in("hunter2 in the wrong field", "wrong")).text
    await office.house.accounts.change(user.id, disabled=True)
    disabled = (await office.browser().sign_in("lin")).text
    alert = re.compile(r'role="alert">([^<]*)<')
    assert 1 == len({found.group(1) for text in (wrong, unknown, disabled) if (found := alert.search(text))})
    assert [("lin", "sign_in_failed", ""), ("-", "sign_in_failed", ""), ("lin", "sign_in_failed", "")] == (
        await office.audited()
    )


# ---- what a resident may write ----------------------------------------------------------------------------------------


async def test_a_script_in_a_question_stays_text(office: Office, gatherer: Gatherer) -> None:
    """Stored markup is escaped on every page that shows it."""
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><b>怎么办"
    await ask(office, evil, "p1", "ER-NJSE")
    await gatherer.once()
    browser = await office.signed_in(Role.ADMIN)
    cluster = (await office.house.desk.clusters()).rows[0].id
    for path in ("", "/queue", f"/clusters/{cluster}", f"/clusters/{cluster}/question", "/tickets/ER-NJSE", "/questions",
                 "/reports", f"/knowledge?q={evil}", f"/knowledge?try={evil}", f"/queue?q={evil}", f"/audit?about={evil}"):  # fmt: skip
        html = (await browser.get(path)).text
        assert (False, False) == ("<script>alert" in html, "<img src=x" in html), path


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_in_an_export_is_text(text: str) -> None:
    """Text that a spreadsheet would compute is quoted in CSV and stored as text in Excel."""
    table = [Table("常问", ("问题",), ((text,),))]
    assert str(harmless(text)).startswith("'")
    cell = as_csv(table).decode("utf-8-sig").splitlines()[2].lstrip('"')
    assert cell.startswith("'")
    sheet = load_workbook(io.BytesIO(as_xlsx(table)))["常问"]
    assert ("s", True) == (sheet["A2"].data_type, str(sheet["A2"].value).startswith("'"))


async def test_an_export_holds_no_question_of_few(office: Office, gatherer: Gatherer) -> None:
    """A question of two persons stays inside; of three it may go out, as text."""
    for n, number in enumerate(("ER-NJSE", "WZ-QYY6", "98-FBZT")):
        await ask(office, "=1+1 三个人问的", f"p{n}", number)
    for n, number in enumerate(("8Q-4H8A", "NA-SDVM")):
        await ask(office, "只有两个人问的", f"p{n}", number)
    await gatherer.once()
    browser = await office.signed_in(Role.REVIEWER)
    csv = (await browser.get("/reports/export.csv")).text
    assert ("三个人问的" in csv, "只有两个人问的" in csv) == (True, False)
    assert not re.search(r'^"?=', csv, re.M)
    assert ("chen", "exported", "report.csv") in await office.audited()
    inside = (await browser.get("/reports")).text
    assert "只有两个人问的" in inside
