"""What the page of a training or a test is drawn from: `report.json` and `test_report.json`."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec
from msgspec import UNSET, UnsetType

from sentiment.results.cost import Timed
from sentiment.results.deliveries import Composition
from sentiment.results.model_card import ModelCard, TrainedOn
from sentiment.results.record import Count, Record, Share
from sentiment.results.training import Metrics, Training

# Their names and ranges are declared once, in sentiment/options; a report lists those that the training had.
Hyperparameters = dict[str, int | float | str]


class ReportedModel(Record, frozen=True, kw_only=True):
    """The part of a model card that a report repeats, so that the report alone is enough to draw the page."""

    type: str
    name: str
    labels: list[str]
    parameters: int
    vocabulary: int  # in pieces
    max_seq_length: int  # in pieces
    data: TrainedOn
    versions: dict[str, str]  # of the libraries that trained it
    warm: bool | UnsetType = UNSET  # whether it continued from an earlier model; only in a training's report

    @classmethod
    def of(cls, card: ModelCard, warm: bool | UnsetType = UNSET) -> ReportedModel:
        return cls(
            type=card.type,
            name=card.name,
            labels=card.labels,
            parameters=card.parameters,
            vocabulary=card.vocabulary,
            max_seq_length=card.max_seq_length,
            data=card.data,
            versions=card.versions,
            warm=warm,
        )


class Bin(Record, frozen=True, kw_only=True):
    """The rows of which the model is about equally sure; a bin without rows has no figures."""

    from_: Share = msgspec.field(name="from")  # the least confidence
    to: Share
    rows: Count
    correct: Count
    confidence: float | None  # its mean
    accuracy: float | None
    low: float | None  # of the accuracy's 95 % interval
    high: float | None


class Calibration(Record, frozen=True, kw_only=True):
    """Whether the model is right as often as it says."""

    bins: list[Bin]
    expected_calibration_error: Share
    mean_confidence: float


class Uncalibrated(Record, frozen=True, kw_only=True):
    """What the same answers would have been worth at temperature 1: before calibration, that is."""

    temperature: float  # that the model has
    expected_calibration_error: Share
    loss: float  # mean negative log-likelihood, in nats


class Mistake(Record, frozen=True, kw_only=True):
    """A wrong answer; labels by id, texts cut and made harmless for display."""

    row: Count  # counts the posts from 1
    text: str
    title: str
    source: str
    true: Count
    predicted: Count
    confidence: float


class Slice(Record, frozen=True, kw_only=True):
    """How good the model is on a part of the rows; without rows there are no figures."""

    name: str
    rows: Count
    correct: Count
    accuracy: float | None
    low: float | None  # of the accuracy's 95 % interval
    high: float | None
    notable: Literal["worse", "better"] | None  # than the whole, and not by chance


class SliceGroup(Record, frozen=True, kw_only=True):
    """Slices of one kind: every row is in exactly one of them."""

    group: str
    slices: list[Slice]


class Analysis(Record, frozen=True, kw_only=True):
    """What the model's answers to the test rows were worth."""

    labels: list[str]
    rows: Count
    metrics: Metrics
    interval: list[float]  # low and high of the accuracy's 95 % interval
    macro_f1: float  # over the labels that have rows
    calibration: Calibration
    mistakes: list[Mistake]  # those that the model is surest of, the surest first
    mistakes_total: Count
    slices: list[SliceGroup]
    uncalibrated: Uncalibrated | UnsetType = UNSET  # left out of a model whose temperature is 1


class BaselinePairs(Record, frozen=True, kw_only=True):
    """Rows by which of the two, model and baseline, is right."""

    both_right: Count
    only_model: Count
    only_baseline: Count
    both_wrong: Count
    p: float  # McNemar's exact two-sided test


class Baseline(Record, frozen=True, kw_only=True):
    """What a linear classifier gives on the same rows. One that is not available has a reason and no figures."""

    available: bool
    reason: str | UnsetType = UNSET
    what: str | UnsetType = UNSET
    rows: Count | UnsetType = UNSET  # that it was trained on
    of_rows: Count | UnsetType = UNSET  # that the model was trained on
    features: Count | UnsetType = UNSET
    metrics: Metrics | UnsetType = UNSET
    macro_f1: float | UnsetType = UNSET
    paired: BaselinePairs | UnsetType = UNSET
    seconds: float | UnsetType = UNSET


# What a training that is given again goes on from. The rest quotes posts, which `forget` takes out.
GONE_ON_FROM = ("inputs", "result")


class TrainingReport(Record, frozen=True, kw_only=True):
    """A training, and the test of its model; `analysis` and `baseline` are left out when there were no test rows."""

    kind: Literal["training"]
    made: str  # ISO 8601, UTC
    # Free-form, because two trainings are the same only if all of it is equal, also what another version puts in.
    inputs: dict[str, Any]  # what decides the outcome: files' sha256, hyperparameters, labels, data, versions
    hyperparameters: Hyperparameters
    result: Training
    composition: Composition | UnsetType = UNSET  # of the training rows; left out outside a run
    model: ReportedModel
    analysis: Analysis | UnsetType = UNSET
    baseline: Baseline | UnsetType = UNSET
    timed: Timed | UnsetType = UNSET  # left out by an earlier version, and where too few posts were scored


class TrainedWith(Record, frozen=True):
    """Of a training's report only the hyperparameters."""

    hyperparameters: Hyperparameters = msgspec.field(default_factory=dict)


class TestedFile(Record, frozen=True, kw_only=True):
    """The file of test rows."""

    __test__: ClassVar[bool] = False  # not a test case, whatever pytest thinks of the name

    file: str  # its name
    fingerprint: str  # sha256


class TestTime(Record, frozen=True, kw_only=True):
    """How long the test took."""

    __test__: ClassVar[bool] = False

    seconds: float  # for loading and scoring


class TestReport(Record, frozen=True, kw_only=True):
    """A test of one model on one file."""

    __test__: ClassVar[bool] = False

    kind: Literal["test"]
    made: str  # ISO 8601, UTC
    model: ReportedModel
    data: TestedFile
    result: TestTime
    analysis: Analysis
    baseline: Baseline
    timed: Timed | UnsetType = UNSET  # as in a training's report


Report = TrainingReport | TestReport
