"""Answers of models to the same rows, counted in pairs: from probabilities to a part of the evaluation."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from sentiment.data.tsv import Post
from sentiment.model.metrics import measure
from sentiment.report.calibration import confidence_in
from sentiment.results.evaluation import Flip, Paired, TestSet

FLIPS_SHOWN = 20
Probabilities = NDArray[np.float32]


def compare(
    posts: Sequence[Post],
    candidate: Probabilities,
    stable: Probabilities | None,
    reference: Probabilities | None = None,
) -> TestSet:
    """Returns one set's part of the evaluation."""
    if not posts:
        return TestSet(rows=0, candidate=None, stable=None, paired=None, regressions=[], improvements=[])
    true = np.array([post.label for post in posts])
    right = candidate.argmax(axis=1) == true
    found = TestSet(
        rows=len(posts),
        candidate=measure(true, candidate),
        stable=None,
        paired=None,
        regressions=[],
        improvements=[],
        sha256=digest_of(posts),
        candidate_confidence=confidence_in(candidate, true),
    )
    if reference is not None:
        beside = pairs(right, reference.argmax(axis=1) == true)
        found = structs.replace(found, reference=measure(true, reference), to_reference=beside)
    if stable is None:
        return found
    stable_right = stable.argmax(axis=1) == true
    return structs.replace(
        found,
        stable=measure(true, stable),
        paired=pairs(right, stable_right),
        regressions=flips(posts, candidate, stable, ~right & stable_right),
        improvements=flips(posts, candidate, stable, right & ~stable_right),
        stable_confidence=confidence_in(stable, true),
        changed=int((candidate.argmax(axis=1) != stable.argmax(axis=1)).sum()),
    )


def pairs(candidate: NDArray[np.bool_], other: NDArray[np.bool_]) -> Paired:
    """Returns on how many rows which of two models is right."""
    return Paired(
        both_right=int((candidate & other).sum()),
        only_candidate=int((candidate & ~other).sum()),
        only_stable=int((~candidate & other).sum()),
        both_wrong=int((~candidate & ~other).sum()),
    )


def digest_of(posts: Sequence[Post]) -> str:
    """Returns a sha256, in hex, by which these rows in this order are known, whatever file holds them."""
    digest = hashlib.sha256()
    for post in posts:
        digest.update(f"{post.label}\t{post.title}\t{post.text}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def flips(
    posts: Sequence[Post], candidate: Probabilities, stable: Probabilities, chosen: NDArray[np.bool_]
) -> list[Flip]:
    """Returns the `chosen` rows that the candidate is surest of, at most 20, the surest first."""
    confidence = candidate.max(axis=1)
    rows = sorted(np.flatnonzero(chosen).tolist(), key=lambda row: (-confidence[row], row))
    return [
        Flip(
            text=posts[row].text,
            title=posts[row].title,
            true=posts[row].label,
            stable=int(stable[row].argmax()),
            candidate=int(candidate[row].argmax()),
            confidence=round(min(1.0, float(confidence[row])), 6),
        )
        for row in rows[:FLIPS_SHOWN]
    ]
