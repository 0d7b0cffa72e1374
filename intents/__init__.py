"""Understanding a question: text and knowledge in, a Match out. No bot, no web, no store, no clock.

from intents import KnowledgeBase, Matcher
Matcher(KnowledgeBase.load("knowledge")).match("申请法律援助要钱吗")
"""

from intents.context import Context
from intents.errors import FawenError, KnowledgeError, Problem
from intents.knowledge import KnowledgeBase
from intents.matcher import Candidate, Match, Matcher
from intents.normalize import Normalizer

__all__ = [
    "Candidate",
    "Context",
    "FawenError",
    "KnowledgeBase",
    "KnowledgeError",
    "Match",
    "Matcher",
    "Normalizer",
    "Problem",
]
