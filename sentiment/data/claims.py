"""What the sources say about a text, and the label that follows from it.

A source is the name in a row's column `source`; rows without one are a source together, and so is the base data. The
newest label of one source replaces its older one. When two sources differ, neither is believed: the text is neither
trained on nor tested on until they agree, or until a person decides. What a person decided stays.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass

# A post's standing in the ledger.
PLAIN, CONTESTED, APART, DECIDED = range(4)
MOST_ALIKE = 100  # sources that say the same of a text: one more changes nothing, and a stranger can name any number
LONGEST_NAME = 200  # characters of a source's name that are told; where sources are counted, two that begin so are one
BASE, NO_SOURCE = "base data", "no source"  # what the system says; no name of a row stands without quotes
USED = (PLAIN, DECIDED)  # CONTESTED and APART are neither trained nor tested on; APART for good


@dataclass(frozen=True)
class Heard:
    """What a delivered label changes: which count it adds to, the text's standing, whether it takes this label."""

    outcome: str  # a field of Counts
    standing: int
    takes_label: bool


def hear(standing: int, label: int, claims: Mapping[str, int], source: str, said: int) -> Heard:
    """Returns what it changes that `source` says `said` of a known text with this standing and label.

    `claims` are the newest labels of the sources that labelled it before.
    """
    same = said == label
    if standing == APART:
        return Heard("duplicate" if same else "relabelled", APART, takes_label=not same)
    repeats = claims.get(source) == said
    if standing == DECIDED:
        return Heard("duplicate" if same or repeats else "disagreed", DECIDED, takes_label=False)
    if any(other != said for name, other in claims.items() if name != source):
        return Heard("duplicate" if repeats else "disagreed", CONTESTED, takes_label=False)
    changes = source in claims and not repeats
    return Heard("relabelled" if changes else "duplicate", PLAIN, takes_label=standing == CONTESTED or not same)


def keep(claims: MutableMapping[str, tuple[int, int]], source: str, said: int, delivery: int) -> bool:
    """Notes the newest label of `source` among those of the others; tells whether that changed anything.

    A source has none when `MOST_ALIKE` others say the same.
    """
    before = claims.get(source)
    if before and before[0] == said:
        return False
    if sum(label == said for label, _ in claims.values()) < MOST_ALIKE:
        claims[source] = (said, delivery)
        return True
    return claims.pop(source, None) is not None
