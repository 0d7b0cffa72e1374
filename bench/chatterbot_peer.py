"""ChatterBot as a peer, run by a Python of its own (it wants other versions of common packages).

Reads [[entry, question], ...] on the first line, then a question a line; answers the entry whose stored question its
BestMatch adapter finds nearest by Levenshtein distance. Its default tagger needs a spaCy model, so none is used.
"""

import json
import sys

from chatterbot import ChatBot
from chatterbot.comparisons import LevenshteinDistance
from chatterbot.conversation import Statement
from chatterbot.search import TextSearch
from chatterbot.tagging import NoOpTagger


def main() -> None:
    """Answer until the input ends."""
    phrases = json.loads(sys.stdin.readline())
    bot = ChatBot(
        "peer",
        storage_adapter="chatterbot.storage.SQLStorageAdapter",
        database_uri="sqlite:///:memory:",
        tagger=NoOpTagger,
    )
    # a stored question is what is said, the entry is what ChatterBot answers
    statements = [
        Statement(owner, search_text=owner, in_response_to=text, search_in_response_to=text) for owner, text in phrases
    ]
    bot.storage.create_many(statements)
    search = TextSearch(bot, statement_comparison_function=LevenshteinDistance)
    say("ready")
    for line in sys.stdin:
        text = json.loads(line)
        better = list(search.search(Statement(text, search_text=text)))
        say(json.dumps(better[-1].text if better else ""))


def say(line: str) -> None:
    """One line to whoever asked."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
