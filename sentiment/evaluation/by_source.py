"""Counts of an evaluation by source: who gave the test rows that a candidate wins and loses, and who its new rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sentiment.data.tsv import Post
from sentiment.evaluation.comparing import Probabilities
from sentiment.evaluation.new_rows import NewRows, source_of
from sentiment.evaluation.tilted import holds, most_tilted
from sentiment.results.evaluation import LARGE, NO_ROWS, Paired, SourceRows, TiltedWord

LISTED = 20  # of the sources with the most new rows, and of those with the most test rows


class Answer(NamedTuple):
    """A test row, and the labels that the two models give it."""

    post: Post
    candidate: int
    stable: int


def by_source(
    sets: Mapping[str, Sequence[Post]],
    candidate: Mapping[str, Probabilities],
    stable: Mapping[str, Probabilities | None],
    new: NewRows | None = None,
) -> list[SourceRows]:
    """Returns the counts of the sets `frozen` and `rolling` by source; probabilities are float32 [rows, labels].

    Sources that are neither among the 20 with the most new rows nor among the 20 with the most test rows are together.
    Without a stable model there is nothing to count.
    """
    new = new or NewRows()
    answers = {name: _answers(posts, candidate[name], stable[name]) for name, posts in sets.items()}
    tested = Counter(source_of(post) for posts in sets.values() for post in posts)
    if any(found is None for found in stable.values()) or not tested:
        return []
    listed = {name for counts in (new.by_source, tested) for name in _most(counts)}
    pairs = {name: _pairs(found, listed) for name, found in answers.items()}
    rows = _grouped(new.by_source, listed)
    words = _words(new, [answer for found in answers.values() for answer in found])
    names = sorted(
        set(rows).union(*pairs.values()), key=lambda name: (name is None, -rows[name], -tested[name or ""], name or "")
    )
    return [
        SourceRows(
            name=name,
            new=rows[name],
            word=None if name is None else words.get(name),
            **{each: found.get(name, NO_ROWS) for each, found in pairs.items()},
        )
        for name in names
    ]


def _answers(posts: Sequence[Post], candidate: Probabilities, stable: Probabilities | None) -> list[Answer]:
    if stable is None:
        return []
    said = zip(posts, candidate.argmax(axis=1).tolist(), stable.argmax(axis=1).tolist(), strict=True)
    return [Answer(*each) for each in said]


def _most(counts: Counter[str]) -> list[str]:
    return sorted(counts, key=lambda name: (-counts[name], name))[:LISTED]


def _grouped(counts: Counter[str], listed: set[str]) -> Counter[str | None]:
    found: Counter[str | None] = Counter()
    for name, number in counts.items():
        found[name if name in listed else None] += number
    return found


def _pairs(answers: Sequence[Answer], listed: set[str]) -> dict[str | None, Paired]:
    """Returns the paired counts of one set by source."""
    groups: dict[str | None, list[Answer]] = {}
    for answer in answers:
        name = source_of(answer.post)
        groups.setdefault(name if name in listed else None, []).append(answer)
    return {
        name: _paired((one.candidate == one.post.label, one.stable == one.post.label) for one in group)
        for name, group in groups.items()
    }


def _paired(right: Iterable[tuple[bool, bool]]) -> Paired:
    """Returns the counts of rows; of each it is told whether candidate and stable have it right."""
    found = Counter(right)
    return Paired(
        both_right=found[True, True],
        only_candidate=found[True, False],
        only_stable=found[False, True],
        both_wrong=found[False, False],
    )


def _words(new: NewRows, answers: Sequence[Answer]) -> dict[str, TiltedWord]:
    """Returns the most tilted word of each source with a large part of the new rows, with the answers of others."""
    total, words = new.by_source.total(), {}
    for source in (name for name in _most(new.by_source) if new.by_source[name] >= LARGE * total):
        own = [post for post in new.some if source_of(post) == source]
        tested = [answer for answer in answers if source_of(answer.post) != source]
        others = [post for post in new.some if source_of(post) != source] + [answer.post for answer in tested]
        if found := most_tilted(own, others):
            held = [one for one in tested if one.post.label != found.label and holds(one.post, found.word)]
            tested_as = _paired((one.candidate != found.label, one.stable != found.label) for one in held)
            words[source] = TiltedWord(**found._asdict(), tested=tested_as)
    return words
