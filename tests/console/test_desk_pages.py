"""Working at the desk through the pages: what is typed is never lost, what is done is written down."""

from __future__ import annotations

import csv
import re
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest

from bot.desk.digest import digest_text, week_of
from bot.desk.gather import Gatherer
from bot.desk.report import gather, last_days, tables
from bot.errors import StoreRefused
from bot.store.accounts import Role
from bot.store.base import TicketState
from bot.store.desk_base import Filter
from tests.console.desk import Office
from tests.console.test_tour import ask

TEXT = "楼道堵死了该找哪个评理"


async def one_cluster(office: Office, gatherer: Gatherer) -> int:
    """Three persons ask the same; the cluster's number."""
    for person, number in (("p1", "ER-NJSE"), ("p2", "WZ-QYY6"), ("p3", "98-FBZT")):
        await ask(office, TEXT, person, number)
    await gatherer.once()
    return (await office.house.desk.clusters()).rows[0].id


async def test_an_answer_goes_to_all_and_a_second_one_is_refused_with_its_text_kept(
    office: Office, gatherer: Gatherer
) -> None:
    """Two curators answer at the same time: the second sees why not, and what they typed."""
    cluster = await one_cluster(office, gatherer)
    browser = await office.signed_in(Role.CURATOR)
    await browser.get(f"/clusters/{cluster}")
    preview = await browser.post(f"/clusters/{cluster}/answer", text="找社区<调解>。", preview="1")
    assert ("找社区&lt;调解&gt;。" in preview.text, "WZ-QYY6" in preview.text) == (True, True)
    assert [] == list(await office.house.desk.deliveries(cluster))
    assert 303 == (await browser.post(f"/clusters/{cluster}/answer", text="找社区调解。")).status_code
    assert ["p1", "p2", "p3"] == sorted(d.person for d in await office.house.desk.deliveries(cluster))
    late = await browser.post(f"/clusters/{cluster}/answer", text="第二份答复")
    assert (409, True) == (late.status_code, "第二份答复" in late.text)
    assert 3 == len(await office.house.desk.deliveries(cluster))


async def test_looking_at_a_conversation_is_written_down_first(office: Office, gatherer: Gatherer) -> None:
    """Each view of a cluster, a ticket and the list of questions is one line with who and what."""
    cluster = await one_cluster(office, gatherer)
    browser = await office.signed_in(Role.CURATOR)
    for path in (f"/clusters/{cluster}", "/tickets/er-njse", "/questions"):
        assert 200 == (await browser.get(path)).status_code
    expected = [("wang", "saw_questions", ""), ("wang", "saw_ticket", "ticket:ER-NJSE"),
                ("wang", "saw_cluster", f"cluster:{cluster}")]  # fmt: skip
    assert expected == (await office.audited())[:3]
    assert not any(TEXT in str(line) for line in (await office.house.audit.lines())[0])


async def test_the_queue_filters_and_finds_a_number(office: Office, gatherer: Gatherer) -> None:
    """Filters narrow the list, nonsense in them is left out, a ticket's number leads to its cluster."""
    cluster = await one_cluster(office, gatherer)
    browser = await office.signed_in(Role.CURATOR)
    for query in (
        "",
        "?q=楼道",
        "?channel=web",
        "?reason=none",
        "?topic=notary",
        "?owner=-",
        "?order=nonsense",
        "?from=x",
    ):
        assert TEXT in (await browser.get(f"/queue{query}")).text, query
    for query in ("?q=没有的字", "?channel=telegram", "?view=answered", "?overdue=1", "?owner=chen", "?from=50"):
        assert TEXT not in (await browser.get(f"/queue{query}")).text, query
    await browser.post(f"/clusters/{cluster}/ignore", reason="与本局业务无关")
    found = await browser.get("/queue?q=er-njse")
    assert (303, f"/console/clusters/{cluster}") == (found.status_code, found.headers["location"])


async def test_what_the_store_does_not_take_is_said(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL refuses a NUL in what is looked for: the person hears that it is the words, not that it is away."""

    async def refuse(*given: object) -> object:
        raise StoreRefused("made to refuse")

    browser = await office.signed_in(Role.CURATOR)
    monkeypatch.setattr(office.house.desk, "clusters", refuse)
    got = await browser.get("/queue?q=%00")
    assert (422, True) == (got.status_code, "存不了的字符" in got.text)


async def test_assign_ignore_and_put_back(office: Office, gatherer: Gatherer) -> None:
    """Each leaves its state and its line; an unknown owner and a missing reason are refused in words."""
    cluster = await one_cluster(office, gatherer)
    browser = await office.signed_in(Role.CURATOR)
    await browser.get(f"/clusters/{cluster}")
    assert "没有可以指派的用户" in (await browser.post(f"/clusters/{cluster}/assign", owner="nobody")).text
    await browser.post(f"/clusters/{cluster}/assign", owner="wang")
    assert "wang" == (await office.house.desk.cluster(cluster)).row.owner
    assert "请写明" in (await browser.post(f"/clusters/{cluster}/ignore", reason=" ")).text
    await browser.post(f"/clusters/{cluster}/ignore", reason="与本局业务无关")
    assert TicketState.IGNORED == (await office.house.desk.cluster(cluster)).row.state
    await browser.post(f"/clusters/{cluster}/release")
    assert 1 == (await office.house.desk.clusters()).total
    deeds = [what for _, what, _ in await office.audited()]
    assert ["released", "ignored", "assigned"] == [d for d in deeds if d in ("released", "ignored", "assigned")]


async def test_split_and_merge(office: Office, gatherer: Gatherer) -> None:
    """A ticket taken out is a cluster of its own; merged again they are one."""
    cluster = await one_cluster(office, gatherer)
    browser = await office.signed_in(Role.CURATOR)
    await browser.get(f"/clusters/{cluster}")
    assert "请给出要拆出的工单号" in (await browser.post(f"/clusters/{cluster}/split")).text
    made = await browser.post(f"/clusters/{cluster}/split", ticket=["WZ-QYY6", "98-FBZT"])
    other = int(made.headers["location"].split("/")[3].partition("?")[0])
    assert [1, 2] == [(await office.house.desk.cluster(c)).row.size for c in (cluster, other)]
    await browser.post(f"/clusters/{cluster}/merge", others=f"{other}")
    assert 3 == (await office.house.desk.cluster(cluster)).row.size


async def test_a_digest_holds_no_small_group(office: Office, gatherer: Gatherer) -> None:
    """The week in one message: groups of three are named, of two are not."""
    await one_cluster(office, gatherer)
    for person, number in (("p1", "8Q-4H8A"), ("p2", "NA-SDVM")):
        await ask(office, "阳台漏水谁来修呢", person, number)
    await gatherer.once()
    since, _ = week_of(office.clock() + timedelta(days=7))
    base = office.house.matcher().knowledge
    report = await gather(office.house.reports, base, since, since + timedelta(days=7))
    text = digest_text(report, await office.house.desk.numbers(), base)
    assert ("提问 5 次" in text, f"{TEXT}（3 人）" in text, "阳台漏水" in text) == (True, True, False)
    assert 2 == (await office.house.desk.clusters(Filter())).total


def test_a_week_is_mondays_to_mondays_in_china(office: Office) -> None:
    """On Monday at ten in the morning the last week ended ten hours ago."""
    since, until = week_of(office.clock())
    assert ("2026-11-15T16:00", "2026-11-22T16:00") == (since.isoformat()[:16], until.isoformat()[:16])


async def test_the_console_and_the_command_report_the_same_days(office: Office) -> None:
    """Seven days end today, not tomorrow, in both; a report of the same instants in another time zone is the same report."""
    browser = await office.signed_in(Role.REVIEWER)
    shown = csv.reader((await browser.get("/reports/export.csv?days=7")).text.splitlines())
    rows = {row[0]: row[1] for row in shown if len(row) > 1}
    since, until = last_days(office.clock(), 7)
    assert ("2026-11-17", "2026-11-23") == (rows["开始"], rows["结束"])
    assert ("2026-11-17", False) == (next(day for day in rows if re.match(r"2026-", day)), "2026-11-24" in rows)
    base = office.house.matcher().knowledge
    here, utc = [
        await gather(office.house.reports, base, since.astimezone(zone), until.astimezone(zone))
        for zone in (since.tzinfo, UTC)
    ]
    assert tables(here, base) == tables(utc, base)
    assert [date(2026, 11, 17 + n) for n in range(7)] == [day for day, _ in here.days]


async def test_an_entry_is_overdue_only_after_its_last_day(office: Office) -> None:
    """On the day before its review date no report calls an entry overdue."""
    base = office.house.matcher().knowledge
    last = datetime(2027, 5, 23, 12, tzinfo=UTC)
    lists = [
        (await gather(office.house.reports, base, *last_days(last + timedelta(days=n), 1))).overdue for n in (0, 1)
    ]
    assert ((), True) == (lists[0], "notary.fee" in lists[1])


@pytest.mark.parametrize(
    "given", ["2026-01-05", "2026/1/5", "2026.01.05", "2026年1月5日", "20260105", " ２０２６－０１－０５ "]
)
async def test_a_day_is_understood_as_people_write_it(office: Office, given: str) -> None:
    """The dates of an entry may be typed in each usual way; the proposal holds the day."""
    assert date(2026, 1, 5) == await proposed_day(office, given)


@pytest.mark.parametrize("given", ["", "1/5/2026", "2026-13-05", "2026-02-30", "五月", "2026-01-05-06"])
async def test_what_is_no_day_is_said(office: Office, given: str) -> None:
    """The form comes back with what was typed and how a day is written."""
    assert f"“核对日期”要写成 2026-11-23 这样，现在是“{given}”。" == await proposed_day(office, given)


async def proposed_day(office: Office, given: str) -> date | str:
    """Change the review day of an entry through its form: the day of the proposal, or what the form says against it."""
    browser = await office.signed_in(Role.REVIEWER)
    form = (await browser.get("/knowledge/notary.fee/edit")).text
    values = {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form)}
    areas = {name: unescape(value) for name, value in re.findall(r'<textarea name="(\w+)"[^>]*>([^<]*)<', form)}
    fields = {**values, **areas, "status": "published", "why": "核对过", "reviewed": given}
    fields.pop("csrf")
    response = await browser.post("/knowledge/notary.fee/edit", **fields)
    if response.status_code == 422:
        return unescape(re.search(r'class="bad" role="alert">([^<]*)<', response.text)[1])  # type: ignore[index]  # it is there
    (made,) = (await office.house.changes.proposals()).rows
    return date.fromisoformat(str(made.operation["fields"]["reviewed"]))


@pytest.mark.parametrize(
    ("said", "why"), [("公证收费标准", "和条目里存的一句问法完全一样。"), ("他现在正在打我", "命中紧急情况的规则")]
)
async def test_a_question_tried_is_explained_in_chinese(office: Office, said: str, why: str) -> None:
    """试一句 says how a stored question and an emergency were decided, in words of staff."""
    browser = await office.signed_in(Role.CURATOR)
    page = await browser.get(f"/knowledge?try={said}")
    assert why in page.text


async def test_a_report_of_a_small_log_is_of_this_moment(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the first count was, the next look shows what was asked since; only a large log's report is kept."""
    monkeypatch.setattr("bot.console.kept.QUICK_SECONDS", -1.0)
    browser = await office.signed_in(Role.REVIEWER)

    async def shown() -> str:
        found = re.search(r"<b>(\d+)</b><span>次提问", (await browser.get("/reports")).text)
        return found[1] if found else ""

    assert "0" == await shown()
    await ask(office, TEXT, "p1", "8Q-4H8A")
    assert "1" == await shown()
    monkeypatch.setattr("bot.store.reports.LARGE", 0)
    assert "1" == await shown()
    await ask(office, TEXT, "p2", "NA-SDVM")
    assert "1" == await shown()
