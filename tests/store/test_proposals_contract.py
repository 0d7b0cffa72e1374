"""Proposals and publications, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.errors import DeskConflict, DeskNotFound
from bot.store.desk_base import Listing, Page, ProposalState
from bot.store.proposals import ProposalStore
from bot.store.sql import SqlStore


@pytest.fixture
def changes(store: SqlStore) -> ProposalStore:
    """On an empty store."""
    return ProposalStore(store.shared)


def values(entry: str = "notary.fee", cluster: int | None = None) -> dict[str, Any]:
    operation = {"entry": entry, "question": "公证收不收手续费"}
    return {"kind": "question", "entry": entry, "cluster": cluster, "author": "li", "why": "问过", "law": False,
            "operation": operation, "problems": [{"severity": "warning", "path": "p", "message": "m"}]}  # fmt: skip


def journal(proposal: int | None, undoes: int | None = None) -> dict[str, Any]:
    files = {"entries/notary.yaml": ["a\n", "b\n"], "tests/notary.yaml": [None, "c\n"]}
    return {"proposal": proposal, "undoes": undoes, "author": "li", "approver": "", "why": "", "files": files,
            "version_before": "v1", "version_after": ""}  # fmt: skip


async def test_a_proposal_is_kept_as_it_was_given(changes: ProposalStore) -> None:
    """What goes in comes out; lists are newest first, filtered and paged; an unknown one is not found."""
    assert Listing((), 0) == await changes.find((), None, Page())
    first, second = await changes.add(values()), await changes.add(values("notary.inheritance", cluster=3))
    found = await changes.get(first)
    assert ("li", "问过", ProposalState.PROPOSED, None, 0) == (
        found.author, found.why, found.state, found.changes, found.errors,
    )  # fmt: skip
    assert [second, first] == [p.id for p in (await changes.find((), None, Page())).rows]
    assert ([second], 1) == (
        [p.id for p in (await changes.find((), 3, Page())).rows],
        (await changes.find((), 3, Page())).total,
    )
    assert 0 == (await changes.find((ProposalState.PUBLISHED,), None, Page())).total
    with pytest.raises(DeskNotFound):
        await changes.get(99)
    with pytest.raises(DeskNotFound):
        await changes.publication(99)


async def test_a_check_is_kept_and_an_end_is_an_end(changes: ProposalStore) -> None:
    """No changes and not checked are told apart; what was rejected can be neither approved nor published."""
    number = await changes.add(values())
    checked = await changes.settle(number, "li", "checked", {"changes": [], "problems": []})
    assert ((), ()) == (checked.changes, checked.problems)
    await changes.settle(number, "wang", "rejected", {"state": "rejected", "rejected": "重复"}, "重复")
    for action in (changes.settle(number, "wang", "approved", {"state": "approved"}), changes.begin(journal(number)),
                   changes.waiting(number)):  # fmt: skip
        with pytest.raises(DeskConflict):
            await action


async def test_a_publication_goes_through_its_states(changes: ProposalStore) -> None:
    """Half done until finished; finishing twice is finishing once; an undo marks both; a second undo is refused."""
    number = await changes.add(values())
    publication = await changes.begin(journal(number))
    assert [publication] == [p.id for p in await changes.half_done()]
    done = await changes.finish(publication, "v2")
    assert (done, []) == (await changes.finish(publication, "v3"), await changes.half_done())
    assert ("published", "v2", (None, "c\n")) == (done.state, done.version_after, done.files["tests/notary.yaml"])
    assert ProposalState.PUBLISHED == (await changes.get(number)).state
    back = await changes.begin(journal(number, undoes=publication))
    await changes.finish(back, "v1")
    assert ("rolled_back", ProposalState.ROLLED_BACK) == (
        (await changes.publication(publication)).state, (await changes.get(number)).state,
    )  # fmt: skip
    with pytest.raises(DeskConflict):
        await changes.begin(journal(number, undoes=publication))
    assert [back, publication] == [p.id for p in (await changes.publications(Page())).rows]


async def test_a_failed_publication_leaves_its_proposal_waiting(changes: ProposalStore) -> None:
    """It can be published again."""
    number = await changes.add(values())
    await changes.fail(await changes.begin(journal(number)))
    assert ProposalState.PROPOSED == (await changes.waiting(number)).state
    await changes.finish(await changes.begin(journal(number)), "v2")
    assert ["published", "failed"] == [p.state for p in (await changes.publications(Page())).rows]


async def test_of_many_who_begin_at_once_each_has_a_number_of_its_own(changes: ProposalStore) -> None:
    """Numbers are given once."""
    numbers = [await changes.add(values()) for _ in range(5)]
    begun = await asyncio.gather(*(changes.begin(journal(n)) for n in numbers))
    assert 5 == len(set(begun))
