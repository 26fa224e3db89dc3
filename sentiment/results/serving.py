"""What the verbs that change what is served say, what a folder says of its origin, and what an approval passes on."""

from __future__ import annotations

import msgspec

from sentiment.results.record import Record


class Published(Record, frozen=True):
    """Printed by `publish`: the version, its folder, and whether it was published `already`."""

    version: int
    folder: str
    already: bool


class Outcome(Record, frozen=True):
    """Printed by `canary`, `promote`, `withdraw` and `rollback`: the version they were about, and the labels after."""

    version: int
    stable: int | None
    canary: int | None
    previous: int | None  # that a rollback returns to
    changed: bool
    sentence: str


class Origin(Record, frozen=True):
    """What a published version's folder says of itself, in assets.extra/origin.json."""

    run: str = ""
    digest: str = ""  # of every byte that is served


class Question(Record, frozen=True):
    """What `describe` passes on to the approval and its mails: a question about a canary."""

    version: int
    run: str  # that made it
    body: str  # Markdown
    verdict: str
    warnings: list[str]  # about the new posts
    candidacy: int | None = None  # how many times the version had become the canary
    year: list[str] = msgspec.field(default_factory=list)  # what the year's decisions have used of its error budget
    cautions: list[str] = msgspec.field(default_factory=list)  # about the candidate


class Answer(Record, frozen=True):
    """Who decided about a canary, and why."""

    who: str
    reason: str
