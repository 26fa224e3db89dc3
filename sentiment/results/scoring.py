"""What `sentiment score` and `compare-scores` leave, and what points readers of the scores to a version."""

from __future__ import annotations

from msgspec import field

from sentiment.results.record import Count, Record, StepResult

CURRENT = "current.json"
SCORED = "scored.json"  # in a version's folder
ASIDE_FILES = "put-aside/files.json"  # there too: files that cannot be read (to their end), with the reasons


def folder_of(version: int) -> str:
    """Returns the folder of a version's scores, below the place of the scores."""
    return f"version-{version}"


def comparison_of(before: int, after: int) -> str:
    """Returns how the files that say what changed between two versions begin: a page (.html), and its figures."""
    return f"changed-{before}-{after}"


class Scored(Record, frozen=True, kw_only=True):
    """`scored.json`: what there is of a version's scores after its last run."""

    version: int
    source: str
    output: str
    files: Count  # of the archive
    rows: Count
    rows_aside: Count
    at: str
    complete: bool  # every file of the archive is scored to its end
    files_aside: Count = 0  # that cannot be read (to their end)


class Current(Record, frozen=True, kw_only=True):
    """`current.json`: which version's scores readers are to take, and where the list of their files is."""

    version: int
    folder: str
    ledger: str
    rows: Count
    at: str
    complete: bool  # every file of the archive is scored to its end


class ScoreResult(StepResult, frozen=True, kw_only=True):
    """What `sentiment score` prints: this run's work, and what the version's scores are by now."""

    STEP = "score"

    version: int
    source: str
    output: str
    files: Count  # of the archive that are read
    files_finished: Count
    shards_new: Count
    rows_new: Count
    rows_aside_new: Count
    rows: Count  # scored, in all runs
    rows_aside: Count
    files_aside: Count = 0  # of `put_aside`
    put_aside: dict[str, str]  # files that cannot be read (to their end), with the reason
    left: dict[str, str]  # files that the next run takes
    not_in_archive: list[str]  # files of which there are scores, and that are gone
    seconds: float
    current: int | None  # the version whose scores readers are to take
    complete: bool  # every file of the archive is scored to its end: none was put aside, and none is left


class PointResult(StepResult, frozen=True, kw_only=True):
    """What `sentiment score --only-point` prints."""

    STEP = "score"

    current: int | None  # the version whose scores readers are to take
    before: int | None
    rows: Count
    asked: int | None  # the version to point to; None when there is no such version
    not_scored: bool = True  # there are no scores of it, and nothing changed


class Direction(Record, frozen=True, kw_only=True):
    """Posts that had one label and have another now, by label id."""

    before: int
    after: int
    posts: Count


class Part(Record, frozen=True, kw_only=True):
    """The posts of a source or of a month: how many of each label, by the version before and by the one after."""

    name: str  # "" where the posts do not say
    posts: Count
    flipped: Count
    before: list[Count]
    after: list[Count]


class Example(Record, frozen=True, kw_only=True):
    """A post whose label changed, of those of which both versions are surest."""

    before: int
    after: int
    sure_before: float
    sure_after: float
    text: str  # as one line, cut
    source: str
    time: str
    text_id: str = ""  # the identity of the whole text, by which `sentiment forget` finds it


class ScoresCompared(StepResult, frozen=True, kw_only=True):
    """What `sentiment compare-scores` says of the posts that both versions have scores of."""

    STEP = "compare-scores"

    at: str
    before: int  # versions
    after: int
    labels: list[str]
    posts: Count
    flipped: Count
    only_before: Count  # posts that one of the two alone has scores of
    only_after: Count
    directions: list[Direction]
    sources: list[Part]  # the largest, by posts
    more_sources: Count
    months: list[Part]
    examples: list[Example]
    page: str = ""
    ledgers: list[str] = field(default_factory=list)  # sha256 of each version's ledger, as it was compared
    nothing_to_compare: bool = False


class NothingCompared(StepResult, frozen=True, kw_only=True):
    """What `sentiment compare-scores --version` prints when no earlier version has scores."""

    STEP = "compare-scores"

    after: int
    nothing_to_compare: bool = True
