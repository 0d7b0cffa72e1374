"""Rules on what was found: where words that stand for another matter led the ranking astray, what was meant is put first.

Each takes the knowledge and a match and gives it back, mended or as it is; none makes an answer out of what was asked back.
"""

from __future__ import annotations

from intents.mends.appeal import not_accepted
from intents.mends.figurative import figurative
from intents.mends.places import inward, of_place
from intents.mends.pledges import pledges

MENDS = (not_accepted, of_place, inward, pledges, figurative)
"""In their order."""
