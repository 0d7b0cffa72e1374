"""From answered questions to knowledge: proposals, their checks, a second person, publishing, history, roll back.

A proposal is stored as an operation (add this question, write this entry), not as a file: it is applied to the files
as they are when it is published, so that two curators do not overwrite each other. `propose_*` is quick (format rules
and text diff); `check` takes seconds (it learns the changed knowledge and asks it the test questions).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from bot.store.desk_base import Listing, Page, Proposal, ProposalState, Publication


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """A new entry as staff fill it in; `Changes.draft` prefills it from a cluster."""

    entry: str
    """`<topic>.<name>`; a prefilled one ends in `.` and needs a name: lower-case letters, digits, underscore."""
    title: str
    questions: tuple[str, ...]
    answer: str
    """The staff answer without personal data."""
    sources: tuple[dict[str, str], ...]
    """`{"source": id, "article": "第四十一条"}` or with `part`; prefilled from the nearest entry of the topic."""
    reviewed: date
    review_after: date
    status: str = "published"


class ChangesInterface(Protocol):
    """What the console and the command line call. All raise StoreUnavailable."""

    async def draft(self, cluster: int) -> EntryDraft:
        """A new entry prefilled from an answered cluster. Raises DeskNotFound, DeskConflict (not answered yet)."""

    async def propose_question(
        self, cluster: int | None, entry: str, question: str, by: str, why: str = ""
    ) -> Proposal:
        """Add one question to an entry, and a regression question with it; needs no second person.

        Raises DeskNotFound (cluster, entry), DeskRefused (empty, or stored already: the message says where).
        """

    async def propose_entry(self, cluster: int | None, draft: EntryDraft, by: str, why: str = "") -> Proposal:
        """A new entry; a second person must approve. Raises DeskNotFound, DeskRefused (id taken or malformed)."""

    async def propose_edit(self, entry: str, fields: dict[str, Any], by: str, why: str) -> Proposal:
        """Other fields of an entry: title, answer, sources, reviewed, review_after, status, questions, not_questions.

        A second person must approve unless only questions and not_questions change. Raises DeskNotFound, DeskRefused.
        """

    async def proposals(
        self, states: Sequence[ProposalState] = (), cluster: int | None = None, page: Page | None = None
    ) -> Listing[Proposal]:
        """Newest first; no states mean all. An empty Listing when there are none."""

    async def proposal(self, proposal: int) -> Proposal:
        """One proposal. Raises DeskNotFound."""

    async def check(self, proposal: int) -> Proposal:
        """Apply it to a copy: format, lint, text diff, answer diff; stored with it. Takes seconds, off the event loop.

        Raises DeskNotFound, DeskConflict (published or rejected already).
        """

    async def approve(self, proposal: int, by: str) -> Proposal:
        """The second person agrees. Raises DeskNotFound, DeskRefused (by its author), DeskConflict (not waiting)."""

    async def reject(self, proposal: int, by: str, why: str) -> Proposal:
        """It will not come. Raises DeskNotFound, DeskRefused (no reason), DeskConflict (not waiting)."""

    async def publish(self, proposal: int, by: str) -> Publication:
        """Bring it into force: all files or none; its cluster's state becomes published.

        Raises DeskNotFound, DeskRefused (law content that no second person approved; errors in the check),
        DeskConflict (not waiting any more, or it no longer fits the files).
        """

    async def publications(self, page: Page | None = None) -> Listing[Publication]:
        """History, newest first."""

    async def publication(self, publication: int) -> Publication:
        """One publication with the texts before and after. Raises DeskNotFound."""

    async def roll_back(self, publication: int, by: str, why: str) -> Publication:
        """Undo one publication in one step; what was changed since stays. The new publication that undoes it.

        Raises DeskNotFound, DeskRefused (no reason), DeskConflict (rolled back already, or the same lines were changed
        since: the message names the file).
        """

    async def recover(self) -> int:
        """Finish what a stop left half published; how many. Called at start."""
