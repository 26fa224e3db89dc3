"""What the steps of an experiment leave: the plan, the results, and a line in the list of experiments."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec

from sentiment.results.record import Count, Record, StepResult

Rate = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Training(msgspec.Struct, frozen=True):
    """One training of a sweep. Without a learning rate, nothing is trained: the model is scored as it starts."""

    model: str
    learning_rate: Rate | None
    seed: int


class Setup(msgspec.Struct, frozen=True):
    """What all trainings of a sweep have in common."""

    model_type: str
    num_epochs: int
    batch_size: int
    max_seq_length: int  # in pieces
    validation_share: float


class ExperimentPlan(StepResult, frozen=True):
    """The trainings of an experiment, and their data."""

    STEP: ClassVar[str] = "experiment-plan"

    trainings: list[Training]
    setup: Setup
    data_run: str  # the run whose train.tsv and test.tsv are used; "": the base data
    inputs: dict[str, Any]  # what decides a training besides its options: fingerprints, labels, versions
    train_rows: Count
    test_rows: Count
    sentence: str


class Group(msgspec.Struct, frozen=True):
    """The trainings that differ only in their seed: the mean of each figure, and its standard deviation.

    The deviation is that of a sample (n − 1); null for a single training. `why` holds the reasons of those that failed.
    """

    model: str
    learning_rate: Rate | None
    trained: Count
    mean: dict[str, float | None]
    deviation: dict[str, float | None]
    why: list[str]


class Row(Record, frozen=True):
    """A finished training of a sweep, with all that decides it; `result` is that of `sentiment train`."""

    training: Training
    setup: Setup
    inputs: dict[str, Any]
    result: dict[str, Any]


class FailedRow(Record, frozen=True):
    """Why the last try of a training ended without a result."""

    training: Training
    why: str


class Trained(Record, frozen=True):
    """One training of an experiment: the result of `sentiment train`, or why there is none."""

    model: str
    learning_rate: Rate | None
    seed: int
    result: dict[str, Any] | None
    why: str


class Data(Record, frozen=True):
    """The posts of an experiment."""

    folder: str
    train_rows: Count
    test_rows: Count


class Results(Record, frozen=True, kw_only=True):
    """An experiment's results.json: a row a model and learning rate."""

    rows: list[Group]
    best: Group | None
    failed: Count  # trainings
    trainings: list[Trained]
    setup: Setup
    data: Data
    at: str = ""  # ISO 8601, UTC; of `sentiment bench lr` none
    table: str  # its file
    plot: str  # its file


class Best(Record, frozen=True):
    """The best row of an experiment, as its table writes it."""

    model: str
    lr: str
    test_acc: str


class Listed(Record, frozen=True):
    """One experiment in the list of experiments."""

    run: str
    at: str  # ISO 8601, UTC
    trainings: Count
    failed: Count
    best: Best | None


class Listing(Record, frozen=True):
    """runs/bench/experiments.json: the newest experiments, the newest first."""

    experiments: list[Listed]


class Entries(Record, frozen=True):
    """The same, of which an entry that somebody broke costs no other."""

    experiments: list[Any]


class ExperimentTable(Record, frozen=True):
    """Printed by `experiment-table`: the table's rows as they are written, each with the reasons of what failed."""

    rows: list[dict[str, Any]]
    best: dict[str, str] | None
    failed: Count
    table: str
    plot: str
    report: str
    sentence: str
