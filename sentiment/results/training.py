"""What a training leaves: the result of `train`, and how a model did on a set of rows."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from sentiment.results.model_card import Teaching
from sentiment.results.record import Count, Record, Share, StepResult


class Metrics(msgspec.Struct, frozen=True):
    """How one model did on one set of rows; lists are indexed by label id. A share of no rows is 0."""

    accuracy: Share
    correct: Count
    recall: list[Share]
    precision: list[Share]
    f1: list[Share]
    support: list[Count]  # rows of each true label
    confusion: list[list[Count]]  # rows are true labels, columns predictions
    loss: float  # mean cross-entropy, in nats


class Scaling(Record, frozen=True):
    """The temperature by which a model's logits are divided, and what it was fitted on."""

    temperature: float
    rows: Count  # held out
    wrong: Count  # answers to them
    why: str = ""  # it stayed what it was: 1, or in a warm start that of the model before


class Training(StepResult, frozen=True):
    """A trained model: `loss` to `val_accuracy` have a figure an epoch, `val_…` none where no rows were held out."""

    STEP: ClassVar[str] = "train"

    model: str  # its folder
    rows: Count
    seconds: float
    rows_per_second: float
    epochs: int  # that were trained
    kept_epoch: int  # whose weights the model has
    stopped_early: bool
    resumed_from_epoch: int | None
    loss: list[float]
    accuracy: list[float]
    val_loss: list[float]
    val_accuracy: list[float]
    test: Metrics | None  # null without test rows and without held-out rows
    test_seconds: float
    parameters: int
    devices: list[str]
    precision: str  # of the arithmetic
    scaling: Scaling | UnsetType = UNSET  # left out by an earlier version
    teaching: Teaching | UnsetType = UNSET  # of a student
