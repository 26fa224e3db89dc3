"""What `evaluate` estimates before it looks at the labels of posts that stable was never tested on.

The answers are those that `evaluate` has anyway: no post is scored twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from sentiment.data.identity import post_identity
from sentiment.data.posts import each_post, has_rows
from sentiment.data.tsv import Post
from sentiment.errors import InputError
from sentiment.estimation import record
from sentiment.estimation.fall import counts_of, fall
from sentiment.estimation.gaps import chosen, gap
from sentiment.estimation.groups import estimates, grouped, sets_by_source, together
from sentiment.evaluation.comparing import Probabilities
from sentiment.labels import Labels
from sentiment.results.estimate import Confidence, Gap, Night
from sentiment.results.evaluation import Evaluation
from sentiment.run_folder import RunFolder
from sentiment.serving.history import read_state
from sentiment.serving.records import results_of
from sentiment.settings import Settings


@dataclass(frozen=True)
class Fresh:
    """What a night's estimate needs beside the answers.

    `new` and `earlier` are identities of texts: those delivered since stable was trained, and those that an earlier
    night was estimated on. `was` are the rows and the right ones of stable when it was published, if that is known.
    """

    run: str
    version: int
    new: frozenset[str]
    earlier: frozenset[str]
    nights: list[Night]  # of this version, oldest first
    was: tuple[int, int] | None
    limit: float


def fresh_of(settings: Settings, run: RunFolder, version: int, labels: Labels) -> Fresh | None:
    """Returns what the night's estimate needs; None when no row of the rolling set is new to stable."""
    new = identities(run, labels)
    if not new:
        return None
    path = record.estimates_file(settings)
    nights = [one for one in record.read_nights(path) if one.version == version and one.run != run.name]
    # What is new to stable only grows, so that the newest night that can still be read has all of them.
    found = (_identities_of_earlier(settings, one.run, labels) for one in reversed(nights))
    earlier = next(filter(None, found), frozenset[str]())
    return Fresh(run.name, version, new, earlier, nights, published_as(settings, version), settings.estimate_fall)


def identities(run: RunFolder, labels: Labels) -> frozenset[str]:
    """Returns the texts of the rolling set that were new to stable in a run; it may have none, or no such file."""
    posts = each_post(run.new_tests, labels) if has_rows(run.new_tests) else ()
    return frozenset(post_identity(post.text, post.title) for post in posts)


def _identities_of_earlier(settings: Settings, run: str, labels: Labels) -> frozenset[str]:
    """Returns the same for an earlier night; without its file, its texts are estimated once more."""
    try:
        return identities(RunFolder.named(settings, run), labels)
    except InputError:
        return frozenset()


def published_as(settings: Settings, version: int) -> tuple[int, int] | None:
    """Returns a version's rows and right ones, on the rolling set if that was large enough; None when not known."""
    evaluation = evaluation_of(settings, version)
    if evaluation is None:
        return None
    rolling = evaluation.sets.rolling
    enough = rolling is not None and rolling.rows >= settings.gate_minimum_rolling
    found = rolling if rolling is not None and enough else evaluation.sets.frozen
    return (found.rows, found.candidate.correct) if found.rows and found.candidate else None


def evaluation_of(settings: Settings, version: int) -> Evaluation | None:
    """Returns the evaluation by which a version was published; None when its run is gone, or it had none."""
    known = read_state(settings).versions.get(version)
    if known is None or not known.run:
        return None
    try:
        return results_of(settings, known).read(Evaluation)
    except InputError:
        return None


def confidence_of(
    sets: Mapping[str, Sequence[Post]],
    candidate: Mapping[str, Probabilities],
    stable: Mapping[str, Probabilities | None],
    fresh: Fresh | None,
) -> Confidence:
    """Returns how sure the candidate was on each set, and the estimate of stable on the posts that are new to it."""
    gaps = {name: gap(*_answers(posts, candidate[name])) for name, posts in sets.items() if posts}
    return Confidence(candidate=gaps, night=_night(sets, stable, fresh) if fresh else None)


def _answers(posts: Sequence[Post], probabilities: Probabilities) -> tuple[list[float], list[bool]]:
    """Returns how sure the model is of each post, and whether it is right."""
    true = np.array([post.label for post in posts])
    return probabilities.max(axis=1).tolist(), (probabilities.argmax(axis=1) == true).tolist()


def _night(
    sets: Mapping[str, Sequence[Post]], stable: Mapping[str, Probabilities | None], fresh: Fresh
) -> Night | None:
    rolling, frozen = stable.get("rolling"), stable.get("frozen")
    if rolling is None or frozen is None:
        return None
    posts = sets["rolling"]
    names = [post_identity(post.text, post.title) for post in posts]
    confidence, right = _answers(posts, rolling)
    old = [row for row, name in enumerate(names) if name not in fresh.new | fresh.earlier]
    tonight = [row for row, name in enumerate(names) if name in fresh.new - fresh.earlier]
    if not tonight:
        return None
    known: list[Gap] = [gap([confidence[row] for row in old], [right[row] for row in old])] if old else []
    known += [one.gap for one in fresh.nights]
    known = chosen(gap(*_answers(sets["frozen"], frozen)), known)
    groups = grouped((posts[row].source, confidence[row], right[row]) for row in tonight)
    whole = together(groups.values())
    found = whole.estimate(known)
    counts = [*counts_of(fresh.nights), (found.rows, found.correct or 0)]
    return Night(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        run=fresh.run,
        version=fresh.version,
        estimate=found,
        by_source=estimates(groups, known, own=sets_by_source(fresh.nights)),
        gap=gap(whole.confidence, whole.right),
        sets=len(known),
        fall=fall(counts, fresh.was, fresh.limit) if fresh.was else None,
    )
