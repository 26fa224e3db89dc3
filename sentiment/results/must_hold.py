"""How candidate and stable answer the cases that must hold: part of an evaluation, and of the decision from it."""

from __future__ import annotations

from sentiment.results.record import Count, Record


class Held(Record, frozen=True):
    """Cases of one kind, by who answers them with their label. Without a stable model `stable` is null."""

    cases: Count
    candidate: Count
    stable: Count | None
    broken: Count  # that stable holds and the candidate does not
    mended: Count  # the other way round


class CaseAnswers(Record, frozen=True):
    """A case that one of the two models holds; labels by id."""

    text: str
    title: str
    true: int
    stable: int
    candidate: int
    fixed: bool  # no new model may change its answer
    why: str


class BesideReference(Record, frozen=True):
    """Cases that the reference holds, and how many of them the candidate does not."""

    held: Count
    broken: Count


class MustHold(Record, frozen=True):
    """All cases by kind, and the first of those that only one model holds: of fixed ones before others.

    `reference` is about the other cases; null where the stable model is the reference.
    """

    fixed: Held
    others: Held
    broken: list[CaseAnswers]
    mended: list[CaseAnswers]
    reference: BesideReference | None = None
