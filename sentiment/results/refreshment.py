"""The lines of `serving/refreshments.jsonl`: when the frozen test set was replaced, by what, and what that changed."""

from __future__ import annotations

from sentiment.results.record import Count, Record, Share


class TestSetFile(Record, frozen=True):
    """A frozen test set: its file below the base data, its rows, and their sha256 as `prepare` gives it to a run."""

    __test__ = False  # not a test case, whatever pytest thinks of the name

    file: str
    rows: Count
    sha256: str


class Rescored(Record, frozen=True):
    """One model's accuracy before and after: the step in its line that comes from the rows alone."""

    role: str  # stable or reference
    version: Count
    retired: Share  # on the retired set
    frozen: Share  # on the new one
    fresh: Share  # on the rows that only the new one has


class Worn(Record, frozen=True):
    """What was decided on a frozen set, and by how much that makes its score of stable too good."""

    decisions: Count
    promotions: Count
    since: str  # the time of the first decision; "" without one
    until: str
    optimism: float  # a share of the rows


class Refreshment(Record, frozen=True):
    """The frozen set was replaced."""

    number: Count
    at: str  # ISO 8601, UTC
    who: str
    retired: TestSetFile
    frozen: TestSetFile
    overlap: Count  # rows of the retired set that stay
    touched: Count  # new rows by which, as rows of the rolling set, stable was chosen already
    newest_version: Count  # that was published by then: earlier ones were scored on the retired set
    scores: list[Rescored]
    worn: Worn
