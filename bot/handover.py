"""What goes to the staff: 人工, 都不是 said twice, 没帮助, and a question that nothing answers. Each becomes a ticket."""

from __future__ import annotations

from bot import picking, pleas, replies
from bot.desk.intake import Intake
from bot.memory import Work
from bot.messages import Reply
from bot.recall import Recall
from bot.store.base import Store
from bot.traditional import Traditional
from intents import Matcher


class Handover:
    """Opens tickets, and asks back first where there is no question yet."""

    def __init__(self, store: Store, intake: Intake, recall: Recall, traditional: Traditional) -> None:
        self._store, self._intake, self._recall, self._traditional = store, intake, recall, traditional

    def aside(self, text: str) -> picking.Aside | None:
        """As `picking.aside`, of a text as it was typed."""
        return picking.aside(self._traditional.simplified(text))

    async def none_of_these(self, matcher: Matcher, work: Work) -> Reply:
        """First 都不是: ask to say it differently; the second becomes a ticket."""
        question = work.state.pop("asked", "")
        work.state.pop("options", None)
        if work.state.get("rephrased") and question:
            del work.state["rephrased"]
            return await self.ticket(matcher, work, "none_of_these", question, "no_answer")
        work.rephrase(question)
        return replies.text(matcher.knowledge, "rephrase", outcome="none")

    async def judged(self, matcher: Matcher, work: Work, message_id: str, verdict: str) -> Reply:
        """有帮助 or 没帮助 of the answer to a message."""
        message, base = work.message, matcher.knowledge
        exchange = await self._store.feedback(message.channel, message_id, message.person, verdict)
        if exchange is None or exchange.chat != message.chat:
            return replies.text(base, "feedback_lost")
        if verdict == "helpful":
            return replies.text(base, "helpful")
        if exchange.ticket:
            return replies.text(base, "feedback_lost")
        return await self.ticket(matcher, work, "unhelpful", work.unhelped(base, exchange), "unhelpful")

    async def human(self, matcher: Matcher, work: Work, said: str = "") -> Reply:
        """A person is asked for: about what was `said` with it, else about the question before, else it is asked back."""
        said = "" if self.aside(said) else await pleas.matter(self._recall, matcher, said)
        question = pleas.question(said, str(work.state.get("last_question") or ""))
        if not question or self.aside(question):
            work.state["human"] = True
            return replies.text(matcher.knowledge, "human_ask", outcome="answer", entry="chat.human")
        return await self.ticket(matcher, work, "human", question, "human")

    async def ticket(self, matcher: Matcher, work: Work, reason: str, question: str, key: str) -> Reply:
        """Open a ticket; its number is in the reply, and `finish` writes both before anything is sent."""
        if self.aside(question):
            return replies.text(matcher.knowledge, "say_question")
        number = await self._store.free_ticket_number()
        if work.match is None or work.match.text != question:
            work.match = await self._recall.match(matcher, question)
        work.state["last_question"], work.state["ticket"] = question, number
        work.state.pop("told", None)
        work.ticket = self._intake.ticket(matcher, work.message, number, reason, question, work.match)
        return self._intake.promise(matcher, work.ticket, key)
