"""How many answers a candidate would change: customers meet all of them, also where both models are wrong."""

from __future__ import annotations

from sentiment.gate.rows import version_name
from sentiment.language import marked, tr
from sentiment.results.evaluation import Evaluation

FROZEN = marked("Of {rows:,} rows of the frozen test set, the candidate answers {changed:,} otherwise than {model}.")
ROLLING = marked("Of {rows:,} rows of the rolling test set, the candidate answers {changed:,} otherwise than {model}.")


def told_changed(found: Evaluation) -> list[str]:
    """Returns a line for each test set that stable has answered too; none of an evaluation that did not count them."""
    stable = version_name(found.stable_version)
    return [
        tr(sentence, rows=one.rows, changed=one.changed, model=stable)
        for sentence, one in ((FROZEN, found.sets.frozen), (ROLLING, found.sets.rolling))
        if one and isinstance(one.changed, int)
    ]
