"""Findings about how the new posts differ from those that the stable model was trained on."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from sentiment.checks.verdict import Measured
from sentiment.data.tsv import Post
from sentiment.labels import Labels
from sentiment.language import marked, tr
from sentiment.results.deliveries import Beside

FEWEST = 100  # posts on either side from which a distance is meaningful
MOST_CHARACTERS = 10  # that are shown
CLASSES = marked("Change of a class's share since the stable model was trained")
WORDS = marked("Drift of the vocabulary since the stable model was trained")


def class_shares(new: Sequence[int], seen: Sequence[int], labels: Labels) -> Measured:
    """Compares two counts by label; the value is the largest difference of a share."""
    if not sum(seen):
        return Measured("classes", CLASSES, None, tr("there is no stable model to compare with"))
    if not sum(new):
        return Measured("classes", CLASSES, None, tr("nothing is new"))
    before, now = ([count / sum(counts) for count in counts] for counts in (seen, new))
    changes = [abs(after - share) for share, after in zip(before, now, strict=True)]
    told = [f"{name} {was:.1%} → {is_:.1%}" for name, was, is_ in zip(labels.names, before, now, strict=True)]
    return Measured("classes", CLASSES, max(changes), examples=told)


def classes_beside(new: Sequence[int], seen: Sequence[int], labels: Labels) -> list[Beside]:
    """Returns each class's share on both sides, from two counts by label; [] when one side has no rows."""
    if not sum(new) or not sum(seen):
        return []
    pairs = zip(labels.names, new, seen, strict=True)
    return [Beside(name=name, new=now / sum(new), stable=was / sum(seen)) for name, now, was in pairs]


def characters_beside(new: Sequence[Post], seen: Sequence[Post], most: int = MOST_CHARACTERS) -> list[Beside]:
    """Returns the characters whose share of all characters changed most, the most risen first; [] for too few posts."""
    if min(len(new), len(seen)) < FEWEST:
        return []
    now, was = frequencies(new), frequencies(seen)
    totals = now.total() or 1, was.total() or 1
    both = [
        Beside(name=character, new=now[character] / totals[0], stable=was[character] / totals[1])
        for character in now.keys() | was.keys()
        if character.isprintable()
    ]
    changed = sorted(both, key=lambda one: (-abs(one.new - one.stable), one.name))[:most]
    return sorted(changed, key=lambda one: (one.stable - one.new, one.name))


def vocabulary(new: Sequence[Post], seen: Sequence[Post], seed: int = 13) -> Measured:
    """Returns the Jensen-Shannon distance of the characters' frequencies, minus what chance alone gives.

    A few posts are far from any larger set by chance alone: a part of `seen`, as large as `new`, is measured against
    the rest of it, and that distance is subtracted.
    """
    if min(len(new), len(seen) // 2) < FEWEST:
        why = tr("it needs {fewest} new posts and twice as many old ones", fewest=FEWEST)
        return Measured("vocabulary", WORDS, None, why)
    mixed = random.Random(seed).sample(list(seen), len(seen))
    size = min(len(new), len(seen) // 2)
    chance = distance(frequencies(mixed[:size]), frequencies(mixed[size:]))
    mine, theirs = frequencies(new[:: max(1, len(new) // size)][:size]), frequencies(mixed[size:])
    return Measured("vocabulary", WORDS, max(0.0, distance(mine, theirs) - chance), examples=most_new(mine, theirs))


def no_stable() -> Measured:
    return Measured("vocabulary", WORDS, None, tr("there is no stable model to compare with"))


def frequencies(posts: Sequence[Post]) -> Counter[str]:
    """Counts the characters of the posts' texts, without spaces."""
    return Counter(character for post in posts for character in post.text.lower() if not character.isspace())


def distance(left: Counter[str], right: Counter[str]) -> float:
    """Returns the Jensen-Shannon distance of two counts, base 2: 0 for the same shares, 1 for nothing in common."""
    from scipy.spatial.distance import jensenshannon

    characters = sorted(left.keys() | right.keys())
    counts = ([float(side[character]) for character in characters] for side in (left, right))
    return float(jensenshannon(*counts, base=2))


def most_new(new: Counter[str], seen: Counter[str], most: int = 15) -> list[str]:
    """Returns the characters whose share rose most."""
    total, before = new.total() or 1, seen.total() or 1
    rise = {character: count / total - seen[character] / before for character, count in new.items()}
    return sorted(rise, key=lambda character: (-rise[character], character))[:most]
