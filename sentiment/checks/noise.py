"""A finding about labels that grow worse slowly: the share of suspects (`suspects`) of a source rises over many nights.

The nights are judged together, now, by one classifier out of fold, so that they can be compared: what an earlier run
found depends on what it knew.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sentiment.checks.evenly import evenly
from sentiment.checks.nights import changes
from sentiment.checks.suspects import are_enough, look_wrong, out_of_fold, too_few
from sentiment.checks.verdict import Measured
from sentiment.data.nights import Night
from sentiment.data.tsv import Post
from sentiment.labels import Labels
from sentiment.language import marked
from sentiment.statistics.cumulative import FEWEST

NIGHTS = 25
MOST_ROWS = 5_000  # the classifier takes some seconds
MOST_OF_A_NIGHT = MOST_ROWS // NIGHTS
TITLE = marked("Rise over several nights of the share of posts whose label looks wrong")
WRONG = marked("labels that look wrong")


def noise(dated: Sequence[tuple[date, Post]], seen: Sequence[Post], labels: Labels, since: date) -> Measured:
    """Returns the largest rise in a source that was noticed on `since` or later; `dated` are posts with their nights.

    Posts that were `seen` help to decide, as far as there is room.
    """
    if len({day for day, _ in dated}) <= FEWEST:  # nothing is judged in vain
        return changes("noise", TITLE, _by_source(dated, set()), (WRONG,), since)
    dated = dated[-MOST_ROWS:]
    texts = {post.text for _, post in dated}
    known = [post for post in seen if post.text not in texts]
    rows = [*(post for _, post in dated), *evenly(known, MOST_ROWS - len(dated))]
    if not are_enough(rows, labels):
        return Measured("noise", TITLE, None, too_few())
    wrong = set(look_wrong(rows, out_of_fold(rows, len(labels))))
    return changes("noise", TITLE, _by_source(dated, wrong), (WRONG,), since, rises=True)


def _by_source(dated: Sequence[tuple[date, Post]], wrong: set[int]) -> dict[str, list[Night]]:
    """Returns by source and night how many posts look wrong, and how many do not."""
    counts: dict[str, dict[date, list[int]]] = {}
    for place, (day, post) in enumerate(dated):
        counts.setdefault(post.source, {}).setdefault(day, [0, 0])[place not in wrong] += 1
    return {source: [Night(day, tuple(its[day])) for day in sorted(its)] for source, its in counts.items()}
