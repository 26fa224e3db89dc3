"""How right a model is on posts without labels: what was expected, and what the labels said when they came."""

from __future__ import annotations

from typing import Annotated

import msgspec

from sentiment.results.record import Count, Record, Share

Rows = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


class Gap(Record, frozen=True):
    """A labelled set that a model was not trained on: how sure the model was there, and how right."""

    rows: Rows
    confidence: Share  # mean probability of the model's answers
    accuracy: Share
    deviation: float  # standard deviation, over the rows, of right (0 or 1) less confidence
    threshold: float  # the share of the rows with at least this confidence is the accuracy

    @property
    def difference(self) -> float:
        """What has to be added to the mean confidence to get the accuracy."""
        return self.accuracy - self.confidence


class Estimate(Record, frozen=True):
    """The accuracy that is expected on some posts, with its 95 % interval; `correct` is null without their labels."""

    name: str | None  # of the source or night; "": all posts, or those without one; null: all that are not listed
    rows: Rows
    confidence: Share  # mean
    accuracy: Share  # expected
    low: Share
    high: Share
    threshold_accuracy: Share  # what average thresholded confidence expects, to compare
    correct: Count | None = None  # rows that the model has right, by the labels

    @property
    def measured(self) -> float | None:
        return None if self.correct is None else self.correct / self.rows

    @property
    def held(self) -> bool | None:
        """Whether the interval contains the accuracy that the labels show; None without labels."""
        return None if self.measured is None else self.low <= self.measured <= self.high


class Fall(Record, frozen=True):
    """Stable on the newest labelled posts that it was never tested on, beside what it was when it was published."""

    rows: Rows
    correct: Count
    was_rows: Rows
    was_correct: Count
    at_best: float  # the accuracy less the earlier one: upper end of the 95 % interval
    limit: Share  # the fall that is allowed

    @property
    def below(self) -> bool:
        """Whether the accuracy fell by more than is allowed, even at best."""
        return self.at_best < -self.limit


class Night(Record, frozen=True):
    """One line of serving/estimates.jsonl: an estimate for a night's posts, made before their labels were looked at."""

    at: str  # ISO 8601, UTC
    run: str
    version: Count  # that was stable
    estimate: Estimate
    by_source: list[Estimate]
    gap: Gap  # of these posts, for the estimates of later nights
    sets: Count  # labelled sets that the estimate was made from
    fall: Fall | None = None  # null where the accuracy at publishing is not known


class Confidence(Record, frozen=True):
    """How sure the candidate was on each test set, by name; and the night's estimate, when there were new posts."""

    candidate: dict[str, Gap]
    night: Night | None = None


class Estimated(Record, frozen=True):
    """Printed by `estimate`."""

    model: str
    version: int | None
    sentence: str
    estimate: Estimate
    by_source: list[Estimate]  # the largest first
    by_night: list[Estimate]  # the oldest first
    sets: Count  # labelled sets that it was made from
    below: bool | None  # whether it is, even at best, too far below the accuracy at publishing; null: not known
