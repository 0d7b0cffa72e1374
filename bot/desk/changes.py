"""From answered questions to knowledge: proposals, their checks, a second person, publishing, history, roll back.

A proposal is stored as an operation (add this question, write this entry), not as a file: it is applied to the files
as they are when it is published, so that two curators do not overwrite each other. `propose_*` is quick (format rules
and text diff); `check` takes seconds (it learns the changed knowledge and asks it the test questions).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from bot.desk import drafts
from bot.desk.checking import Checked, Learn, check, new_problems
from bot.desk.drafts import EntryDraft
from bot.desk.operations import HARMLESS, Texts, applied, plain_fields, text_diff
from bot.desk.promise import ZONE
from bot.desk.publishing import alone, take_up, write_all
from bot.errors import DeskConflict, DeskNotFound, DeskRefused, EditError, StoreUnavailable
from bot.privacy import redact
from bot.store.desk import DeskStore
from bot.store.desk_base import ClusterPage, Listing, Page, Proposal, ProposalState, Publication
from bot.store.proposals import ProposalStore
from intents import Matcher
from intents.knowledge import fingerprint

__all__ = ["Changes", "EntryDraft"]
log = logging.getLogger(__name__)


class Shelf(Protocol):
    """Knowledge that several machines share: bot.following.Follower."""

    def exclusive(self) -> AbstractAsyncContextManager[None]:
        """Nobody else publishes meanwhile, and the files are the newest version."""

    async def publish(self, by: str, why: str) -> object:
        """Make the files as they are the newest version; only under `exclusive`."""


class Checker(Protocol):
    """Makes the check of a proposal elsewhere than in a thread of this process."""

    async def check(
        self, directory: Path, texts: Mapping[str, str | None], entry: str, asked: Sequence[str], today: date
    ) -> Checked:
        """See bot.desk.checking.check."""


class Changes:
    """What the console and the command line call. Every method raises StoreUnavailable."""

    def __init__(
        self,
        store: ProposalStore,
        desk: DeskStore,
        directory: Path,
        matcher: Callable[[], Matcher],
        learn: Learn,
        now: Callable[[], datetime],
        shelf: Shelf | None = None,
        checker: Checker | None = None,
    ) -> None:
        """`directory` holds the knowledge files; `matcher` gives the one in force; `learn` makes one of a copy; `shelf`
        is where what was published goes besides the files; `checker` checks beside a service, without it a thread does."""
        self._checker = checker
        self._store, self._desk, self._directory = store, desk, directory
        self._shelf = shelf
        self._matcher, self._learn, self._now = matcher, learn, now

    # ---- proposing -----------------------------------------------------------------------------------------------

    async def draft(self, cluster: int) -> EntryDraft:
        """A new entry prefilled from an answered cluster. Raises DeskNotFound, DeskConflict (not answered yet)."""
        page = await self._cluster(cluster)
        if page.answer is None:
            raise DeskConflict(f"问题组 {cluster} 还没有答复。请先答复，再起草条目。")
        return drafts.draft(page, self._matcher(), self._now().astimezone(ZONE).date())

    async def propose_question(
        self, cluster: int | None, entry: str, question: str, by: str, why: str = "", test: str = ""
    ) -> Proposal:
        """Add one question to an entry, and a regression question (`test`, or one chosen from the cluster).

        Needs no second person. Raises DeskNotFound (cluster, entry), DeskRefused (empty, or stored already: the
        message says where).
        """
        matcher = self._matcher()
        self._entry(matcher, entry)
        said = redact(question).strip()
        drafts.refuse_stored(matcher, said)
        asked = await self._asked(cluster)
        chosen = redact(test).strip() or drafts.regression(matcher, [said], asked)
        operation = {"entry": entry, "question": said, "test": chosen}
        return await self._propose("question", entry, cluster, operation, False, by, why)

    async def propose_entry(self, cluster: int | None, draft: EntryDraft, by: str, why: str = "") -> Proposal:
        """A new entry; a second person must approve. Raises DeskNotFound, DeskRefused (id taken or malformed)."""
        matcher = self._matcher()
        for question in draft.questions:
            drafts.refuse_stored(matcher, question)
        asked = await self._asked(cluster)
        fields = plain_fields(draft.fields())
        operation = {"entry": draft.entry, "fields": fields, "test": drafts.regression(matcher, draft.questions, asked)}
        return await self._propose("entry", draft.entry, cluster, operation, True, by, why)

    async def propose_edit(self, entry: str, fields: Mapping[str, Any], by: str, why: str) -> Proposal:
        """Other fields of an entry: title, answer, sources, reviewed, review_after, status, questions, not_questions.

        A second person must approve unless only lists of questions or of other entries change. Raises DeskNotFound,
        DeskRefused (no reason given, nothing to change, a field or value that the format does not know).
        """
        self._entry(self._matcher(), entry)
        if not why.strip():
            raise DeskRefused("请写明修改的理由，例如“法律修订，条号变了”。")
        operation = {"entry": entry, "fields": plain_fields(fields)}
        law = not set(fields) <= HARMLESS
        return await self._propose("edit", entry, None, operation, law, by, why)

    async def _propose(
        self, kind: str, entry: str, cluster: int | None, operation: dict[str, Any], law: bool, by: str, why: str
    ) -> Proposal:
        texts = await asyncio.to_thread(self._texts, kind, operation)
        if all(before == after for before, after in texts.values()):
            raise DeskRefused(f"条目“{entry}”本来就是这样，没有要改的。")
        problems = await asyncio.to_thread(self._problems, texts)
        found = await self._store.add(
            {"kind": kind, "entry": entry, "cluster": cluster, "author": by, "why": why, "law": law,
             "operation": operation, "diff": text_diff(texts), "problems": list(problems)}
        )  # fmt: skip
        return await self._store.get(found)

    def _texts(self, kind: str, operation: Mapping[str, Any]) -> Texts:
        try:
            return applied(self._directory, kind, operation, self._now().astimezone(ZONE).date())
        except EditError as error:
            raise DeskRefused(str(error)) from None

    def _problems(self, texts: Texts) -> tuple[dict[str, Any], ...]:
        today = self._now().astimezone(ZONE).date()
        return new_problems(self._directory, {path: after for path, (_, after) in texts.items()}, today)

    def _entry(self, matcher: Matcher, entry: str) -> None:
        if entry not in matcher.knowledge.entries:
            raise DeskNotFound(f"没有条目“{entry}”。条目编号形如 legal_aid.cost，请核对。")

    async def _cluster(self, cluster: int) -> ClusterPage:
        page = await self._desk.cluster(cluster)
        if page is None:
            raise DeskNotFound(f"没有编号 {cluster} 的问题组。")
        return page

    async def _asked(self, cluster: int | None) -> list[str]:
        return [] if cluster is None else [t.text for t in (await self._cluster(cluster)).tickets]

    # ---- deciding ------------------------------------------------------------------------------------------------

    async def proposals(
        self, states: Sequence[ProposalState] = (), cluster: int | None = None, page: Page | None = None
    ) -> Listing[Proposal]:
        """Newest first; no states mean all. An empty Listing when there are none."""
        return await self._store.find(states, cluster, page or Page())

    async def proposal(self, proposal: int) -> Proposal:
        """One proposal. Raises DeskNotFound."""
        return await self._store.get(proposal)

    async def check(self, proposal: int, by: str = "machine") -> Proposal:
        """Apply it to a copy: format, lint, text diff, answer diff; stored with it. Takes seconds, off the event loop.

        Raises DeskNotFound, DeskRefused (it no longer fits the files), DeskConflict (published or rejected already).
        """
        found = await self._store.waiting(proposal)
        asked = await self._asked(found.cluster)
        texts = await asyncio.to_thread(self._texts, found.kind, found.operation)
        today, directory = self._now().astimezone(ZONE).date(), self._directory
        after = {path: text for path, (_, text) in texts.items()}
        if self._checker is not None:
            done = await self._checker.check(directory, after, found.entry, asked, today)
        else:
            current = self._matcher()
            done = await asyncio.to_thread(check, directory, after, found.entry, asked, self._learn, current, today)
        values = {"diff": text_diff(texts), "problems": list(done.problems), "changes": list(done.changes)}
        return await self._store.settle(proposal, by, "checked", {**values, "checked_at": self._now()})

    async def approve(self, proposal: int, by: str) -> Proposal:
        """The second person agrees. Raises DeskNotFound, DeskRefused (by its author), DeskConflict (not waiting)."""
        found = await self._store.get(proposal)
        if found.author == by:
            raise DeskRefused(f"修改 {proposal} 是您自己提出的，请另一位同事审核。")
        if found.errors:
            raise DeskRefused(f"修改 {proposal} 有 {found.errors} 处错误，改好之后重新提出：{_first(found)}")
        values = {"state": ProposalState.APPROVED.value, "approver": by, "approved_at": self._now()}
        return await self._store.settle(proposal, by, "approved", values)

    async def reject(self, proposal: int, by: str, why: str) -> Proposal:
        """It will not come. Raises DeskNotFound, DeskRefused (no reason), DeskConflict (not waiting)."""
        if not why.strip():
            raise DeskRefused("请写明退回的理由，提出的人看得到。")
        return await self._store.settle(
            proposal, by, "rejected", {"state": ProposalState.REJECTED.value, "rejected": why}, why
        )

    # ---- in force ------------------------------------------------------------------------------------------------

    async def publish(self, proposal: int, by: str, why: str = "") -> Publication:
        """Bring it into force: all files or none; a cluster that was answered becomes published.

        Raises DeskNotFound, DeskRefused (law content that no second person approved; errors in the check),
        DeskConflict (not waiting any more, or it no longer fits the files).
        """
        found = await self._store.waiting(proposal)
        if found.law and found.state is ProposalState.PROPOSED:
            raise DeskRefused(f"修改 {proposal} 改动回答内容，要先由另一位同事审核。")
        if found.changes is None:
            found = await self.check(proposal, by)
        async with self._alone():
            await self._take_up()
            try:
                texts = await asyncio.to_thread(self._texts, found.kind, found.operation)
            except DeskRefused as error:
                raise DeskConflict(f"修改 {proposal} 和现在的文件对不上了：{error}") from None
            problems = await asyncio.to_thread(self._problems, texts)
            if errors := [p for p in problems if p["severity"] == "error"]:
                raise DeskRefused(f"修改 {proposal} 不能发布：{errors[0]['path']}：{errors[0]['message']}")
            named = {"proposal": proposal, "undoes": None, "author": by, "approver": found.approver}
            return await self._bring_in(dict(texts), {**named, "why": why or found.why})

    async def _bring_in(self, files: Mapping[str, tuple[str | None, str | None]], named: dict[str, Any]) -> Publication:
        """Journal, write, settle; only under `alone`."""
        version = await asyncio.to_thread(fingerprint, self._directory)
        kept = {path: list(texts) for path, texts in files.items()}
        journal = {**named, "files": kept, "version_before": version, "version_after": ""}
        number = await self._store.begin(journal)
        await asyncio.to_thread(write_all, self._directory, files)
        return await self._finish(number, journal["author"], journal["why"])

    def _alone(self) -> AbstractAsyncContextManager[None]:
        return alone(self._directory) if self._shelf is None else self._shelf.exclusive()

    async def _finish(self, publication: int, by: str, why: str) -> Publication:
        if self._shelf is not None:
            await self._shelf.publish(by, why)
        version = await asyncio.to_thread(fingerprint, self._directory)
        return await self._store.finish(publication, version)

    async def publications(self, page: Page | None = None) -> Listing[Publication]:
        """History, newest first."""
        return await self._store.publications(page or Page())

    async def publication(self, publication: int) -> Publication:
        """One publication with the texts before and after. Raises DeskNotFound."""
        return await self._store.publication(publication)

    async def roll_back(self, publication: int, by: str, why: str) -> Publication:
        """Undo one publication in one step; what was changed since stays. The new publication that undoes it.

        Raises DeskNotFound, DeskRefused (no reason, or other entries rest on it), DeskConflict (rolled back already, or
        the same lines were changed since: the message names the file).
        """
        if not why.strip():
            raise DeskRefused("请写明撤回的理由。")
        async with self._alone():
            await self._take_up()
            done = await self._store.publication(publication)
            if done.state != "published":
                raise DeskConflict(f"发布记录 {publication} 已经撤回过，不用再撤。")
            files = await asyncio.to_thread(drafts.taken_back, self._directory, done)
            texts = {path: after for path, (_, after) in files.items()}
            today = self._now().astimezone(ZONE).date()
            problems = await asyncio.to_thread(new_problems, self._directory, texts, today)
            if errors := [p for p in problems if p["severity"] == "error"]:
                raise DeskRefused(f"撤回 {publication} 会使知识库出错：{errors[0]['path']}：{errors[0]['message']}")
            named = {"proposal": done.proposal, "undoes": publication, "author": by, "approver": "", "why": why}
            return await self._bring_in(files, named)

    async def recover(self) -> int:
        """Finish what a stop left half published; how many. Called at start; waits while another process publishes."""
        if not await self._store.half_done():
            return 0
        async with self._alone():
            return await self._take_up()

    async def _take_up(self) -> int:
        left = await self._store.half_done()
        for one in left:
            if await asyncio.to_thread(take_up, self._directory, one.files):
                await self._finish(one.id, one.author, one.why)
            else:
                log.error("publication %d: a file was changed while it was being published: taken back", one.id)
                await self._store.fail(one.id)
        return len(left)

    async def watch(self, seconds: float) -> None:
        """Look for ever for what another process (a command that was killed) left half published."""
        while True:
            try:
                await self.recover()
            except (EditError, StoreUnavailable) as error:
                log.error("looking for half published changes failed: %s", error)
            await asyncio.sleep(seconds)


def _first(proposal: Proposal) -> str:
    return next(f"{p['path']}：{p['message']}" for p in proposal.problems if p["severity"] == "error")
