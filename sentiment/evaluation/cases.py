"""Counts which cases that must hold the stable model answers with their label, and which the candidate does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sentiment.data.must_hold import Case
from sentiment.evaluation.comparing import Probabilities
from sentiment.results.must_hold import BesideReference, CaseAnswers, Held, MustHold

LISTED = 100  # broken ones, and as many mended ones
Answers = NDArray[np.int64]  # [cases], label ids
Marks = NDArray[np.bool_]  # [cases]


def compare(
    cases: Sequence[Case],
    candidate: Probabilities,
    stable: Probabilities | None,
    reference: Probabilities | None = None,
) -> MustHold:
    """Returns what the models make of the cases: the candidate, stable if there is one, a reference that is another."""
    true = np.array([case.post.label for case in cases], np.int64)
    fixed = np.array([case.fixed for case in cases], np.bool_)
    now = candidate.argmax(axis=1)
    holds = now == true
    if stable is None:
        return MustHold(fixed=_alone(fixed, holds), others=_alone(~fixed, holds), broken=[], mended=[])
    before = stable.argmax(axis=1)
    held = before == true
    return MustHold(
        fixed=_paired(fixed, holds, held),
        others=_paired(~fixed, holds, held),
        broken=_listed(cases, now, before, held & ~holds),
        mended=_listed(cases, now, before, holds & ~held),
        reference=None if reference is None else _beside(~fixed, holds, reference.argmax(axis=1) == true),
    )


def _alone(kind: Marks, holds: Marks) -> Held:
    return Held(cases=int(kind.sum()), candidate=int((kind & holds).sum()), stable=None, broken=0, mended=0)


def _paired(kind: Marks, holds: Marks, held: Marks) -> Held:
    return Held(
        cases=int(kind.sum()),
        candidate=int((kind & holds).sum()),
        stable=int((kind & held).sum()),
        broken=int((kind & held & ~holds).sum()),
        mended=int((kind & holds & ~held).sum()),
    )


def _beside(kind: Marks, holds: Marks, held: Marks) -> BesideReference:
    return BesideReference(held=int((kind & held).sum()), broken=int((kind & held & ~holds).sum()))


def _listed(cases: Sequence[Case], now: Answers, before: Answers, chosen: Marks) -> list[CaseAnswers]:
    places = sorted(np.flatnonzero(chosen).tolist(), key=lambda place: (not cases[place].fixed, place))
    return [
        CaseAnswers(
            text=cases[place].post.text,
            title=cases[place].post.title,
            true=cases[place].post.label,
            stable=int(before[place]),
            candidate=int(now[place]),
            fixed=cases[place].fixed,
            why=cases[place].why,
        )
        for place in places[:LISTED]
    ]
