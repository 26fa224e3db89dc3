"""What comes in: the results of `ingest`, `prepare` and `check`."""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec
from msgspec import UNSET, UnsetType

from sentiment.results.encoders import EncoderPin
from sentiment.results.record import Count, Record, Share, StepResult


class Delivered(Record, frozen=True):
    """What became of one file, in rows. `quarantine_file` is null when no row was put aside."""

    number: int
    key: str  # its path below the source
    form: str
    encoding: str
    accepted: Count
    duplicate: Count
    relabelled: Count
    quarantined: Count
    reasons: dict[str, int]  # why rows were put aside → rows
    quarantine_file: str | None
    disagreed: Count = 0  # rows that another source labels otherwise
    not_copied: Count = 0  # of the quarantined rows: counted, but not in the file, which has its limit


class Left(Record, frozen=True):
    """A file that was not taken in, and why."""

    key: str
    reason: str


class Ingest(StepResult, frozen=True):
    """The deliveries that were taken in; `watermark` is the newest delivery there is, 0 before the first."""

    STEP: ClassVar[str] = "ingest"

    deliveries: list[Delivered]
    accepted: Count  # rows
    quarantined: Count  # rows
    left: list[Left]  # for the next time
    watermark: Count
    # Files of other kinds, and what in an archive cannot be read.
    not_read: list[Left] = msgspec.field(default_factory=list)


class NewRows(Record, frozen=True):
    """The rows that the stable model has not seen, by label id and in all."""

    per_label: list[Count]
    rows: Count


class MixPlan(msgspec.Struct, frozen=True):
    """Rows per label: what the rule asks for, what the old pool holds, what is added, and the sum with the new."""

    wanted: list[int]
    available: list[int]
    added: list[int]
    result: list[int]


class SeenSlice(Record, frozen=True):
    """Of the deliveries `first` to `last` a model has seen all; with `sources` only what came from those."""

    first: int
    last: int
    sources: list[str] | None


class UsedDelivery(Record, frozen=True):
    """The training rows of one delivery (0: the base data) by label id; a kind of which it gave none is left out."""

    number: int
    new: list[int] | UnsetType = UNSET
    old: list[int] | UnsetType = UNSET

    def rows(self, kind: Literal["new", "old"]) -> list[int] | None:
        found = self.new if kind == "new" else self.old
        return None if isinstance(found, UnsetType) else found


class TestFile(Record, frozen=True):
    """A test set as it stood at this run."""

    __test__: ClassVar[bool] = False  # not a test case, whatever pytest thinks of the name

    rows: Count
    sha256: str


class TestFiles(Record, frozen=True):
    """Both test sets, and the cases that must hold when the home has any."""

    __test__: ClassVar[bool] = False

    frozen: TestFile
    rolling: TestFile
    must_hold: TestFile | UnsetType = UNSET


class LabelPart(Record, frozen=True):
    """Training rows of one label. `wanted` is null where nothing is mixed: a full training takes every old row."""

    label: int
    new: int
    wanted: int | None
    available: int
    added: int
    result: int


class Part(Record, frozen=True):
    """Training rows of one source or night, by label id. `name` is null for all that are not listed, together.

    It is "" for posts without a source, and "base" for the night of those that the system started from; `members` says
    how many sources, or deliveries, the line stands for.
    """

    name: str | None
    members: int
    new: list[int]
    wanted: list[int] | None
    available: list[int]
    added: list[int]


class Composition(Record, frozen=True):
    """What the training rows consist of: sources with the largest first, nights with the oldest first."""

    per_label: list[LabelPart]
    per_source: list[Part]
    per_night: list[Part]


class Doubles(Record, frozen=True):
    """The labels of a source whose texts other sources, or persons, labelled too, and how many are contradicted."""

    source: str  # "" for posts without one
    labels: Count
    contradicted: Count
    others: Count = 0  # so many sources that are not listed, together; 0: it is the source's own line


class Prepare(StepResult, frozen=True):
    """The files of a run. When nothing is new there is nothing to train on: no fingerprint, no composition."""

    STEP: ClassVar[str] = "prepare"

    mode: Literal["full", "warm"]
    nothing_new: bool
    new: NewRows
    mix: MixPlan | None
    train_rows: Count
    per_label: list[Count]  # of the training rows
    frozen_rows: Count
    rolling_rows: Count
    excluded_leaks: Count  # rows kept out because a test set, or a case that must hold, has their text or title
    partial: bool  # whether a person limited the run to some days or sources
    left_for_later: Count  # new rows that such a limit leaves for another run
    watermark: Count  # the delivery up to which a model of this run has seen everything
    seen: list[SeenSlice]  # and what it has seen beyond that
    fingerprint: str | None  # sha256 of train.tsv
    warm_from: int | None  # the version from which the training continues
    warm_start: str | None  # that version's model folder
    deliveries: list[int]  # that gave new rows
    used: list[UsedDelivery]
    tests: TestFiles
    composition: Composition | None
    new_test_rows: Count = 0  # rows of the rolling test set that the stable model was not tested on
    contested: Count = 0  # texts that two sources label differently: neither trained nor tested on
    newly_contested: Count = 0  # of them since the stable model
    doubles: list[Doubles] = msgspec.field(default_factory=list)  # of the last 90 nights, by source
    warm_rows: Count | None = None  # training rows of the version from which the training continues; null: not known
    warm_is_base: bool = False  # whether they were base data alone
    encoder: EncoderPin | None = None  # that a full training starts from; null: the default model
    under_tested: Count = 0  # texts of training whose title is a text of the rolling set; not in an older result


class Finding(Record, frozen=True):
    """One check of the new posts: its figure (a share or distance; null: not measured), its limits, its sentence."""

    name: str
    title: str
    value: Share | None
    why: str  # it was not measured
    examples: list[str]
    level: Literal["ok", "warning", "failed", "not measured"]
    warn: float | None  # the figure above which it warns; null: never
    fail: float | None  # the figure above which it stops the run; null: never
    sentence: str


class Beside(Record, frozen=True):
    """A class or a character: its share of the new posts, and of what stable was trained on."""

    name: str
    new: Share
    stable: Share


class Check(StepResult, frozen=True):
    """The verdict on the new posts; `warnings` and `failed` are sentences."""

    STEP: ClassVar[str] = "check"

    passed: bool
    sentence: str
    warnings: list[str]
    failed: list[str]
    checks: list[Finding]
    rows: Count  # new posts that were looked at
    suspects: Count  # posts whose label looks wrong
    suspects_file: str | None  # for Label Studio; null without suspects
    fingerprint: str | None = None  # sha256 of the train.tsv that was checked; null in an older result
    deliveries: list[int] = msgspec.field(default_factory=list)  # that brought the new posts, or bad rows since stable
    # Empty without a stable model, and in one that is older than these fields.
    classes: list[Beside] = msgspec.field(default_factory=list)  # by label id
    characters: list[Beside] = msgspec.field(default_factory=list)  # whose share changed most, the risen ones first
