"""From an answered question to the knowledge and back: the whole way, and everything that must be refused."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date

import pytest

from bot.errors import DeskConflict, DeskNotFound, DeskRefused
from bot.messages import Kind
from bot.store.base import TicketState
from bot.store.desk_base import ProposalState
from tests.desk.conftest import Workplace

ASKED = "街坊要是把楼道堵死了该找哪个评理"
OTHER = "请问街坊把楼道堵死了该找哪个评理"


async def _answered(place: Workplace, *texts: str) -> int:
    """An answered cluster of these questions."""
    await place.say("转人工", "a")
    for n, text in enumerate(texts):
        await place.say("转人工", f"p{n}")
        await place.ticket(text, f"p{n}")
    row = (await place.desk.clusters()).rows[0]
    await place.desk.answer(row.id, "可以找社区的人民调解委员会，电话13812345678，不收费。", "li")
    return row.id


async def test_a_question_is_added_and_answered_and_rolled_back(place: Workplace) -> None:
    """Published, the question reaches the entry after a reload; rolled back, every file is as it was, byte for byte."""
    cluster = await _answered(place, ASKED, OTHER)
    before = {name: place.file(name) for name in ("entries/legal_aid.yaml", "tests/legal_aid.yaml")}
    proposal = await place.changes.propose_question(cluster, "legal_aid.what", ASKED, "li", "三个人问过")
    assert (False, ProposalState.PROPOSED, None) == (proposal.law, proposal.state, proposal.changes)
    assert f"+      - {ASKED}\n" in proposal.diff
    proposal = await place.changes.check(proposal.id)
    assert [] == [p for p in proposal.problems if p["severity"] == "error"]
    assert ASKED in {c["text"] for c in proposal.changes or ()}
    publication = await place.changes.publish(proposal.id, "li")
    assert await place.brain.reload_if_changed()
    assert place.brain.current().knowledge.version == publication.version_after
    assert "legal_aid.what" == (await place.say(ASKED, "x")).entry
    assert f"q: {OTHER}, entry: legal_aid.what" in place.file("tests/legal_aid.yaml")
    page = await place.desk.cluster(cluster)
    assert (TicketState.PUBLISHED, ["proposed", "checked", "published"]) == (
        page.row.state,
        [e.what for e in page.events][-3:],
    )
    back = await place.changes.roll_back(publication.id, "wang", "放错了条目")
    assert before == {name: place.file(name) for name in before}
    assert (publication.id, "wang", "放错了条目") == (back.undoes, back.author, back.why)
    assert not (place.directory / "tests/legal_aid.yaml").exists()
    assert ["published", "rolled_back"] == [p.state for p in (await place.changes.publications()).rows]
    assert TicketState.ANSWERED == (await place.desk.cluster(cluster)).row.state
    assert ProposalState.ROLLED_BACK == (await place.changes.proposal(proposal.id)).state
    with pytest.raises(DeskConflict):
        await place.changes.roll_back(publication.id, "wang", "再来一次")
    await place.changes.roll_back(back.id, "wang", "撤错了")
    assert ASKED in place.file("entries/legal_aid.yaml")
    assert TicketState.PUBLISHED == (await place.desk.cluster(cluster)).row.state


async def test_a_new_entry_needs_a_second_person(place: Workplace) -> None:
    """Prefilled without personal data; refused until somebody else has approved it; then it answers."""
    cluster = await _answered(place, ASKED, OTHER)
    draft = await place.changes.draft(cluster)
    assert (date(2026, 11, 23), date(2027, 5, 24)) == (draft.reviewed, draft.review_after)
    assert ("13812345678" in draft.answer, "〔手机号〕" in draft.answer) == (False, True)
    assert ASKED in draft.questions
    sources = ({"source": "legal_aid_law", "article": "第二条"},)
    whole = replace(draft, entry="notary.corridor", answer="可以找人民调解委员会，不收费。", sources=sources)
    proposal = await place.changes.propose_entry(cluster, whole, "li")
    assert proposal.law
    with pytest.raises(DeskRefused, match="审核"):
        await place.changes.publish(proposal.id, "li")
    with pytest.raises(DeskRefused, match="自己"):
        await place.changes.approve(proposal.id, "li")
    await place.changes.approve(proposal.id, "wang")
    publication = await place.changes.publish(proposal.id, "li")
    assert ("li", "wang") == (publication.author, publication.approver)
    assert await place.brain.reload_if_changed()
    assert ("notary.corridor", "可以找人民调解委员会，不收费。") == (
        (reply := await place.say(ASKED, "x")).entry, reply.text,
    )  # fmt: skip
    await place.changes.roll_back(publication.id, "wang", "重写")
    assert "corridor" not in place.file("entries/notary.yaml")


async def test_an_edit_of_law_content_is_held_to_the_same(place: Workplace) -> None:
    """Answer: second person and a reason. Only questions: neither approval. What stands already is no change."""
    edit = place.changes.propose_edit
    with pytest.raises(DeskRefused, match="理由"):
        await edit("notary.fee", {"answer": "先看公示。"}, "li", " ")
    proposal = await edit("notary.fee", {"answer": "先看公示。", "reviewed": date(2026, 11, 23)}, "li", "收费改了")
    with pytest.raises(DeskRefused):
        await place.changes.publish(proposal.id, "wang")
    await place.changes.approve(proposal.id, "wang")
    await place.changes.publish(proposal.id, "wang")
    assert "先看公示。" in place.file("entries/notary.yaml")
    harmless = await edit("notary.fee", {"not_questions": ["公证处的停车费"]}, "li", "常混")
    assert not harmless.law
    await place.changes.publish(harmless.id, "li")
    for fields in ({"answer": "先看公示。"}, {"colour": "red"}, {"title": 3}):
        with pytest.raises(DeskRefused):
            await edit("notary.fee", fields, "li", "x")


async def test_what_does_not_fit_is_refused_with_its_reason(place: Workplace) -> None:
    """No such entry or cluster; a question that is stored already; an id that is taken or malformed; an open cluster."""
    changes = place.changes
    with pytest.raises(DeskNotFound):
        await changes.propose_question(None, "notary.gone", "一句话", "li")
    with pytest.raises(DeskNotFound):
        await changes.propose_question(7, "notary.fee", "一句没有的话", "li")
    with pytest.raises(DeskRefused, match=r"legal_aid\.cost"):
        await changes.propose_question(None, "notary.fee", "法律援助收费吗？", "li")
    with pytest.raises(DeskRefused):
        await changes.propose_question(None, "notary.fee", "，。", "li")
    await place.say("转人工")
    await place.ticket(ASKED)
    cluster = (await place.desk.clusters()).rows[0].id
    with pytest.raises(DeskConflict):
        await changes.draft(cluster)
    await place.desk.answer(cluster, "去社区。", "li")
    draft = replace(await changes.draft(cluster), sources=({"source": "legal_aid_law"},))
    for entry in ("notary.fee", "notary.", "notary.Fee", "nowhere.what"):
        with pytest.raises(DeskRefused):
            await changes.propose_entry(cluster, replace(draft, entry=entry), "li")
    for method in (changes.proposal(9), changes.check(9), changes.approve(9, "li"), changes.publish(9, "li"),
                   changes.publication(9), changes.roll_back(9, "li", "x"), changes.reject(9, "li", "x")):  # fmt: skip
        with pytest.raises(DeskNotFound):
            await method


async def test_errors_forbid_publishing(place: Workplace) -> None:
    """An answer that promises, or an unknown source: named in the check, and not published even when approved before."""
    proposal = await place.changes.propose_edit("notary.fee", {"answer": "保证您赢。"}, "li", "试")
    assert ["promise"] == [p["code"] for p in proposal.problems]
    with pytest.raises(DeskRefused, match="许诺"):
        await place.changes.approve(proposal.id, "wang")
    await place.changes.reject(proposal.id, "wang", "不能许诺")
    with pytest.raises(DeskConflict):
        await place.changes.publish(proposal.id, "wang")


async def test_two_changes_of_one_file_do_not_overwrite_each_other(place: Workplace) -> None:
    """Both proposed on the same state, published one after the other; each can be rolled back alone, the first too."""
    first = await place.changes.propose_question(None, "notary.fee", "公证收不收手续费", "li")
    second = await place.changes.propose_question(None, "notary.inheritance", "分遗产要公证处出面不", "wang")
    done = [await place.changes.publish(p.id, "li") for p in (first, second)]
    text = place.file("entries/notary.yaml")
    assert ("公证收不收手续费" in text, "分遗产要公证处出面不" in text) == (True, True)
    await place.changes.roll_back(done[0].id, "li", "重复")
    text = place.file("entries/notary.yaml")
    assert ("公证收不收手续费" in text, "分遗产要公证处出面不" in text) == (False, True)


async def test_what_was_changed_by_hand_since_is_not_taken_back_blindly(place: Workplace) -> None:
    """The same line was edited: the roll back is refused, names the file, and nothing is written."""
    proposal = await place.changes.propose_question(None, "notary.fee", "公证收不收手续费", "li")
    done = await place.changes.publish(proposal.id, "li")
    path = place.directory / "entries" / "notary.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("公证收不收手续费", "公证收手续费吗"), encoding="utf-8")
    with pytest.raises(DeskConflict, match=r"notary\.yaml"):
        await place.changes.roll_back(done.id, "li", "x")
    assert "公证收手续费吗" in place.file("entries/notary.yaml")


async def test_publishing_twice_at_once_happens_once(place: Workplace) -> None:
    """Two people press the button together."""
    proposal = await place.changes.propose_question(None, "notary.fee", "公证收不收手续费", "li")
    done = await asyncio.gather(
        *(place.changes.publish(proposal.id, by) for by in ("li", "wang")), return_exceptions=True
    )
    assert 1 == sum(isinstance(d, DeskConflict | DeskRefused) for d in done)
    assert 1 == place.file("entries/notary.yaml").count("公证收不收手续费")


async def test_a_half_published_change_is_finished(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after the first file: nothing is reloaded meanwhile, and the next start brings the rest."""
    from bot.desk import publishing

    proposal = await place.changes.propose_question(None, "notary.fee", "公证收不收手续费", "li")
    written: list[str] = []
    write = publishing._write

    def dies(path: object, text: str | None) -> None:
        if written:
            raise KeyboardInterrupt
        written.append(str(path))
        write(path, text)  # type: ignore[arg-type]

    monkeypatch.setattr(publishing, "_write", dies)
    with pytest.raises(BaseException):  # noqa: B017, PT011
        await place.changes.publish(proposal.id, "li")
    monkeypatch.setattr(publishing, "_write", write)
    assert ("" == place.file("tests/notary.yaml"), await place.brain.reload_if_changed()) == (True, False)
    assert 1 == await place.changes.recover()
    assert "公证收不收手续费" in place.file("tests/notary.yaml")
    assert await place.brain.reload_if_changed()
    assert (0, ProposalState.PUBLISHED) == (
        await place.changes.recover(),
        (await place.changes.proposal(proposal.id)).state,
    )


async def test_a_late_answer_by_number_after_publishing(place: Workplace) -> None:
    """查询 shows the answer in every state after it was given."""
    await place.say("转人工")
    number = await place.ticket(ASKED)
    cluster = (await place.desk.clusters()).rows[0].id
    await place.desk.answer(cluster, "去社区。", "li")
    proposal = await place.changes.propose_question(cluster, "legal_aid.what", ASKED, "li")
    await place.changes.publish(proposal.id, "li")
    reply = await place.say(f"查询 {number}", "somebody", kind=Kind.TEXT)
    assert ("ticket_published", True) == (reply.key, "去社区。" in reply.text)
